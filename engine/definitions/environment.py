"""What expressions of a process may ask of the world: the moment of the step, the zone, and working time.

``working_days_after(from, days)`` and ``working_hours_after(from, hours)`` are declared in ``engine.feel.extensions``: their arguments
come as declared there. Here is what runs them; what cannot be computed gives null, as with FEEL's own functions.
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
_MOST_DAYS: Final = 10_000_000
_MOST_HOURS: Final = 100_000_000
"""Further than any calendar reaches: checked first, because Python's own dates fail in other ways there."""


def environment(now: datetime, calendar: WorkingCalendar, functions: Mapping[str, Function]) -> Environment:
    """The environment of one step; ``functions`` is what ``working_time_functions(calendar)`` gave."""
    return Environment(now=now, zone=calendar.zone, functions=functions)


def days_after(calendar: WorkingCalendar, begin: date | datetime, days: Decimal) -> Value:
    """``working_days_after``: a date moves by working days; a date-time too, at its hour of the day or the nearest working one after it."""
    if days != days.to_integral_value() or abs(days) > _MOST_DAYS:
        return None
    try:
        if isinstance(begin, datetime):
            return calendar.moment_after_working_days(begin, int(days))
        return calendar.add_working_days(begin, int(days))
    except CalendarError:
        return None


def hours_after(calendar: WorkingCalendar, begin: date | datetime, hours: Decimal | timedelta) -> Value:
    """``working_hours_after``: ``hours`` is a number (4.5) or a duration; a date begins at its midnight."""
    if isinstance(hours, Decimal):
        if abs(hours) > _MOST_HOURS:
            return None
        hours = timedelta(microseconds=int(hours * _HOUR))
    if not isinstance(begin, datetime):
        begin = datetime.combine(begin, time(), tzinfo=calendar.zone)
    try:
        return calendar.add_working_hours(begin, hours)
    except CalendarError:
        return None


def working_time_functions(calendar: WorkingCalendar) -> Mapping[str, Function]:
    """The two functions of this module, bound to a calendar, by the names that expressions use."""
    return {
        "working_days_after": Function("working_days_after", ("from", "days"), partial(days_after, calendar)),
        "working_hours_after": Function("working_hours_after", ("from", "hours"), partial(hours_after, calendar)),
    }
