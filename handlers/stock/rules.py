"""What *available* and *short* mean (domain §5.2-11). Pure."""

from __future__ import annotations

from decimal import Decimal

from engine.data import data

HIGHEST = Decimal(10) ** 9
"""No quantity reaches it."""

SMALLEST = Decimal("0.0001")
"""Quantities have four decimals (domain §5.2-1)."""


@data
class Level:
    """The stock figures of one article, in its unit."""

    on_hand: Decimal
    reserved: Decimal
    reorder_level: Decimal


def available(level: Level) -> Decimal:
    """On hand less reserved; negative when more was promised than there is."""
    return level.on_hand - level.reserved


def is_short(level: Level) -> bool:
    """Whether what is available lies below the reorder level."""
    return available(level) < level.reorder_level


def shortage(level: Level) -> Decimal:
    """How much is missing to reach the reorder level; zero when nothing is."""
    return max(level.reorder_level - available(level), Decimal(0))


def is_quantity(quantity: Decimal) -> bool:
    """Whether it can be counted or set: not negative, at most four decimals."""
    return quantity.is_finite() and 0 <= quantity < HIGHEST and quantity == quantity.quantize(SMALLEST)
