"""What a document of sales costs, and what may not stand in it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.base.money import to_cents
from handlers.catalogue import vat
from handlers.sales import rules
from handlers.sales.taxes import Taxation
from handlers.sales.types import Extras, Line

AT_HOME = Taxation(day=date(2026, 11, 23))
RATES = AT_HOME.rates()
NOTHING = Extras()


def line(quantity: str = "1", price: str = "100", *, discount: str = "0", rate: str = "normal") -> Line:
    return Line(
        text="Bureau",
        quantity=Decimal(quantity),
        unit="pièce",
        unit_price=Decimal(price),
        discount=Decimal(discount),
        vat=rate,
    )


LINES = st.lists(
    st.builds(
        Line,
        kind=st.sampled_from(("item", "item", "item", "heading", "note")),
        text=st.just("x"),
        quantity=st.decimals(min_value="0.0001", max_value=10_000, places=4),
        unit_price=st.decimals(min_value=0, max_value=10_000, places=6),
        discount=st.decimals(min_value=0, max_value=100, places=2),
        vat=st.sampled_from(vat.NAMES),
    ),
    max_size=8,
)
EXTRAS = st.builds(
    Extras,
    discount=st.decimals(min_value=0, max_value=100, places=2),
    shipping=st.decimals(min_value=0, max_value=500, places=2),
    adjustment=st.decimals(min_value=-50, max_value=50, places=2),
)


@settings(max_examples=30)
@given(LINES, EXTRAS)
def test_what_people_read_adds_up(lines: list[Line], extras: Extras) -> None:
    found = rules.totals(lines, extras, RATES)
    assert sum(each for each in found.amounts if each is not None) == found.lines == sum(e.lines for e in found.rates)
    assert found.net == found.lines - found.discount + found.charges == sum(each.base for each in found.rates)
    assert found.total == found.net + found.tax
    for each in found.rates:
        assert each.base == each.lines - each.discount + each.charges
        assert each.tax == to_cents(each.base * each.rate)
    backwards = rules.totals(lines[::-1], extras, RATES)
    assert (backwards.total, backwards.rates) == (found.total, found.rates), "the order of lines changes no total"
    figures = (found.lines, found.discount, found.net, found.tax, found.total)
    assert all(each == to_cents(each) for each in figures)


def test_a_line_is_rounded_half_up_after_its_discount() -> None:
    assert rules.amount(line("3", "0.335")) == Decimal("1.01")
    assert rules.amount(line("1", "10.01", discount="50")) == Decimal("5.01")
    assert rules.amount(Line(kind="heading", text="Salon")) is None


def test_tax_is_taken_of_the_sum_of_a_rate() -> None:
    """Four lines of 175.01 at 20 %: line by line the tax would be 140.00, of the sum it is 140.01 (domain §2.2)."""
    found = rules.totals([line(price="175.01")] * 4 + [line(price="10", rate="reduced")], NOTHING, RATES)
    assert [(each.vat, each.base, each.tax) for each in found.rates] == [
        ("normal", Decimal("700.04"), Decimal("140.01")),
        ("reduced", Decimal("10.00"), Decimal("0.55")),
    ]


def test_discounts_and_charges_of_the_whole_document() -> None:
    extras = Extras(discount=Decimal(10), shipping=Decimal(25), adjustment=Decimal("-0.05"))
    found = rules.totals([line("2", "100", discount="50"), line(rate="reduced")], extras, RATES)
    assert (found.lines, found.discount, found.charges, found.net) == tuple(
        map(Decimal, ("200", "20", "24.95", "204.95"))
    )
    assert (found.list_amount, found.discount_percent) == (Decimal(300), Decimal("40.00"))
    assert [(each.vat, each.base) for each in found.rates] == [("normal", Decimal("114.95")), ("reduced", Decimal(90))]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (line(), []),
        (line("0"), [("lines.0.quantity", "line_quantity_invalid")]),
        (line("0.00001"), [("lines.0.quantity", "line_quantity_invalid")]),
        (line("NaN"), [("lines.0.quantity", "line_quantity_invalid")]),
        (line(price="-1"), [("lines.0.unit_price", "price_invalid")]),
        (line(price="1E+30"), [("lines.0.unit_price", "price_invalid")]),
        (line(discount="100.01"), [("lines.0.discount", "discount_invalid")]),
        (line(rate="zero"), [("lines.0.vat", "vat_unknown")]),
        (Line(kind="gift", text="x"), [("lines.0.kind", "line_kind_unknown")]),
        (
            Line(text=" ", product_type="x"),
            [("lines.0.text", "line_text_missing"), ("lines.0.product_type", "product_type_unknown")],
        ),
        (Line(kind="note", text="x" * 2_001), [("lines.0.text", "text_too_long")]),
        (line("999999", "999999"), [("lines", "document_too_large")]),
    ],
)
def test_what_is_wrong_is_said_at_its_field(wrong: Line, said: list[tuple[str, str]]) -> None:
    found = rules.problems([rules.tidied(wrong)], NOTHING, AT_HOME)
    assert [(each.field, each.code) for each in found] == said


@pytest.mark.parametrize(
    ("extras", "said"),
    [
        (Extras(discount=Decimal(101)), [("discount", "discount_invalid")]),
        (Extras(shipping=Decimal(-1)), [("shipping", "amount_invalid")]),
        (Extras(adjustment=Decimal("0.001")), [("adjustment", "adjustment_invalid")]),
        (Extras(adjustment=Decimal(-101)), [("adjustment", "document_negative")]),
    ],
)
def test_what_counts_for_all_is_looked_at_too(extras: Extras, said: list[tuple[str, str]]) -> None:
    assert [(each.field, each.code) for each in rules.problems([line()], extras, AT_HOME)] == said


def test_headings_and_notes_keep_only_their_text() -> None:
    assert rules.tidied(Line(kind="heading", text=" Salon ", quantity=Decimal(3))) == Line(kind="heading", text="Salon")
    assert rules.problems([line()] * 1_001, NOTHING, AT_HOME)[0].code == "lines_too_many"
    assert rules.product_types([line(), Line(kind="note", text="x", product_type="service")]) == ("product",)


QUANTITIES = st.decimals(min_value=-20, max_value=50, places=2)
WANTED = st.lists(
    st.builds(
        Line,
        kind=st.sampled_from(("item", "item", "note")),
        article=st.sampled_from(("", "BUR", "CHA", "SRV")),
        text=st.just("x"),
        quantity=st.decimals(min_value=0, max_value=30, places=2, allow_nan=True),
    ),
    max_size=8,
)


@settings(max_examples=40)
@given(WANTED, st.fixed_dictionaries({"BUR": QUANTITIES, "CHA": QUANTITIES}))
def test_lines_of_an_article_share_what_there_is(lines: list[Line], available: dict[str, Decimal]) -> None:
    found = rules.missing(lines, available)
    assert all(0 <= lacks <= line.quantity for line, lacks in zip(lines, found, strict=True) if lacks)
    for article in ("", "BUR", "CHA", "SRV"):
        mine = [
            (line.quantity, lacks)
            for line, lacks in zip(lines, found, strict=True)
            if line.article == article and line.kind == "item" and line.quantity.is_finite()
        ]
        wanted, lacks = (sum((each[side] for each in mine), Decimal(0)) for side in (0, 1))
        stocked = max(available[article], Decimal(0)) if article in available else wanted
        assert lacks == max(wanted - stocked, Decimal(0))
