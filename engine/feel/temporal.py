"""Dates, times and durations: reading and writing their text, their properties (DMN 1.5 §10.3.2.3.4–8).

Years 1 to 9999 and microseconds are what can be held; what lies beyond is null. A zone is an offset or a name of the IANA database.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.data import YearsMonths
from engine.feel.numbers import CONTEXT, text_of
from engine.feel.values import Value

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,20}))?(?:(Z|z)|([+-])([0-9]{2}):([0-5][0-9])(?::([0-5][0-9]))?|@([A-Za-z][A-Za-z0-9_+/-]{0,60}))?"
)
_DURATION = re.compile(
    r"(-)?P(?:([0-9]{1,15})D)?(?:T(?:([0-9]{1,15})H)?(?:([0-9]{1,15})M)?(?:([0-9]{1,15})(?:\.([0-9]{0,20}))?S)?)?"
)
_MONTHS = re.compile(r"(-)?P(?:([0-9]{1,15})Y)?(?:([0-9]{1,15})M)?")
_LARGEST_OFFSET = timedelta(hours=18)
_MICROSECOND = timedelta(microseconds=1)
_LEAP_DAY_FREE = date(1970, 1, 1)


def parse_date(text: str) -> date | None:
    """``2026-11-21``."""
    match = _DATE.fullmatch(text)
    return made_date(*map(int, match.groups())) if match else None


def made_date(year: int, month: int, day: int) -> date | None:
    """The day, or None when there is no such day."""
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None


def parse_time(text: str) -> time | None:
    """``10:20:00``, with a fraction, ``Z``, an offset or ``@Europe/Paris``."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hour, minute, second, fraction, utc, sign, hours, minutes, seconds, zone = match.groups()
    offset: tzinfo | None = None
    if utc:
        offset = UTC
    elif sign:
        size = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
        offset = made_offset(-size if sign == "-" else size)
    elif zone:
        offset = named_zone(zone)
    if offset is None and (utc or sign or zone):
        return None
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    return made_time(int(hour), int(minute), int(second), microsecond, offset)


def made_time(hour: int, minute: int, second: int, microsecond: int, zone: tzinfo | None) -> time | None:
    """The time of day, or None when there is no such time. 24:00:00 is the midnight that it means."""
    if (hour, minute, second, microsecond) == (24, 0, 0, 0):
        hour = 0
    try:
        return time(hour, minute, second, microsecond, zone)
    except (ValueError, OverflowError):
        return None


def made_offset(offset: timedelta) -> tzinfo | None:
    """A fixed offset of at most 18 hours."""
    if abs(offset) > _LARGEST_OFFSET:
        return None
    return timezone(offset) if offset else UTC


