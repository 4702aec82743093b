"""What operators do beyond two plain numbers: equality, order, arithmetic of dates and durations; null where undefined (DMN 1.5 §10.3.2).

``Budget`` counts the work of one evaluation; walks through nested values charge it, so that a value that repeats
itself cannot cost more than its bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, DecimalException
from uuid import UUID

from engine.data import YearsMonths
from engine.feel import numbers, temporal
from engine.feel.errors import FeelFailure
from engine.feel.numbers import CONTEXT
from engine.feel.values import Function, Range, Value

MAX_STEPS = 500_000
MAX_ITEMS = 100_000
MAX_TEXT = 100_000
MAX_CALLS = 100
_CHARACTERS_PER_STEP = 16
_CALL_STEPS = 20
_COMPARISON_STEPS = 5
_ROOT_STEPS = 60
"""A power whose exponent is no whole number takes hundreds of times as long as a product."""


class Budget:
    """The work that is left, in steps: about one per node evaluated, item touched, or 16 characters."""

    # defaults of the class, so that making one costs nothing: most evaluations never touch it
    left: int = MAX_STEPS
    calls: int = 0
    _prepared: frozenset[object] = frozenset()

    @property
    def spent(self) -> int:
        """The steps taken so far."""
        return MAX_STEPS - self.left

    def spend(self, steps: int) -> None:
        """Take ``steps``. Raises FeelFailure when none are left."""
        self.left -= steps
        if self.left < 0:
            raise FeelFailure("feel_too_much_work", limit=MAX_STEPS)

    def text(self, length: int) -> None:
        """A text of ``length`` characters is about to be made or read. Raises FeelFailure."""
        if length > MAX_TEXT:
            raise FeelFailure("feel_text_too_long", limit=MAX_TEXT)
        self.spend(length // _CHARACTERS_PER_STEP)

    def items(self, count: int, each: int = 1) -> None:
        """A list of ``count`` items is about to be made or read, with ``each`` steps for every one. Raises FeelFailure."""
        if count > MAX_ITEMS:
            raise FeelFailure("feel_list_too_long", limit=MAX_ITEMS)
        self.left -= count * each
        if self.left < 0:
            raise FeelFailure("feel_too_much_work", limit=MAX_STEPS)

    def prepare(self, thing: object, steps: int) -> None:
        """Something that one evaluation makes ready once, like a pattern, is charged once, whether it was at hand already or not."""
        if thing not in self._prepared:
            self.spend(steps)
            self._prepared |= {thing}

    def enter(self, steps: int = 0) -> None:
        """A function written in FEEL is called, whose body has ``steps`` nodes. Raises FeelFailure when calls nest too deep.

        Whoever entered lowers ``calls`` by one on the way out.
        """
        self.calls += 1
        if self.calls > MAX_CALLS:
            raise FeelFailure("feel_calls_too_deep", limit=MAX_CALLS)
        self.spend(_CALL_STEPS + steps)


def normal(value: object) -> Value:
    """``value`` as FEEL knows it: whole numbers of Python, ids, tuples and mappings that are not dicts come in too.

    The rest is null, and so are the decimals that are no numbers (NaN, infinity).
    """
    if type(value) is Decimal:
        return value if value.is_finite() else None
    if type(value) in _FEEL_TYPES:
        return value
    if isinstance(value, int):
        return CONTEXT.create_decimal(value) if abs(value) < 10**6000 else None
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return None


_FEEL_TYPES = frozenset(
    (type(None), bool, Decimal, str, date, time, datetime, timedelta, YearsMonths, list, dict, Range, Function)
)


# --- equality and order


def equal(left: Value, right: Value, budget: Budget) -> bool | None:
    """``left = right``: null when the kinds differ, except that nothing but null equals null (DMN 1.5 table 53)."""
    if left is None or right is None:
        return left is right
    left, right = normal(left), normal(right)
    kind = type(left)
    if kind is not type(right):
        return None
    if kind is list:
        return _equal_lists(left, right, budget)
    if kind is dict:
        return _equal_contexts(left, right, budget)
    if kind is Range:
        return _equal_ranges(left, right, budget)
    if kind is datetime or kind is time:
        return _equal_moments(left, right)
    if kind is Function:
        return left is right
    return bool(left == right)


def _equal_lists(left: list[Value], right: list[Value], budget: Budget) -> bool | None:
    if len(left) != len(right):
        return False
    budget.spend(_COMPARISON_STEPS + len(left))
    for one, other in zip(left, right, strict=True):
        found = equal(one, other, budget)
        if not found:
            return found
    return True


def _equal_contexts(left: dict[str, Value], right: dict[str, Value], budget: Budget) -> bool | None:
    if left.keys() != right.keys():
        return False
    budget.spend(_COMPARISON_STEPS + len(left))
    for key, one in left.items():
        found = equal(one, right[key], budget)
        if not found:
            return found
    return True


def _equal_ranges(left: Range, right: Range, budget: Budget) -> bool:
    return (
        (left.start_included, left.end_included) == (right.start_included, right.end_included)
        and equal(left.start, right.start, budget) is True
        and equal(left.end, right.end, budget) is True
    )


def _equal_moments(left: datetime | time, right: datetime | time) -> bool:
    """A local time is no moment, so it equals none; that it has an order with one (table 54) is for comparing alone."""
    return (left.tzinfo is None) == (right.tzinfo is None) and order(left, right) == 0


def order(left: Value, right: Value) -> int | None:
    """-1, 0 or 1 as ``left`` is less than, equal to or greater than ``right``; None when they have no order."""
    left, right = normal(left), normal(right)
    kind = type(left)
    if kind is not type(right):
        return None
    try:
        if kind is datetime:
            left, right = _as_moments(left, right)
        elif kind is time:
            left, right = temporal.since_midnight(left, right), temporal.since_midnight(right, left)
        elif kind not in _ORDERED:
            return None
        return -1 if left < right else int(left > right)
    except (DecimalException, OverflowError):
        return None


def _as_moments(left: datetime, right: datetime) -> tuple[datetime, datetime]:
    """Both to the millisecond, and both in UTC if one has a zone: the other takes its offset (DMN 1.5 table 54)."""
    if left.tzinfo is None and right.tzinfo is not None:
        left = left.replace(tzinfo=timezone(right.utcoffset() or timedelta(0)))
    elif right.tzinfo is None and left.tzinfo is not None:
        right = right.replace(tzinfo=timezone(left.utcoffset() or timedelta(0)))
    if left.tzinfo is not None:
        # Python compares the clocks, not the moments, of two date-times in one zone
        left, right = left.astimezone(UTC), right.astimezone(UTC)
    return temporal.to_millisecond(left), temporal.to_millisecond(right)


_ORDERED = frozenset((Decimal, str, date, timedelta, YearsMonths))


def less(left: Value, right: Value) -> bool | None:
    """``left < right``."""
    found = order(left, right)
    return None if found is None else found < 0


def at_most(left: Value, right: Value) -> bool | None:
    """``left <= right``."""
    found = order(left, right)
    return None if found is None else found <= 0


def within(value: Value, interval: Range) -> bool | None:
    """Does ``interval`` hold ``value``? Null when they cannot be compared."""
    if interval.start is None and interval.end is None:
        return None
    if interval.start is not None:
        found = order(interval.start, value)
        if found is None:
            return None
        if found > 0 or (found == 0 and not interval.start_included):
            return False
    if interval.end is not None:
        found = order(value, interval.end)
        if found is None:
            return None
        if found > 0 or (found == 0 and not interval.end_included):
            return False
    return True


def contains(items: list[Value], value: Value, budget: Budget) -> bool:
    """Whether something equal to ``value`` is in ``items``."""
    budget.spend(len(items))
    return any(equal(item, value, budget) is True for item in items)


def passes(value: Value, tested: Value, budget: Budget) -> bool | None:
    """``value in tested``: equal to it, in the list, or within the range (DMN 1.5 table 55)."""
    if type(tested) is Range:
        return within(value, tested)
    if type(tested) is list:
        if type(value) is list and equal(value, tested, budget) is True:
            return True
        budget.spend(len(tested))
        return any(
            (within(value, item) if type(item) is Range else equal(value, item, budget)) is True for item in tested
        )
    return equal(value, tested, budget)


# --- arithmetic


def add(left: Value, right: Value, budget: Budget) -> Value:
    """``left + right``."""
    left, right = normal(left), normal(right)
    kind, other = type(left), type(right)
    if kind is Decimal and other is Decimal:
        return _counted(CONTEXT.add, left, right)
    if kind is str and other is str:
        budget.text(len(left) + len(right))
        return left + right
    if other in _DURATIONS:
        return _later(left, right)
    if kind in _DURATIONS:
        return _later(right, left)
    return None


def subtract(left: Value, right: Value) -> Value:
    """``left - right``."""
    left, right = normal(left), normal(right)
    kind, other = type(left), type(right)
    if kind is Decimal and other is Decimal:
        return _counted(CONTEXT.subtract, left, right)
    if other in _DURATIONS:
        return _later(left, negated(right))
    if kind is time and other is time:
        return temporal.elapsed_time(left, right)
    if kind in (date, datetime) and other in (date, datetime):
        return temporal.elapsed(_as_moment(left, right), _as_moment(right, left))
    return None


def _as_moment(value: date | datetime, beside: date | datetime) -> datetime:
    """A day is its midnight: in UTC beside a moment that has a zone, else without one."""
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time(tzinfo=UTC if isinstance(beside, datetime) and beside.tzinfo else None))


def _later(value: Value, duration: timedelta | YearsMonths) -> Value:
    kind = type(value)
    if isinstance(duration, YearsMonths):
        if kind is date or kind is datetime:
            return temporal.months_later(value, duration.months)
        return _months(value.months + duration.months) if kind is YearsMonths else None
    if kind is datetime:
        return temporal.shifted(value, duration)
    try:
        if kind is date:
            return (datetime.combine(value, time()) + duration).date()
        if kind is timedelta:
            return value + duration
    except OverflowError:
        return None
    if kind is time:
        day = datetime.combine(_ANY_DAY, value.replace(tzinfo=None))
        return (day + duration % timedelta(days=1)).time().replace(tzinfo=value.tzinfo)
    return None


def _months(months: int) -> YearsMonths | None:
    return YearsMonths(months) if abs(months) < 10**18 else None


def negated(value: Value) -> Value:
    """``-value``."""
    value = normal(value)
    if type(value) is Decimal:
        return _counted(CONTEXT.minus, value)
    if type(value) is YearsMonths:
        return YearsMonths(-value.months)
    if type(value) is timedelta:
        return temporal.made_duration(-temporal.microseconds_of(value))
    return None


def multiply(left: Value, right: Value) -> Value:
    """``left * right``."""
    left, right = normal(left), normal(right)
    if type(left) is Decimal and type(right) is Decimal:
        return _counted(CONTEXT.multiply, left, right)
    if type(left) is Decimal:
        left, right = right, left
    return _scaled(left, right, CONTEXT.multiply) if type(right) is Decimal else None


def divide(left: Value, right: Value) -> Value:
    """``left / right``."""
    left, right = normal(left), normal(right)
    kind, other = type(left), type(right)
    if kind is Decimal and other is Decimal:
        return numbers.quotient(left, right)
    if other is Decimal:
        return _scaled(left, right, CONTEXT.divide)
    if kind is timedelta and other is timedelta:
        return numbers.quotient(Decimal(temporal.microseconds_of(left)), Decimal(temporal.microseconds_of(right)))
    if kind is YearsMonths and other is YearsMonths:
        return numbers.quotient(Decimal(left.months), Decimal(right.months))
    return None


def power(left: Value, right: Value, budget: Budget) -> Value:
    """``left ** right``."""
    left, right = normal(left), normal(right)
    if type(left) is not Decimal or type(right) is not Decimal:
        return None
    if right != right.to_integral_value():
        budget.spend(_ROOT_STEPS)
    return numbers.power(left, right)


def _scaled(duration: Value, factor: Decimal, operation: object) -> Value:
    if type(duration) is timedelta:
        made = _counted(operation, Decimal(temporal.microseconds_of(duration)), factor)
        return None if made is None or made.adjusted() > 24 else temporal.made_duration(int(made))
    if type(duration) is YearsMonths:
        made = _counted(operation, Decimal(duration.months), factor)
        return None if made is None or made.adjusted() > 17 else YearsMonths(int(made))
    return None


def _counted(operation: object, *operands: Decimal) -> Decimal | None:
    try:
        return operation(*operands)  # type: ignore[operator,no-any-return]
    except DecimalException:
        return None


_DURATIONS = (timedelta, YearsMonths)
_ANY_DAY = date(2000, 1, 1)


# --- paths


def member(value: Value, name: str, budget: Budget) -> Value:
    """``value.name``: an entry of a context, a property of a date, time, duration or range; of a list, that of every item."""
    value = normal(value)
    kind = type(value)
    if kind is dict:
        return value.get(name)
    if kind is list:
        budget.items(len(value))
        return [member(item, name, budget) for item in value]
    if kind is Range:
        return _range_property(value, name)
    return temporal.property_of(value, name)


def _range_property(value: Range, name: str) -> Value:
    if name == "start":
        return value.start
    if name == "end":
        return value.end
    if name == "start included":
        return value.start_included
    return value.end_included if name == "end included" else None


def weigh(value: Value, budget: Budget) -> None:
    """Charge for a value that leaves the evaluation, every repetition counted: whoever stores it will write it out in full."""
    stack = [value]
    while stack:
        item = stack.pop()
        budget.spend(1)
        if type(item) is list:
            stack.extend(item)
        elif type(item) is dict:
            stack.extend(item.values())
        elif type(item) is str:
            budget.spend(len(item) // _CHARACTERS_PER_STEP)
