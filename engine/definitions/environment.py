"""What expressions of a process may ask of the world: the moment of the step, the zone, and working time.

``working_days_after(from, days)`` and ``working_hours_after(from, hours)`` give a date-time; a ``from`` that is a date gives a date for
days and starts at midnight for hours. Anything else gives null, as FEEL's own functions do.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from engine.calendar import CalendarError, WorkingCalendar
from engine.feel import Environment, Function, Value

_HOUR: Final = 3_600_000_000


def environment(now: datetime, calendar: WorkingCalendar, functions: Mapping[str, Function]) -> Environment:
    """The environment of one step; ``functions`` is what ``working_time_functions(calendar)`` gave."""
    return Environment(now=now, zone=calendar.zone, functions=functions)


def days_after(calendar: WorkingCalendar, begin: Value, count: Value) -> Value:
    """``working_days_after``: a date moves by working days; a date-time too, at its hour of the day."""
    if not isinstance(count, Decimal) or count != count.to_integral_value():
        return None
    try:
        if isinstance(begin, datetime):
            return calendar.moment_after_working_days(begin, int(count))
        return calendar.add_working_days(begin, int(count)) if isinstance(begin, date) else None
    except CalendarError:
        return None


def hours_after(calendar: WorkingCalendar, begin: Value, hours: Value) -> Value:
    """``working_hours_after``: ``hours`` is a number (4.5) or a duration."""
    amount = timedelta(microseconds=int(hours * _HOUR)) if isinstance(hours, Decimal) else hours
    if not isinstance(amount, timedelta):
        return None
    if isinstance(begin, date) and not isinstance(begin, datetime):
        begin = datetime.combine(begin, time(), tzinfo=calendar.zone)
    try:
        return calendar.add_working_hours(begin, amount) if isinstance(begin, datetime) else None
    except CalendarError:
        return None


def working_time_functions(calendar: WorkingCalendar) -> Mapping[str, Function]:
    """The two functions of this module, bound to a calendar, by the names that expressions use."""
    return {
        "working_days_after": Function("working_days_after", ("from", "days"), partial(days_after, calendar)),
        "working_hours_after": Function("working_hours_after", ("from", "hours"), partial(hours_after, calendar)),
    }
