"""Units of quantities as people read them: *3 pièces*, *2.5 hours*. Pure.

A unit is a word that somebody typed with an article or a line, in the singular (*pièce*). The common ones have their forms in both
languages in the catalogue (``unit.…``) and are said in the reader's; whatever else was typed (*kg*, *m²*, a word of the trade) stays as
it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Final

from engine.texts import LOCALES, say
from engine.texts import format as forms

_NAMES: Final = (
    *(
        "piece",
        "unit",
        "article",
        "hour",
        "day",
        "week",
        "month",
        "year",
        "flat_rate",
        "batch",
        "set",
        "pack",
        "parcel",
    ),
    *("carton", "box", "roll", "reel", "pallet", "panel", "metre", "litre", "gram", "kilogram", "tonne"),
)
_COUNTS: Final = (1, 2)
"""One of each form of a word."""


def counted(quantity: Decimal, unit: str, locale: str) -> str:
    """``3 pièces``: the quantity with its unit; alone where it has none."""
    return f"{forms.number(quantity, locale)} {beside(quantity, unit, locale)}".rstrip()


def beside(quantity: Decimal, unit: str, locale: str) -> str:
    """The unit as it stands beside that quantity: in its plural where the language wants it, with the capital that was typed."""
    name = _known().get(plain(unit))
    if name is None:
        return unit
    found = say(f"unit.{name}", locale, count=_count(quantity))
    return found[:1].upper() + found[1:] if unit[:1].isupper() else found


def plain(unit: str) -> str:
    """Without accents, capitals and points: as units are compared."""
    return unicodedata.normalize("NFKD", unit).encode("ascii", "ignore").decode("ascii").strip(" .").lower()


@cache
def _known() -> Mapping[str, str]:
    """The name of each known unit by every form of it."""
    return {
        plain(say(f"unit.{name}", locale, count=count)): name
        for name in _NAMES
        for locale in LOCALES
        for count in _COUNTS
    }


def _count(quantity: Decimal) -> int | Decimal:
    """1.0000 is one."""
    return int(quantity) if quantity == int(quantity) else quantity
