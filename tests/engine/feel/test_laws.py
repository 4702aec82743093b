"""Laws that hold for all values, and the promise that any text gives a value or a typed error."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.data import YearsMonths
from engine.feel import (
    Environment,
    FeelError,
    FeelFailure,
    FeelSyntaxError,
    Range,
    Value,
    compile_expression,
    compile_unary_tests,
)

ENVIRONMENT = Environment(datetime(2026, 11, 21, tzinfo=UTC))
IEEE = Context(prec=34, Emin=-6143, Emax=6144, traps=[InvalidOperation, DivisionByZero, Overflow])

numbers = st.decimals(allow_nan=False, allow_infinity=False, places=None, min_value=-(10**40), max_value=10**40)
truths = st.sampled_from([True, False, None])
days = st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 1, 1))


def value_of(source: str, **variables: Value) -> Value:
    return compile_expression(source, names=variables).evaluate(variables, ENVIRONMENT)


@given(numbers, numbers)
def test_arithmetic_is_decimal_of_34_digits(a: Decimal, b: Decimal) -> None:
    for sign, operation in (("+", IEEE.add), ("-", IEEE.subtract), ("*", IEEE.multiply), ("/", IEEE.divide)):
        expected: Decimal | None
        try:
            expected = operation(a, b)
        except DecimalException:
            expected = None
        assert value_of(f"a {sign} b", a=a, b=b) == expected


@given(numbers, st.integers(-30, 30))
def test_powers_are_decimal_of_34_digits(a: Decimal, n: int) -> None:
    try:
        expected: Decimal | None = IEEE.power(a, Decimal(n))
    except DecimalException:
        expected = Decimal(1) if n == 0 else None
    if expected is not None and expected.is_infinite():
        expected = None
    assert value_of("a ** n", a=a, n=Decimal(n)) == expected


@given(numbers, numbers)
def test_numbers_have_one_order(a: Decimal, b: Decimal) -> None:
    assert value_of("[a < b, a = b, a > b]", a=a, b=b).count(True) == 1
    assert value_of("a <= b", a=a, b=b) is (a <= b)
    assert value_of("(a < b) = (b > a)", a=a, b=b) is True


@given(numbers)
def test_a_number_survives_its_text(a: Decimal) -> None:
    assert value_of("number(string(a))", a=IEEE.plus(a)) == IEEE.plus(a)


@given(numbers, st.integers(-5, 10))
def test_rounding_stays_between_floor_and_ceiling(a: Decimal, scale: int) -> None:
    found = value_of(
        "[floor(a, s), decimal(a, s), round half up(a, s), round half down(a, s), ceiling(a, s)]",
        a=IEEE.plus(a),
        s=Decimal(scale),
    )
    assert all(found[0] <= each <= found[-1] for each in found)


@given(truths, truths, truths)
def test_three_valued_logic_is_kleenes(a: bool | None, b: bool | None, c: bool | None) -> None:
    rank: dict[bool | None, int] = {False: 0, None: 1, True: 2}
    back: dict[int, bool | None] = {0: False, 1: None, 2: True}
    assert value_of("a and b", a=a, b=b) is back[min(rank[a], rank[b])]
    assert value_of("a or b", a=a, b=b) is back[max(rank[a], rank[b])]
    assert value_of("not(a and b)", a=a, b=b) is value_of("not(a) or not(b)", a=a, b=b)
    assert value_of("a and b and c", a=a, b=b, c=c) is value_of("all([a, b, c])", a=a, b=b, c=c)
    assert value_of("a or (b and c)", a=a, b=b, c=c) is value_of("(a or b) and (a or c)", a=a, b=b, c=c)


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(-20, 20), st.booleans(), st.booleans())
def test_ranges_hold_what_lies_between(x: int, low: int, high: int, from_low: bool, to_high: bool) -> None:
    interval = f"{'[' if from_low else '('}low..high{']' if to_high else ')'}"
    expected = (low <= x if from_low else low < x) and (x <= high if to_high else x < high)
    given_values = {"x": Decimal(x), "low": Decimal(low), "high": Decimal(high)}
    literal = interval.replace("low", str(low)).replace("high", str(high))
    assert value_of(f"x in {interval}", **given_values) is expected
    assert value_of(f"x in {literal}", **given_values) is expected
    assert compile_unary_tests(literal).matches(Decimal(x), {}, ENVIRONMENT) is expected
    assert compile_unary_tests(f"not({literal})").matches(Decimal(x), {}, ENVIRONMENT) is not expected
    assert value_of("x in r", x=Decimal(x), r=Range(Decimal(low), Decimal(high), from_low, to_high)) is expected


@given(days, st.integers(-3000, 3000))
def test_days_added_are_days_subtracted(day: date, count: int) -> None:
    assert value_of("day + d - day", day=day, d=timedelta(days=count)) == timedelta(days=count)


@given(days, st.integers(-600, 600))
def test_months_added_keep_the_day_or_end_the_month(day: date, count: int) -> None:
    later = value_of("day + m", day=day, m=YearsMonths(count))
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == count
    assert later.day == day.day or value_of("last day of month(d)", d=later) == later.day


@given(st.timedeltas(min_value=timedelta(days=-(10**6)), max_value=timedelta(days=10**6)), st.integers(-(10**6), 10**6))
def test_durations_survive_their_text(duration: timedelta, months: int) -> None:
    assert value_of("duration(string(d))", d=duration) == duration
    assert value_of("duration(string(d))", d=YearsMonths(months)) == YearsMonths(months)
    assert value_of("d + -d", d=duration) == timedelta(0)


@given(st.lists(st.integers(-5, 5).map(Decimal), max_size=12))
def test_lists_obey_their_laws(items: list[Decimal]) -> None:
    assert value_of("reverse(reverse(xs))", xs=items) == items
    assert value_of("sort(xs, function(a, b) a < b)", xs=items) == sorted(items)
    assert value_of("distinct values(xs)", xs=items) == list(dict.fromkeys(items))
    assert value_of("count(xs[item > 0]) + count(xs[item <= 0])", xs=items) == len(items)
    assert value_of("for x in xs return x", xs=items) == items
    assert value_of("some x in xs satisfies x > 3", xs=items) is any(x > 3 for x in items)
    assert value_of("concatenate(sublist(xs, 1), [])", xs=items) == (items or None)


@given(st.text(max_size=40))
def test_a_text_literal_means_its_text(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    assert value_of(f'"{escaped}"') == text


PIECES = st.sampled_from(
    [
        "1",
        "2.5",
        "a",
        "b",
        "order.lines",
        "unit",
        "price",
        '"x"',
        '@"2026-01-01"',
        '@"P1D"',
        "null",
        "true",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        ".",
        "..",
        "+",
        "-",
        "*",
        "/",
        "**",
        "=",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "and",
        "or",
        "not(",
        "if",
        "then",
        "else",
        "for",
        "in",
        "return",
        "some",
        "every",
        "satisfies",
        "between",
        "instance",
        "of",
        "number",
        "list<",
        ">",
        "function(",
        "count(",
        "sum(",
        "string(",
        "date(",
        "partial",
        "item",
        "?",
        "[1..2]",
        "]1..2[",
        "{a:1}",
        "\\",
        "'",
        ";",
        "é",
        "💩",
        "//",
        "/*",
        "*/",
        "->",
        "external",
    ]
)
CONTEXT = {
    "a": Decimal(1),
    "b": [Decimal(2), {"a": "x"}],
    "order": {"lines": [{"a": Decimal(1)}]},
    "unit price": Decimal(3),
}


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=14).map(" ".join) | st.text(max_size=60))
@example("for a in b return partial")
@example("[1..2][")
@example("-")
def test_any_text_gives_a_value_or_a_typed_error(source: str) -> None:
    with suppress(FeelError):
        compile_expression(source, names=CONTEXT).evaluate(CONTEXT, ENVIRONMENT)
    with suppress(FeelError):
        compile_unary_tests(source, names=CONTEXT).matches(Decimal(1), CONTEXT, ENVIRONMENT)


SOURCES = st.sampled_from(
    [
        'if customer.segment = "public" then order.due <= date("2026-12-31") else order.deposit >= 0.3 * order.total',
        "sum(for line in order.lines return line.quantity * line.price) > 5000",
        'some x in [1, 2, 3][item > a] satisfies x in (1..5] and matches(string(x), "^[0-9]+$")',
        '{f: function(n: number) n ** 2, r: f(3), t: @"P1DT2H" + @"2026-01-01T00:00:00@Europe/Paris"}.r',
        "sort([3, 1, 2], function(x, y) x < y)[-1] between 1 and 3 or not(b instance of list<number>)",
    ]
)


@settings(max_examples=400)
@given(SOURCES, st.data())
def test_a_mutated_expression_gives_a_value_or_a_typed_error(source: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(source)))
        end = data.draw(st.integers(start, min(start + 5, len(source))))
        source = (
            source[:start]
            + data.draw(st.sampled_from(["", "(", ")", "[", "]", '"', " ", "1", ".", "..", ",", "-", "in", "x", "\\"]))
            + source[end:]
        )
    with suppress(FeelFailure, FeelSyntaxError):
        compile_expression(source).evaluate(CONTEXT, ENVIRONMENT)
