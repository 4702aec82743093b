"""A case that is moved to a version with more at its borders stands as one that began in that version and came to the same place."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from engine.kernel import Event, State, Stimulus
from engine.migration import Known, counterparts, plan
from engine.model import elements as model
from engine.protocol import events as happened
from engine.protocol.stimuli import FireTimer, ReceiveMessage
from tests.engine.kernel.blocks import Block
from tests.engine.kernel.building import NOW, Run, at, make, message, timer
from tests.engine.kernel.drawing_events import draw
from tests.engine.kernel.playing import Player
from tests.engine.kernel.test_properties import tried
from tests.engine.migration.test_properties import FEW, FIRST, MANY

ADDED = "added"
_BEGUN = happened.TimerSet | happened.MessageAwaited | happened.SignalAwaited | happened.ConditionAwaited


def with_more(definition: model.Model) -> model.Model:
    """Every task of the main process gets a reminder and something to hear of at its border, which lead nowhere."""
    found = definition.processes["p"]
    nodes = dict(found.nodes)
    for node in found.nodes.values():
        if isinstance(node, model.UserTask | model.ServiceTask) and not node.is_for_compensation:
            triggers = (timer("duration", '"PT7H"'), message("never sent", '"k"'))
            names = [f"{ADDED}{number}_{node.id}" for number in range(len(triggers))]
            for name, trigger in zip(names, triggers, strict=True):
                nodes[name] = make(
                    model.BoundaryEvent,
                    name,
                    scope=node.scope,
                    attached_to=node.id,
                    trigger=trigger,
                    is_interrupting=False,
                )
            nodes[node.id] = replace(node, boundary=(*node.boundary, *names))
    more = model.Process(id=found.id, name=found.name, nodes=nodes, flows=found.flows, lanes=found.lanes)
    return model.Model(processes={**definition.processes, "p": more}, decisions=definition.decisions)


def entered(events: list[Event]) -> list[str]:
    return [each.activity for each in events if isinstance(each, happened.ElementEntered)]


def awaited(events: list[Event]) -> list[str]:
    return [each.wait for each in events if isinstance(each, _BEGUN) and not each.element.startswith(ADDED)]


def in_other(stimulus: Stimulus, one: Run, other: Run) -> Stimulus:
    """The same stimulus for the run in the other version, whose ids are others."""
    if isinstance(stimulus, FireTimer | ReceiveMessage):
        at_ = awaited(one.events).index(stimulus.wait)
        return type(stimulus)(**{**fields(stimulus), "wait": awaited(other.events)[at_]})
    given = fields(stimulus)
    if "activity" in given:
        given["activity"] = entered(other.events)[entered(one.events).index(given["activity"])]
    return type(stimulus)(**given)


def fields(stimulus: Stimulus) -> dict[str, Any]:
    return {name: getattr(stimulus, name) for name in stimulus.__struct_fields__}


def stands(state: State) -> Counter[str]:
    """Everything that lives, without the ids that counters gave."""

    def of(waits: tuple[str, ...]) -> list[str]:
        found = (state.waits[each] for each in waits)
        return sorted(repr((w.element, w.due_at, w.remaining, w.name, w.key, w.signal, w.held)) for w in found)

    activities = (
        (each.element, each.phase, sorted(each.variables.items()), each.items, of(each.waits))
        for each in state.activities.values()
    )
    scopes = (
        (each.process, each.item, sorted(each.variables.items()), sorted(each.tokens.items()), of(each.waits))
        for each in state.scopes.values()
    )
    records = ((each.element, each.process, sorted(each.variables.items())) for each in state.records.values())
    return Counter(map(repr, (*activities, *scopes, *records)))


def a_moved_case_stands_as_one_that_was_always_there(block: Block, chance: Random) -> None:
    definition, drawing = draw(block)
    new = with_more(definition)
    run, always = Run(definition, **drawing.variables), Run(new, **drawing.variables)
    player = Player(run, drawing)
    for _ in range(chance.randint(0, 25)):
        if run.state.status != "active":
            return
        stimulus = chance.choice(player.ready())
        same = in_other(stimulus, run, always)
        run(stimulus)
        always(same)
    if run.state.status != "active":
        return
    found = plan(run.state, definition, new, counterparts(definition, new, "p", "p", {}), at(NOW), Known())
    assert not found.lacks, found.lacks
    assert found.push is None
    assert stands(found.state) == stands(always.state)


def test_of_random_processes() -> None:
    tried(a_moved_case_stands_as_one_that_was_always_there, range(FEW))


@pytest.mark.long
def test_of_many_random_processes() -> None:
    tried(a_moved_case_stands_as_one_that_was_always_there, range(FIRST, FIRST + MANY))
