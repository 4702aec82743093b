"""Values in stories: YAML to values of a process, values as FEEL writes them, and whether two are exactly the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.data import YearsMonths
from engine.feel import Budget, Environment, Expression, Value, call_builtin
from engine.model.values import storable
from engine.stories.story import Given

_NO_MOMENT = Environment(now=datetime(2000, 1, 1, tzinfo=UTC))
_LONGEST = 200
"""Characters of a value in a sentence."""


def given(
    data: Any, expression: Callable[[tuple[str | int, ...], str], Expression | None], path: tuple[str | int, ...]
) -> Given:
    """``data`` of YAML with whole numbers as decimals and texts that begin with ``=`` as what ``expression(path, text)`` makes of them."""
    if isinstance(data, dict):
        return {key: given(value, expression, (*path, key)) for key, value in data.items()}
    if isinstance(data, list):
        return [given(value, expression, (*path, number)) for number, value in enumerate(data)]
    if isinstance(data, str) and data.startswith("="):
        return expression(path, data)
    return Decimal(data) if isinstance(data, int) and not isinstance(data, bool) else data


def value_of(found: Given, environment: Environment) -> Value:
    """The value at ``environment.now``. Raises EngineError: what FEEL cannot compute, a value that a process cannot keep."""
    return storable(_computed(found, environment))


def values_of(found: Mapping[str, Given], environment: Environment) -> dict[str, Value]:
    """The same for each."""
    return {name: value_of(each, environment) for name, each in found.items()}


def _computed(found: Given, environment: Environment) -> Value:
    if isinstance(found, Expression):
        return found.evaluate({}, environment, Budget())
    if isinstance(found, dict):
        return {key: _computed(each, environment) for key, each in found.items()}
    if isinstance(found, list):
        return [_computed(each, environment) for each in found]
    return found


def typed(value: Value) -> str:
    """What a person would type in a form for ``value``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def notation(value: Value) -> str:
    """``value`` as an expression of FEEL."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str):
        escaped = (
            value.replace("\\", "\\\\")
            .replace('"', '\\"')
            .replace("\n", "\\n")
            .replace("\t", "\\t")
            .replace("\r", "\\r")
        )
        return f'"{escaped}"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(notation(each) for each in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{notation(str(name))}: {notation(each)}" for name, each in value.items()) + "}"
    for kind, function in _CONSTRUCTORS.items():
        if isinstance(value, kind):
            return f'{function}("{_text(value)}")'
    return notation(str(value))


_CONSTRUCTORS: Mapping[type, str] = {
    datetime: "date and time",
    date: "date",
    time: "time",
    timedelta: "duration",
    YearsMonths: "duration",
}
"""A date-time is a date too: it is asked first."""


def _text(value: Value) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(call_builtin("string", [value], _NO_MOMENT, Budget()))


def shown(value: Value) -> str:
    """``notation``, cut where it is long."""
    text = notation(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def same(first: Value, second: Value) -> bool:
    """Whether they are the same value of the same kind. 12.5 and 12.50 are one number; a date and its text are two things."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(same(value, second[name]) for name, value in first.items())
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, datetime) and isinstance(second, datetime):
        # moments with an offset are compared by their instant; one without is none
        return (first.tzinfo is None) == (second.tzinfo is None) and first == second
    return type(first) is type(second) and bool(first == second)
