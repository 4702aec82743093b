"""Purchasing rules. Pure."""

from __future__ import annotations

from decimal import Decimal

from handlers.base.money import to_cents


def order_amount(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """What an order line costs before tax, in the company's currency: rounded half up to the cent (domain §5.2-1)."""
    return to_cents(quantity * unit_price)
