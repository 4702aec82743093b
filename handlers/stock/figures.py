"""The columns of a stock that are its figures, and the figures of a row."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import InstrumentedAttribute

from handlers.stock.rules import Level
from handlers.stock.tables import Stock

STOCKED: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    Stock.on_hand,
    Stock.reserved,
    Stock.reorder_level,
    Stock.missing,
)


def as_level(row: Row[Any]) -> Level:
    """The figures of a row that has these columns, by their names."""
    return Level(on_hand=row.on_hand, reserved=row.reserved, reorder_level=row.reorder_level, missing=row.missing)
