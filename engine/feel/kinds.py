"""What operators and properties do to types: asked of the operators themselves, with a few values of each type.

So what is said before an evaluation can never differ from what the evaluation does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.data import YearsMonths
from engine.feel import operations, types
from engine.feel.closures.arithmetic import ARITHMETIC
from engine.feel.functions.registry import Parameter, fits
from engine.feel.operations import Budget
from engine.feel.values import Function, Range, TypeName, Value

_ZONE = ZoneInfo("Europe/Paris")
_VALUES: dict[str, tuple[Value, ...]] = {
    "Null": (None,),
    "number": (Decimal(2),),
    "string": ("a",),
    "boolean": (True,),
    "date": (date(2026, 1, 15),),
    "time": (time(10, 30), time(10, 30, tzinfo=UTC), time(10, 30, tzinfo=_ZONE)),
    "date and time": tuple(datetime(2026, 1, 15, 10, 30, tzinfo=zone) for zone in (None, UTC, _ZONE)),
    "days and time duration": (timedelta(days=2, seconds=3723),),
    "years and months duration": (YearsMonths(14),),
    "context": ({},),
    "function": (Function("function", (), lambda: None),),
}
_ANYTHING: tuple[Value, ...] = (
    *(each for some in _VALUES.values() for each in some),
    [],
    Range(Decimal(1), Decimal(2)),
)
_PROPERTIES = (
    *("year", "month", "day", "weekday", "hour", "minute", "second", "time offset", "timezone"),
    *("years", "months", "days", "hours", "minutes", "seconds"),
)
RANGE_PROPERTIES = ("start", "end", "start included", "end included")

Shape = tuple[str, str | None]
"""A type without the parts that no operator looks at: its name, and the name of a list's or range's items where known."""


def shape_of(kind: TypeName) -> Shape:
    """The shape of a type that is known."""
    inner = kind.arguments[0].name if kind.name in ("list", "range") and kind.arguments else None
    return kind.name, None if inner == "Any" else inner


@lru_cache(maxsize=512)
def _values(shape: Shape) -> tuple[Value, ...]:
    name, inner = shape
    if name not in ("list", "range"):
        return _VALUES[name]
    parts = _ANYTHING if inner is None else _values((inner, None))
    if name == "range":
        return tuple(Range(each, each) for each in parts)
    return ([], *([each] for each in parts))


def _types_of(values: set[str]) -> TypeName | None:
    if not values:
        return types.NULL
    return TypeName(values.pop()) if len(values) == 1 else None


def _kinds_of(operation: Callable[[Value, Value], Value], left: Shape, right: Shape) -> set[str]:
    found = (operation(one, other) for one in _values(left) for other in _values(right))
    return {types.name_of(value) for value in found if value is not None}


@lru_cache(maxsize=2048)
def arithmetic(operator: str, left: Shape, right: Shape) -> TypeName | None:
    """The type that ``left operator right`` has unless it is null; Null when it always is, None when several are possible."""
    operation = ARITHMETIC[operator]
    return _types_of(_kinds_of(lambda one, other: operation(one, other, Budget()), left, right))


@lru_cache(maxsize=512)
def negation(operand: Shape) -> TypeName | None:
    """The type of ``-operand``, as for ``arithmetic``."""
    return _types_of(
        {types.name_of(found) for one in _values(operand) if (found := operations.negated(one)) is not None}
    )


@lru_cache(maxsize=2048)
def can_be_ordered(left: Shape, right: Shape) -> bool:
    """Whether ``left < right`` can be anything but null."""
    return bool(_kinds_of(operations.less, left, right))


@lru_cache(maxsize=2048)
def can_be_equal(left: Shape, right: Shape) -> bool:
    """Whether ``left = right`` can be decided when neither is null."""
    return bool(_kinds_of(lambda one, other: operations.equal(one, other, Budget()), left, right))


@lru_cache(maxsize=512)
def property_type(kind: str, name: str) -> TypeName | None:
    """The type of a property of a date, time or duration; Null when it has none of that name."""
    values = (operations.member(value, name, Budget()) for value in _VALUES[kind])
    return _types_of({types.name_of(value) for value in values if value is not None})


def properties_of(kind: str) -> tuple[str, ...]:
    """The names of the properties that values of a type have."""
    if kind == "range":
        return RANGE_PROPERTIES
    return tuple(name for name in _PROPERTIES if property_type(kind, name) != types.NULL)


@lru_cache(maxsize=2048)
def can_be_argument(given: Shape, parameter: Parameter) -> bool:
    """Whether a value of the type ``given`` can be what ``parameter`` of a built-in function takes."""
    return any(fits(parameter, value) for value in _values(given))
