"""Functions on dates, times and durations (DMN 1.5 §10.3.4.1, §10.3.4.7–9)."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from engine.data import YearsMonths
from engine.feel import temporal
from engine.feel.functions.registry import builtin
from engine.feel.numbers import CONTEXT, whole
from engine.feel.values import Environment, Value


@builtin("date(from: string or date or date and time) -> date")
def date_from(value: Value) -> Value:
    """A date from its text or from a date and time."""
    if type(value) is str:
        return temporal.parse_date(value)
    return value.date() if isinstance(value, datetime) else value


@builtin("date(year: number, month: number, day: number) -> date")
def date_of(year: Decimal, month: Decimal, day: Decimal) -> Value:
    """A date from its parts."""
    parts = whole(year), whole(month), whole(day)
    if parts[0] is None or parts[1] is None or parts[2] is None:
        return None
    return temporal.made_date(parts[0], parts[1], parts[2])


@builtin("time(from: string or time or date or date and time) -> time")
def time_from(value: Value) -> Value:
    """A time from its text or from a date and time; a day's is its midnight in UTC."""
    if type(value) is str:
        return temporal.parse_time(value)
    if type(value) is datetime:
        return value.timetz()
    if type(value) is date:
        return time(0, 0, tzinfo=UTC)
    return value


@builtin("time(hour: number, minute: number, second: number, offset: duration or null?) -> time")
def time_of(hour: Decimal, minute: Decimal, second: Decimal, offset: Value = None) -> Value:
    """A time from its parts."""
    hours, minutes = whole(hour), whole(minute)
    if hours is None or minutes is None or not 0 <= second < 60:
        return None
    if offset is not None and type(offset) is not timedelta:
        return None
    zone = None if offset is None else temporal.made_offset(offset)
    if offset is not None and zone is None:
        return None
    micros = int(CONTEXT.multiply(second, Decimal(1_000_000)))
    return temporal.made_time(hours, minutes, micros // 1_000_000, micros % 1_000_000, zone)


@builtin("date and time(from: string or date or date and time) -> date and time")
def datetime_from(value: Value) -> Value:
    """A date and time from its text; a day is its midnight."""
    if type(value) is str:
        return temporal.parse_datetime(value)
    if type(value) is date:
        return datetime.combine(value, time())
    return value


@builtin("date and time(date: date or date and time, time: time) -> date and time")
def datetime_of(day: date, moment: time) -> Value:
    """A day and a time of day together."""
    return datetime.combine(day.date() if isinstance(day, datetime) else day, moment)


@builtin("duration(from: string or duration)")
def duration(value: Value) -> Value:
    """A duration from its text."""
    return temporal.parse_duration(value) if isinstance(value, str) else value


@builtin(
    "years and months duration(from: date or date and time, to: date or date and time) -> years and months duration"
)
def years_and_months(start: date, end: date) -> Value:
    """The whole months between two days."""
    if (
        end < start
        if type(start) is type(end) is date
        else date(end.year, end.month, end.day) < date(start.year, start.month, start.day)
    ):
        return YearsMonths(-_whole_months(end, start))
    return YearsMonths(_whole_months(start, end))


def _whole_months(start: date, end: date) -> int:
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - 1 if end.day < start.day else months


@builtin("now() -> date and time")
def now(environment: Environment) -> Value:
    """The present moment in the zone of the environment."""
    return environment.now.astimezone(environment.zone)


@builtin("today() -> date")
def today(environment: Environment) -> Value:
    """The present day in the zone of the environment."""
    return environment.now.astimezone(environment.zone).date()


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@builtin("day of week(date: date or date and time) -> string")
def day_of_week(day: date) -> Value:
    """``"Monday"`` and so on; English in every language, as the standard wants."""
    return _DAYS[day.weekday()]


@builtin("month of year(date: date or date and time) -> string")
def month_of_year(day: date) -> Value:
    """``"January"`` and so on."""
    return _MONTHS[day.month - 1]


@builtin("week of year(date: date or date and time) -> number")
def week_of_year(day: date) -> Value:
    """The week by ISO 8601."""
    return Decimal(day.isocalendar().week)


@builtin("day of year(date: date or date and time) -> number")
def day_of_year(day: date) -> Value:
    """1 for 1 January."""
    return Decimal(day.timetuple().tm_yday)


@builtin("last day of month(date: date or date and time) -> number")
def last_day_of_month(day: date) -> Value:
    """The number of the last day of the month (an extension shared with other engines)."""
    return Decimal(calendar.monthrange(day.year, day.month)[1])
