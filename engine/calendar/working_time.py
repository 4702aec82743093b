"""Working days and working hours: is this a working day, ten working days from now, eight working hours from now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from engine.calendar.holidays import CalendarError, check_region, holidays_of

LIMIT = 5_000
"""How many working days (about twenty years) one calculation may go: a bound against slips of the keyboard, not a business rule."""

_DAY = timedelta(days=1)
_ZERO = timedelta()


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Working hours from ``begin`` to ``end`` on the wall clock of one day; ``end`` is not part of it."""

    begin: time
    end: time


STANDARD_HOURS: Mapping[int, tuple[Span, ...]] = MappingProxyType(
    {weekday: (Span(time(9), time(12)), Span(time(14), time(18))) for weekday in range(5)}
)
"""Monday (0) to Friday, nine to twelve and two to six: the 35 hours of the French week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCalendar:
    """When a company works. ``hours`` by weekday (Monday is 0); ``region`` adds the holidays of a part of France; ``closed`` adds days.

    Raises CalendarError for hours that overlap or an empty week.
    """

    zone: ZoneInfo
    hours: Mapping[int, tuple[Span, ...]] = field(default_factory=lambda: STANDARD_HOURS)
    region: str | None = None
    closed: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        check_region(self.region)
        if not any(self.hours.values()):
            raise CalendarError("calendar_without_hours")
        for spans in self.hours.values():
            edges = [edge for span in spans for edge in (span.begin, span.end)]
            if any(later <= earlier for earlier, later in zip(edges[::2], edges[1::2], strict=True)) or edges != sorted(
                edges
            ):
                raise CalendarError("calendar_hours_invalid")

    def is_working_day(self, day: date) -> bool:
        """Whether the company works on ``day`` at all."""
        return (
            bool(self.hours.get(day.weekday()))
            and day not in self.closed
            and day not in holidays_of(day.year, self.region)
        )

    def working_hours(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The working spans of ``day`` as moments in UTC. A span that a clock change swallows whole is left out."""
        if not self.is_working_day(day):
            return ()
        found = ((self._moment(day, span.begin), self._moment(day, span.end)) for span in self.hours[day.weekday()])
        return tuple((begin, end) for begin, end in found if begin < end)

    def add_working_days(self, day: date, count: int) -> date:
        """The ``count``-th working day after ``day`` (before it, when negative).

        Zero gives ``day`` itself when it is a working day, else the next one. Raises CalendarError beyond ``LIMIT``.
        """
        self._within_limit(abs(count))
        if count == 0 and self.is_working_day(day):
            return day
        going = _DAY if count >= 0 else -_DAY
        left = max(1, abs(count))
        for _ in range(_days_at_most(left)):
            day = _step(day, going)
            left -= self.is_working_day(day)
            if left == 0:
                return day
        raise CalendarError(limit=LIMIT)

    def moment_after_working_days(self, moment: datetime, count: int) -> datetime:
        """``moment`` moved by working days, at the same hour of the wall clock of ``zone`` where people work then: else when they begin
        next on that day, and at its end after hours.

        An hour that a clock change leaves out becomes the one after it. A naive ``moment`` is in ``zone``.
        """
        local = self._local(moment)
        day = self.add_working_days(local.date(), count)
        spans = self.working_hours(day)
        found = self._moment(day, local.time())
        for begin, end in spans:
            if found < end:
                return max(begin, found).astimezone(self.zone)
        return (spans[-1][1] if spans else found).astimezone(self.zone)

    def add_working_hours(self, moment: datetime, amount: timedelta) -> datetime:
        """The earliest moment by which ``amount`` of working time has passed since ``moment``.

        Negative: the latest moment from which ``-amount`` passes until ``moment``. Zero gives ``moment``. A naive ``moment`` is in
        ``zone``; the result carries ``zone``. Raises CalendarError beyond ``LIMIT`` days.
        """
        local = self._local(moment)
        if amount == _ZERO:
            return local
        start, left = local.astimezone(UTC), abs(amount)
        forward = amount > _ZERO
        for begin, end in self._spans_from(local.date(), forward=forward):
            span_begin, span_end = (max(begin, start), end) if forward else (begin, min(end, start))
            length = span_end - span_begin
            if length <= _ZERO:
                continue
            if left <= length:
                return (span_begin + left if forward else span_end - left).astimezone(self.zone)
            left -= length
        raise CalendarError(limit=LIMIT)

    def working_time(self, begin: datetime, end: datetime) -> timedelta:
        """How much working time lies between two moments; negative when ``end`` is before ``begin``.

        Raises CalendarError beyond ``LIMIT`` days.
        """
        first, last = self._local(begin), self._local(end)
        if first > last:
            return -self.working_time(end, begin)
        self._within_limit((last.date() - first.date()).days)
        start, stop = first.astimezone(UTC), last.astimezone(UTC)
        spans = (
            span
            for offset in range((last.date() - first.date()).days + 1)
            for span in self.working_hours(first.date() + offset * _DAY)
        )
        return sum((max(_ZERO, min(e, stop) - max(b, start)) for b, e in spans), _ZERO)

    def _spans_from(self, day: date, *, forward: bool) -> Iterator[tuple[datetime, datetime]]:
        for _ in range(_days_at_most(LIMIT)):
            spans = self.working_hours(day)
            yield from spans if forward else reversed(spans)
            day = _step(day, _DAY if forward else -_DAY)

    def _local(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=self.zone) if moment.tzinfo is None else moment.astimezone(self.zone)

    def _moment(self, day: date, hour: time) -> datetime:
        return datetime.combine(day, hour, tzinfo=self.zone).astimezone(UTC)

    def _within_limit(self, days: int) -> None:
        if days > LIMIT:
            raise CalendarError(limit=LIMIT)


def _days_at_most(working_days: int) -> int:
    """How many calendar days to look at for so many working days, with one working day a week and closed weeks between."""
    return 14 * working_days + 400


def _step(day: date, going: timedelta) -> date:
    try:
        return day + going
    except OverflowError as error:
        raise CalendarError(limit=LIMIT) from error
