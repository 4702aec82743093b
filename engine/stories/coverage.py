"""What a set of stories covers of a version: elements, flows, rows of decision tables; and which story covers what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from engine.decisions import Decision
from engine.decisions.table import Table
from engine.model import elements as model
from engine.model.elements import Model
from engine.stories.report import Report
from engine.stories.world import Playable, world_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Ids in the order of the file: those ``covered``, and the ``missing`` ones. ``by`` names for each covered one the stories' files."""

    covered: tuple[str, ...]
    missing: tuple[str, ...]
    by: Mapping[str, tuple[str, ...]]

    @property
    def percent(self) -> Decimal:
        """With one digit, rounded down: 100 means all. Nothing to cover is covered."""
        total = len(self.covered) + len(self.missing)
        share = Decimal(100 * len(self.covered)) / total if total else Decimal(100)
        return share.quantize(Decimal("0.1"), ROUND_FLOOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """``elements`` and ``flows`` by process, ``rules`` by decision (only those that are tables)."""

    elements: Mapping[str, Share]
    flows: Mapping[str, Share]
    rules: Mapping[str, Share]

    @property
    def is_complete(self) -> bool:
        """Nothing is missing."""
        return not any(each.missing for group in (self.elements, self.flows, self.rules) for each in group.values())


def coverage(played: Playable, reports: Iterable[Report]) -> Coverage:
    """What the stories of ``reports`` covered together, whether or not they went as told."""
    definition = world_of(played).model
    elements: dict[str, list[str]] = {}
    flows: dict[str, list[str]] = {}
    rules: dict[tuple[str, str], list[str]] = {}
    for report in reports:
        _note(elements, report.elements, report.story.file)
        _note(flows, report.flows, report.story.file)
        _note(rules, report.rules, report.story.file)
    return Coverage(
        elements={key: _share(_elements(each), elements) for key, each in definition.processes.items()},
        flows={key: _share(each.flows, flows) for key, each in definition.processes.items()},
        rules={
            decision: _share(
                [rule for owner, rule in rows if owner == decision],
                {rule: files for (owner, rule), files in rules.items() if owner == decision},
            )
            for decision, rows in _tables(definition).items()
        },
    )


def rules_of(decision: Decision) -> tuple[tuple[str, str], ...]:
    """The rows of its table, by the id of the decision and their own; none for other logic."""
    logic = decision.logic
    return tuple((decision.id, rule.id) for rule in logic.rules) if isinstance(logic, Table) else ()


def _tables(definition: Model) -> dict[str, tuple[tuple[str, str], ...]]:
    found = {each.id: rules_of(each) for each in definition.decisions.values()}
    return {decision: rows for decision, rows in found.items() if rows}


def _elements(process: model.Process) -> Iterator[str]:
    """A compensation boundary event only says by whom something is undone: nothing ever enters it."""
    for node in process.nodes.values():
        is_mark = isinstance(node, model.BoundaryEvent) and isinstance(node.trigger, model.CompensationDefinition)
        if not is_mark:
            yield node.id


def _note(found: dict[Any, list[str]], covered: Iterable[Any], file: str) -> None:
    for each in covered:
        found.setdefault(each, []).append(file)


def _share(wanted: Iterable[str], found: Mapping[str, list[str]]) -> Share:
    ids = tuple(wanted)
    return Share(
        covered=tuple(each for each in ids if each in found),
        missing=tuple(each for each in ids if each not in found),
        by={each: tuple(found[each]) for each in ids if each in found},
    )
