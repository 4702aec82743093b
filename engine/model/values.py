"""Which values a process may keep, brought into the one form that survives being written and read again.

Numbers are ``Decimal``, sequences lists, contexts dicts with sorted keys (so that a loaded state behaves as the one in memory did), moments
carry an offset instead of a named zone. What has no such form (a FEEL range or function, a float) is refused, never silently changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
_FEW_DIGITS = _MAX_DIGITS // 2
_NOT_UNICODE = "text that is not Unicode"


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
    for name, value in values.items():
        if name not in _NAMES:
            _key(name)
        found[name] = value if value is None or value is True or value is False else storable(value)
    return found


# kinds by what is done with them: made once, because ``A | B`` in the middle of a walk is made anew for each value
_LISTS = (list, tuple)
_HOLDING = (dict, *_LISTS, Mapping)
_AS_THEY_ARE = (bool, timedelta, YearsMonths, UUID)
_NUMBERS = (Decimal, int)
_MOMENTS = (datetime, date, time)


# a process has few names, and few contexts that differ in them, and asks for them again and again
_MOST_KNOWN = 10_000
_LONGEST_KNOWN = 1_000
_NAMES: set[str] = set()
"""Names that were found good before."""
_SHAPES: dict[tuple[object, ...], tuple[tuple[str, ...], int]] = {}
"""What ``_shape`` gives for names that were found good before, in the order in which they come."""


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
            return self._list(value, depth + 1) if isinstance(value, _LISTS) else self._context(value, depth + 1)
        if isinstance(value, _NUMBERS):
            return _number(Decimal(value))
        if isinstance(value, _MOMENTS):
            return _moment(value)
        raise ValueNotStorable(kind=type(value).__name__)

    def _list(self, value: Iterable[object], depth: int) -> list[Any]:
        return [self.of(each, depth) for each in value]

    def _context(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        names = tuple(value)
        names, size = _SHAPES.get(names) or _shape(names)
        try:
            for name in names:
                each = value[name]
                kind = type(each)
                if kind is str:  # texts and numbers, which most entries are, take no call each
                    size += len(each)
                    if not each.isascii():
                        each.encode()
                elif kind is Decimal:
                    if "E" in (text := str(each)) or len(text) > _FEW_DIGITS or not each.is_finite():
                        _number(each)
                else:
                    size -= 1
                    each = self.of(each, depth)
                found[name] = each
        except UnicodeEncodeError:
            raise ValueNotStorable(kind=_NOT_UNICODE) from None
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
        raise ValueNotStorable(kind=_NOT_UNICODE) from None
    return value


def _shape(names: tuple[object, ...]) -> tuple[tuple[str, ...], int]:
    """The names of a context, sorted, and what they take of the size: their characters, and one for each value."""
    found = _SHAPES.get(names)
    if found is None:
        keys = tuple(sorted(map(_key, names)))
        found = keys, sum(map(len, keys)) + len(keys)
        if len(_SHAPES) < _MOST_KNOWN and found[1] < _LONGEST_KNOWN:
            _SHAPES[names] = found
    return found


def _key(key: object) -> str:
    # {"@date": …} is how engine.data writes a typed value: a context must not be able to imitate one
    if not isinstance(key, str) or key.startswith("@"):
        raise ValueNotStorable(kind=f"context with the key {key!s:.40}")
    if not key.isascii():
        return _unicode(key)
    if len(_NAMES) < _MOST_KNOWN and len(key) < _LONGEST_KNOWN:
        _NAMES.add(key)
    return key


def _number(value: Decimal) -> Decimal:
    text = str(value)
    if len(text) < _FEW_DIGITS and "E" not in text and value.is_finite():
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
