"""Which values a process may keep, brought into the one form that survives being written and read again.

Numbers are ``Decimal``, sequences lists, contexts dicts with sorted keys (so that a loaded state behaves as the one in memory did), moments
carry an offset instead of a named zone. What has no such form (a FEEL range or function, a float) is refused, never silently changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from engine.data import YearsMonths
from engine.errors import EngineError
from engine.feel import Value

MAX_SIZE = 256 * 1024
"""How large one value may be: characters of its texts plus one for each value inside. Documents belong in tables, not in variables."""
MAX_DEPTH = 64
_MAX_DIGITS = 1000


class ValueNotStorable(EngineError):
    """A process cannot keep this value."""

    default_code = "value_not_storable"


def storable(value: object) -> Value:
    """``value`` as the state keeps it: a copy that nobody else can change.

    Raises:
        ValueNotStorable: code ``value_not_storable`` (a kind that has no written form) or ``value_too_large``.
    """
    if value is None or value is True or value is False:
        return value
    if type(value) is str and len(value) < MAX_SIZE and value.isascii():
        return value
    if type(value) is Decimal:
        return _number(value)
    return _Copy().of(value, 0)


def put_at(existing: Value, path: Sequence[str], value: Value) -> Value:
    """A copy of the context ``existing`` with ``value`` at ``path``; what is no context gives way to one."""
    if not path:
        return value
    context = dict(existing) if isinstance(existing, dict) else {}
    context[path[0]] = put_at(context.get(path[0]), path[1:], value)
    return dict(sorted(context.items()))


def kind_of(value: Value) -> str:
    """How a person is told what a value is."""
    return "null" if value is None else type(value).__name__


def storable_all(values: Mapping[str, object]) -> dict[str, Value]:
    """The same for each of ``values``, whose names are kept in their order."""
    found: dict[str, Value] = {}
    for key, value in values.items():
        name = key if key in _NAMES else _key(key)
        found[name] = value if value is None or value is True or value is False else storable(value)
    return found


# kinds by what is done with them: made once, because ``A | B`` in the middle of a walk is made anew for each value
_LISTS = (list, tuple)
_HOLDING = (dict, *_LISTS, Mapping)
_AS_THEY_ARE = (bool, timedelta, YearsMonths, UUID)
_NUMBERS = (Decimal, int)
_MOMENTS = (datetime, date, time)


_MOST_NAMES = 10_000
_NAMES: set[str] = set()
"""Names that were found good before: a process has few, and asks for them again and again."""


class _Copy:
    """One copying, with what is left of the size that a value may have."""

    def __init__(self) -> None:
        self._left = MAX_SIZE

    def of(self, value: object, depth: int) -> Any:
        if type(value) is dict and depth < MAX_DEPTH:
            self._left -= 1
            return self._context(value, depth + 1)
        if isinstance(value, str):
            self._spend(1 + len(value))
            return value if value.isascii() else _unicode(value)
        self._spend(1)
        if type(value) is Decimal:
            return _number(value)
        if value is None or isinstance(value, _AS_THEY_ARE):
            return value
        if isinstance(value, _HOLDING):
            if depth == MAX_DEPTH:
                raise ValueNotStorable("value_too_large", limit=MAX_SIZE)
            if isinstance(value, _LISTS):
                return [self.of(each, depth + 1) for each in value]
            return self._context(value, depth + 1)
        if isinstance(value, _NUMBERS):
            return _number(Decimal(value))
        if isinstance(value, _MOMENTS):
            return _moment(value)
        raise ValueNotStorable(kind=type(value).__name__)

    def _context(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        size = 0  # of the texts and numbers, which most entries are: they take no call each
        try:
            keys = sorted(value)
        except TypeError:  # of several kinds, so not all are texts
            keys = sorted(value, key=str)
        for key in keys:
            name = key if key in _NAMES else _key(key)
            each = value[key]
            kind = type(each)
            size += len(name) + 1
            if kind is str:
                size += len(each)
                found[name] = each if each.isascii() else _unicode(each)
            elif kind is Decimal:
                found[name] = _number(each)
            else:
                size -= 1
                found[name] = self.of(each, depth)
        self._spend(size)
        return found

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise ValueNotStorable("value_too_large", limit=MAX_SIZE)


def _unicode(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueNotStorable(kind="text that is not Unicode") from None
    return value


def _key(key: object) -> str:
    # {"@date": …} is how engine.data writes a typed value: a context must not be able to imitate one
    if not isinstance(key, str) or key.startswith("@"):
        raise ValueNotStorable(kind=f"context with the key {key!s:.40}")
    if not key.isascii():
        return _unicode(key)
    if len(_NAMES) < _MOST_NAMES:
        _NAMES.add(key)
    return key


def _number(value: Decimal) -> Decimal:
    text = str(value)
    if len(text) < _MAX_DIGITS // 2 and "E" not in text and value.is_finite():
        return value  # it has no more digits than characters: most have few, and taking it apart is slow
    digits = value.as_tuple()
    if not isinstance(digits.exponent, int) or len(digits.digits) + abs(digits.exponent) > _MAX_DIGITS:
        raise ValueNotStorable(kind="number")
    return value


def _moment(value: datetime | date | time) -> datetime | date | time:
    if not isinstance(value, datetime | time) or value.tzinfo is None:
        return value
    offset = value.utcoffset()
    if offset is None:
        raise ValueNotStorable(kind="time of day with a named zone")
    return value.replace(tzinfo=timezone(offset))
