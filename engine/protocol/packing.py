"""Records (structs whose first field is their ``id``) as compact plain values, and back: what a snapshot of a state is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from msgspec import NODEFAULT
from msgspec.structs import fields

Record = TypeVar("Record")
Turn = Callable[[Any], Any]


def pack(
    records: Mapping[str, Any], writers: Mapping[str, Turn], left_out: frozenset[str] = frozenset()
) -> dict[str, dict[str, Any]]:
    """By id, the fields of each record that differ from their default, by name; each through its writer if it has one."""
    return {
        key: {
            name: writers[name](value) if name in writers else value
            for name, default in _defaults(type(record)).items()  # type: ignore[arg-type]
            if name not in left_out and (value := getattr(record, name)) != default
        }
        for key, record in records.items()
    }


def unpack(
    kind: Callable[..., Record], packed: Mapping[str, Mapping[str, Any]], readers: Mapping[str, Turn]
) -> dict[str, Record]:
    """What ``pack`` wrote, each field through its reader if it has one.

    Ids are a letter and the number that a counter gave: their order is the order in which things began.
    """
    found = {}
    for key in sorted(packed, key=lambda key: int(key[1:])):
        given = {name: readers[name](value) if name in readers else value for name, value in packed[key].items()}
        found[key] = kind(id=key, **given)
    return found


@cache
def _defaults(kind: Any) -> Mapping[str, Any]:
    """Of all written fields but the id, which is the key outside."""
    return {
        each.name: each.default if each.default_factory is NODEFAULT else each.default_factory()
        for each in fields(kind)[1:]
    }
