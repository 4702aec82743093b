"""The types of FEEL by name, and the test that a value is of one (``instance of``, DMN 1.5 §10.3.2.9)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from engine.data import YearsMonths
from engine.feel.tree import TypeName
from engine.feel.values import Function, Range, Value

_BASIC: dict[str, type] = {
    "number": Decimal,
    "string": str,
    "boolean": bool,
    "date": date,
    "time": time,
    "date and time": datetime,
    "days and time duration": timedelta,
    "years and months duration": YearsMonths,
    "list": list,
    "context": dict,
    "range": Range,
    "function": Function,
}
_OTHER_NAMES = {
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "day time duration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "year month duration": "years and months duration",
}
TYPE_NAMES = (*_BASIC, *_OTHER_NAMES, "Any", "Null")
_NAME_OF = {kind: name for name, kind in _BASIC.items()}


def is_known(wanted: TypeName) -> bool:
    """Whether every name in ``wanted`` means a type of FEEL."""
    return (
        wanted.name in TYPE_NAMES
        and all(map(is_known, wanted.arguments))
        and all(is_known(kind) for _, kind in wanted.fields)
    )


def is_instance(value: Value, wanted: TypeName) -> bool:
    """Whether ``value`` is of type ``wanted``. Null is of type Null only; a list, context or range must fit in all its parts."""
    name = _OTHER_NAMES.get(wanted.name, wanted.name)
    if name == "Any":
        return value is not None
    if value is None or name == "Null":
        return value is None and name == "Null"
    if _NAME_OF.get(type(value)) != name:
        return False
    if name == "list" and wanted.arguments:
        return all(conforms(item, wanted.arguments[0]) for item in value)
    if name == "context":
        return all(key in value and conforms(value[key], kind) for key, kind in wanted.fields)
    if name == "range" and wanted.arguments:
        return all(end is None or is_instance(end, wanted.arguments[0]) for end in (value.start, value.end))
    if name == "function" and wanted.arguments:
        return len(value.parameters) == len(wanted.arguments) - 1
    return True


def conforms(value: Value, wanted: TypeName) -> bool:
    """Like ``is_instance``, but null fits every type (DMN 1.5 §10.3.2.9.4)."""
    return value is None or is_instance(value, wanted)
