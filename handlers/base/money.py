"""Amounts of money: cents, rounded as merchants do (domain §5.2-1). Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

CENT: Final = Decimal("0.01")


def to_cents(amount: Decimal) -> Decimal:
    """``amount`` rounded half up to the cent, away from zero when it lies in the middle."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)
