"""What available and short mean."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from handlers.stock.rules import Claim, Level, available, concern, is_short, share, shippable, shortage, together

QUANTITIES = st.decimals(min_value=0, max_value=10**6, places=4)
LEVELS = st.builds(Level, on_hand=QUANTITIES, reserved=QUANTITIES, reorder_level=QUANTITIES, missing=QUANTITIES)


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
    received = replace(level, on_hand=level.on_hand + shortage(level))
    assert not is_short(received)


def test_out_of_stock_is_said_only_of_what_is_not_available() -> None:
    level = Level(on_hand=Decimal(3), reserved=Decimal(1), reorder_level=Decimal(4))
    assert concern(level) == "below"
    assert concern(replace(level, reserved=Decimal(3))) == "out"
    assert concern(replace(level, reserved=Decimal(5), reorder_level=Decimal(0))) == "out"
    assert concern(replace(level, reorder_level=Decimal(2))) == ""
    assert concern(replace(level, reorder_level=Decimal(2), missing=Decimal(1))) == "lacking"


@given(LEVELS)
def test_what_has_to_come_always_has_a_word(level: Level) -> None:
    assert concern(level) or not is_short(level)
    assert (concern(level) == "out") == (available(level) <= 0)


CLAIMS = st.lists(st.builds(Claim, wanted=QUANTITIES, kept=QUANTITIES), min_size=1, max_size=6)


def of(on_hand: Decimal, claims: list[Claim], others: Decimal) -> Level:
    """A stock of which others were promised ``others``, beside what these lines were."""
    return Level(on_hand=on_hand, reserved=others + sum(each.kept for each in claims), reorder_level=Decimal(0))


def test_lines_of_an_article_share_it_and_the_first_come_first() -> None:
    one, two = Decimal(1), Decimal(2)
    level = Level(on_hand=Decimal(3), reserved=Decimal(0), reorder_level=Decimal(0))
    assert share(level, [Claim(wanted=two, kept=Decimal(0))] * 2) == (two, one)
    again = [Claim(wanted=two, kept=two), Claim(wanted=two, kept=one)]
    assert share(of(Decimal(3), again, Decimal(0)), again) == (two, one), "asking again changes nothing"
    less = [Claim(wanted=one, kept=two), Claim(wanted=two, kept=one)]
    assert share(of(Decimal(3), less, Decimal(0)), less) == (one, two), "what one gives back another takes"


@given(QUANTITIES, CLAIMS, QUANTITIES)
def test_nothing_is_promised_twice(on_hand: Decimal, claims: list[Claim], others: Decimal) -> None:
    level = of(on_hand, claims, others)
    given_ = share(level, claims)
    kept = sum((min(each.kept, each.wanted) for each in claims), Decimal(0))
    assert all(min(each.kept, each.wanted) <= got <= each.wanted for each, got in zip(claims, given_, strict=True))
    assert sum(given_) <= max(on_hand - others, kept)
    assert share(level, claims, may_be_negative=True) == tuple(each.wanted for each in claims)


@given(QUANTITIES, CLAIMS, QUANTITIES)
def test_what_leaves_lies_there_and_is_nobody_elses(on_hand: Decimal, claims: list[Claim], others: Decimal) -> None:
    level = of(on_hand, claims, others)
    possible = shippable(level, claims)
    own = sum((min(each.kept, each.wanted) for each in claims), Decimal(0))
    assert 0 <= possible <= on_hand
    assert possible <= max(on_hand - others, own)
    assert possible >= min(own, on_hand)


@given(st.lists(LEVELS, max_size=4))
def test_warehouses_together_have_what_each_has(levels: list[Level]) -> None:
    assert available(together(levels)) == sum(map(available, levels))
