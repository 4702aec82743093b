"""Making values from values (DMN 1.5 table 72), ``not`` (table 73) and ``is`` (table 77)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from engine.data import YearsMonths
from engine.feel import Value

D = Decimal
Evaluate = Callable[..., Value]


def check(found: Value, expected: Value) -> None:
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('date("2012-12-25")', date(2012, 12, 25)),
        ('date(from: "2012-12-25")', date(2012, 12, 25)),
        ('date(date and time("2012-12-25T11:00:00Z"))', date(2012, 12, 25)),
        ("date(2012, 12, 25)", date(2012, 12, 25)),
        ("date(day: 25, month: 12, year: 2012)", date(2012, 12, 25)),
        ("date(2024, 2, 29)", date(2024, 2, 29)),
        ("date(2023, 2, 29)", None),
        ('date("2024-02-29")', date(2024, 2, 29)),
        ('date("1900-02-29")', None),
        ('date("0000-01-01")', None),
        ('date("-2012-12-25")', None),
        ('date("+2012-12-25")', None),
        ('date("02012-12-25")', None),
        ('date("999999999-12-25")', None),
        ('date("998-12-31")', None),
        ('date("2012-1-1")', None),
        ('date("2012-12-25T")', None),
        ('date("2012-12-25Z")', None),
        ('date(" 2012-12-25")', None),
        ('date("2012-13-01")', None),
        ("date(2012, 12.5, 1)", None),
        ("date(2012, 12)", ...),
        ("date(null)", None),
        ("date(null, 1, 1)", None),
        ("date(1)", None),
        ('date(["2012-12-25"])', date(2012, 12, 25)),
    ],
)
def test_date(evaluate: Evaluate, source: str, expected: Value) -> None:
    if expected is ...:
        with pytest.raises(Exception, match="feel_argument_count"):
            evaluate(source)
    else:
        check(evaluate(source), expected)


PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('time("23:59:00")', time(23, 59)),
        ('time("23:59:00z")', time(23, 59, tzinfo=UTC)),
        ('time("11:45:30.25+02:00")', time(11, 45, 30, 250_000, timezone(timedelta(hours=2)))),
        ('time("11:45:30-00:00")', time(11, 45, 30, tzinfo=UTC)),
        ('time("11:45:30+01:02:03")', time(11, 45, 30, tzinfo=timezone(timedelta(hours=1, minutes=2, seconds=3)))),
        ('time("11:45:30@Europe/Paris")', time(11, 45, 30, tzinfo=PARIS)),
        ('time("24:00:00")', time(0)),
        ('time("24:00:01")', None),
        ('time("23:59:60")', None),
        ('time("11:45")', None),
        ('time("1:45:00")', None),
        ('time("T11:45:00")', None),
        ('time("11:45:30+25:00")', None),
        ('time("11:45:30+02:60")', None),
        ('time("11:45:30+2:00")', None),
        ('time("11:45:30+02:00@Europe/Paris")', None),
        ('time("11:45:30@Europe/Pariss")', None),
        ('time("11:45:30@")', None),
        ('time("11:45:30.")', None),
        ('time(date and time("2012-12-25T11:00:00Z"))', time(11, tzinfo=UTC)),
        ('time(date("2012-12-25"))', time(0, tzinfo=UTC)),
        ('time(23, 59, 0, duration("PT0H"))', time(23, 59, tzinfo=UTC)),
        ('time(23, 59, 30.5, duration("-PT2H"))', time(23, 59, 30, 500_000, timezone(timedelta(hours=-2)))),
        ("time(23, 59, 0, null)", time(23, 59)),
        ("time(hour: 1, minute: 2, second: 3)", time(1, 2, 3)),
        ("time(24, 0, 1)", None),
        ("time(-1, 0, 0)", None),
        ("time(1, 60, 0)", None),
        ("time(1, 0, 60)", None),
        ("time(1.5, 0, 0)", None),
        ('time(1, 0, 0, duration("PT30H"))', None),
        ('time(1, 0, 0, duration("P1Y"))', None),
        ("time(null)", None),
        ("time(null, 0, 0)", None),
    ],
)
def test_time(evaluate: Evaluate, source: str, expected: Value) -> None:
    check(evaluate(source), expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('date and time("2012-12-24T23:59:00")', datetime(2012, 12, 24, 23, 59)),
        ('date and time("2012-12-24")', datetime(2012, 12, 24)),
        ('date and time("2012-12-24T23:59:00Z")', datetime(2012, 12, 24, 23, 59, tzinfo=UTC)),
        ('date and time("2012-12-24T23:59:00@Europe/Paris")', datetime(2012, 12, 24, 23, 59, tzinfo=PARIS)),
        ('date and time("2012-12-24T24:00:00")', datetime(2012, 12, 25)),
        ('date and time("9999-12-31T24:00:00")', None),
        ('date and time("2012-12-24T23:59")', None),
        ('date and time("2012-12-24 23:59:00")', None),
        ('date and time("2012-12-24T23:59:00+99:00")', None),
        ('date and time("-2012-12-24T23:59:00")', None),
        ('date and time("+2012-12-24T23:59:00")', None),
        ('date and time("2012-12-24T")', None),
        ('date and time(date("2012-12-24"), time("23:59:00"))', datetime(2012, 12, 24, 23, 59)),
        (
            'date and time(date: date("2012-12-24"), time: time("23:59:00Z"))',
            datetime(2012, 12, 24, 23, 59, tzinfo=UTC),
        ),
        ('date and time(@"2012-12-24T01:00:00Z", @"23:59:00")', datetime(2012, 12, 24, 23, 59)),
        ('date and time(@"2012-12-24")', datetime(2012, 12, 24)),
        ('date and time(from: "2012-12-24")', datetime(2012, 12, 24)),
        ('date and time("2012-12-24", @"23:59:00")', None),
        ('date and time(@"2012-12-24", null)', None),
        ("date and time(null)", None),
        ("date and time(2012)", None),
    ],
)
def test_date_and_time(evaluate: Evaluate, source: str, expected: Value) -> None:
    check(evaluate(source), expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('duration("P1DT2H3M4.5S")', timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        ('duration("PT36H")', timedelta(hours=36)),
        ('duration("-PT0.001S")', timedelta(milliseconds=-1)),
        ('duration("-P0D")', timedelta(0)),
        ('duration(from: "P1Y2M")', YearsMonths(14)),
        ('duration("P26M")', YearsMonths(26)),
        ('duration("-P1M")', YearsMonths(-1)),
        ('duration("P999999999D")', timedelta(days=999_999_999)),
        ('duration("P9999999999D")', None),
        ('duration("P1Y1D")', None),
        *(
            (f'duration("{text}")', None)
            for text in ("", "P", "PT", "P1DT", "1D", "P1", "P1H", "P-1D", "+P1D", "PT.5S", "P1D ")
        ),
        *((f'duration("{text}")', None) for text in ("P1W", "p1d", "PT1S1M", "P1.5D", "P1M1Y", "P1YT", "--P1D")),
        ("duration(null)", None),
        ("duration(1)", None),
        ('years and months duration(date("2011-12-22"), date("2013-08-24"))', YearsMonths(20)),
        ('years and months duration(date("2013-08-24"), date("2011-12-22"))', YearsMonths(-20)),
        ('years and months duration(from: date("2011-12-22"), to: date("2011-12-22"))', YearsMonths(0)),
        ('years and months duration(@"2015-01-31", @"2015-02-28")', YearsMonths(0)),
        ('years and months duration(@"2015-12-24T12:15:00", @"2017-12-23T01:00:00")', YearsMonths(23)),
        ('years and months duration(@"2015-12-24T12:15:00", null)', None),
        ("years and months duration(1, 2)", None),
    ],
)
def test_duration(evaluate: Evaluate, source: str, expected: Value) -> None:
    check(evaluate(source), expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('number("1 000,0", " ", ",")', D(1000)),
        ('number("1,000.0", ",", ".")', D(1000)),
        ('number(from: "1.000.000,01", decimal separator: ",", grouping separator: ".")', D("1000000.01")),
        ('number("-1.5", null, null)', D("-1.5")),
        ('number("1000", ",", null)', D(1000)),
        ('number("1,5", null, ",")', D("1.5")),
        ('number(".5", null, null)', D("0.5")),
        ('number("1.5", ",", ",")', None),
        ('number("1.5", ".", ".")', None),
        ('number("1;5", ";", ".")', None),
        ('number("1_5", ",", "_")', None),
        ('number("1.5", null, ",")', None),
        ('number("", ",", ".")', None),
        ('number("1 000", ",", ".")', None),
        ('number("1.", ",", ".")', None),
        ('number("٣", ",", ".")', None),
        ('number("NaN")', None),
        ('number("Infinity")', None),
        ('number("0x10")', None),
        ('number(null, ",", ".")', None),
        ('number(1, ",", ".")', None),
        ("number(null)", None),
        ("number(true)", None),
    ],
)
def test_number(evaluate: Evaluate, source: str, expected: Value) -> None:
    check(evaluate(source), expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("string(1.1)", "1.1"),
        ("string(null)", None),
        ("string(from: -1.50)", "-1.5"),
        ("string(0.00)", "0"),
        ("string(-0)", "0"),
        ("string(10 ** 50)", "1" + "0" * 50),
        ("string(10 ** -50)", "0." + "0" * 49 + "1"),
        ("string(1 / 3)", "0." + "3" * 34),
        ('string("a")', "a"),
        ("string(true)", "true"),
        ('string(@"2012-12-25")', "2012-12-25"),
        ('string(@"0001-01-01")', "0001-01-01"),
        ('string(@"10:00:00.500+01:30")', "10:00:00.5+01:30"),
        ('string(@"10:00:00+01:02:03")', "10:00:00+01:02:03"),
        ('string(@"10:00:00+00:00")', "10:00:00Z"),
        ('string(@"24:00:00")', "00:00:00"),
        ('string(@"2012-12-25T10:00:00")', "2012-12-25T10:00:00"),
        ('string(@"2012-12-25T10:00:00@Europe/Paris")', "2012-12-25T10:00:00@Europe/Paris"),
        ('string(@"P0DT26H")', "P1DT2H"),
        ('string(@"-PT90M")', "-PT1H30M"),
        ('string(@"PT0.000001S")', "PT0.000001S"),
        ('string(@"P0D")', "PT0S"),
        ('string(@"P26M")', "P2Y2M"),
        ('string(@"-P12M")', "-P1Y"),
        ('string(@"P0Y")', "P0M"),
        ('string([1, "a", [true, null]])', '[1, "a", [true, null]]'),
        ('string({a: 1, b: {c: "d"}})', '{a: 1, b: {c: "d"}}'),
        ("string([])", "[]"),
        ("string({})", "{}"),
        ("string([1..3))", "[1..3)"),
        ("string((> 5))", "(5..)"),
        ("range(string((<= 5))) = (<= 5)", True),
    ],
)
def test_string(evaluate: Evaluate, source: str, expected: Value) -> None:
    check(evaluate(source), expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("not(true)", False),
        ("not(negand: false)", True),
        ("not(null)", None),
        ("not(0)", None),
        ("not([true])", False),
        ('is(date("2012-12-25"), time("23:00:50"))', False),
        ('is(date("2012-12-25"), date("2012-12-25"))', True),
        ('is(time("23:00:50z"), time("23:00:50"))', False),
        ('is(time("23:00:50z"), time("23:00:50+00:00"))', True),
        ('is(@"10:00:00@Europe/Paris", @"10:00:00+01:00")', False),
        ('is(1, "1")', False),
        ("is(1, 1.0)", True),
        ("is(null, null)", True),
        ("is(null, 1)", False),
        ("is([], [])", True),
        ('is([1], ["1"])', False),
        ("is({a: 1}, {a: 1})", True),
        ("is([1..2], [1..2])", True),
        ("is([1..2], [1..2))", False),
        ("is(value1: 1)", False),
        ("is(value2: null)", True),
    ],
)
def test_not_and_is(evaluate: Evaluate, source: str, expected: Value) -> None:
    assert evaluate(source) is expected
