"""JSON to values of FEEL, by the types that a decision declares, and values of FEEL to JSON, without a float on either way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from engine.commands.given import exact_number
from engine.commands.speaking import AskedWrongly
from engine.data import YearsMonths
from engine.feel import FeelFailure, Function, Range, TypeName, Value, conforms, printed_value, temporal
from engine.feel.numbers import text_of as number_text
from engine.feel.printer import printed_type
from engine.feel.types import name_of

_READ: Mapping[str, Callable[[str], Value]] = {
    "number": exact_number,
    "date": temporal.parse_date,
    "time": temporal.parse_time,
    "date and time": temporal.parse_datetime,
    "days and time duration": temporal.parse_duration,
    "years and months duration": temporal.parse_duration,
}
"""What stands as text in JSON, by the type that it has in FEEL."""

_EXAMPLES = {
    "number": "12.5",
    "string": '"text"',
    "boolean": "true",
    "date": '"2026-11-22"',
    "time": '"14:30:00"',
    "date and time": '"2026-11-22T14:30:00"',
    "days and time duration": '"P2DT4H"',
    "years and months duration": '"P1Y6M"',
    "list": "[1, 2]",
    "context": '{"name": 1}',
}

_ANY = TypeName("Any")


def type_of(value: Value) -> TypeName:
    """The type of ``value``, entries and items included; Any where it is null, or where items differ."""
    if isinstance(value, dict):
        return TypeName("context", fields=tuple((name, type_of(each)) for name, each in value.items()))
    if isinstance(value, list):
        kinds = {type_of(each) for each in value if each is not None}
        return TypeName("list", (kinds.pop() if len(kinds) == 1 else _ANY,))
    return TypeName(name_of(value)) if value is not None else _ANY


def type_text(value: Value) -> str:
    """The type of ``value`` as FEEL writes it; ``Null`` for null. Raises FeelFailure for a value that is nested too deep."""
    try:
        return "Null" if value is None else printed_type(type_of(value))
    except RecursionError as error:
        raise FeelFailure("feel_too_nested_value") from error


def notation(value: Value) -> str:
    """``value`` as FEEL writes it. Raises FeelFailure for one that is nested too deep."""
    try:
        return printed_value(value)
    except RecursionError as error:
        raise FeelFailure("feel_too_nested_value") from error


def typed(value: Any, wanted: TypeName, place: str) -> Value:
    """What ``value`` of JSON is as a ``wanted`` (resolved): dates, times and durations are read from texts, numbers from texts too.

    An item stands for a list of one, and a list of one for its item (DMN 1.5 §10.3.2.9.4). ``place`` names it when AskedWrongly is raised.
    """
    if value is None or wanted.name == "Any":
        return value
    if wanted.name == "list":
        item = wanted.arguments[0] if wanted.arguments else TypeName("Any")
        items = value if isinstance(value, list) else [value]
        return [typed(each, item, f"{place}[{number}]") for number, each in enumerate(items, 1)]
    if isinstance(value, list) and len(value) == 1:
        return typed(value[0], wanted, place)
    if wanted.name == "context" and isinstance(value, dict):
        return _context(value, wanted, place)
    made = _READ[wanted.name](value) if isinstance(value, str) and wanted.name in _READ else value
    if made is None or not conforms(made, wanted):
        raise AskedWrongly(
            "cli_input_type",
            name=place,
            type=printed_type(wanted),
            found=_short(value),
            example=_EXAMPLES.get(wanted.name, "null"),
        )
    return made


def _context(value: dict[str, Any], wanted: TypeName, place: str) -> dict[str, Value]:
    """Declared entries by their types, others as they are. Raises AskedWrongly for a declared one that is not there."""
    kinds = dict(wanted.fields)
    for name in kinds:
        if name not in value:
            raise AskedWrongly("cli_input_entry_missing", name=place, entry=name)
    return {key: typed(each, kinds[key], f"{place}.{key}") if key in kinds else each for key, each in value.items()}


def _short(value: Any) -> str:
    text = json_text(value)
    return text if len(text) <= 60 else text[:59] + "…"


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON of records and of values of FEEL: numbers digit by digit, dates and durations as ISO 8601 texts, ranges as FEEL writes them.

    A function is null: it has no notation. Raises FeelFailure for a value that is nested too deep.
    """
    try:
        return "".join(_written(value, indent, 0))
    except RecursionError as error:
        raise FeelFailure("feel_too_nested_value") from error


def _written(value: Any, indent: int | None, level: int) -> Iterator[str]:
    if isinstance(value, dict | list | tuple) and value:
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        between = ", " if indent is None else ",\n" + " " * indent * (level + 1)
        yield opening + between[2 if indent is None else 1 :]
        items = value.items() if isinstance(value, dict) else ((None, each) for each in value)
        for number, (key, each) in enumerate(items):
            yield (between if number else "") + ("" if key is None else json.dumps(key, ensure_ascii=False) + ": ")
            yield from _written(each, indent, level + 1)
        yield closing if indent is None else "\n" + " " * indent * level + closing
    elif isinstance(value, Decimal):
        yield number_text(value) if value.is_finite() else "null"
    else:
        yield json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, date | time | timedelta | YearsMonths):
        return temporal.iso_text(value)
    if isinstance(value, Range):
        return printed_value(value)
    if isinstance(value, dict):
        return {}
    if isinstance(value, list | tuple):
        return []
    return None if isinstance(value, Function) else value