def named_zone(name: str) -> ZoneInfo | None:
    """A zone of the IANA database."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def parse_datetime(text: str) -> datetime | None:
    """``2026-11-21T10:20:00`` with what a time may carry; a day alone is its midnight."""
    day_text, separator, time_text = text.partition("T")
    day = parse_date(day_text)
    if day is None:
        return None
    moment = parse_time(time_text) if separator else time()
    if moment is None:
        return None
    if time_text.startswith("24"):
        return shifted(datetime.combine(day, moment), timedelta(days=1))
    return datetime.combine(day, moment)


def parse_duration(text: str) -> timedelta | YearsMonths | None:
    """``P1DT2H`` or ``P1Y6M``, with a minus before it or not."""
    match = _MONTHS.fullmatch(text)
    if match and (match[2] or match[3]):
        months = int(match[2] or 0) * 12 + int(match[3] or 0)
        return YearsMonths(-months if match[1] else months)
    match = _DURATION.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        return None
    sign, days, hours, minutes, seconds, fraction = match.groups()
    total = ((int(days or 0) * 24 + int(hours or 0)) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)
    total = total * 1_000_000 + int((fraction or "0")[:6].ljust(6, "0"))
    return made_duration(-total if sign else total)


def made_duration(microseconds: int) -> timedelta | None:
    """A days and time duration, None beyond some 2.7 million years."""
    try:
        return timedelta(microseconds=microseconds)
    except OverflowError:
        return None


def parse_at(text: str) -> Value:
    """What ``@"…"`` means: a date, a date and time, a time or a duration; None when nothing."""
    if "P" in text[:2]:
        return parse_duration(text)
    if "T" in text[:12]:
        return parse_datetime(text)
    return parse_date(text) if "-" in text[:5] else parse_time(text)


def microseconds_of(duration: timedelta) -> int:
    """The size of a duration."""
    return duration // _MICROSECOND


def shifted(moment: datetime, duration: timedelta) -> datetime | None:
    """``moment + duration`` in elapsed time: a day over a change of the clocks has 23 or 25 hours."""
    try:
        if isinstance(moment.tzinfo, ZoneInfo):
            return (moment.astimezone(UTC) + duration).astimezone(moment.tzinfo)
        return moment + duration
    except OverflowError:
        return None


def months_later(day: date, months: int) -> date | None:
    """The same day ``months`` later, or the last day of that month (a date-time keeps its time)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return None
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))


def elapsed(later: datetime, earlier: datetime) -> timedelta | None:
    """The time between two moments; None when only one of them has a zone."""
    if (later.tzinfo is None) != (earlier.tzinfo is None):
        return None
    try:
        if later.tzinfo is not None:
            return later.astimezone(UTC) - earlier.astimezone(UTC)
        return later - earlier
    except OverflowError:
        return None


def time_offset(value: time | datetime) -> timedelta | None:
    """The offset from UTC. A time of day in a named zone has the offset that the zone had on 1 January 1970."""
    if isinstance(value, time) and isinstance(value.tzinfo, ZoneInfo):
        return datetime.combine(_LEAP_DAY_FREE, value).utcoffset()
    return value.utcoffset()


def since_midnight(value: time, beside: time) -> timedelta:
    """The time since midnight in UTC to the millisecond; a time without a zone takes the offset of ``beside`` (DMN 1.5 table 54)."""
    offset = time_offset(value)
    return _since_own_midnight(to_millisecond(value)) - (
        offset if offset is not None else time_offset(beside) or timedelta(0)
    )


def elapsed_time(later: time, earlier: time) -> timedelta | None:
    """The time between two times of a day; None when only one of them has a zone."""
    offsets = time_offset(later), time_offset(earlier)
    between = _since_own_midnight(later) - _since_own_midnight(earlier)
    if offsets[0] is None or offsets[1] is None:
        return between if offsets[0] is offsets[1] else None
    return between - (offsets[0] - offsets[1])


def _since_own_midnight(value: time) -> timedelta:
    return timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)


Moment = TypeVar("Moment", time, datetime)


