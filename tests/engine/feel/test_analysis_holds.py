"""What the analysis says holds: for random expressions over variables of known types, the value is of the type that was said, or null."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data import YearsMonths
from engine.feel import (
    Environment,
    FeelFailure,
    FeelSyntaxError,
    Range,
    TypeName,
    Value,
    analyse,
    compile_expression,
    compile_unary_tests,
    conforms,
    printed,
)
from engine.feel.tree import Node
from tests.engine.feel.strategies import NAMES, trees

ENVIRONMENT = Environment(datetime(2026, 11, 21, tzinfo=UTC))
NUMBER, STRING, DATE = TypeName("number"), TypeName("string"), TypeName("date")
LINE = TypeName("context", (), (("a", NUMBER), ("s", STRING), ("d", DATE)))
TYPES: Mapping[str, TypeName] = {
    "a": NUMBER,
    "s": STRING,
    "d": DATE,
    "t": TypeName("time"),
    "m": TypeName("date and time"),
    "b": TypeName("boolean"),
    "days": TypeName("days and time duration"),
    "months": TypeName("years and months duration"),
    "line": LINE,
    "lines": TypeName("list", (LINE,)),
    "numbers": TypeName("list", (NUMBER,)),
    "texts": TypeName("list", (TypeName("list", (STRING,)),)),
    "spans": TypeName("range", (DATE,)),
}
FILLED = (
    *("-{}", "{} + {}", "{} - {}", "{} * {}", "{} / {}", "{} ** 2", "{} < {}", "{} >= {}", "{} = {}", "{} != {}"),
    *("{} and {}", "{} or {}", "{} between {} and {}", "{} in ({}, {})", "{} in (< {})", "{} in [{}..{}]"),
    *("if {} then {} else {}", "for i in {} return i", "for i in {} return [i, {}]", "for i in 1..3 return {}"),
    *("for i in {}..{} return i", "for i in {}, j in {} return i + j", "some i in {} satisfies {}"),
    *("every i in {} satisfies i = {}", "[{}, {}]", "[]", "{{a: {}, s: {}}}", "{{a: {}}}.a", "[{}..{}]", "{}[1]"),
    *("{}[-1]", "{}[{}]", "{}[item = {}]", "{}[a > {}]", '{}[s = "x"]', "{}.a", "{}.s", "{}.year", "{}.days"),
    *("{}.months", "{}.hour", "{}.start", "{}.start included", "{}.timezone", "{}.d.day", "{} instance of number"),
    *("(function(x: number) x + {})({})", "(function(x) [x])({})", "(function(x: list<string>) x)({})"),
    *("{{f: function(n) if n > 2 then n else f(n + 1), g: f({})}}.g", "count({})", "sum({})", "min({})"),
    *("max({}, {})", "mean({})", "reverse({})", "sublist({}, 1)", "append({}, {})", "concatenate({}, {})"),
    *("union({}, {})", "insert before({}, 1, {})", "remove({}, 1)", "distinct values({})", "flatten({})", "sort({})"),
    *("index of({}, {})", "sort({}, function(x, y) x < y)", "mode({})", "median({})", "product({})", "any({})"),
    *("all({})", "not({})", "string({})", "number({})", "date({})", "time({})", "date and time({})"),
    *("date and time({}, {})", "duration({})", "substring({}, {})", "upper case({})", "string length({})"),
    *("split({}, {})", "string join({})", "contains({}, {})", "replace({}, {}, {})", "abs({})", "floor({})"),
    *("decimal({}, 1)", "modulo({}, {})", "sqrt({})", "odd({})", 'get value({}, "a")', "get entries({})"),
    *('context put({}, "a", {})', "context merge({})", "years and months duration({}, {})", "day of week({})"),
    *("week of year({})", "is({}, {})", "list contains({}, {})", "before({}, {})", "list replace({}, 1, {})"),
    *("string(from: {})", "round up({}, 0)", "includes({}, {})", "duplicate values({})", "is defined({})"),
)
ATOMS = (
    *TYPES,
    "1",
    "2.5",
    '"x"',
    "true",
    "null",
    '@"2026-01-31"',
    '@"P1D"',
    '@"10:00:00"',
    "item",
    "i",
    "unknown",
    "abs",
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def filled(template: str) -> st.SearchStrategy[str]:
        parts = st.lists(inner, min_size=template.count("{}"), max_size=template.count("{}"))
        return parts.map(lambda found: template.format(*(f"({part})" for part in found)))

    return st.sampled_from(FILLED).flatmap(filled)


sources = st.recursive(st.sampled_from(ATOMS), _grown, max_leaves=8)
_plain: Mapping[str, st.SearchStrategy[Value]] = {
    "number": st.integers(-3, 3).map(Decimal) | st.sampled_from([Decimal("0.5"), Decimal("1E+30")]),
    "string": st.sampled_from(["", "x", "2026-01-01", "12", "P1Y"]),
    "boolean": st.booleans(),
    "date": st.dates(),
    "time": st.times(timezones=st.sampled_from([None, UTC])),
    "date and time": st.datetimes(timezones=st.sampled_from([None, UTC])),
    "days and time duration": st.timedeltas(),
    "years and months duration": st.integers(-30, 30).map(YearsMonths),
}


def values_of(kind: TypeName) -> st.SearchStrategy[Value]:
    """Values that conform to a type: null too, and contexts with more entries than it names."""
    if kind.name == "list":
        return st.none() | st.lists(values_of(kind.arguments[0]), max_size=3)
    if kind.name == "range":
        return st.builds(
            Range, values_of(kind.arguments[0]), values_of(kind.arguments[0]), st.booleans(), st.booleans()
        )
    if kind.name == "context":
        entries = {key: values_of(each) for key, each in kind.fields}
        more = {"b": st.integers().map(Decimal), "numbers": st.just("x")}
        return st.none() | st.fixed_dictionaries(entries, optional=more)
    return st.none() | _plain[kind.name]


contexts = st.fixed_dictionaries({name: values_of(kind) for name, kind in TYPES.items()})


def _check(source: str, context: Mapping[str, Value]) -> None:
    try:
        compiled = compile_expression(source, names=TYPES)
        value = compiled.evaluate(context, ENVIRONMENT)
    except (FeelSyntaxError, FeelFailure):
        return
    found = analyse(compiled, TYPES).type
    assert found is None or conforms(value, found), (source, found, value)


@settings(max_examples=100, deadline=None)
@given(sources, contexts)
def test_the_value_is_of_the_type_that_was_said(source: str, context: Mapping[str, Value]) -> None:
    _check(source, context)


@pytest.mark.long
@settings(max_examples=3_000, deadline=None)
@given(sources, contexts)
def test_the_value_is_of_the_type_that_was_said_many_times(source: str, context: Mapping[str, Value]) -> None:
    _check(source, context)


def test_every_construct_over_every_type() -> None:
    moment = datetime(2026, 1, 31, 10, tzinfo=UTC)
    line = {"a": Decimal(1), "s": "x", "d": moment.date()}
    context = {
        **line,
        "t": moment.timetz(),
        "m": moment,
        "b": True,
        "days": timedelta(days=1),
        "months": YearsMonths(14),
        "line": line,
        "lines": [line, line],
        "numbers": [Decimal(3), Decimal(1)],
        "texts": [["x"], ["y", "z"]],
        "spans": Range(moment.date(), moment.date() + timedelta(days=3)),
    }
    for template in FILLED:
        for name in TYPES:
            _check(template.format(*[name] * 3), context)


@settings(max_examples=100, deadline=None)
@given(sources, contexts, st.sampled_from(sorted(TYPES)))
def test_a_test_that_never_passes_never_passes(source: str, context: Mapping[str, Value], tested: str) -> None:
    try:
        compiled = compile_unary_tests(source, names=TYPES)
        passes = compiled.matches(context[tested], context, ENVIRONMENT)
    except (FeelSyntaxError, FeelFailure):
        return
    findings = analyse(compiled, {**TYPES, "?": TYPES[tested]}).findings
    if any(finding.code == "feel_test_never" and finding.at == 0 for finding in findings):
        # null is equal to null, whatever else the two could be
        assert not passes or context[tested] is None, (source, tested)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(sorted(TYPES)), st.sampled_from(sorted(TYPES)), contexts)
def test_what_is_never_equal_is_never_equal(left: str, right: str, context: Mapping[str, Value]) -> None:
    compiled = compile_expression(f"{left} = {right}", names=TYPES)
    if analyse(compiled, TYPES).findings and not (context[left] is None and context[right] is None):
        assert compiled.evaluate(context, ENVIRONMENT) is not True


@settings(max_examples=100, deadline=None)
@given(trees)
def test_every_expression_can_be_analysed(tree: Node) -> None:
    """Without any knowledge of variables, and whatever stands where."""
    with suppress(FeelSyntaxError):
        compiled = compile_expression(printed(tree), names=NAMES)
        analysis = analyse(compiled, {})
        with suppress(FeelFailure):
            value = compiled.evaluate({}, ENVIRONMENT)
            assert analysis.type is None or conforms(value, analysis.type), (compiled, analysis.type, value)
