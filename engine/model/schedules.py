"""When a timer is due: dates, durations and cycles (BPMN 10.5.5, ISO 8601), with the rules that BPMN leaves open.

* Days, weeks, months and years are *calendar* time of the environment's zone (the same hour, whatever daylight saving does); hours,
  minutes and seconds are *absolute* time. A FEEL days-and-time duration of whole days counts as days.
* A moment without a zone is one of the environment's zone; one that daylight saving skips is moved forward by the gap; of one that comes
  twice the first is meant.
* A month's end stays inside the month: 31 January and one month is 28 (29) February.
* A cycle that is late fires once and goes on with its grid in the future; what was skipped does not count as a firing.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.data import YearsMonths
from engine.feel import Value
from engine.model.elements import TimerKind

_PERIOD = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?",
    re.ASCII,
)
_CYCLE = re.compile(r"R(?P<count>\d{1,6})?/(?:(?P<start>[^/]+)/)?(?P<period>P[^/]+)", re.ASCII)
_DATE, _DURATION = TimerKind.DATE, TimerKind.DURATION  # by themselves: the way over the class is long


class NotATime(ValueError):
    """The value says no moment, duration or cycle that can be kept to."""


class Period(NamedTuple):
    """A duration in its calendar part and its absolute part."""

    months: int = 0
    days: int = 0
    span: timedelta = timedelta()


class Schedule(NamedTuple):
    """When a timer is due (UTC), how often in all (None: without end), and every what ``period`` (text of ISO 8601)."""

    due_at: datetime
    remaining: int | None = 1
    period: str | None = None


def schedule(kind: TimerKind, value: Value, now: datetime, zone: ZoneInfo) -> Schedule:
    """What the value of a timer's expression means at ``now``.

    Raises:
        NotATime: the value is of another kind, or lies outside the years that a date can have.
    """
    try:
        if kind is _DATE:
            return Schedule(due_at=_moment(value, zone))
        if kind is _DURATION:
            return Schedule(after(now, period_of(value), zone))
        return _cycle(value, now, zone)
    except OverflowError as error:
        raise NotATime(f"{value} is out of range") from error


def after_firing(timer: Schedule, now: datetime, zone: ZoneInfo) -> Schedule | None:
    """What follows when a timer has fired; None when that was all, or no date is late enough for the next."""
    if timer.period is None or (timer.remaining is not None and timer.remaining <= 1):
        return None
    try:
        due_at = next_firing(timer.due_at, timer.period, now, zone)
    except OverflowError:
        return None
    return Schedule(due_at, None if timer.remaining is None else timer.remaining - 1, timer.period)


def next_firing(planned: datetime, period: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The first moment after ``now`` (and after ``planned``) on the grid that ``planned`` and ``period`` make."""
    step = period_of(period)
    if not step.months and not step.days and now > planned:
        # a grid of absolute time is reached by division: a cycle of seconds may be years late
        planned += step.span * ((now - planned) // step.span)
    following = after(planned, step, zone)
    while following <= now:
        following = after(following, step, zone)
    return following


def due_moment(value: Value, now: datetime, zone: ZoneInfo, *, at_end: bool) -> datetime:
    """A task's date from a moment, a day (its last second when ``at_end``, else its beginning) or a duration from ``now``.

    Raises:
        NotATime: the value is none of these.
    """
    try:
        if isinstance(value, str):
            value = period_of(value) if value.startswith("P") else _parse_moment(value)
        if isinstance(value, timedelta | YearsMonths | Period):
            return after(now, value if isinstance(value, Period) else period_of(value), zone)
        if at_end and isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time(23, 59, 59))
        return _moment(value, zone)
    except OverflowError as error:
        raise NotATime(f"{value} is out of range") from error


def after(moment: datetime, period: Period, zone: ZoneInfo) -> datetime:
    """``moment`` and ``period``, in UTC: first its months, then its days in the zone's calendar, then its absolute part."""
    if period.months or period.days:
        local = moment.astimezone(zone)
        if period.months:
            local = _months_later(local, period.months)
        # to add to a moment is to add to what the clock on the wall shows, and gives the first of two that show the same
        moment = local + timedelta(period.days)
    return moment.astimezone(UTC) + period.span


def _months_later(local: datetime, months: int) -> datetime:
    month = local.year * 12 + local.month - 1 + months
    year, month = month // 12, month % 12 + 1
    if not date.min.year <= year <= date.max.year:
        raise OverflowError("year out of range")
    return local.replace(year=year, month=month, day=min(local.day, calendar.monthrange(year, month)[1]))


def period_of(value: Value) -> Period:
    """The duration that a FEEL duration or an ISO 8601 text means. Raises NotATime."""
    if isinstance(value, timedelta):
        return _span(value)
    if isinstance(value, YearsMonths):
        return Period(months=value.months)
    if not isinstance(value, str):
        raise NotATime(f"{value!r} is not a duration")
    return _written(value)


# most are written in a drawing, and asked for again and again
@lru_cache(maxsize=1024)
def _span(value: timedelta) -> Period:
    is_whole = not value.seconds and not value.microseconds
    return Period(days=value.days) if is_whole else Period(span=value)


@lru_cache(maxsize=1024)
def _written(value: str) -> Period:
    found = _PERIOD.fullmatch(value.strip())
    if found is None:
        raise NotATime(f"{value!r} is not a duration")
    part = {name: Decimal(text or 0) for name, text in found.groupdict().items()}
    whole = {name: int(amount) for name, amount in part.items() if name != "seconds"}
    return Period(
        months=whole["years"] * 12 + whole["months"],
        days=whole["weeks"] * 7 + whole["days"],
        span=timedelta(hours=whole["hours"], minutes=whole["minutes"], microseconds=int(part["seconds"] * 1_000_000)),
    )


def _cycle(value: Value, now: datetime, zone: ZoneInfo) -> Schedule:
    found = _CYCLE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise NotATime(f"{value!r} is not a cycle")
    remaining = None if found["count"] is None else int(found["count"])
    period = period_of(found["period"])
    if remaining == 0 or period == Period():
        raise NotATime(f"{value} never fires or never rests")
    if found["start"] is None:
        first = after(now, period, zone)
    else:
        first = _moment(_parse_moment(found["start"]), zone)
        if first < now:
            first = next_firing(first, found["period"], now, zone)
    return Schedule(due_at=first, remaining=remaining, period=found["period"])


def _parse_moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise NotATime(f"{text!r} is not a moment") from error


def _moment(value: Value, zone: ZoneInfo) -> datetime:
    if isinstance(value, str):
        value = _parse_moment(value)
    if not isinstance(value, date):
        raise NotATime(f"{type(value).__name__} is not a moment")
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return _in_zone(value, zone) if value.tzinfo is None else value.astimezone(UTC)


def _in_zone(naive: datetime, zone: ZoneInfo) -> datetime:
    # fold=0 is the first of two equal moments, and in a gap the offset before it, which moves the moment forward
    return naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
