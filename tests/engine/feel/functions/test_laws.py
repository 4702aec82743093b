"""What relations of ranges, durations and patterns obey whatever they are given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data import YearsMonths
from engine.feel import Budget, Environment, Range, Value, call_builtin, compile_expression
from engine.feel.functions.characters import complement, difference, joined

FEW = settings(max_examples=30, deadline=None)
ENVIRONMENT = Environment(datetime(2026, 11, 21, tzinfo=UTC))
POINTS = [Decimal(quarter) / 4 for quarter in range(-4, 45)]
"""Points at, between and beyond the whole numbers that ranges end with: two ranges that hold the same of them are the same."""

ends = st.integers(0, 10).map(Decimal)
ranges = st.tuples(ends, ends, st.booleans(), st.booleans()).map(
    lambda made: Range(min(made[:2]), max(made[:2]), *(made[2:] if made[0] != made[1] else (True, True)))
)
half_ranges = st.tuples(ends, st.booleans(), st.booleans()).map(
    lambda made: Range(made[0], None, made[1], False) if made[2] else Range(None, made[0], False, made[1])
)
durations = st.timedeltas(timedelta(days=-(10**8)), timedelta(days=10**8))
months = st.integers(-(10**9), 10**9).map(YearsMonths)


def call(name: str, *arguments: Value) -> Value:
    return call_builtin(name, list(arguments), ENVIRONMENT, Budget())


def value_of(source: str, **variables: Value) -> Value:
    return compile_expression(source, names=variables).evaluate(variables, ENVIRONMENT)


def points_of(interval: Range) -> set[Decimal]:
    return {point for point in POINTS if value_of("p in r", p=point, r=interval)}


@FEW
@given(ranges | half_ranges, ranges | half_ranges)
def test_relations_agree_with_the_points_of_ranges(one: Range, other: Range) -> None:
    first, second = points_of(one), points_of(other)
    assert call("before", one, other) is all(a < b for a, b in product(first, second))
    assert call("overlaps", one, other) is bool(first & second)
    assert call("includes", one, other) is (second <= first)
    assert call("coincides", one, other) is (first == second)
    assert call("meets", one, other) is (first & second == {max(first)} == {min(second)})


@FEW
@given(ranges | half_ranges, ranges | half_ranges)
def test_relations_have_their_converse(one: Range, other: Range) -> None:
    for name, converse in (
        ("before", "after"),
        ("meets", "met by"),
        ("overlaps before", "overlaps after"),
        ("finishes", "finished by"),
        ("includes", "during"),
        ("starts", "started by"),
        ("overlaps", "overlaps"),
        ("coincides", "coincides"),
    ):
        assert call(name, one, other) is call(converse, other, one)
    assert [call(name, one, other) for name in ("before", "overlaps", "after")].count(True) == 1
    for name in ("meets", "met by", "overlaps before", "overlaps after", "finishes", "starts", "includes", "during"):
        assert call(name, one, other) is not True or call("overlaps", one, other) is True
    assert (call("starts", one, other) and call("finishes", one, other)) is call("coincides", one, other)


@FEW
@given(ranges | half_ranges, ends)
def test_relations_with_a_point_agree_with_membership(interval: Range, point: Decimal) -> None:
    assert call("includes", interval, point) is value_of("p in r", p=point, r=interval)
    assert call("during", point, interval) is value_of("p in r", p=point, r=interval)
    found = [call("before", point, interval), call("includes", interval, point), call("after", point, interval)]
    assert found.count(True) == 1
    assert call("starts", point, interval) is (interval.start == point and interval.start_included)
    assert call("finishes", point, interval) is (interval.end == point and interval.end_included)


@FEW
@given(durations, durations, durations)
def test_durations_are_added_in_any_order(a: timedelta, b: timedelta, c: timedelta) -> None:
    assert value_of("(a + b) + c", a=a, b=b, c=c) == value_of("a + (b + c)", a=a, b=b, c=c)
    assert value_of("a + b", a=a, b=b) == value_of("b + a", a=a, b=b)
    assert value_of("a - b", a=a, b=b) == value_of("a + -b", a=a, b=b)
    assert value_of("--a", a=a) == a
    assert value_of("2 * a - a", a=a) == a
    assert value_of("duration(string(a))", a=a) == a
    assert value_of("abs(a) = abs(-a)", a=a) is True


@FEW
@given(months, months, durations)
def test_months_and_days_are_never_mixed(a: YearsMonths, b: YearsMonths, days: timedelta) -> None:
    assert value_of("a + b - b", a=a, b=b) == a
    assert value_of("duration(string(a))", a=a) == a
    assert value_of("12 * a.years + a.months", a=a) == a.months
    assert [value_of(f"a {sign} d", a=a, d=days) for sign in ("+", "-", "<", "<=", "/", "*")] == [None] * 6
    assert value_of("a = d", a=a, d=days) is None


@FEW
@given(st.dates(), durations | months)
def test_what_is_added_to_a_day_is_a_day_or_null(day: datetime, duration: timedelta | YearsMonths) -> None:
    later = value_of("day + d", day=day, d=duration)
    assert later is None or value_of("later instance of date", later=later) is True
    assert later == value_of("d + day", day=day, d=duration)


points = st.integers(0, 300)
sets = st.lists(st.tuples(points, st.integers(0, 20)).map(lambda made: (made[0], sum(made))), max_size=6).map(
    lambda made: joined(tuple(made))
)


@FEW
@given(sets, sets, points)
def test_sets_of_characters_are_sets(
    one: tuple[tuple[int, int], ...], other: tuple[tuple[int, int], ...], point: int
) -> None:
    def holds(ranges: tuple[tuple[int, int], ...]) -> bool:
        return any(first <= point <= last for first, last in ranges)

    assert holds(joined(one, other)) is (holds(one) or holds(other))
    assert holds(complement(one)) is not holds(one)
    assert holds(difference(one, other)) is (holds(one) and not holds(other))
    assert complement(complement(one)) == one


@FEW
@given(st.text(max_size=8), st.text(max_size=8))
def test_a_plain_pattern_finds_the_text_itself(before: str, text: str) -> None:
    assert call("matches", before + text, text, "q") is True
    assert call("contains", before + text, text) is True


@FEW
@given(st.text(alphabet="ab[]()-^\\pdw{}L|.*+?$1,: ", max_size=12), st.sampled_from(["", "i", "x", "smix"]))
def test_any_pattern_gives_true_false_or_null(pattern: str, flags: str) -> None:
    assert call("matches", "ab-1", pattern, flags) in (True, False, None)
    assert call("split", "ab-1", pattern) is None or "".join(call("split", "ab-1", pattern)) in (
        "ab-1",
        *_parts("ab-1"),
    )


def _parts(text: str) -> set[str]:
    """What can be left of ``text`` when characters are taken out."""
    return {"".join(kept) for kept in product(*((character, "") for character in text))}