def to_millisecond(value: Moment) -> Moment:
    """Without what is finer than a millisecond: that much of a second XML Schema asks of times, and values are compared by it."""
    return value.replace(microsecond=value.microsecond // 1000 * 1000) if value.microsecond % 1000 else value


# --- text


def duration_text(duration: timedelta) -> str:
    """``P1DT2H3M4.5S``; ``PT0S`` for nothing."""
    total = microseconds_of(duration)
    sign, total = ("-", -total) if total < 0 else ("", total)
    seconds, fraction = divmod(total, 1_000_000)
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    second_text = str(seconds) + (f".{fraction:06d}".rstrip("0") if fraction else "")
    parts = [(hours, f"{hours}H"), (minutes, f"{minutes}M"), (seconds or fraction, f"{second_text}S")]
    clock = "".join(text for size, text in parts if size)
    if not days and not clock:
        return "PT0S"
    return f"{sign}P{f'{days}D' if days else ''}{f'T{clock}' if clock else ''}"


def months_text(duration: YearsMonths) -> str:
    """``P1Y2M``; ``P0M`` for nothing."""
    years, months = divmod(abs(duration.months), 12)
    sign = "-" if duration.months < 0 else ""
    if not years and not months:
        return "P0M"
    return f"{sign}P{f'{years}Y' if years else ''}{f'{months}M' if months else ''}"


def time_text(value: time) -> str:
    """``10:20:00.5@Europe/Paris``."""
    text = value.replace(tzinfo=None, microsecond=0).isoformat()
    if value.microsecond:
        text += f".{value.microsecond:06d}".rstrip("0")
    if isinstance(value.tzinfo, ZoneInfo):
        return f"{text}@{value.tzinfo.key}"
    offset = value.utcoffset()
    if offset is None:
        return text
    if not offset:
        return text + "Z"
    sign, seconds = ("-", -offset) if offset < timedelta(0) else ("+", offset)
    minutes, rest = divmod(int(seconds.total_seconds()), 60)
    return f"{text}{sign}{minutes // 60:02d}:{minutes % 60:02d}{f':{rest:02d}' if rest else ''}"


def datetime_text(value: datetime) -> str:
    """``2026-11-21T10:20:00Z``."""
    return f"{value.date().isoformat()}T{time_text(value.timetz())}"


def iso_text(value: date | time | timedelta | YearsMonths) -> str:
    """The text of any day, time, moment or duration, as ISO 8601 and FEEL write it."""
    if isinstance(value, datetime):
        return datetime_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return time_text(value)
    return duration_text(value) if isinstance(value, timedelta) else months_text(value)


# --- properties


def property_of(value: Value, name: str) -> Value:
    """A property of a date, a time or a duration by its FEEL name; None when there is no such property."""
    if isinstance(value, datetime):
        found = _date_property(value, name)
        return found if found is not None else _time_property(value, name)
    if isinstance(value, date):
        return _date_property(value, name)
    if isinstance(value, time):
        return _time_property(value, name)
    if isinstance(value, timedelta):
        return _duration_property(value, name)
    if isinstance(value, YearsMonths) and name in ("years", "months"):
        years, months = divmod(abs(value.months), 12)
        size = years if name == "years" else months
        return Decimal(-size if value.months < 0 else size)
    return None


def _date_property(value: date, name: str) -> Decimal | None:
    if name == "weekday":
        return Decimal(value.isoweekday())
    return Decimal(getattr(value, name)) if name in ("year", "month", "day") else None


def _time_property(value: time | datetime, name: str) -> Value:
    if name == "second":
        return (
            CONTEXT.add(Decimal(value.second), Decimal(value.microsecond).scaleb(-6))
            if value.microsecond
            else Decimal(value.second)
        )
    if name in ("hour", "minute"):
        return Decimal(getattr(value, name))
    if name == "time offset":
        return time_offset(value)
    if name == "timezone" and value.tzinfo is not None:
        return value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None
    return None


def _duration_property(value: timedelta, name: str) -> Decimal | None:
    total = microseconds_of(value)
    size, sign = abs(total), -1 if total < 0 else 1
    if name == "seconds":
        seconds = CONTEXT.divide(Decimal(size % 60_000_000), Decimal(1_000_000))
        return Decimal(text_of(CONTEXT.multiply(seconds, Decimal(sign))))
    units = {"days": (86_400, None), "hours": (3600, 24), "minutes": (60, 60)}
    if name not in units:
        return None
    unit, around = units[name]
    count = size // (unit * 1_000_000)
    return Decimal(sign * (count if around is None else count % around))


def same_zone(one: time | datetime, other: time | datetime) -> bool:
    """Whether both are without a zone, in the same named zone, or at the same fixed offset."""
    first, second = one.tzinfo, other.tzinfo
    if isinstance(first, ZoneInfo) or isinstance(second, ZoneInfo):
        return first == second
    return one.utcoffset() == other.utcoffset()
