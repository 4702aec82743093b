"""Hypothesis strategies for values and syntax trees of FEEL."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from engine.data import YearsMonths
from engine.feel import Range
from engine.feel.tree import (
    Between,
    Call,
    Chain,
    Comparison,
    Constant,
    ContextLiteral,
    Filter,
    For,
    FunctionLiteral,
    If,
    In,
    InstanceOf,
    Iteration,
    Junction,
    ListLiteral,
    Name,
    Negation,
    Node,
    Path,
    Quantified,
    RangeLiteral,
    Test,
    Tests,
    TypeName,
    children,
)

NAMES = (
    *("a", "b", "état", "_x1", "?", "order", "progress", "time", "date", "line"),
    *("unit price", "a-b", "a - b", "line 2", "l'objet", "net/gross", "C++", "no.5", "two*", "order in progress"),
    *("date of birth", "bon à payer", "salt and pepper", "time and date", "x between", "💩 count"),
)
BOUND = tuple(name for name in NAMES if name != "?" and " in " not in name)

zones = st.sampled_from(
    [None, UTC, timezone(timedelta(hours=-5, minutes=-30)), ZoneInfo("Europe/Paris"), ZoneInfo("Asia/Tokyo")]
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent), st.integers(0, 10**33), st.integers(-60, 20)
) | st.integers(0, 20).map(Decimal)
durations = st.timedeltas(min_value=timedelta(days=-(10**6)), max_value=timedelta(days=10**6))
months = st.integers(-5000, 5000).map(YearsMonths)
temporals = (
    st.dates() | st.times(timezones=zones) | st.datetimes(timezones=zones, allow_imaginary=False) | durations | months
)
scalars = st.none() | st.booleans() | numbers | numbers.map(lambda number: -number) | texts | temporals


def _ranges(ends: st.SearchStrategy[object]) -> st.SearchStrategy[Range]:
    def made(one: object, other: object, flags: tuple[bool, bool]) -> Range:
        low, high = sorted((one, other))  # type: ignore[type-var]
        return Range(low, high, *flags)

    flags = st.tuples(st.booleans(), st.booleans())
    return (
        st.builds(made, ends, ends, flags)
        | st.builds(lambda end, included: Range(None, end, False, included), ends, st.booleans())
        | st.builds(lambda start, included: Range(start, None, included, False), ends, st.booleans())
    )


ranges = st.one_of(
    *map(_ranges, (numbers.map(lambda number: -number), texts, st.dates(), st.times(), durations, months))
)
values = st.recursive(
    scalars | ranges,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)

# --- trees

names = st.sampled_from(NAMES)
bound = st.sampled_from(BOUND)
types = st.recursive(
    st.sampled_from(
        ["number", "date and time", "Any", "list", "function", "context", "range", "years and months duration"]
    ).map(TypeName),
    lambda inner: (
        st.builds(lambda item, name: TypeName(name, (item,)), inner, st.sampled_from(["list", "range"]))
        | st.builds(lambda kinds: TypeName("function", tuple(kinds)), st.lists(inner, min_size=1, max_size=3))
        | st.builds(
            lambda fields: TypeName("context", (), tuple(fields.items())),
            st.dictionaries(bound, inner, min_size=1, max_size=2),
        )
    ),
    max_leaves=4,
)


def _tests_of(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Test]:
    operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    return inner.map(lambda node: Test(0, None, node, _uses_input(node))) | st.builds(
        lambda operator, node: Test(0, operator, node), operators, inner
    )


def _uses_input(node: Node) -> bool:
    return (isinstance(node, Name) and node.name == "?") or any(map(_uses_input, children(node)))


def _chains(inner: st.SearchStrategy[Node], *operators: str) -> st.SearchStrategy[Node]:
    rest = st.lists(st.tuples(st.sampled_from(operators), inner), min_size=1, max_size=3)
    return st.builds(lambda first, rest: Chain(0, first, tuple(rest)), inner, rest)


def _some(inner: st.SearchStrategy[Node], least: int = 0, most: int = 3) -> st.SearchStrategy[tuple[Node, ...]]:
    return st.lists(inner, min_size=least, max_size=most).map(tuple)


def _calls(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    functions = inner | st.sampled_from(["count", "string length", "date and time", "not"]).map(
        lambda name: Name(0, name)
    )
    by_name = st.dictionaries(bound, inner, min_size=1, max_size=3)
    return st.builds(lambda function, given: Call(0, function, given), functions, _some(inner)) | st.builds(
        lambda function, given: Call(0, function, tuple(given.values()), tuple(given)), functions, by_name
    )


def _grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    comparisons = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    flags = st.booleans()
    iterations = st.lists(st.builds(Iteration, bound, inner, st.none() | inner), min_size=1, max_size=2).map(tuple)
    parameters = st.dictionaries(bound, st.none() | types, max_size=2).map(lambda found: tuple(found.items()))
    return st.one_of(
        _chains(inner, "+", "-"),
        _chains(inner, "*", "/"),
        _chains(inner, "**"),
        inner.map(lambda node: Negation(0, node)),
        st.builds(lambda word, nodes: Junction(0, word, nodes), st.sampled_from(["and", "or"]), _some(inner, 2)),
        st.builds(lambda sign, left, right: Comparison(0, sign, left, right), comparisons, inner, inner),
        st.builds(lambda value, low, high: Between(0, value, low, high), inner, inner, inner),
        st.builds(
            lambda value, tests: In(0, value, Tests(0, tuple(tests))),
            inner,
            st.lists(_tests_of(inner), min_size=1, max_size=3),
        ),
        st.builds(
            lambda branches, otherwise: If(0, tuple(branches), otherwise),
            st.lists(st.tuples(inner, inner), min_size=1, max_size=2),
            inner,
        ),
        st.builds(lambda found, result: For(0, found, result), iterations, inner),
        st.builds(
            lambda word, found, condition: Quantified(0, word, found, condition),
            st.sampled_from(["some", "every"]),
            iterations,
            inner,
        ),
        _some(inner).map(lambda items: ListLiteral(0, items)),
        st.dictionaries(names | texts, inner, max_size=3).map(lambda found: ContextLiteral(0, tuple(found.items()))),
        st.builds(lambda start, end, one, other: RangeLiteral(0, start, end, one, other), inner, inner, flags, flags),
        st.builds(lambda end, included: RangeLiteral(0, None, end, False, included), inner, flags),
        st.builds(lambda start, included: RangeLiteral(0, start, None, included, False), inner, flags),
        _calls(inner),
        st.builds(lambda source, found: Path(0, source, tuple(found)), inner, st.lists(bound, min_size=1, max_size=2)),
        st.builds(lambda source, condition: Filter(0, source, condition), inner, inner),
        st.builds(lambda value, kind: InstanceOf(0, value, kind), inner, types),
        st.builds(lambda found, body: FunctionLiteral(0, found, body), parameters, inner),
    )


leaves = names.map(lambda name: Name(0, name)) | st.builds(
    Constant, st.just(0), st.none() | st.booleans() | numbers | texts | temporals
)
trees: st.SearchStrategy[Node] = st.recursive(leaves, _grown, max_leaves=12)
unary_tests: st.SearchStrategy[Tests] = st.just(Tests(0, ())) | st.builds(
    lambda tests, negated: Tests(0, tuple(tests), negated),
    st.lists(_tests_of(trees), min_size=1, max_size=3),
    st.booleans(),
)
