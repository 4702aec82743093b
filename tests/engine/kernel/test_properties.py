"""Random processes under any order of ready work: each step on a state that was written and read again, ``fold(events) == state``
after each (``building.Run``), what ran and what was undone as the oracle says, and a history in which everything that begins ends once.

``make properties N=10000`` takes as many processes as wanted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from random import Random

import pytest

from engine.data import to_canonical
from engine.errors import EngineError
from engine.kernel import Run as InPlace
from engine.kernel import StaleStimulus, State, Stimulus, advance, to_record
from engine.protocol.stimuli import CancelInstance, FailHandler, ReceiveSignal, RetryIncident, ReturnHandler, Start
from tests.engine.kernel.blocks import Block, random_block, smaller
from tests.engine.kernel.building import NOW, Run, at
from tests.engine.kernel.drawing_events import draw
from tests.engine.kernel.playing import Player, check_history, check_undoing, hostile, operator_acts, ran

FEW = int(os.environ.get("PROPERTIES_FEW", "25"))
MANY = int(os.environ.get("PROPERTIES", "2000"))
"""How many processes each property is tried with: in every check, and in the long one."""
REFUSALS = {
    *("stale_stimulus", "move_elsewhere", "move_not_entered", "move_needs_flow", "move_not_from_there"),
    *("act_too_late", "skip_of_gateway", "skip_blocked", "edit_of_no_variable"),
}
"""What operators hear who want what cannot be."""
FIRST = int(os.environ.get("PROPERTIES_FROM", "1000"))


def what_runs_is_what_the_blocks_say(block: Block, chance: Random) -> None:
    definition, drawing = draw(block)
    run = Run(definition, **drawing.variables)
    player = Player(run, drawing)
    used: list[Stimulus] = []
    while not run.state.is_ended:
        assert not run.state.incidents, run.state.incidents
        possible = player.ready()
        assert possible, "nothing can happen and nothing has ended"
        stimulus = chance.choice(possible)
        run(stimulus)
        if not isinstance(stimulus, ReceiveSignal):
            used.append(stimulus)
        if used:
            with pytest.raises(StaleStimulus):
                run(chance.choice(used))
    assert run.status == "completed"
    assert ran(run.events) == +drawing.expected
    check_history(run.events)
    check_undoing(definition, run.events)


def an_instance_can_be_cancelled_at_any_moment(block: Block, chance: Random) -> None:
    definition, drawing = draw(block)
    run = Run(definition, **drawing.variables)
    player = Player(run, drawing)
    for _ in range(chance.randint(0, 20)):
        if run.state.is_ended:
            break
        run(chance.choice(player.ready()))
    if not run.state.is_ended:
        run(CancelInstance(reason="test"))
    assert not run.state.activities
    assert not run.state.waits
    assert not run.state.incidents
    assert not run.state.records
    assert list(run.state.scopes) == ["s1"]
    assert run.state.scopes["s1"].is_empty
    check_history(run.events)


def failures_and_too_many_steps_lose_no_work(block: Block, chance: Random) -> None:
    """Handlers fail, and almost no automatic work is allowed at a time: retried, it comes to the same end."""
    definition, drawing = draw(block)
    run = Run(definition, max_steps=chance.randint(1, 5), **drawing.variables)
    player = Player(run, drawing)
    for _ in range(3000):
        if run.state.is_ended:
            break
        if run.state.incidents:
            run(RetryIncident(incident=chance.choice(list(run.state.incidents))))
            continue
        stimulus = chance.choice(player.ready())
        if isinstance(stimulus, ReturnHandler) and chance.random() < 0.3:
            stimulus = FailHandler(activity=stimulus.activity, code="handler_crashed")
        run(stimulus)
    assert run.status == "completed"
    assert ran(run.events) == +drawing.expected
    check_history(run.events)


def advance_is_deterministic(block: Block, chance: Random) -> None:
    """The same stimuli give the same events, whether the state stayed in memory or was written and read at each step.

    And no state or event that somebody kept is changed by what comes after it.
    """
    definition, drawing = draw(block)
    first, second = Run(definition, **drawing.variables), Run(definition, **drawing.variables)
    player = Player(first, drawing)
    kept = [(first.state, first.state.to_text())]
    while not first.state.is_ended:
        stimulus = chance.choice(player.ready())
        happened = first._take(first.state, stimulus)
        assert happened == second(stimulus)
        kept.append((first.state, first.state.to_text()))
        assert State.from_text(second.state.to_text()).to_text() == kept[-1][1]
    assert [state.to_text() for state, _ in kept] == [text for _, text in kept]
    assert [to_canonical(to_record(each)) for each in first.events] == first.texts


def hostile_stimuli_change_nothing(block: Block, chance: Random) -> None:
    """They are refused by an error with a code, and the instance comes to its end as if nothing had been."""
    definition, drawing = draw(block)
    run = Run(definition, **drawing.variables)
    player = Player(run, drawing)
    while not run.state.is_ended:
        before = run.state.to_text()
        attacks = [*hostile(run), Start(process="p")]
        for attack in chance.sample(attacks, min(8, len(attacks))):
            with pytest.raises(EngineError):
                advance(definition, run.state, attack, at(NOW))
        assert run.state.to_text() == before
        run(chance.choice(player.ready()))
    assert ran(run.events) == +drawing.expected
    with pytest.raises(StaleStimulus):
        run(CancelInstance(reason="too late"))


def answers_in_place_are_those_of_advance(block: Block, chance: Random) -> None:
    """Event for event and state for state; a stimulus that is refused leaves the state as it was."""
    definition, drawing = draw(block)
    run = Run(definition, **drawing.variables)
    player = Player(run, drawing)
    in_place = InPlace(definition, None, at(NOW))
    assert list(in_place.answer(Start(process="p", variables=drawing.variables))) == run.events
    while not run.state.is_ended:
        before = in_place.state.to_text()
        assert before == run.state.to_text()
        attacks = [*hostile(run), Start(process="p")]
        for attack in chance.sample(attacks, min(4, len(attacks))):
            with pytest.raises(EngineError):
                in_place.answer(attack)
        assert in_place.state.to_text() == before
        stimulus = chance.choice(player.ready())
        assert in_place.answer(stimulus) == run(stimulus)
        assert in_place.state == run.state


def operators_do_no_harm(block: Block, chance: Random) -> None:
    """Whatever operators do, in any order with what else comes: each act is made whole or refused, state and history stay in agreement
    (``Run``), what began ends once, and the instance can be brought to an end.
    """
    definition, drawing = draw(block)
    run = Run(definition, max_steps=200, **drawing.variables)
    player = Player(run, drawing)
    for _ in range(12):
        acts: list[Stimulus] = list(operator_acts(run, chance))
        for act in chance.sample(acts, 3):
            before, ended = run.state.to_text(), run.state.is_ended
            try:
                run(act)
            except EngineError as error:
                assert error.code in REFUSALS, error  # noqa: PT017 - which ones is the question
                assert run.state.to_text() == before
            else:
                assert not ended
        if run.state.is_ended:
            break
        if possible := player.ready():
            run(chance.choice(possible))
    if run.status == "active":
        run(CancelInstance(reason="test"))
    check_history(run.events)


PROPERTIES: tuple[Callable[[Block, Random], None], ...] = (
    what_runs_is_what_the_blocks_say,
    an_instance_can_be_cancelled_at_any_moment,
    failures_and_too_many_steps_lose_no_work,
    advance_is_deterministic,
    hostile_stimuli_change_nothing,
    answers_in_place_are_those_of_advance,
    operators_do_no_harm,
)


def tried(holds: Callable[[Block, Random], None], seeds: Iterable[int]) -> None:
    """The property for a process of each seed; when it does not hold, for what process, as small as can be found."""
    for seed in seeds:
        chance = Random(seed)
        block = random_block(chance, chance.randint(1, 14))
        if (error := failure(holds, block, seed)) is not None:
            while less := next((each for each in smaller(block) if failure(holds, each, seed) is not None), None):
                block = less
            pytest.fail(f"seed {seed}: {error!r}\nsmallest: {block}: {failure(holds, block, seed)!r}")


def failure(holds: Callable[[Block, Random], None], block: Block, seed: int) -> Exception | None:
    """How the property fails for the block, some orders of work tried."""
    for order in range(2):
        try:
            holds(block, Random(f"{seed} {order}"))
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  # whatever it is
            return error if isinstance(error, Exception) else AssertionError(str(error))
    return None


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda each: each.__name__)
def test_of_random_processes(holds: Callable[[Block, Random], None]) -> None:
    tried(holds, range(FEW))


@pytest.mark.long
@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda each: each.__name__)
def test_of_many_random_processes(holds: Callable[[Block, Random], None]) -> None:
    tried(holds, range(FIRST, FIRST + MANY))
