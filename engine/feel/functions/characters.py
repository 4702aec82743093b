"""Sets of characters as sorted ranges of code points, and the sets that Unicode names: general categories and blocks."""

from __future__ import annotations

import sys
import unicodedata
from functools import lru_cache
from itertools import chain

from engine.feel.functions.blocks import BLOCKS

Ranges = tuple[tuple[int, int], ...]
"""First and last code point of each range, ascending, with gaps between them."""

_LAST = sys.maxunicode
_LAST_CASED = 0x1FFFF
_FEW = 1000


def joined(*sets: Ranges) -> Ranges:
    """All that is in one of them."""
    made: list[tuple[int, int]] = []
    for first, last in sorted(chain.from_iterable(sets)):
        if made and first <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(made[-1][1], last))
        else:
            made.append((first, last))
    return tuple(made)


def complement(ranges: Ranges) -> Ranges:
    """All that is not in it."""
    made: list[tuple[int, int]] = []
    following = 0
    for first, last in ranges:
        if first > following:
            made.append((following, first - 1))
        following = last + 1
    if following <= _LAST:
        made.append((following, _LAST))
    return tuple(made)


def difference(ranges: Ranges, taken: Ranges) -> Ranges:
    """All that is in the one and not in the other."""
    return complement(joined(complement(ranges), taken)) if taken else ranges


@lru_cache(maxsize=64)
def folded(ranges: Ranges) -> Ranges:
    """With every character also those that differ from it in case alone."""
    variants = _variants()
    if sum(last - first for first, last in ranges) < _FEW:
        points = [point for first, last in ranges for point in range(first, last + 1) if point in variants]
    else:
        points = [point for point in variants if any(first <= point <= last for first, last in ranges)]
    return joined(ranges, tuple((each, each) for point in points for each in variants[point]))


@lru_cache(maxsize=1)
def _variants() -> dict[int, tuple[int, ...]]:
    """All characters that have another case, each with all of its forms (k, K and the sign of kelvin are one)."""
    forms: dict[str, list[int]] = {}
    for point in range(_LAST_CASED):
        character = chr(point)
        key = character.casefold()
        key = key if len(key) == 1 else character.lower()
        if key != character:
            forms.setdefault(key, [ord(key)] if len(key) == 1 else []).append(point)
    return {point: tuple(found) for found in forms.values() for point in found}


@lru_cache(maxsize=64)
def category(name: str) -> Ranges | None:
    """The characters of a general category (``Lu``) or of a group of them (``L``); None when there is no such category."""
    if len(name) == 1:
        parts = [found for other, found in _categories().items() if other[0] == name]
        return joined(*parts) if parts else None
    return _categories().get(name)


@lru_cache(maxsize=1)
def _categories() -> dict[str, Ranges]:
    found: dict[str, list[tuple[int, int]]] = {}
    start, current = 0, unicodedata.category("\0")
    for point in range(1, _LAST + 1):
        name = unicodedata.category(chr(point))
        if name != current:
            found.setdefault(current, []).append((start, point - 1))
            start, current = point, name
    found.setdefault(current, []).append((start, _LAST))
    return {name: tuple(ranges) for name, ranges in found.items()}


def block(name: str) -> Ranges | None:
    """The characters of a block by its name without blanks (``BasicLatin``); None when there is no such block."""
    found = BLOCKS.get(name)
    return None if found is None else (found,)
