"""Purchasing rules. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def order_amount(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """What an order line costs before tax, in the company's currency: rounded half up to the cent (domain §5.2-1)."""
    return (quantity * unit_price).quantize(CENT, rounding=ROUND_HALF_UP)
