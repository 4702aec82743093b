"""Working time: the company's working days and hours, French public holidays, one IANA zone. Pure: no clock, no database.

Hours are counted as they pass on the clock of the world, not of the wall: the night of a change to or from daylight saving has 23 or 25
hours, and every sum here stays right.
"""

from engine.calendar.holidays import CalendarError, holidays_of
from engine.calendar.working_time import STANDARD_HOURS, Span, WorkingCalendar

__all__ = ["STANDARD_HOURS", "CalendarError", "Span", "WorkingCalendar", "holidays_of"]
