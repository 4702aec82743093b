"""Random processes under any order of ready work: each step on a state that was written and read again, ``fold(events) == state``
after each (``building.Run``), the tasks that ran as the oracle says, and a history in which everything that begins ends once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.kernel import Event, Phase, StaleStimulus, State, Stimulus, to_record
from engine.protocol import events as happened
from engine.protocol.stimuli import (
    CancelInstance,
    CompleteTask,
    FailHandler,
    FireTimer,
    ReceiveMessage,
    RetryIncident,
    ReturnHandler,
    ThrowError,
)
from tests.engine.kernel.blocks import TASKS, Block, Drawing, blocks, draw
from tests.engine.kernel.building import Run

EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def ready(run: Run, drawing: Drawing) -> list[Stimulus]:
    """Everything that may happen next."""
    found: list[Stimulus] = []
    for activity in run.state.activities.values():
        if activity.phase is Phase.TASK:
            event = drawing.postponed.get(activity.element)
            if event is None or not _comes(run, activity.id, event):
                found.append(CompleteTask(activity=activity.id, actor="x"))
        elif activity.phase is Phase.HANDLER:
            if activity.element in drawing.happening:
                found.append(ThrowError(activity=activity.id, code="E"))
            else:
                found.append(ReturnHandler(activity=activity.id))
    for wait in run.state.waits.values():
        if wait.name is not None:
            found.append(ReceiveMessage(wait=wait.id, name=wait.name))
        elif wait.element in drawing.happening:
            found.append(FireTimer(wait=wait.id))
    return found


def _comes(run: Run, activity: str, event: str) -> bool:
    """The event on this task, or on a sub-process around it, is still to come."""
    around: set[str | None] = set()
    at: str | None = activity
    while at is not None:
        around.add(at)
        at = run.state.scopes[run.state.activities[at].scope].activity
    return any(wait.element == event and wait.activity in around for wait in run.state.waits.values())


def ran(events: Sequence[Event]) -> Counter[str]:
    """How often each task was completed."""
    return Counter(
        each.element
        for each in events
        if isinstance(each, happened.ElementCompleted) and each.element.startswith(TASKS)
    )


def check_history(events: Sequence[Event]) -> None:
    """What begins ends exactly once, tokens are taken from where they were put, and numbers only grow."""
    begun: Counter[tuple[str, str]] = Counter()
    tokens: Counter[tuple[str, str]] = Counter()
    begin = {"element:entered": "activity", "task:created": "activity", "timer:set": "wait", "message:awaited": "wait"}
    begin |= {"incident:raised": "incident", "handler:requested": "activity"}
    end = {"element:completed": ("element:entered", "activity"), "element:cancelled": ("element:entered", "activity")}
    end |= {"task:completed": ("task:created", "activity"), "task:cancelled": ("task:created", "activity")}
    end |= {"timer:fired": ("timer:set", "wait"), "timer:cancelled": ("timer:set", "wait")}
    end |= {"message:received": ("message:awaited", "wait"), "message:wait-cancelled": ("message:awaited", "wait")}
    end |= {"incident:resolved": ("incident:raised", "incident"), "handler:returned": ("handler:requested", "activity")}
    end |= {"handler:cancelled": ("handler:requested", "activity")}
    open_scopes: set[str] = set()
    for event in events:
        record = to_record(event)
        if event.tag in begin:
            begun[event.tag, record[begin[event.tag]]] += 1
        if event.tag in end:
            tag, name = end[event.tag]
            begun[tag, record[name]] -= 1
            assert begun[tag, record[name]] >= 0, event
        if isinstance(event, happened.FlowTaken):
            tokens[event.scope, event.flow] += 1
        elif isinstance(event, happened.ElementEntered | happened.TokensDropped):
            for flow in event.flows:
                tokens[event.scope, flow] -= 1
                assert tokens[event.scope, flow] >= 0, event
        elif isinstance(event, happened.ScopeOpened):
            open_scopes.add(event.scope)
        elif isinstance(event, happened.ScopeClosed):
            open_scopes.remove(event.scope)
            for key in [each for each in tokens if each[0] == event.scope]:
                del tokens[key]
    assert not +begun
    assert not +tokens
    assert open_scopes == {"s1"}


@EXAMPLES
@given(blocks, st.randoms(use_true_random=False))
def test_what_runs_is_what_the_blocks_say(block: Block, chance: Random) -> None:
    definition, drawing = draw(block)
    run = Run(definition, **drawing.variables)
    used: list[Stimulus] = []
    while not run.state.is_ended:
        assert not run.state.incidents, run.state.incidents
        possible = ready(run, drawing)
        assert possible, "nothing can happen and nothing has ended"
        stimulus = chance.choice(possible)
        run(stimulus)
        used.append(stimulus)
        stale = chance.choice(used)
        with pytest.raises(StaleStimulus):
            run(stale)
    assert run.status == "completed"
    assert ran(run.events) == +drawing.expected
    check_history(run.events)


@EXAMPLES
@given(blocks, st.randoms(use_true_random=False), st.integers(0, 20))
def test_an_instance_can_be_cancelled_at_any_moment(block: Block, chance: Random, moment: int) -> None:
    definition, drawing = draw(block)
    run = Run(definition, **drawing.variables)
    for _ in range(moment):
        if run.state.is_ended:
            break
        run(chance.choice(ready(run, drawing)))
    if not run.state.is_ended:
        run(CancelInstance(reason="test"))
    assert not run.state.activities
    assert not run.state.waits
    assert list(run.state.scopes) == ["s1"]
    assert run.state.scopes["s1"].is_empty
    check_history(run.events)


@EXAMPLES
@given(blocks, st.randoms(use_true_random=False))
def test_failures_and_too_many_steps_lose_no_work(block: Block, chance: Random) -> None:
    """Handlers fail, and almost no automatic work is allowed at a time: retried, it comes to the same end."""
    definition, drawing = draw(block)
    run = Run(definition, max_steps=chance.randint(1, 5), **drawing.variables)
    for _ in range(3000):
        if run.state.is_ended:
            break
        if run.state.incidents:
            run(RetryIncident(incident=chance.choice(list(run.state.incidents))))
            continue
        stimulus = chance.choice(ready(run, drawing))
        if isinstance(stimulus, ReturnHandler) and chance.random() < 0.3:
            stimulus = FailHandler(activity=stimulus.activity, code="handler_crashed")
        run(stimulus)
    assert run.status == "completed"
    assert ran(run.events) == +drawing.expected


@EXAMPLES
@given(blocks, st.randoms(use_true_random=False))
def test_advance_is_deterministic(block: Block, chance: Random) -> None:
    """The same stimuli give the same events, whether the state stayed in memory or was written and read at each step."""
    definition, drawing = draw(block)
    first, second = Run(definition, **drawing.variables), Run(definition, **drawing.variables)
    while not first.state.is_ended:
        stimulus = chance.choice(ready(first, drawing))
        kept = first._take(first.state, stimulus)
        assert kept == second(stimulus)
        assert State.from_text(second.state.to_text()).to_text() == first.state.to_text()
