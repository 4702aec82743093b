"""The checks against brute force: what is told holds, and where nothing is told nothing is found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decisions.checks.rows import COUNTED, Example, Findings, examined
from engine.decisions.logic import DecisionFailure
from engine.decisions.table import HitPolicy, Input, Output, Rule, Table
from engine.feel import Budget, Environment, TypeName, Value, compile_expression, compile_unary_tests

D = Decimal
ENVIRONMENT = Environment(datetime(2026, 11, 22, tzinfo=UTC))
LIMIT = D("2.5")
"""The variable that opaque cells read."""

_NUMBERS = st.sampled_from(["0", "1", "2", "3", "2.5"])
_DAYS = st.sampled_from([f'date("2026-01-{day:02}")' for day in (1, 2, 3, 5)])
_TEXTS = st.sampled_from(['"a"', '"b"', '"c"'])


_SHAPES = [
    *("{a}", "< {a}", "<= {a}", "> {a}", ">= {a}", "!= {a}", "[{a}..{b}]", "({a}..{b})", "[{a}..{b})", "({a}..{b}]"),
    *("{a}, {b}", "< {a}, > {b}", "not({a})", "not([{a}..{b}])", "-", "-", "? >= {a} and ? < {b}", "null", "not(null)"),
    *("? between {a} and {b}", "not(? = {a})", "[{a}, {b}]"),
]


@st.composite
def _ordered(draw: st.DrawFn, constants: st.SearchStrategy[str]) -> str:
    one, other = draw(constants), draw(constants)
    shape = draw(st.sampled_from(_SHAPES))
    return shape.format(a=one, b=other)


def _some(choices: list[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(choices)


_CELLS: dict[str, st.SearchStrategy[str]] = {
    "number": _ordered(_NUMBERS),
    "date": _ordered(_DAYS),
    "string": st.one_of(
        _TEXTS, _some(["-", 'not("a")', '"a", "b"', 'not("a", "c")', "null", '!= "b"', '? in ("a", "c")'])
    ),
    "boolean": _some(["-", "true", "false", "not(true)", "null", "true, false"]),
}
_PROBES: dict[str, list[Value]] = {
    "number": [D(each) for each in ("-1", "0", "0.5", "1", "1.5", "2", "2.2", "2.5", "2.7", "3", "4")],
    "date": [date(2026, 1, 1) + timedelta(days=day) for day in range(-1, 6)],
    "string": ["a", "b", "c", "another"],
    "boolean": [True, False],
}
_ALLOWED: dict[str, list[str | None]] = {
    "number": [None, None, "[0..3]", "> 1", "1, 2, 3"],
    "date": [None, None, '>= date("2026-01-01")'],
    "string": [None, '"a", "b"', '"a", "b", "c"'],
    "boolean": [None],
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Small tables of all kinds of columns, with constants that often meet."""
    kinds = draw(st.lists(st.sampled_from(list(_CELLS)), max_size=3))
    names = [f"x{number}" for number in range(len(kinds))]
    if len(kinds) > 1 and draw(st.booleans()) and kinds[0] == kinds[-1]:
        names[-1] = names[0]
    inputs = []
    for name, kind in zip(names, kinds, strict=True):
        allowed = draw(st.sampled_from(_ALLOWED[kind]))
        inputs.append(
            Input(
                label=name,
                expression=compile_expression(name),
                allowed=compile_unary_tests(allowed) if allowed else None,
                type=TypeName(kind) if draw(st.booleans()) else None,
            )
        )
    cells = [st.one_of(_CELLS[kind], _some(["-", "? > limit"])) if kind == "number" else _CELLS[kind] for kind in kinds]
    rows = draw(st.lists(st.tuples(st.tuples(*cells), _some(["1", "2"])), max_size=6))
    policy = draw(st.sampled_from(HitPolicy))
    return Table(
        inputs=tuple(inputs),
        columns=(Output(name="out", values=(compile_expression("2"), compile_expression("1"))),),
        rules=tuple(
            Rule(
                id=str(number),
                tests=tuple(compile_unary_tests(cell) for cell in tests),
                outputs=(compile_expression(output),),
            )
            for number, (tests, output) in enumerate(rows)
        ),
        hit_policy=policy,
    )


