"""The kinds of values that a column can have, each with a way to name a value between two others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Context, Decimal, localcontext
from typing import Any

from engine.data import YearsMonths
from engine.feel import Value
from engine.feel.numbers import CONTEXT as FEEL_NUMBERS

Between = Callable[[Any, Any], Any]

_DIGITS = 34
_WIDE = Context(prec=200, Emax=999_999, Emin=-999_999)


@dataclass(frozen=True, slots=True)
class Kind:
    """``between`` gives a value strictly between two others (None: no bound on that side), the plainest it can; None when there is none."""

    name: str
    between: Between


def kind_of(value: Value) -> Kind | None:
    """The ordered kind of a constant; None for texts, booleans and null."""
    if type(value) is datetime and value.tzinfo is not None:
        return ZONED_MOMENT
    return _OF_TYPE.get(type(value))


def comparable(value: Value) -> Value:
    """``value`` in the form in which Python sorts it as FEEL does."""
    return value.astimezone(UTC) if type(value) is datetime and value.tzinfo is not None else value


def _number(low: Decimal | None, high: Decimal | None) -> Decimal | None:
    with localcontext(_WIDE):
        if low is None:
            return Decimal(0) if high is None else _beyond(high, Decimal(-1))
        if high is None:
            return _beyond(low, Decimal(1))
        # the first number after ``low`` with as few decimals as the gap allows
        for exponent in range(max(0, low.adjusted() - _DIGITS + 1), -_DIGITS, -1):
            step = Decimal(1).scaleb(exponent)
            found = low.quantize(step, ROUND_FLOOR) + step
            if found < high and _fits(found):
                return found
        found = FEEL_NUMBERS.divide(low + high, Decimal(2))
        return found if low < found < high else None


def _beyond(value: Decimal, step: Decimal) -> Decimal | None:
    found = value + step
    if not _fits(found):
        found = value * (2 if (value > 0) == (step > 0) else Decimal("0.5"))
    return found if _fits(found) and found != value else None


def _fits(value: Decimal) -> bool:
    return len(value.normalize().as_tuple().digits) <= _DIGITS


def _whole(low: Decimal | None, high: Decimal | None) -> Decimal | None:
    with localcontext(_WIDE):
        found = Decimal(0) if low is None or low < 0 else low // 1 + 1
        return found if high is None or found < high else None


def _day(low: date | None, high: date | None) -> date | None:
    if low is None:
        if high is None:
            return date(2026, 1, 1)
        return None if high == date.min else high - timedelta(days=1)
    if low == date.max:
        return None
    found = low + timedelta(days=1)
    return found if high is None or found < high else None


_STEPS = (
    timedelta(days=1),
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
    timedelta(microseconds=1),
)


def _stepping(start: Value) -> Between:
    """For kinds that are whole numbers of microseconds."""

    def between(low: Value, high: Value) -> Value:
        if low is None and high is None:
            return start
        for step in _STEPS:
            try:
                found = high - step if low is None else low + step
            except OverflowError:
                continue
            if low is None or high is None or found < high:
                return found
        return None

    return between


def _time(low: time | None, high: time | None) -> time | None:
    day = date(2026, 1, 1)
    if low is None:
        # midnight is the first of all
        return time(12) if high is None else time() if high > time() else None
    start = datetime.combine(day, low)
    for step in _STEPS[1:]:
        found = start + step
        if found.date() == day and (high is None or found.time() < high):
            return found.time()
    return None


def _months(low: YearsMonths | None, high: YearsMonths | None) -> YearsMonths | None:
    if low is None:
        return YearsMonths(0) if high is None else YearsMonths(high.months - 1)
    found = YearsMonths(low.months + 1)
    return found if high is None or found < high else None


NUMBER = Kind("number", _number)
WHOLE = Kind("number", _whole)
DATE = Kind("date", _day)
MOMENT = Kind("date and time", _stepping(datetime(2026, 1, 1, 12)))  # noqa: DTZ001 - a moment without zone is a value of FEEL
ZONED_MOMENT = Kind("date and time", _stepping(datetime(2026, 1, 1, 12, tzinfo=UTC)))
TIME = Kind("time", _time)
DAYS = Kind("days and time duration", _stepping(timedelta()))
MONTHS = Kind("years and months duration", _months)

BY_TYPE = {kind.name: kind for kind in (NUMBER, DATE, MOMENT, TIME, DAYS, MONTHS)}
"""The ordered kinds by the name of their type."""

_OF_TYPE: dict[type, Kind] = {
    Decimal: NUMBER,
    date: DATE,
    datetime: MOMENT,
    time: TIME,
    timedelta: DAYS,
    YearsMonths: MONTHS,
}
