"""An explanation of a decision as lines for people and as a record for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.commands.rows import Cell, Grid, Row, cut, grid_lines
from engine.commands.speaking import harmless, say, styled
from engine.commands.values import notation, type_text
from engine.decisions.explanation import Explanation, TableExplanation

_INDENT = "    "
_NARROWEST = 40
_DEEPEST = 6
"""Levels that are set in: what is deeper stands below the sixth, so that its tables can still be read."""


def reasons_of(explanation: Explanation, room: int) -> Iterator[str]:
    """The decision with its value, its tables row by row, and indented below it what it requires; each decision once."""
    shown: set[int] = set()
    waiting = [(explanation, 0)]
    while waiting:
        each, depth = waiting.pop()
        inside = _INDENT * 2 * min(depth, _DEEPEST)
        value = styled(say("cli_decision_failed"), "red") if each.failure else styled(_one_line(each), "bold")
        yield f"{inside}{styled(harmless(each.name), 'bold')} = {value}"
        inside += _INDENT
        if id(each) in shown:
            yield inside + say("cli_decision_shown_above")
            continue
        shown.add(id(each))
        for line in _own(each, max(room - len(inside), _NARROWEST)):
            yield inside + line
        if each.required:
            yield inside + say("cli_decision_requires")
        waiting.extend((beneath, depth + 1) for beneath in reversed(each.required))


def _one_line(explanation: Explanation) -> str:
    return harmless(notation(explanation.value))


def _own(explanation: Explanation, room: int) -> Iterator[str]:
    """The reasons of a decision by itself: its tables, or what its expression read."""
    for table in explanation.tables:
        hits = ", ".join(str(row.number) for row in table.matched)
        code = "cli_table_matched" if hits else "cli_table_none_matched"
        yield say(code, policy=table.policy, rows=hits, count=len(table.matched))
        yield from grid_lines(_grid(table, explanation), room)
        if any(row.matched and row.id not in explanation.rules for row in table.rows) and explanation.rules:
            yield say("cli_table_not_counted", policy=table.policy)
    if not explanation.tables:
        for name, value in explanation.variables.items():
            # what an import brings is a context of its own kind
            text = notation(dict(value) if isinstance(value, dict) else value)
            yield cut(harmless(f"{name}: {text}"), room)


def _grid(table: TableExplanation, explanation: Explanation) -> Grid:
    return Grid(
        labels=tuple(harmless(label) for label, _ in table.inputs),
        values=tuple(harmless(notation(value)) for _, value in table.inputs),
        outputs=tuple(harmless(each or explanation.name) for each in table.outputs),
        rows=tuple(
            Row(
                number=row.number,
                is_hit=row.matched,
                counts=row.matched and (row.id in explanation.rules or not explanation.rules),
                cells=tuple(Cell(text=harmless(cell.test), passed=cell.passed) for cell in row.cells),
                outputs=tuple(map(harmless, row.outputs)),
            )
            for row in table.rows
        ),
    )


def record_of(explanation: Explanation) -> dict[str, Any]:
    """The result, and under ``decisions`` the reasons: the decision itself first, then each that it requires, once."""
    found: dict[int, Explanation] = {}
    waiting = [explanation]
    while waiting:
        each = waiting.pop(0)
        if id(each) not in found:
            found[id(each)] = each
            waiting.extend(each.required)
    return {
        "decision": explanation.name,
        "value": explanation.value,
        "type": type_text(explanation.value),
        "failure": _failure(explanation),
        "decisions": [_reasons(each) for each in found.values()],
    }


def _failure(explanation: Explanation) -> dict[str, str] | None:
    failure = explanation.failure
    return None if failure is None else {"code": failure.code, "message": say(failure.code, **failure.facts)}


def _reasons(explanation: Explanation) -> dict[str, Any]:
    return {
        "id": explanation.id,
        "name": explanation.name,
        "value": explanation.value,
        "failure": _failure(explanation),
        "variables": dict(explanation.variables),
        "rules": list(explanation.rules),
        "requires": [each.name for each in explanation.required],
        "tables": [
            {
                "policy": table.policy,
                "inputs": [{"label": label, "value": value} for label, value in table.inputs],
                "outputs": list(table.outputs),
                "rows": [
                    {
                        "number": row.number,
                        "id": row.id,
                        "matched": row.matched,
                        "cells": [{"test": cell.test, "passed": cell.passed} for cell in row.cells],
                        "outputs": list(row.outputs),
                    }
                    for row in table.rows
                ],
            }
            for table in explanation.tables
        ],
    }
