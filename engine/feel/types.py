"""The types of FEEL: named ones resolved, conformance of types and values, conversions (DMN 1.5 §10.3.2.9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from engine.data import YearsMonths
from engine.feel.operations import Budget, normal
from engine.feel.values import Function, Range, TypeName, Value

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

ANY = TypeName("Any")
NULL = TypeName("Null")
NUMBER = TypeName("number")
BOOLEAN = TypeName("boolean")

MAX_PARTS = 2_000
"""How many parts a named type may have once all names in it are resolved: each may name others twice over."""
_MAX_DEPTH = 50


class UnresolvedType(Exception):
    """A type cannot be resolved: ``name`` means nothing (code ``feel_unknown_type``), or it has too many parts."""

    def __init__(self, code: str, name: str) -> None:
        super().__init__(code, name)
        self.code, self.name = code, name


def name_of(value: Value) -> str:
    """The name of the type of a value as FEEL knows it."""
    return "Null" if value is None else _NAME_OF[type(value)]


def name_of_kind(kind: type) -> str:
    """The name of the type whose values are of a class of Python."""
    return _NAME_OF[kind]


def known(kind: TypeName | None) -> TypeName | None:
    """``kind``, or None when it says nothing."""
    return None if kind is None or kind.name == "Any" else kind


def joined(one: TypeName | None, other: TypeName | None) -> TypeName | None:
    """The type of what is of one of two types, where that is known: the parts that both agree on."""
    if one is None or other is None or one == other:
        return one if one == other else None
    if NULL in (one, other):
        return other if one == NULL else one
    if one.name != other.name or one.name not in ("list", "range", "context"):
        return None
    if one.name == "context":
        theirs = dict(other.fields)
        both = ((key, joined(known(kind), known(theirs[key]))) for key, kind in one.fields if key in theirs)
        return TypeName("context", (), tuple((key, kind or ANY) for key, kind in both))
    if not (one.arguments and other.arguments):
        return TypeName(one.name)
    inner = joined(known(one.arguments[0]), known(other.arguments[0]))
    return TypeName(one.name) if inner is None else TypeName(one.name, (inner,))


def resolved(wanted: TypeName, types: Mapping[str, TypeName]) -> TypeName:
    """``wanted`` with every name of ``types`` replaced by what it stands for, and other spellings by the standard's own.

    A type that contains itself (a tree of persons, say) is Any from its second level on. Raises UnresolvedType.
    """
    return _resolved(wanted, types, (), [MAX_PARTS])


def _resolved(wanted: TypeName, types: Mapping[str, TypeName], within: tuple[str, ...], left: list[int]) -> TypeName:
    left[0] -= 1
    if left[0] < 0 or len(within) > _MAX_DEPTH:
        raise UnresolvedType("feel_type_too_large", wanted.name)
    name = _OTHER_NAMES.get(wanted.name, wanted.name)
    if name in types and not (wanted.arguments or wanted.fields):
        return ANY if name in within else _resolved(types[name], types, (*within, name), left)
    if name not in TYPE_NAMES:
        raise UnresolvedType("feel_unknown_type", wanted.name)
    return TypeName(
        name,
        tuple(_resolved(part, types, within, left) for part in wanted.arguments),
        tuple((key, _resolved(part, types, within, left)) for key, part in wanted.fields),
    )


def subtype(one: TypeName, other: TypeName) -> bool:
    """Whether ``one`` conforms to ``other`` (DMN 1.5 §10.3.2.9.2): each of its values fits ``other`` too. Both are resolved.

    A list, range or function of which nothing more is said is one of Any. Functions take at least what ``other`` takes.
    """
    if other.name == "Any" or one.name == "Null":
        return True
    if one.name != other.name:
        return False
    if one.name == "context":
        own = dict(one.fields)
        return all(key in own and subtype(own[key], kind) for key, kind in other.fields)
    if one.name == "function":
        return _function_subtype(one, other)
    if one.name in ("list", "range"):
        return not other.arguments or subtype(one.arguments[0] if one.arguments else ANY, other.arguments[0])
    return True


def _function_subtype(one: TypeName, other: TypeName) -> bool:
    if not other.arguments:
        return True
    if len(one.arguments) != len(other.arguments):
        return False
    *own, result = one.arguments
    *wanted, wanted_result = other.arguments
    return subtype(result, wanted_result) and all(
        subtype(theirs, mine) for mine, theirs in zip(own, wanted, strict=True)
    )


def is_instance(value: Value, wanted: TypeName, budget: Budget | None = None) -> bool:
    """Whether ``value`` is of type ``wanted``, resolved. Null is of type Null only; within lists and contexts it fits all.

    ``budget`` is charged with the parts that are looked at.
    """
    value, name = normal(value), _OTHER_NAMES.get(wanted.name, wanted.name)
    if name == "Any":
        return value is not None
    if value is None or name == "Null":
        return value is None and name == "Null"
    if _NAME_OF.get(type(value)) != name:
        return False
    if name == "list" and wanted.arguments and wanted.arguments[0].name != "Any":
        if budget is not None:
            budget.spend(len(value))
        return all(conforms(item, wanted.arguments[0], budget) for item in value)
    if name == "context" and wanted.fields:
        if budget is not None:
            budget.spend(len(wanted.fields))
        return all(key in value and conforms(value[key], kind, budget) for key, kind in wanted.fields)
    if name == "range" and wanted.arguments:
        return all(conforms(end, wanted.arguments[0]) for end in (value.start, value.end))
    if name == "function" and wanted.arguments:
        return subtype(type_of_function(value), wanted)
    return True


def type_of_function(value: Function) -> TypeName:
    """The type of a function: as found when it was written, else one that takes and gives anything."""
    return value.type or TypeName("function", (ANY,) * (len(value.parameters) + 1))


def conforms(value: Value, wanted: TypeName, budget: Budget | None = None) -> bool:
    """Like ``is_instance``, but null fits every type (DMN 1.5 §10.3.2.9.4)."""
    return normal(value) is None or is_instance(value, wanted, budget)


def coerced(value: Value, wanted: TypeName, budget: Budget | None = None) -> Value:
    """``value`` where ``wanted`` is expected: as it is when it conforms, converted, or null (DMN 1.5 §10.3.2.9.4).

    Converted are an item to a list of one, a list of one to its item, and a date to its midnight in UTC.
    """
    value = normal(value)
    if conforms(value, wanted, budget):
        return value
    name = _OTHER_NAMES.get(wanted.name, wanted.name)
    if name == "list" and (not wanted.arguments or conforms(value, wanted.arguments[0], budget)):
        return [value]
    if type(value) is list and len(value) == 1 and conforms(value[0], wanted, budget):
        return normal(value[0])
    if name == "date and time" and type(value) is date:
        return datetime.combine(value, time(tzinfo=UTC))
    return None
