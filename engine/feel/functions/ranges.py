"""Functions on ranges: ``range`` and the fourteen relations between points and ranges (DMN 1.5 §10.3.4.1, table 72, and table 78).

The table says each relation by comparing ends and asking whether they are included. Both are one order here: an end is a value and a
side, *at* it when it is included, *just after* an excluded start, *just before* an excluded end. An unbounded end lies beyond all values.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import DecimalException
from functools import wraps
from typing import NamedTuple

from engine.feel import temporal
from engine.feel.errors import FeelSyntaxError
from engine.feel.functions.registry import builtin
from engine.feel.lexer import Token, text_of, tokens_of
from engine.feel.numbers import CONTEXT
from engine.feel.operations import Budget, order
from engine.feel.values import Range, Value

# --- relations


class _End(NamedTuple):
    """``infinite`` is -1 or 1 beyond all values, else 0; ``side`` is -1 just before ``value``, 0 at it, 1 just after it."""

    infinite: int
    value: Value
    side: int


class _NoOrder(Exception):
    """Two ends are of kinds that have no order: no relation between them is true or false."""


def _start(value: Value) -> _End:
    if type(value) is not Range:
        return _End(0, value, 0)
    return _End(-1, None, 0) if value.start is None else _End(0, value.start, 0 if value.start_included else 1)


def _end(value: Value) -> _End:
    if type(value) is not Range:
        return _End(0, value, 0)
    return _End(1, None, 0) if value.end is None else _End(0, value.end, 0 if value.end_included else -1)


def _compared(one: _End, other: _End) -> int:
    """Below, at or above zero as ``one`` lies before, at or after ``other``."""
    if one.infinite or other.infinite:
        return one.infinite - other.infinite
    found = order(one.value, other.value)
    if found is None:
        raise _NoOrder
    return found or one.side - other.side


_POINTS = "{}(point1: point, point2: point) -> boolean"
_POINT_RANGE = "{}(point: point, range: range) -> boolean"
_RANGE_POINT = "{}(range: range, point: point) -> boolean"
_RANGES = "{}(range1: range, range2: range) -> boolean"


def _relation(name: str, *forms: str) -> Callable[[Callable[[Value, Value], bool]], Callable[[Value, Value], Value]]:
    """A relation of two values in the given ``forms``; null when their ends cannot be compared."""

    def describe(holds: Callable[[Value, Value], bool]) -> Callable[[Value, Value], Value]:
        @wraps(holds)
        def run(one: Value, other: Value) -> Value:
            try:
                return holds(one, other)
            except _NoOrder:
                return None

        return builtin(*(form.format(name) for form in forms))(run)

    return describe


def _overlaps_before(one: Value, other: Value) -> bool:
    return (
        _compared(_start(one), _start(other)) < 0
        and _compared(_end(one), _start(other)) >= 0
        and _compared(_end(one), _end(other)) <= 0
    )


def _starts(one: Value, other: Value) -> bool:
    if _compared(_start(one), _start(other)) != 0:
        return False
    return type(one) is not Range or _compared(_end(one), _end(other)) <= 0


def _finishes(one: Value, other: Value) -> bool:
    if _compared(_end(one), _end(other)) != 0:
        return False
    return type(one) is not Range or _compared(_start(one), _start(other)) >= 0


def _includes(one: Value, other: Value) -> bool:
    return _compared(_start(one), _start(other)) <= 0 and _compared(_end(one), _end(other)) >= 0


@_relation("before", _POINTS, _POINT_RANGE, _RANGE_POINT, _RANGES)
def before(one: Value, other: Value) -> bool:
    """Whether all of ``one`` lies before all of ``other``."""
    return _compared(_end(one), _start(other)) < 0


@_relation("after", _POINTS, _POINT_RANGE, _RANGE_POINT, _RANGES)
def after(one: Value, other: Value) -> bool:
    """Whether all of ``one`` lies after all of ``other``."""
    return _compared(_start(one), _end(other)) > 0


@_relation("meets", _RANGES)
def meets(one: Value, other: Value) -> bool:
    """Whether ``one`` ends with the value that ``other`` starts with."""
    return _compared(_end(one), _start(other)) == 0


@_relation("met by", _RANGES)
def met_by(one: Value, other: Value) -> bool:
    """Whether ``one`` starts with the value that ``other`` ends with."""
    return _compared(_start(one), _end(other)) == 0


@_relation("overlaps", _RANGES)
def overlaps(one: Value, other: Value) -> bool:
    """Whether neither lies before the other."""
    return _compared(_end(one), _start(other)) >= 0 and _compared(_start(one), _end(other)) <= 0


@_relation("overlaps before", _RANGES)
def overlaps_before(one: Value, other: Value) -> bool:
    """Whether ``one`` starts before ``other`` and ends within it."""
    return _overlaps_before(one, other)


@_relation("overlaps after", _RANGES)
def overlaps_after(one: Value, other: Value) -> bool:
    """Whether ``other`` starts before ``one`` and ends within it."""
    return _overlaps_before(other, one)


@_relation("finishes", _POINT_RANGE, _RANGES)
def finishes(one: Value, other: Value) -> bool:
    """Whether ``one`` is the last value, or a range at the end, of ``other``."""
    return _finishes(one, other)


@_relation("finished by", _RANGE_POINT, _RANGES)
def finished_by(one: Value, other: Value) -> bool:
    """Whether ``other`` is the last value, or a range at the end, of ``one``."""
    return _finishes(other, one)


@_relation("includes", _RANGE_POINT, _RANGES)
def includes(one: Value, other: Value) -> bool:
    """Whether all of ``other`` lies in ``one``."""
    return _includes(one, other)


@_relation("during", _POINT_RANGE, _RANGES)
def during(one: Value, other: Value) -> bool:
    """Whether all of ``one`` lies in ``other``."""
    return _includes(other, one)


@_relation("starts", _POINT_RANGE, _RANGES)
def starts(one: Value, other: Value) -> bool:
    """Whether ``one`` is the first value, or a range at the start, of ``other``."""
    return _starts(one, other)


@_relation("started by", _RANGE_POINT, _RANGES)
def started_by(one: Value, other: Value) -> bool:
    """Whether ``other`` is the first value, or a range at the start, of ``one``."""
    return _starts(other, one)


@_relation("coincides", _POINTS, _RANGES)
def coincides(one: Value, other: Value) -> bool:
    """Whether both are the same."""
    return _compared(_start(one), _start(other)) == 0 and _compared(_end(one), _end(other)) == 0


# --- range(from)

_STARTS = {"[": True, "(": False, "]": False}
_ENDS = {"]": True, ")": False, "[": False}
_LITERAL_FUNCTIONS: dict[str, Callable[[str], Value]] = {
    "date": temporal.parse_date,
    "time": temporal.parse_time,
    "date and time": temporal.parse_datetime,
    "duration": temporal.parse_duration,
}


@builtin("range(from: string) -> range")
def range_from(budget: Budget, text: str) -> Value:
    """A range from its text; its ends are literals (DMN 1.5 grammar rule 66), in their order, and an absent one is not included."""
    budget.text(len(text))
    try:
        tokens = tokens_of(text)[:-1]
    except FeelSyntaxError:
        return None
    middle = next((index for index, token in enumerate(tokens) if token.kind == "sign" and token.text == ".."), None)
    if middle is None or tokens[0].text not in _STARTS or tokens[-1].text not in _ENDS or len(tokens) < 4:
        return None
    start_included, end_included = _STARTS[tokens[0].text], _ENDS[tokens[-1].text]
    first, last = tokens[1:middle], tokens[middle + 1 : -1]
    start, end = _literal(first), _literal(last)
    if (start is None and (first or start_included)) or (end is None and (last or end_included)):
        return None
    if start is not None and end is not None and order(start, end) not in (-1, 0):
        return None
    return Range(start, end, start_included, end_included)


def _literal(tokens: list[Token]) -> Value:
    """A number, a text, ``@"…"`` or a call like ``date("…")``; None when it is anything else."""
    kinds = [token.kind for token in tokens]
    if kinds[:1] == ["sign"] and tokens[0].text == "-" and kinds[1:] == ["number"]:
        return _negated(_literal(tokens[1:]))
    if kinds == ["number"]:
        try:
            return CONTEXT.create_decimal(tokens[0].text)
        except DecimalException:
            return None
    if kinds == ["string"]:
        return text_of(tokens[0].text)
    if kinds == ["at"]:
        return temporal.parse_at(text_of(tokens[0].text[1:]))
    name = " ".join(token.text for token in tokens[:-3])
    if kinds[-3:] == ["sign", "string", "sign"] and tokens[-3].text + tokens[-1].text == "()":
        return _LITERAL_FUNCTIONS[name](text_of(tokens[-2].text)) if name in _LITERAL_FUNCTIONS else None
    return None


def _negated(number: Value) -> Value:
    return None if number is None else CONTEXT.minus(number)
