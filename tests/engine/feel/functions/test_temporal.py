"""Dates, times and durations: table 79, their properties (tables 65 and 66), arithmetic (tables 57 and 59) and order (table 54)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest

from engine.data import YearsMonths
from engine.feel import Value

D = Decimal
Evaluate = Callable[..., Value]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("day of year(date(2019, 9, 17))", D(260)),
        ("day of year(date: date(2024, 12, 31))", D(366)),
        ("day of year(date(1900, 12, 31))", D(365)),
        ("day of week(date(2019, 9, 17))", "Tuesday"),
        ('day of week(@"2019-09-17T23:00:00@Asia/Tokyo")', "Tuesday"),
        ("month of year(date(2019, 9, 17))", "September"),
        ("week of year(date(2019, 9, 17))", D(38)),
        ("week of year(date(2003, 12, 29))", D(1)),
        ("week of year(date(2004, 1, 4))", D(1)),
        ("week of year(date(2005, 1, 1))", D(53)),
        ("week of year(date(2005, 1, 3))", D(1)),
        ("week of year(date(2005, 1, 9))", D(1)),
        ("week of year(date(2020, 12, 31))", D(53)),
        ("week of year(date(2018, 12, 31))", D(1)),
        *(
            (f"{name}({wrong})", None)
            for name in ("day of year", "day of week")
            for wrong in ("null", '"2019-09-17"', '@"10:00:00"')
        ),
        *(
            (f"{name}({wrong})", None)
            for name in ("month of year", "week of year")
            for wrong in ("null", "1", '@"P1D"')
        ),
        ("now() >= now()", True),
        ("today() = date(now())", True),
        # properties
        ('@"2019-09-17".year', D(2019)),
        ('@"2019-09-17".month', D(9)),
        ('@"2019-09-17".day', D(17)),
        ('@"2019-09-17".weekday', D(2)),
        ('@"2019-09-15".weekday', D(7)),
        ('@"2019-09-17".hour', None),
        ('@"2019-09-17T10:20:30.5+02:00".second', D("30.5")),
        ('@"2019-09-17T10:20:30+02:00".weekday', D(2)),
        ('@"2019-09-17T10:20:30+02:00".hour', D(10)),
        ('@"2019-09-17T10:20:30+02:00".time offset', timedelta(hours=2)),
        ('@"2019-09-17T10:20:30+02:00".timezone', None),
        ('@"2019-07-17T10:20:30@Europe/Paris".time offset', timedelta(hours=2)),
        ('@"2019-01-17T10:20:30@Europe/Paris".time offset', timedelta(hours=1)),
        ('@"2019-01-17T10:20:30@Europe/Paris".timezone', "Europe/Paris"),
        ('@"2019-01-17T10:20:30".time offset', None),
        ('@"10:20:30Z".time offset', timedelta(0)),
        ('@"10:20:30Z".timezone', None),
        ('@"10:20:30@Asia/Kolkata".time offset', timedelta(hours=5, minutes=30)),
        ('@"10:20:30-05:30".time offset', timedelta(hours=-5, minutes=-30)),
        ('@"10:20:30".minute', D(20)),
        ('@"10:20:30".year', None),
        ('@"P1Y14M".years', D(2)),
        ('@"P1Y14M".months', D(2)),
        ('@"-P1Y2M".years', D(-1)),
        ('@"-P1Y2M".months', D(-2)),
        ('@"P1Y".days', None),
        ('@"P2DT30H70M3.5S".days', D(3)),
        ('@"P2DT30H70M3.5S".hours', D(7)),
        ('@"P2DT30H70M3.5S".minutes', D(10)),
        ('@"P2DT30H70M3.5S".seconds', D("3.5")),
        ('@"-P1DT2H3M4S".days', D(-1)),
        ('@"-P1DT2H3M4S".seconds', D(-4)),
        ('@"P1D".years', None),
        ('@"P1D".nothing', None),
        # arithmetic
        ('@"2019-09-17" + @"P1D"', date(2019, 9, 18)),
        ('@"2019-09-17" + @"PT25H"', date(2019, 9, 18)),
        ('@"2019-09-17" - @"PT1H"', date(2019, 9, 16)),
        ('@"2019-09-17" - @"P1Y"', date(2018, 9, 17)),
        ('@"2020-02-29" - @"P1Y"', date(2019, 2, 28)),
        ('@"P1M" + @"2019-01-31"', date(2019, 2, 28)),
        ('@"2019-09-17T10:00:00" + @"P1M"', datetime(2019, 10, 17, 10)),
        ('@"2019-09-17" - @"2019-09-16T12:00:00Z"', timedelta(hours=12)),
        ('@"2019-09-17" - @"2019-09-16T12:00:00"', timedelta(hours=12)),
        ('@"2019-09-17T10:00:00Z" - @"2019-09-17T10:00:00"', None),
        ('@"2019-09-17" + @"2019-09-17"', None),
        ('@"10:00:00" + @"PT20H"', time(6)),
        ('@"10:00:00" - @"PT20H"', time(14)),
        ('@"PT1H" + @"10:00:00"', time(11)),
        ('@"10:00:00" - @"11:00:00"', timedelta(hours=-1)),
        ('@"10:00:00+01:00" - @"10:00:00Z"', timedelta(hours=-1)),
        ('@"10:00:00" + @"P1Y"', None),
        ('@"10:00:00" + @"11:00:00"', None),
        ('@"P1D" - @"2019-09-17"', None),
        ('@"P1D" + @"P1Y"', None),
        ('@"P1D" + 1', None),
        ('@"P1Y" + @"P2M"', YearsMonths(14)),
        ('@"P1Y" - @"P14M"', YearsMonths(-2)),
        ('-@"P1Y"', YearsMonths(-12)),
        ('-@"PT1H"', timedelta(hours=-1)),
        ('@"P1Y" * 1.5', YearsMonths(18)),
        ('@"P1Y" / 5', YearsMonths(2)),
        ('2 * @"P1D"', timedelta(days=2)),
        ('@"P1D" / 0', None),
        ('@"P1D" / @"P0D"', None),
        ('@"P1Y" / @"P5M"', D("2.4")),
        ('@"P1D" * @"P1D"', None),
        ('1 / @"P1D"', None),
        ('@"P1D" ** 2', None),
        ('@"P999999999D" + @"P1D"', None),
        ('@"9999-12-31" + @"P1M"', None),
        # order
        ('@"P1Y" < @"P13M"', True),
        ('@"P1Y" < @"P366D"', None),
        ('@"P1D" = @"PT24H"', True),
        ('@"2019-09-17" < @"2019-09-17T10:00:00"', None),
        ('@"10:00:00" < @"2019-09-17T10:00:00"', None),
        ('@"23:00:00-01:00" > @"01:00:00Z"', True),
        ('@"2019-09-17T10:00:00@Europe/Paris" = @"2019-09-17T08:00:00Z"', True),
        ('@"2019-10-27T02:30:00+02:00" < @"2019-10-27T02:30:00+01:00"', True),
    ],
)
def test_temporal(evaluate: Evaluate, source: str, expected: Value) -> None:
    found = evaluate(source)
    assert found == expected
    assert type(found) is type(expected)
