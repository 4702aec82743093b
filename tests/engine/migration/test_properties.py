"""Random processes, moved at a random moment of a random run: to themselves nothing changes, to the same process under other ids they go
on as they would have, and the history leads to the state that is kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import pytest

from engine.data import from_canonical, to_canonical
from engine.kernel import Event, State, advance, to_record
from engine.kernel.state import HANDLER
from engine.migration import Counterparts, Known, Plan, counterparts, fold_case, plan
from engine.model.elements import Model
from engine.protocol.stimuli import FailHandler, RetryIncident
from tests.engine.kernel.blocks import Block
from tests.engine.kernel.building import NOW, Run, at
from tests.engine.kernel.drawing_events import draw
from tests.engine.kernel.playing import Player
from tests.engine.kernel.test_properties import tried
from tests.engine.migration.renamed_model import PREFIX, chosen, renamed_main

FEW = int(os.environ.get("PROPERTIES_FEW", "40")) // 5
MANY = int(os.environ.get("PROPERTIES", "2000")) // 4
FIRST = int(os.environ.get("PROPERTIES_FROM", "1000"))
PROCESS = "p"
OF_ELEMENTS = ("element", "start_event", "flow")


def pairs_of(old: Model, new: Model, choices: Mapping[str, str]) -> Counterparts:
    return counterparts(old, new, PROCESS, PROCESS, choices)


def moved(state: State, old: Model, new: Model, choices: Mapping[str, str]) -> Plan:
    before = state.to_text()
    found = plan(state, old, new, pairs_of(old, new, choices), at(NOW), Known())
    assert state.to_text() == before, "a plan changes nothing"
    return found


def told(found: Plan) -> list[dict[str, Any]]:
    """What the history keeps of it."""
    head = {"type": "instance:migrated", "renamed": found.renamed, "forgotten": found.forgotten}
    records = [head, *(to_record(each) for each in found.events)]
    return [from_canonical(to_canonical(each)) for each in records]


def records(events: Sequence[Event]) -> list[dict[str, Any]]:
    return [from_canonical(to_canonical(to_record(each))) for each in events]


def anonymous(value: Any) -> Any:
    """Without the prefix of the other ids."""
    if isinstance(value, str):
        return value.replace(PREFIX, "")
    if isinstance(value, Mapping):
        return {anonymous(name): anonymous(each) for name, each in value.items()}
    return [anonymous(each) for each in value] if isinstance(value, list | tuple) else value


def played(block: Block, chance: Random) -> tuple[Run, Player]:
    """A run that stands somewhere before its end, perhaps with a handler that failed."""
    definition, drawing = draw(block)
    run = Run(definition, **drawing.variables)
    player = Player(run, drawing)
    for _ in range(chance.randint(0, 25)):
        if run.state.is_ended:
            break
        run(chance.choice(player.ready()))
    return run, player


def fails_somewhere(run: Run, chance: Random) -> None:
    asked = [each.id for each in run.state.activities.values() if each.phase is HANDLER]
    if asked and chance.random() < 0.3:
        run(FailHandler(activity=chance.choice(asked), code="handler_crashed"))


def nothing_changes_in_the_same_version(block: Block, chance: Random) -> None:
    run, _ = played(block, chance)
    if run.state.is_ended:
        return
    fails_somewhere(run, chance)
    found = moved(run.state, run.model, run.model, {})
    assert not found.lacks, found.lacks
    assert found.state.to_text() == run.state.to_text()
    assert not found.events
    assert not found.tasks
    assert found.push is None
    assert all(each.code == "migration_timer_kept" for each in found.changes)


def it_goes_on_the_same_way_under_other_ids(block: Block, chance: Random) -> None:
    run, player = played(block, chance)
    if run.state.is_ended:
        return
    fails_somewhere(run, chance)
    new = renamed_main(run.model, PROCESS)
    found = moved(run.state, run.model, new, chosen(run.model, PROCESS))
    assert not found.lacks, found.lacks
    assert not found.events
    state = State.from_text(found.state.to_text())
    assert anonymous(from_canonical(state.to_text())) == from_canonical(run.state.to_text())
    history = [*records(run.events), *told(found)]
    assert fold_case(history).to_text() == state.to_text()
    while run.state.status == "active":
        stuck = list(run.state.incidents)
        stimulus = RetryIncident(incident=stuck[0]) if stuck else chance.choice(player.ready())
        expected = run(stimulus)
        state, events = advance(new, state, stimulus, at(NOW))
        assert anonymous(records(events)) == records(expected)
        history += records(events)
    assert state.status == run.status
    assert fold_case(history).to_text() == state.to_text()


def it_is_undone(block: Block, chance: Random) -> None:
    run, _ = played(block, chance)
    if run.state.is_ended:
        return
    found = moved(run.state, run.model, renamed_main(run.model, PROCESS), chosen(run.model, PROCESS))
    history = [*records(run.events), *told(found), {"type": "instance:migration-undone"}]
    assert fold_case(history).to_text() == run.state.to_text()


PROPERTIES: tuple[Callable[[Block, Random], None], ...] = (
    nothing_changes_in_the_same_version,
    it_goes_on_the_same_way_under_other_ids,
    it_is_undone,
)


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda each: each.__name__)
def test_of_random_processes(holds: Callable[[Block, Random], None]) -> None:
    tried(holds, range(FEW))


@pytest.mark.long
@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda each: each.__name__)
def test_of_many_random_processes(holds: Callable[[Block, Random], None]) -> None:
    tried(holds, range(FIRST, FIRST + MANY))