def hits(table: Table, scope: Mapping[str, Value], policy: HitPolicy = HitPolicy.RULE_ORDER) -> tuple[int, ...] | None:
    """The rows that Table itself says pass; None when it refuses the input."""
    same = Table(inputs=table.inputs, columns=table.columns, rules=table.rules, hit_policy=policy)
    try:
        found = same.outcome({"limit": LIMIT, **scope}, ENVIRONMENT, Budget())
    except DecisionFailure:
        # under RULE ORDER nothing else fails
        return None
    return tuple(map(int, found.rules))


def scope_of(table: Table, example: Example) -> dict[str, Any]:
    return {column.label: example.get(number) for number, column in enumerate(table.inputs)}


def probes(table: Table, *, with_null: bool) -> list[dict[str, Value]]:
    """Every combination of values at, between and beyond all constants that ``tables`` uses."""
    values: dict[str, list[Value]] = {}
    for column in table.inputs:
        if column.label in values:
            continue
        kinds = [column.type.name] if column.type else _kinds_of_name(table, column.label)
        values[column.label] = [probe for kind in kinds for probe in _PROBES[kind]] + ([None] if with_null else [])
    return [dict(zip(values, each, strict=True)) for each in product(*values.values())]


def _kinds_of_name(table: Table, name: str) -> list[str]:
    """The kinds that the cells of a column without a type speak of."""
    cells = [
        cell.source
        for rule in table.rules
        for column, cell in zip(table.inputs, rule.tests, strict=True)
        if column.label == name and cell.variables == frozenset()
    ]
    cells += [column.allowed.source for column in table.inputs if column.label == name and column.allowed]
    text = " ".join(cells)
    found = []
    if "date(" in text:
        found.append("date")
    if '"a"' in text.replace("date(", "") or '"b"' in text or '"c"' in text:
        found.append("string")
    if "true" in text or "false" in text:
        found.append("boolean")
    if not found and any(character.isdigit() for character in text):
        found.append("number")
    return found


@settings(max_examples=60, deadline=None)
@given(tables())
def test_what_is_told_holds_and_nothing_is_missed(table: Table) -> None:
    _holds(table)


@pytest.mark.long
@settings(max_examples=1500, deadline=None)
@given(tables())
def test_what_is_told_holds_for_many_tables(table: Table) -> None:
    _holds(table)


def _holds(table: Table) -> None:
    found = examined(table)
    assert not found.is_too_large
    for gap in found.gaps:
        assert hits(table, scope_of(table, gap.example)) == ()
    for overlap in found.overlaps:
        assert set(overlap.rows) <= set(hits(table, scope_of(table, overlap.example)) or ())
        assert len(overlap.rows) > 1
    every = [(scope, passing) for scope in probes(table, with_null=True) if (passing := hits(table, scope)) is not None]
    for row, _ in found.never:
        assert not any(row in passing for _, passing in every)
    for masked in found.masked:
        for _, passing in every:
            assert masked.row not in passing or set(passing) & set(masked.by)
    _nothing_missed(table, found, every)


def _nothing_missed(table: Table, found: Findings, every: list[tuple[dict[str, Value], tuple[int, ...]]]) -> None:
    opaque = any(cell.variables for rule in table.rules for cell in rule.tests)
    if not table.rules or (opaque and found.undecided):
        return
    complete = [passing for scope, passing in every if None not in scope.values()]
    single = table.hit_policy in (HitPolicy.UNIQUE, HitPolicy.FIRST, HitPolicy.ANY, HitPolicy.PRIORITY)
    if single and not found.gaps and not opaque:
        assert () not in complete
    if table.hit_policy is HitPolicy.UNIQUE and found.overlap_count < COUNTED:
        pairs = {pair for overlap in found.overlaps for pair in product(overlap.rows, repeat=2)}
        if len(found.overlaps) == found.overlap_count:
            assert all(pair in pairs for _, passing in every for pair in product(passing, repeat=2) if len(passing) > 1)
    if table.hit_policy is HitPolicy.FIRST and not opaque:
        silent = {row for row, _ in found.never} | {masked.row for masked in found.masked}
        loud = {passing[0] for _, passing in every if passing}
        odd = {row for row in range(len(table.rules)) if any(column.type is None for column in table.inputs)}
        assert loud | silent | odd == set(range(len(table.rules)))
        assert not loud & silent
