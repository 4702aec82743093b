"""What available and short mean."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from handlers.stock.rules import Level, available, is_short, shortage

QUANTITIES = st.decimals(min_value=0, max_value=10**6, places=4)
LEVELS = st.builds(Level, on_hand=QUANTITIES, reserved=QUANTITIES, reorder_level=QUANTITIES)


def test_available_is_on_hand_less_reserved() -> None:
    level = Level(on_hand=Decimal(4), reserved=Decimal(3), reorder_level=Decimal(10))
    assert available(level) == 1
    assert is_short(level)
    assert shortage(level) == 9


def test_at_the_reorder_level_nothing_is_short() -> None:
    level = Level(on_hand=Decimal(10), reserved=Decimal(0), reorder_level=Decimal(10))
    assert not is_short(level)
    assert shortage(level) == 0


@given(LEVELS)
def test_short_and_shortage_say_the_same(level: Level) -> None:
    assert is_short(level) == (shortage(level) > 0)


@given(LEVELS)
def test_receiving_the_shortage_ends_it(level: Level) -> None:
    received = Level(
        on_hand=level.on_hand + shortage(level), reserved=level.reserved, reorder_level=level.reorder_level
    )
    assert not is_short(received)
