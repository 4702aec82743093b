"""A process whose elements and flows all have another id: structurally the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.model import elements as model

PREFIX = "other__"


def other(id_: str) -> str:
    return f"{PREFIX}{id_}"


def renamed_main(definition: model.Model, process: str) -> model.Model:
    """Every id of an element and of a flow of the process with a prefix; of called processes a person says nothing."""
    found = _process(definition.processes[process], set(definition.processes))
    return model.Model(processes={**definition.processes, process: found}, decisions=definition.decisions)


def chosen(definition: model.Model, process: str) -> dict[str, str]:
    """What a person says of all of it."""
    found = definition.processes[process]
    return {each: other(each) for each in (*found.nodes, *found.flows)}


def _process(process: model.Process, kept: set[str]) -> model.Process:
    def named(id_: str) -> str:
        return id_ if id_ in kept else other(id_)

    nodes = {}
    for node in process.nodes.values():
        more: dict[str, Any] = {
            "id": named(node.id),
            "scope": named(node.scope),
            "incoming": tuple(map(named, node.incoming)),
            "outgoing": tuple(map(named, node.outgoing)),
        }
        for name in ("default", "attached_to", "compensated_by", "not_same_as"):
            if getattr(node, name, None) is not None:
                more[name] = named(getattr(node, name))
        if isinstance(node, model.Activity):
            more["boundary"] = tuple(map(named, node.boundary))
        if isinstance(node, model.EndEvent | model.ThrowEvent) and isinstance(
            node.result, model.CompensationDefinition
        ):
            target = node.result.activity
            more["result"] = model.CompensationDefinition(activity=None if target is None else named(target))
        nodes[named(node.id)] = replace(node, **more)
    flows = {
        named(each.id): replace(each, id=named(each.id), source=named(each.source), target=named(each.target))
        for each in process.flows.values()
    }
    return replace(process, nodes=nodes, flows=flows)
