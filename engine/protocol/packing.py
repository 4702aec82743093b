"""Records (structs whose first field is their ``id``) as compact plain values, and back: what a snapshot of a state is made of.

What a field holds is read from its type: whole numbers, names of an enumeration, tuples and records inside have another plain form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from engine.data import from_canonical, to_canonical
from engine.errors import InvariantBroken

Record = TypeVar("Record")
Turn = Callable[[Any], Any]


def write(format_: int, kept: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]], left_out: str = "") -> bytes:
    """Plain values and tables of records by name, as canonical JSON in UTF-8; tables that hold nothing are left out."""
    packed = {name: pack(records, left_out) for name, records in tables.items() if records}
    return to_canonical({"format": format_, **kept, **packed}).encode()


def read(format_: int, text: bytes, kinds: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What ``write`` wrote: the plain values (among others), and the tables, each of records of its kind.

    Raises:
        InvariantBroken: code ``state_format_unknown``, written by a newer release.
    """
    packed = from_canonical(text)
    if packed.get("format") != format_:
        raise InvariantBroken("state_format_unknown", format=str(packed.get("format")))
    return packed, {name: unpack(kind, packed.get(name, {})) for name, kind in kinds.items()}


def pack(records: Mapping[str, Any], left_out: str = "") -> dict[str, dict[str, Any]]:
    """By id, the fields of each record that differ from their default, by name; never the field ``left_out``."""
    return {
        key: {
            name: value if write is None else write(value)
            for name, default, write, _ in _forms(type(record))  # type: ignore[arg-type]
            if name != left_out and (value := getattr(record, name)) != default
        }
        for key, record in records.items()
    }


def _pack_whole(record: Any) -> dict[str, Any]:
    found = ((name, write, getattr(record, name)) for name, _, write, _ in _forms(type(record)))  # type: ignore[arg-type]
    return {name: value if write is None else write(value) for name, write, value in found}


def unpack(kind: Callable[..., Record], packed: Mapping[str, Mapping[str, Any]]) -> dict[str, Record]:
    """What ``pack`` wrote.

    Ids are a letter and the number that a counter gave: their order is the order in which things began.
    """
    return {key: _unpack(kind, packed[key], id=key) for key in sorted(packed, key=lambda key: int(key[1:]))}


def _unpack(kind: Callable[..., Record], packed: Mapping[str, Any], **given: Any) -> Record:
    for name, _, _, read in _forms(kind):
        if name in packed:
            given[name] = packed[name] if read is None else read(packed[name])
    return kind(**given)


class _Form(NamedTuple):
    """How a field is written: its name, what it is when left out, and the turns to its plain form and back (None: it has no other)."""

    name: str
    default: Any
    write: Turn | None
    read: Turn | None


@cache
def _forms(kind: Any) -> tuple[_Form, ...]:
    """Of all fields but the id, which is the key outside."""
    hints = get_type_hints(kind)
    return tuple(
        _Form(
            each.name,
            each.default if each.default_factory is NODEFAULT else each.default_factory(),
            *_turns(hints[each.name]),
        )
        for each in fields(kind)
        if each.name != "id"
    )


def _turns(hint: Any) -> tuple[Turn | None, Turn | None]:
    options = [each for each in get_args(hint) if each is not NoneType] if NoneType in get_args(hint) else [hint]
    kind, of = get_origin(options[0]) or options[0], get_args(options[0])
    if kind is int:
        return None, lambda value: None if value is None else int(value)
    if kind is tuple:
        return None, tuple
    if kind is not Any and not of and issubclass(kind, Struct):
        return _pack_whole, lambda packed: _unpack(kind, packed)
    if kind is not Any and not of and issubclass(kind, Enum):
        return None, kind
    if not of and hasattr(kind, "_make"):
        return None, kind._make
    if of and of[0] is int:
        return lambda found: {str(key): value for key, value in found.items()}, _with(int, None)
    return None, _with(None, int) if of and of[-1] is int else None


def _with(key: Turn | None, value: Turn | None) -> Turn:
    def turn(packed: Mapping[str, Any]) -> dict[Any, Any]:
        return {key(name) if key else name: value(each) if value else each for name, each in packed.items()}

    return turn
