"""The text of any value, as ``string()`` gives it and an expression could read it again."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal

from engine.data import YearsMonths
from engine.feel import numbers, temporal
from engine.feel.errors import FeelFailure
from engine.feel.operations import MAX_TEXT, Budget, normal
from engine.feel.values import Function, Range, Value


def text_of(value: Value, budget: Budget) -> str:
    """A string is itself; what stands inside a list or a context is quoted. Raises FeelFailure when the text is too long."""
    if type(value) is str:
        return value
    parts: list[str] = []
    _write(value, parts, budget, [0])
    return "".join(parts)


def _write(value: Value, parts: list[str], budget: Budget, length: list[int]) -> None:
    budget.spend(1)
    value = normal(value)
    if type(value) is list:
        _put("[", parts, length)
        for index, item in enumerate(value):
            _put(", " if index else "", parts, length)
            _write(item, parts, budget, length)
        _put("]", parts, length)
    elif type(value) is dict:
        _put("{", parts, length)
        for index, (key, item) in enumerate(value.items()):
            _put(f"{', ' if index else ''}{key}: ", parts, length)
            _write(item, parts, budget, length)
        _put("}", parts, length)
    elif type(value) is Range:
        _put("[" if value.start_included else "(", parts, length)
        if value.start is not None:
            _write(value.start, parts, budget, length)
        _put("..", parts, length)
        if value.end is not None:
            _write(value.end, parts, budget, length)
        _put("]" if value.end_included else ")", parts, length)
    else:
        _put(_scalar(value), parts, length)


def _put(text: str, parts: list[str], length: list[int]) -> None:
    length[0] += len(text)
    if length[0] > MAX_TEXT:
        raise FeelFailure("feel_text_too_long", limit=MAX_TEXT)
    parts.append(text)


def _scalar(value: Value) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return numbers.text_of(value)
    if isinstance(value, date | time | timedelta | YearsMonths):
        return temporal.iso_text(value)
    return f"function {value.name}" if isinstance(value, Function) else "null"
