"""What remains of an order's line, what can be picked and come back: for all quantities."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from handlers.deliveries import rules
from handlers.deliveries.rules import Goods, Progress

QUANTITY = st.decimals(0, 10_000, places=4)
MORE = st.decimals("0.0001", 10_000, places=4)


def goods(place: int, quantity: Decimal, text: str = "Bureau\nhuilé", article: str = "BUR") -> Goods:
    return Goods(place=place, article=article, text=text, unit="pièce", quantity=quantity)


@given(ordered=MORE, shares=st.lists(st.integers(0, 100), min_size=1, max_size=6))
def test_waves_of_any_size_come_to_what_was_ordered_and_never_to_more(ordered: Decimal, shares: list[int]) -> None:
    progress = Progress(ordered=ordered)
    for share in (*shares, 100):
        leaves = (progress.remaining * share / 100).quantize(Decimal("0.0001"), rounding="ROUND_DOWN")
        progress = Progress(ordered=ordered, shipped=progress.shipped + leaves)
        assert 0 <= progress.delivered <= ordered
        assert progress.delivered + progress.outstanding == ordered
    assert (progress.delivered, progress.outstanding) == (ordered, Decimal(0))


@given(ordered=MORE, planned=QUANTITY, shipped=QUANTITY, back=QUANTITY)
def test_what_comes_back_is_outstanding_again_only_if_it_is_to_be(
    ordered: Decimal, planned: Decimal, shipped: Decimal, back: Decimal
) -> None:
    back = min(back, shipped)
    kept = Progress(ordered=ordered, planned=planned, shipped=shipped, returned=back)
    again = Progress(ordered=ordered, planned=planned, shipped=shipped, returned=back, again=back)
    assert kept.delivered == again.delivered == shipped - back
    assert kept.remaining == Progress(ordered=ordered, planned=planned, shipped=shipped).remaining
    assert 0 <= kept.remaining <= again.remaining <= kept.remaining + back
    assert rules.returnable(shipped, back) == shipped - back


@given(st.dictionaries(st.integers(1, 9999), MORE, max_size=8))
def test_quantities_that_are_written_can_be_read_again(carried: dict[int, Decimal]) -> None:
    written = rules.quantities(goods(place, quantity) for place, quantity in carried.items())
    assert rules.read_quantities(written or "") == carried
    assert (rules.picked_problem(carried, carried) is None) == bool(carried)


def test_quantities_that_nobody_can_mean_are_not_read() -> None:
    for typed in ("1 : -2", "1 : 2 : 3", "eins : 2", "1 : 2\n1 : 3", "1 2", "12345 : 1", "1 : 0,12345", "1 : NaN"):
        assert rules.read_quantities(typed) is None, typed
    assert rules.read_quantities("\n 2 : 4.5 \r\n\n 1:0") == {2: Decimal("4.5"), 1: Decimal(0)}
    carried = {1: Decimal(3), 2: Decimal(1)}
    assert rules.picked_problem({3: Decimal(1)}, carried) == ("picked_unclear", 3)
    assert rules.picked_problem({1: Decimal("3.0001")}, carried) == ("picked_too_much", 1)
    assert rules.picked_problem({1: Decimal(0)}, carried) == ("picked_nothing", 0)
    assert rules.picked_problem({2: Decimal(1)}, carried) is None


def test_goods_are_described_in_a_line_each() -> None:
    assert rules.described([]) is None
    assert rules.described([goods(1, Decimal("2.5000")), goods(12, Decimal(3), text="x" * 200, article="")]) == (
        f"1. 2,5 pièces · BUR Bureau\n12. 3 pièces · {'x' * 79}…"
    )
    assert rules.readiness([Decimal(2), Decimal(1)], [Decimal(2), Decimal(1)]) == "all"
    assert rules.readiness([Decimal(2), Decimal(1)], [Decimal(0), Decimal("0.5")]) == "some"
    assert rules.readiness([Decimal(2)], [Decimal(0)]) == "none"
