"""However a confirmed order is changed between its invoices and credits: never below what is done, and its parts sum to it to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.base.money import to_cents
from handlers.deliveries.rules import Progress, wanted_of
from handlers.invoices import rules as invoicing
from handlers.orders import rules
from handlers.orders.types import KeptLine, RevisedLine
from handlers.sales import rules as sales
from handlers.sales.types import Extras, Line
from tests.handlers.invoices.test_rules import (
    AT_HOME,
    EXTRAS,
    ITEMS,
    RATES,
    WHIMS,
    ZERO,
    Book,
    part_of,
    require_within,
    sale_of,
)

NUMBERS = st.decimals(min_value=0, max_value=200, places=4) | st.integers(0, 20).map(Decimal)
PRICES = st.decimals(min_value=0, max_value=2_000, places=6) | st.integers(0, 900).map(Decimal)
CHANGES = st.lists(st.tuples(st.integers(0, 5), NUMBERS, PRICES, EXTRAS), max_size=12)
Wish = tuple[int, Decimal, Decimal, Extras]


def kept_of(book: Book) -> tuple[KeptLine, ...]:
    invoiced = book.earlier.lines
    return tuple(
        KeptLine(id=each.id, line=each.line, invoiced=invoiced[each.id].quantity if each.id in invoiced else Decimal(0))
        for each in book.sale.lines
    )


def change(book: Book, wish: Wish, whims: Iterator[int], *, has_credit: bool) -> bool:
    """Somebody wishes for another quantity and price of one line, a new one, other charges; whether it was so."""
    place, quantity, price, extras = wish
    kept = kept_of(book)
    asked = [RevisedLine(id=each.id, line=each.line) for each in kept]
    at = place % len(asked)
    if asked[at].line.kind == "item":
        asked[at] = replace(asked[at], line=replace(asked[at].line, quantity=quantity))
        if next(whims, 0) % 3 == 0:
            asked[at] = replace(asked[at], line=replace(asked[at].line, unit_price=price))
    if next(whims, 1) % 4 == 0:
        asked.append(RevisedLine(line=Line(text="x", quantity=Decimal(2), unit_price=price, vat="reduced")))
    both = (book.sale.extras, extras if next(whims, 1) % 3 == 0 else book.sale.extras)
    if rules.revision_problems(kept, asked, both, is_started=False):
        return False
    lines = [each.line for each in asked]
    if sales.problems([each for each in lines if each.kind != "item" or each.quantity], both[1], AT_HOME):
        return False
    changed = sale_of(lines, both[1])
    if uneven := invoicing.uneven(changed, book.earlier):
        waits = to_cents(book.sale.extras.adjustment) != book.earlier.adjustment
        assert has_credit or waits, f"only cents that were given back, or an adjustment that waits: {uneven}"
        return False
    for before, after in zip(kept, changed.lines, strict=False):
        assert after.line.quantity >= before.invoiced, "never below what is invoiced"
    book.sale = changed
    return True


def changed_anyhow(lines: list[Line], extras: Extras, wishes: list[Wish], chosen: list[int]) -> None:
    """An order is invoiced, credited and changed by turns, until nothing is left: its parts are the order that it became, to the cent."""
    whims, coming = iter(chosen), iter(wishes)
    if sales.problems(lines, extras, AT_HOME) or not any(each.kind == "item" for each in lines):
        return
    book, has_credit = Book(sale_of(lines, extras)), False
    for _ in range(next(whims, 3) % 8):
        if (wish := next(coming, None)) is not None:
            change(book, wish, whims, has_credit=has_credit)
        if book.papers and next(whims, 1) % 4 == 0:
            paper = book.papers[next(whims, 0) % len(book.papers)]
            still = invoicing.open_quantities(paper.sources, paper.credited.lines, {}, "on_order")
            if part := part_of({name: each for name, each in still.items() if each}, whims):
                has_credit = True
                require_within(book.credit(paper, part, is_reinvoiceable=True), is_exact=False)
        elif part := part_of(book.left(), whims):
            require_within(book.invoice(part), is_exact=not has_credit)
    for wish in coming:
        change(book, wish, whims, has_credit=has_credit)
    if left := book.left():
        require_within(book.invoice(left), is_exact=not has_credit)
    found, wanted = book.earlier, sales.totals([each.line for each in book.sale.lines], book.sale.extras, RATES)
    assert invoicing.is_fully_invoiced(book.sale.lines, found.lines)
    assert {each.id: each.amount for each in book.sale.lines if each.amount} == {
        line: each.amount for line, each in found.lines.items() if each.amount
    }
    assert sum((each.base for each in found.rates.values()), ZERO) == wanted.net
    assert sum((each.tax for each in found.rates.values()), ZERO) == wanted.tax
    assert {name: (each.base, each.tax) for name, each in found.rates.items() if each.base or each.tax} == {
        each.vat: (each.base, each.tax) for each in wanted.rates if each.base or each.tax
    }


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(ITEMS, min_size=1, max_size=4), EXTRAS, CHANGES, WHIMS)
def test_parts_sum_to_what_the_order_became(
    lines: list[Line], extras: Extras, wishes: list[Wish], chosen: list[int]
) -> None:
    changed_anyhow(lines, extras, wishes, chosen)


@pytest.mark.long(minutes=1)
@settings(max_examples=5_000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(ITEMS, min_size=1, max_size=4), EXTRAS, CHANGES, WHIMS)
def test_parts_sum_to_what_the_order_became_in_five_thousand_cases(
    lines: list[Line], extras: Extras, wishes: list[Wish], chosen: list[int]
) -> None:
    changed_anyhow(lines, extras, wishes, chosen)


QUANTITIES = st.integers(0, 12).map(Decimal)


@given(QUANTITIES, QUANTITIES, QUANTITIES, QUANTITIES, st.booleans())
def test_no_change_brings_a_line_below_what_is_done(
    ordered: Decimal, delivered: Decimal, invoiced: Decimal, wanted: Decimal, is_started: bool
) -> None:
    line = Line(text="x", quantity=ordered, unit_price=Decimal(10))
    kept = KeptLine(id=1, line=line, delivered=delivered, invoiced=invoiced)
    other = KeptLine(id=2, line=replace(line, quantity=Decimal(1)))
    asked = (RevisedLine(id=1, line=replace(line, quantity=wanted)), RevisedLine(id=2, line=other.line))
    found = rules.revision_problems((kept, other), asked, (Extras(), Extras()), is_started=is_started)
    is_possible = wanted >= max(delivered, invoiced) and not (is_started and wanted < ordered)
    assert (not found) == is_possible
    assert all(each.field == "lines.0.quantity" for each in found)


@given(QUANTITIES, QUANTITIES, QUANTITIES, QUANTITIES)
def test_a_delivery_planned_anew_carries_what_no_other_does(
    ordered: Decimal, carried: Decimal, others: Decimal, shipped: Decimal
) -> None:
    wanted = wanted_of(Progress(ordered=ordered, planned=carried + others, shipped=shipped), carried)
    assert wanted == max(ordered - others - shipped, Decimal(0))
    after = Progress(ordered=ordered, planned=wanted + others, shipped=shipped)
    assert after.remaining == 0
    assert not after.is_exceeded or others + shipped > ordered
