"""Lines pasted from a spreadsheet: a reference, then a quantity and a price if wanted, in columns or with semicolons between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from web.numbers import NumberUnreadable, number

MOST: Final = 200
"""Lines that are taken at once; what follows them stays to be taken next."""

_COLUMNS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line as it was pasted. ``reference``: of the article; empty where the line cannot be read. Numbers as they were typed."""

    text: str
    reference: str = ""
    quantity: str = "1"
    unit_price: str = ""


def rows(text: str) -> tuple[Row, ...]:
    """What was pasted, line by line, without those that are empty."""
    return tuple(_rows(text))


def _rows(text: str) -> Iterator[Row]:
    for place, line in enumerate(each for each in text.splitlines() if each.strip()):
        cells = [each.strip() for each in line.split("\t" if "\t" in line else ";")]
        while cells and not cells[-1]:
            cells.pop()
        if place >= MOST or not 0 < len(cells) <= _COLUMNS or not all(map(_is_number, cells[1:])):
            yield Row(text=line.strip())
            continue
        quantity, unit_price = [*cells[1:], "", ""][:2]
        reference = "".join(cells[0].split()).upper()
        yield Row(text=line.strip(), reference=reference, quantity=quantity or "1", unit_price=unit_price)


def _is_number(cell: str) -> bool:
    """Whether it is a number in the person's language, or nothing."""
    try:
        number(cell, "pasted")
    except NumberUnreadable:
        return False
    return True
