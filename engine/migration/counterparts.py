"""Which element of a new version stands for which of an old one: proposed by id and kind, and by what a person says of renamed ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.migration.kinds import kind_of
from engine.migration.problems import Lack
from engine.model.elements import Model, Process

Ids = Mapping[str, str]

NOTHING = ""
"""What a person says of an element that is to have no counterpart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterparts:
    """From old to new ids. ``elements`` and ``flows`` by the id of the old process. ``lacks``: what is wrong with what a person chose."""

    processes: Ids
    elements: Mapping[str, Ids]
    flows: Mapping[str, Ids]
    lacks: tuple[Lack, ...] = field(default=())

    def renamed(self) -> dict[str, Any]:
        """Only what has another id: what the history keeps, and what ``renaming`` does."""
        return {
            "processes": _differing(self.processes),
            "elements": {of: found for of, ids in self.elements.items() if (found := _differing(ids))},
            "flows": {of: found for of, ids in self.flows.items() if (found := _differing(ids))},
        }


def counterparts(old: Model, new: Model, old_process: str, new_process: str, chosen: Ids) -> Counterparts:
    """The same id and the same kind; ``chosen`` (old to new id, elements or flows of the process itself) says otherwise.

    A flow without a choice goes to the one of its id, else to the only one between the counterparts of its ends.
    """
    processes = {each: each for each in old.processes if each != old_process and each in new.processes}
    if old_process in old.processes and new_process in new.processes:
        processes[old_process] = new_process
    elements: dict[str, Ids] = {}
    flows: dict[str, Ids] = {}
    lacks: list[Lack] = []
    for before, after in processes.items():
        said = chosen if before == old_process else {}
        one, other = old.processes[before], new.processes[after]
        lacks += _wrong(one, other, said)
        elements[before] = found = dict(_elements(one, other, said))
        lacks += _twice(found, said)
        flows[before] = dict(_flows(one, other, said, found))
    return Counterparts(processes=processes, elements=elements, flows=flows, lacks=tuple(lacks))


def possible(old: Process, new: Process, pairs: Counterparts) -> dict[str, tuple[str, ...]]:
    """For each element without a counterpart, and each whose counterpart has another id: which of the new version it could stand for."""
    found = pairs.elements[old.id]
    free: dict[tuple[str, ...], list[str]] = {}
    for node in new.nodes.values():
        if node.id not in found.values():
            free.setdefault(kind_of(node), []).append(node.id)
    return {
        each: (*((found[each],) if each in found else ()), *free.get(kind_of(node), ()))
        for each, node in old.nodes.items()
        if found.get(each) != each
    }


def _elements(old: Process, new: Process, chosen: Ids) -> Iterator[tuple[str, str]]:
    taken = set(chosen.values())
    for each, node in old.nodes.items():
        to = chosen.get(each, NOTHING if each in taken else each)
        if to in new.nodes and kind_of(new.nodes[to]) == kind_of(node):
            yield each, to


def _flows(old: Process, new: Process, chosen: Ids, elements: Ids) -> Iterator[tuple[str, str]]:
    between: dict[tuple[str, str], list[str]] = {}
    for each in new.flows.values():
        between.setdefault((each.source, each.target), []).append(each.id)
    for flow in old.flows.values():
        ends = (elements.get(flow.source, NOTHING), elements.get(flow.target, NOTHING))
        to = chosen.get(flow.id, flow.id)
        if to in new.flows and new.flows[to].target == ends[1]:
            yield flow.id, to
        elif flow.id not in chosen and len(found := between.get(ends, [])) == 1:
            yield flow.id, found[0]


def _wrong(old: Process, new: Process, chosen: Ids) -> Iterator[Lack]:
    for one, other in chosen.items():
        if other == NOTHING:
            continue
        if one not in old.nodes and one not in old.flows:
            yield Lack(code="migration_choice_unknown", element=one)
        elif other not in new.nodes and other not in new.flows:
            yield Lack(code="migration_choice_unknown_target", element=one, facts={"target": other})
        elif one in old.nodes and (other not in new.nodes or kind_of(old.nodes[one]) != kind_of(new.nodes[other])):
            yield Lack(code="migration_choice_of_another_kind", element=one, facts={"target": other})


def _twice(found: Ids, chosen: Ids) -> Iterator[Lack]:
    by_target: dict[str, str] = {}
    for one, other in found.items():
        if other in by_target and (one in chosen or by_target[other] in chosen):
            yield Lack(code="migration_choice_twice", element=one, facts={"target": other})
        by_target[other] = one


def _differing(ids: Ids) -> dict[str, str]:
    return {one: other for one, other in ids.items() if one != other}
