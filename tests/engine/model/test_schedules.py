"""Dates, durations, cycles: calendar time, absolute time, daylight saving."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data import YearsMonths
from engine.model.elements import TimerKind
from engine.model.schedules import NotATime, Schedule, due_moment, next_firing, schedule

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("now", "value", "due"),
    [
        (NOW, "PT1H30M", utc(2026, 11, 20, 10, 30)),
        (NOW, "PT0.5S", NOW + timedelta(milliseconds=500)),
        (NOW, timedelta(hours=1), utc(2026, 11, 20, 10)),
        (NOW, timedelta(minutes=-5), utc(2026, 11, 20, 8, 55)),
        (NOW, "P2W", utc(2026, 12, 4, 9)),
        (NOW, YearsMonths(15), utc(2028, 2, 20, 9)),
        # the night of 28 to 29 March 2026 has 23 hours in Paris, that of 24 to 25 October 25
        (utc(2026, 3, 28, 9), "P1D", utc(2026, 3, 29, 8)),
        (utc(2026, 3, 28, 9), "PT24H", utc(2026, 3, 29, 9)),
        (utc(2026, 3, 28, 9), timedelta(days=1), utc(2026, 3, 29, 8)),
        (utc(2026, 3, 28, 9), "P1DT24H", utc(2026, 3, 30, 8)),
        (utc(2026, 10, 24, 9), "P1D", utc(2026, 10, 25, 10)),
        # half past two does not exist on 29 March: the clock jumps from two to three
        (utc(2026, 3, 28, 1, 30), "P1D", utc(2026, 3, 29, 1, 30)),
        # and comes twice on 25 October: the first is meant
        (utc(2026, 10, 24, 0, 30), "P1D", utc(2026, 10, 25, 0, 30)),
        (utc(2027, 1, 31, 9), "P1M", utc(2027, 2, 28, 9)),
        (utc(2028, 1, 31, 9), "P1M", utc(2028, 2, 29, 9)),
    ],
)
def test_durations(now: datetime, value: Any, due: datetime) -> None:
    assert schedule(TimerKind.DURATION, value, now, PARIS) == Schedule(due_at=due)


@pytest.mark.parametrize(
    ("value", "due"),
    [
        ("2026-12-01T10:00:00+02:00", utc(2026, 12, 1, 8)),
        ("2026-12-01T10:00:00Z", utc(2026, 12, 1, 10)),
        ("2026-12-01T10:00:00", utc(2026, 12, 1, 9)),
        (datetime(2026, 7, 1, 10), utc(2026, 7, 1, 8)),
        (datetime(2026, 7, 1, 10, tzinfo=PARIS), utc(2026, 7, 1, 8)),
        (date(2026, 12, 1), utc(2026, 11, 30, 23)),
    ],
)
def test_dates(value: Any, due: datetime) -> None:
    assert schedule(TimerKind.DATE, value, NOW, PARIS) == Schedule(due_at=due)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("R3/PT10M", Schedule(due_at=utc(2026, 11, 20, 9, 10), remaining=3, period="PT10M")),
        ("R/P1D", Schedule(due_at=utc(2026, 11, 21, 9), remaining=None, period="P1D")),
        ("R2/2026-12-01T08:00:00/P1M", Schedule(due_at=utc(2026, 12, 1, 7), remaining=2, period="P1M")),
        # a start in the past: the first moment of its grid that is still to come
        ("R2/2026-11-20T08:05:00Z/PT20M", Schedule(due_at=utc(2026, 11, 20, 9, 5), remaining=2, period="PT20M")),
    ],
)
def test_cycles(value: str, expected: Schedule) -> None:
    assert schedule(TimerKind.CYCLE, value, NOW, PARIS) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (TimerKind.DURATION, "P"),
        (TimerKind.DURATION, "PT"),
        (TimerKind.DURATION, "tomorrow"),
        (TimerKind.DURATION, None),
        (TimerKind.DURATION, "P9999Y"),
        (TimerKind.DURATION, "P999999DT999999999H"),
        (TimerKind.DURATION, YearsMonths(10**9)),
        (TimerKind.DURATION, timedelta.max),
        (TimerKind.DATE, "2026-13-01"),
        (TimerKind.DATE, True),
        (TimerKind.CYCLE, "R0/PT1M"),
        (TimerKind.CYCLE, "R3/PT0S"),
        (TimerKind.CYCLE, "0 0 9 * * *"),
        (TimerKind.CYCLE, "R3/then/PT1M"),
        (TimerKind.CYCLE, timedelta(days=1)),
    ],
)
def test_what_says_no_time(kind: TimerKind, value: Any) -> None:
    with pytest.raises(NotATime):
        schedule(kind, value, NOW, PARIS)


@pytest.mark.parametrize(
    ("value", "due"),
    [
        (date(2026, 11, 21), utc(2026, 11, 21, 22, 59, 59)),
        ("2026-11-21", utc(2026, 11, 20, 23)),
        (timedelta(days=2), utc(2026, 11, 22, 9)),
        ("PT2H", utc(2026, 11, 20, 11)),
        (datetime(2026, 11, 21, 8), utc(2026, 11, 21, 7)),
    ],
)
def test_a_task_is_due_at_the_end_of_its_day(value: Any, due: datetime) -> None:
    assert due_moment(value, NOW, PARIS, at_end=True) == due


@pytest.mark.parametrize("value", ["P9999Y", 5, "tomorrow", timedelta.max])
def test_what_is_no_time_for_a_task(value: Any) -> None:
    with pytest.raises(NotATime):
        due_moment(value, NOW, PARIS, at_end=True)


def test_a_task_is_followed_up_from_the_beginning_of_its_day() -> None:
    assert due_moment(date(2026, 11, 21), NOW, PARIS, at_end=False) == utc(2026, 11, 20, 23)


def test_a_grid_of_days_keeps_its_hour_over_the_change_of_time() -> None:
    assert next_firing(utc(2026, 3, 27, 8), "P1D", utc(2026, 3, 29, 12), PARIS) == utc(2026, 3, 30, 7)


def test_a_grid_of_seconds_that_is_years_late_is_found_at_once() -> None:
    assert next_firing(NOW, "PT1S", NOW + timedelta(days=4000, microseconds=1), PARIS) == NOW + timedelta(
        days=4000, seconds=1
    )


@given(st.integers(1, 5000), st.integers(0, 10**7))
def test_the_next_firing_is_the_first_on_the_grid_after_now(period: int, late: int) -> None:
    now = NOW + timedelta(seconds=late)
    found = next_firing(NOW, f"PT{period}S", now, PARIS)
    assert (found - NOW) % timedelta(seconds=period) == timedelta()
    assert now < found <= now + timedelta(seconds=period)
