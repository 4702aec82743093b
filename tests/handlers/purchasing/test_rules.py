"""What an order costs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.purchasing.rules import order_amount


@pytest.mark.parametrize(
    ("quantity", "unit_price", "amount"),
    [
        ("1", "10.005", "10.01"),
        ("3", "0.335", "1.01"),
        ("0.5", "0.01", "0.01"),
        ("40", "149.90", "5996.00"),
        ("1", "0", "0.00"),
    ],
)
def test_amount_is_rounded_half_up(quantity: str, unit_price: str, amount: str) -> None:
    assert order_amount(Decimal(quantity), Decimal(unit_price)) == Decimal(amount)


@given(
    st.decimals(min_value="0.0001", max_value=10**6, places=4),
    st.decimals(min_value=0, max_value=10**6, places=6),
)
def test_amount_is_within_half_a_cent(quantity: Decimal, unit_price: Decimal) -> None:
    assert abs(order_amount(quantity, unit_price) - quantity * unit_price) <= Decimal("0.005")
