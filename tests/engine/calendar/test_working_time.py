from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendar import CalendarError, Span, WorkingCalendar, holidays_of

PARIS = ZoneInfo("Europe/Paris")
CALENDAR = WorkingCalendar(zone=PARIS)
# nights and week-ends included: the clock changes happen on a Sunday at 2 or 3 o'clock
ALWAYS = WorkingCalendar(zone=PARIS, hours={weekday: (Span(time(0), time(23, 59)),) for weekday in range(7)})

days = st.dates(date(2000, 1, 1), date(2060, 12, 31))
moments = st.datetimes(
    datetime(2000, 1, 1), datetime(2060, 12, 31), timezones=st.sampled_from([PARIS, ZoneInfo("UTC")])
)
amounts = st.timedeltas(timedelta(), timedelta(hours=300))
calendars = st.sampled_from([CALENDAR, ALWAYS, WorkingCalendar(zone=ZoneInfo("America/Guadeloupe"), region="GP")])


def paris(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=PARIS)


class TestHolidays:
    def test_the_eleven_holidays_of_2026(self) -> None:
        assert sorted(holidays_of(2026)) == [
            date(2026, 1, 1),
            date(2026, 4, 6),  # Easter Monday
            date(2026, 5, 1),
            date(2026, 5, 8),
            date(2026, 5, 14),  # Ascension
            date(2026, 5, 25),  # Whit Monday
            date(2026, 7, 14),
            date(2026, 8, 15),
            date(2026, 11, 1),
            date(2026, 11, 11),
            date(2026, 12, 25),
        ]

    def test_a_part_of_france_has_its_own(self) -> None:
        good_friday = date(2026, 4, 3)
        assert CALENDAR.is_working_day(good_friday)
        assert not WorkingCalendar(zone=PARIS, region="Moselle").is_working_day(good_friday)

    def test_an_unknown_part_is_refused(self) -> None:
        with pytest.raises(CalendarError) as refused:
            WorkingCalendar(zone=PARIS, region="Bavaria")
        assert refused.value.code == "calendar_region_unknown"


class TestWorkingDays:
    @pytest.mark.parametrize(
        ("day", "count", "expected"),
        [
            (date(2026, 11, 20), 1, date(2026, 11, 23)),  # Friday to Monday
            (date(2026, 11, 10), 1, date(2026, 11, 12)),  # over Armistice Day
            (date(2026, 11, 21), 0, date(2026, 11, 23)),  # Saturday: the next working day
            (date(2026, 11, 20), 0, date(2026, 11, 20)),
            (date(2026, 5, 12), 3, date(2026, 5, 18)),  # over Ascension and the week-end, not over the Friday between
            (date(2026, 11, 23), -1, date(2026, 11, 20)),
            (date(2027, 1, 4), -5, date(2026, 12, 24)),
        ],
    )
    def test_examples(self, day: date, count: int, expected: date) -> None:
        assert CALENDAR.add_working_days(day, count) == expected

    def test_days_closed_by_the_company(self) -> None:
        bridge = WorkingCalendar(zone=PARIS, closed=frozenset({date(2026, 5, 15)}))
        assert bridge.add_working_days(date(2026, 5, 13), 1) == date(2026, 5, 18)

    def test_the_same_hour_of_the_wall_clock_over_a_clock_change(self) -> None:
        before = paris(2026, 10, 23, 16, 30)  # Friday; clocks go back on the Sunday
        after = CALENDAR.moment_after_working_days(before, 1)
        assert after == paris(2026, 10, 26, 16, 30)
        assert after - before.astimezone(UTC) == timedelta(days=3, hours=1)

    @pytest.mark.parametrize(
        ("begun", "due"),
        [
            ((2, 53), (9, 0)),
            ((8, 59), (9, 0)),
            ((11, 59), (11, 59)),
            ((12, 0), (14, 0)),
            ((17, 59), (17, 59)),
            ((23, 5), (18, 0)),
        ],
    )
    def test_what_begins_at_night_is_due_while_people_work(self, begun: tuple[int, int], due: tuple[int, int]) -> None:
        assert CALENDAR.moment_after_working_days(paris(2026, 11, 23, *begun), 1) == paris(2026, 11, 24, *due)

    @given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.integers(-50, 50))
    def test_a_moment_of_a_working_day_lies_in_its_hours(self, begun: datetime, count: int) -> None:
        found = CALENDAR.moment_after_working_days(begun, count)
        assert found.date() == CALENDAR.add_working_days(begun.date(), count)
        spans = CALENDAR.working_hours(found.date())
        assert any(begin <= found <= end for begin, end in spans)
        if any(
            begin <= begun.replace(tzinfo=PARIS).astimezone(UTC) < end
            for begin, end in CALENDAR.working_hours(begun.date())
        ):
            assert found.time() == begun.time()

    def test_an_hour_that_the_clock_change_leaves_out(self) -> None:
        after = ALWAYS.moment_after_working_days(paris(2026, 3, 28, 2, 30), 1)
        assert after.astimezone(UTC) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
        assert (after.hour, after.minute) == (3, 30)

    def test_a_slip_of_the_keyboard_is_refused(self) -> None:
        for count in (5_001, -5_001, 10**12):
            with pytest.raises(CalendarError):
                CALENDAR.add_working_days(date(2026, 1, 1), count)

    def test_the_end_of_the_calendar(self) -> None:
        with pytest.raises(CalendarError):
            CALENDAR.add_working_days(date.max, 1)

    @given(days, st.integers(1, 300), st.integers(1, 300))
    def test_two_additions_are_one(self, day: date, first: int, second: int) -> None:
        assert CALENDAR.add_working_days(CALENDAR.add_working_days(day, first), second) == CALENDAR.add_working_days(
            day, first + second
        )

    @given(days, st.integers(1, 300))
    def test_the_result_works_and_the_way_back_leads_home(self, day: date, count: int) -> None:
        after = CALENDAR.add_working_days(day, count)
        assert CALENDAR.is_working_day(after)
        worked = sum(CALENDAR.is_working_day(day + timedelta(days=n)) for n in range(1, (after - day).days + 1))
        assert worked == count
        if CALENDAR.is_working_day(day):
            assert CALENDAR.add_working_days(after, -count) == day


