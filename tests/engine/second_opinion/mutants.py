"""Small mistakes in a process: two flows that change their targets, a boundary event that interrupts or not, another kind of gateway."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from engine.model import elements as model

GATEWAYS: tuple[type[model.Gateway], ...] = (model.ParallelGateway, model.InclusiveGateway, model.ExclusiveGateway)


def mutant(chance: Random, definition: model.Model) -> model.Model | None:
    """The model with one mistake; None where the one that was drawn is not possible."""
    process = definition.processes[chance.choice(list(definition.processes))]
    changed = chance.choice(MISTAKES)(chance, process)
    if changed is None:
        return None
    return replace(definition, processes={**definition.processes, process.id: changed})


def _swapped(chance: Random, process: model.Process) -> model.Process | None:
    flows = dict(process.flows)
    first = chance.choice(list(flows.values()))
    scope = process.nodes[first.target].scope
    others = [each for each in flows.values() if process.nodes[each.target].scope == scope and each.id != first.id]
    if not others:
        return None
    second = chance.choice(others)
    flows[first.id] = replace(first, target=second.target)
    flows[second.id] = replace(second, target=first.target)
    nodes = dict(process.nodes)
    for target in (first.target, second.target):
        nodes[target] = replace(nodes[target], incoming=tuple(each for each in flows if flows[each].target == target))
    return replace(process, flows=flows, nodes=nodes)


def _interrupting_otherwise(chance: Random, process: model.Process) -> model.Process | None:
    events = [each for each in process.nodes.values() if isinstance(each, model.BoundaryEvent)]
    if not events:
        return None
    event = chance.choice(events)
    changed = replace(event, is_interrupting=not event.is_interrupting)
    return replace(process, nodes={**process.nodes, event.id: changed})


def _another_gateway(chance: Random, process: model.Process) -> model.Process | None:
    gateways = [each for each in process.nodes.values() if isinstance(each, GATEWAYS)]
    if not gateways:
        return None
    gateway = chance.choice(gateways)
    kind = chance.choice([each for each in GATEWAYS if not isinstance(gateway, each)])
    names = ("id", "name", "scope", "incoming", "outgoing", "lane", "documentation", "properties", "default")
    known: dict[str, Any] = {name: getattr(gateway, name) for name in names}
    return replace(process, nodes={**process.nodes, gateway.id: kind(**known)})


MISTAKES: tuple[Callable[[Random, model.Process], model.Process | None], ...] = (
    _swapped,
    _interrupting_otherwise,
    _another_gateway,
)
