"""What may be done with an order when."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.orders import rules
from handlers.orders.rules import ACTS, Share, Standing
from handlers.orders.types import STATUSES

DRAFT = Standing(status="draft", is_placed=False)
POSSIBLE = {
    ("draft", False): {"place", "change", "cancel"},
    ("draft", True): {"change"},
    ("confirmed", True): {"revise", "change_terms", "close"},
}


@pytest.mark.parametrize(("status", "is_placed"), list(product(STATUSES, (False, True))))
def test_what_can_be_done_follows_from_how_far_it_is(status: str, is_placed: bool) -> None:
    order = Standing(status=status, is_placed=is_placed)
    possible = {act for act in ACTS if rules.refusal(act, order) is None}
    assert possible == POSSIBLE.get(
        (status, is_placed), POSSIBLE["confirmed", True] if status == "confirmed" else set()
    )


def test_what_else_stands_in_the_way() -> None:
    empty = Standing(status="draft", is_placed=False, is_empty=True)
    assert rules.refusal("place", empty) == "order_empty"
    assert rules.refusal("change", empty) is None
    invoiced = Standing(status="confirmed", is_placed=True, is_invoiced=True)
    assert rules.refusal("change_terms", invoiced) == "order_invoiced"
    assert rules.refusal("close", invoiced) is None
    early = Standing(status="closed", is_placed=True, goes_on=True)
    assert [act for act in ACTS if rules.refusal(act, early) is None] == ["close"]
    with pytest.raises(AssertionError):
        rules.refusal("burn", DRAFT)


QUANTITIES = st.decimals(min_value=0, max_value=10_000, places=4)


@settings(max_examples=30)
@given(QUANTITIES, QUANTITIES)
def test_a_share_is_whole_only_when_all_is_done_and_nothing_only_when_nothing_is(done: Decimal, whole: Decimal) -> None:
    percent = Share(done=done, whole=whole).percent
    assert 0 <= percent <= 100
    assert (percent == 100) == (whole > 0 and done >= whole)
    assert (percent == 0) == (whole == 0 or done == 0)