class TestWorkingHours:
    @pytest.mark.parametrize(
        ("moment", "hours", "expected"),
        [
            (paris(2026, 11, 20, 17), 2, paris(2026, 11, 23, 10)),  # Friday evening to Monday morning
            (paris(2026, 11, 20, 11), 2, paris(2026, 11, 20, 15)),  # over lunch
            (
                paris(2026, 11, 20, 14),
                4,
                paris(2026, 11, 20, 18),
            ),  # the last moment of the day, not the first of the next
            (paris(2026, 11, 21, 12), 1, paris(2026, 11, 23, 10)),  # from a Saturday
            (paris(2026, 11, 23, 10), -2, paris(2026, 11, 20, 17)),
            (paris(2026, 11, 21, 12), 0, paris(2026, 11, 21, 12)),
        ],
    )
    def test_examples(self, moment: datetime, hours: int, expected: datetime) -> None:
        assert CALENDAR.add_working_hours(moment, timedelta(hours=hours)) == expected

    def test_a_naive_moment_is_in_the_zone(self) -> None:
        assert CALENDAR.add_working_hours(datetime(2026, 11, 20, 9), timedelta(hours=1)) == paris(2026, 11, 20, 10)

    def test_the_night_of_25_hours(self) -> None:
        begin, end = paris(2026, 10, 25), paris(2026, 10, 26)
        assert ALWAYS.working_time(begin, end) == timedelta(hours=24, minutes=59)

    def test_a_span_swallowed_by_the_clock_change(self) -> None:
        night = WorkingCalendar(zone=PARIS, hours={6: (Span(time(2), time(3)),), 0: (Span(time(9), time(10)),)})
        assert night.working_hours(date(2026, 3, 29)) == ()

    @given(calendars, moments, amounts)
    def test_as_much_time_passes_as_was_added(
        self, calendar: WorkingCalendar, moment: datetime, amount: timedelta
    ) -> None:
        after = calendar.add_working_hours(moment, amount)
        assert calendar.working_time(moment, after) == amount
        assert calendar.working_time(after, moment) == -amount

    @given(calendars, moments, amounts, amounts)
    def test_two_additions_are_one(
        self, calendar: WorkingCalendar, moment: datetime, a: timedelta, b: timedelta
    ) -> None:
        assert calendar.add_working_hours(calendar.add_working_hours(moment, a), b) == calendar.add_working_hours(
            moment, a + b
        )

    @given(calendars, moments, amounts, amounts)
    def test_more_is_later(self, calendar: WorkingCalendar, moment: datetime, a: timedelta, b: timedelta) -> None:
        less, more = sorted((a, b))
        assert calendar.add_working_hours(moment, less) <= calendar.add_working_hours(moment, more)

    @given(calendars, moments, amounts)
    def test_back_loses_nothing(self, calendar: WorkingCalendar, moment: datetime, amount: timedelta) -> None:
        before = calendar.add_working_hours(moment, -amount)
        assert before <= moment
        assert calendar.working_time(before, moment) == amount


class TestHours:
    @pytest.mark.parametrize(
        ("hours", "code"),
        [
            ({}, "calendar_without_hours"),
            ({0: ()}, "calendar_without_hours"),
            ({0: (Span(time(9), time(9)),)}, "calendar_hours_invalid"),
            ({0: (Span(time(9), time(12)), Span(time(11), time(14)))}, "calendar_hours_invalid"),
            ({0: (Span(time(14), time(18)), Span(time(9), time(12)))}, "calendar_hours_invalid"),
        ],
    )
    def test_hours_that_make_no_sense_are_refused(self, hours: dict[int, tuple[Span, ...]], code: str) -> None:
        with pytest.raises(CalendarError) as refused:
            WorkingCalendar(zone=PARIS, hours=hours)
        assert refused.value.code == code
