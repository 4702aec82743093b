"""Making values from values, and ``not`` (DMN 1.5 §10.3.4.1–2, §10.3.4.12)."""

from __future__ import annotations

import re
from datetime import datetime, time
from decimal import Decimal, DecimalException

from engine.feel import temporal
from engine.feel.functions.registry import builtin
from engine.feel.numbers import CONTEXT
from engine.feel.operations import Budget, equal, normal
from engine.feel.text import text_of
from engine.feel.values import Value

_PLAIN_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SEPARATORS = {" ", ",", ".", None}


@builtin("not(negand: boolean) -> boolean")
def not_(value: Value) -> Value:
    """True for false, false for true."""
    return not value


@builtin("string(from: any) -> string")
def string(budget: Budget, value: Value) -> Value:
    """The text of a value; null for null."""
    return None if value is None else text_of(value, budget)


@builtin("number(from: string or number) -> number")
def number(value: str | Decimal) -> Value:
    """A number from its plain text."""
    return _read(value) if isinstance(value, str) else value


@builtin("number(from: string, grouping separator: string or null, decimal separator: string or null?) -> number")
def number_separated(budget: Budget, text: str, grouping: str | None, point: str | None = None) -> Value:
    """A number from text with separators: ``number("1 234,5", " ", ",")``."""
    if grouping not in _SEPARATORS or point not in (".", ",", None) or (grouping is not None and grouping == point):
        return None
    budget.text(len(text))
    if grouping is not None:
        text = text.replace(grouping, "")
    if point is not None and point != ".":
        if "." in text:
            return None
        text = text.replace(point, ".")
    return _read(text)


def _read(text: str) -> Value:
    if len(text) > 1000 or not _PLAIN_NUMBER.fullmatch(text):
        return None
    try:
        return CONTEXT.create_decimal(text)
    except DecimalException:
        return None


@builtin("is defined(value: any) -> boolean")
def is_defined(value: Value) -> Value:
    """Whether there is a value (an extension shared with other engines)."""
    return value is not None


@builtin("is(value1: any, value2: any) -> boolean")
def is_(budget: Budget, one: Value, other: Value) -> Value:
    """Whether two values are the same, also in their kind and in the zone that they were written with."""
    if type(one) is not type(other):
        return False
    if type(one) in (time, datetime):
        return temporal.same_zone(one, other) and one.replace(tzinfo=None) == other.replace(tzinfo=None)
    return equal(normal(one), normal(other), budget) is True
