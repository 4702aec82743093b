"""Working time in expressions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.calendar import WorkingCalendar
from engine.definitions.environment import environment, working_time_functions
from engine.feel import compile_expression

PARIS = ZoneInfo("Europe/Paris")
CALENDAR = WorkingCalendar(zone=PARIS)
FRIDAY = datetime(2026, 11, 20, 15, tzinfo=UTC)  # four in the afternoon in Paris


def evaluated(source: str) -> object:
    return compile_expression(source).evaluate({}, environment(FRIDAY, CALENDAR, working_time_functions(CALENDAR)))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("working_days_after(now(), 1)", datetime(2026, 11, 23, 16, tzinfo=PARIS)),
        ("working_days_after(today(), 2)", date(2026, 11, 24)),
        ('working_days_after(date("2026-12-24"), 1)', date(2026, 12, 28)),
        ("working_hours_after(now(), 3)", datetime(2026, 11, 23, 10, tzinfo=PARIS)),
        ("working_hours_after(now(), 0.5)", datetime(2026, 11, 20, 16, 30, tzinfo=PARIS)),
        ('working_hours_after(now(), duration("PT3H"))', datetime(2026, 11, 23, 10, tzinfo=PARIS)),
        ("working_hours_after(today(), 1)", datetime(2026, 11, 20, 10, tzinfo=PARIS)),
        ("working_days_after(now(), 1.5)", None),
        ('working_days_after("tomorrow", 1)', None),
        ("working_days_after(now(), 100000)", None),
        ("working_hours_after(now(), null)", None),
        ("working_hours_after(now(), 1000000)", None),
        ("working_hours_after(1, 1)", None),
        ("working_hours_after(now(), 1e30)", None),
        ("working_days_after(now(), -1e6000)", None),
    ],
)
def test_working_time(source: str, expected: object) -> None:
    assert evaluated(source) == expected
