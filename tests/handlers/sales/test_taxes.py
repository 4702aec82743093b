"""Which VAT each line bears, by the fiscal position: totals by rate and category, to the cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from handlers.base.money import to_cents
from handlers.catalogue import vat
from handlers.customers.fiscal import POSITIONS
from handlers.sales import paper, rules
from handlers.sales.taxes import EXEMPT, Taxation, charged_at
from handlers.sales.types import Extras, Line
from tests.handlers.sales.test_rules import EXTRAS, LINES

DAY = date(2026, 11, 23)
DESK = Line(text="Bureau", quantity=Decimal(3), unit_price=Decimal("690.00"))
FITTING = Line(text="Pose", quantity=Decimal(2), unit_price=Decimal("58.00"), product_type="service")
BOOK = Line(text="Livre", unit_price=Decimal("21.10"), vat="reduced")
FREE = Decimal("0.00")


def taxed(position: str, *, is_business: bool = True, is_untaxed: bool = False) -> Taxation:
    return Taxation(day=DAY, position=position, is_business=is_business, is_untaxed=is_untaxed)


@pytest.mark.parametrize(
    ("taxation", "expected"),
    [
        (taxed("domestic"), ("normal", "normal", "reduced")),
        (taxed("intra_eu"), ("intra_eu", "reverse_charge", "intra_eu")),
        (taxed("export"), ("export", "service_abroad", "export")),
        (taxed("export", is_business=False), ("export", "normal", "export")),
        (taxed("domestic", is_untaxed=True), ("normal", "normal", "reduced")),
        (taxed("intra_eu", is_untaxed=True), ("normal", "reverse_charge", "reduced")),
        (taxed("export", is_untaxed=True), ("normal", "service_abroad", "reduced")),
    ],
)
def test_what_each_line_counts_under(taxation: Taxation, expected: tuple[str, ...]) -> None:
    assert tuple(taxation.name_of(each) for each in (DESK, FITTING, BOOK)) == expected


def test_headings_bear_nothing_and_stay() -> None:
    heading = Line(kind="heading", text="Mobilier")
    assert taxed("intra_eu").applied([heading, DESK]) == (heading, replace(DESK, vat="intra_eu"))


def test_goods_and_services_abroad_are_two_parts_without_tax() -> None:
    found = rules.figures([DESK, FITTING, BOOK], Extras(discount=Decimal(10), shipping=Decimal(45)), taxed("intra_eu"))
    assert [(each.vat, each.rate, each.lines, each.base, each.tax) for each in found.rates] == [
        ("intra_eu", FREE, Decimal("2091.10"), Decimal("1926.99"), FREE),
        ("reverse_charge", FREE, Decimal("116.00"), Decimal("104.40"), FREE),
    ]
    assert found.total == found.net == Decimal("2031.39")
    assert found.vats == ("intra_eu", "reverse_charge", "intra_eu")


def test_services_of_a_private_person_outside_the_union_are_taxed_beside_free_goods() -> None:
    found = rules.figures([DESK, FITTING], Extras(shipping=Decimal(45)), taxed("export", is_business=False))
    assert [(each.vat, each.base, each.tax) for each in found.rates] == [
        ("normal", Decimal("116.00"), Decimal("23.20")),
        ("export", Decimal("2115.00"), FREE),
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"normal", "reduced"}, "normal"),
        ({"reduced"}, "normal"),
        (set[str](), "normal"),
        ({"intra_eu", "reverse_charge"}, "intra_eu"),
        ({"reverse_charge"}, "reverse_charge"),
        ({"service_abroad"}, "service_abroad"),
        ({"export", "normal"}, "export"),
        ({"reduced", "reverse_charge"}, "normal"),
    ],
)
def test_shipping_goes_with_the_goods(names: set[str], expected: str) -> None:
    assert charged_at(names) == expected


SOLD = some.tuples(LINES, some.lists(some.sampled_from(("product", "service")), min_size=8, max_size=8)).map(
    lambda each: [replace(line, product_type=kind) for line, kind in zip(*each, strict=False)]
)
TAXATIONS = some.builds(taxed, some.sampled_from(POSITIONS), is_business=some.booleans(), is_untaxed=some.booleans())


@settings(max_examples=60)
@given(SOLD, EXTRAS, TAXATIONS)
def test_totals_are_exact_for_each_rate_and_category(lines: list[Line], extras: Extras, taxation: Taxation) -> None:
    found, at_home = rules.figures(lines, extras, taxation), rules.figures(lines, extras, taxed("domestic"))
    assert found.amounts == at_home.amounts
    assert found.lines == at_home.lines
    assert found.net == sum((each.base for each in found.rates), FREE)
    assert found.tax == sum((each.tax for each in found.rates), FREE)
    assert found.total == found.net + found.tax
    for each in found.rates:
        of_lines = (amount for amount, name in zip(found.amounts, found.vats, strict=True) if name == each.vat)
        assert each.lines == sum((amount for amount in of_lines if amount is not None), FREE)
        assert each.base == each.lines - each.discount + each.charges
        assert each.tax == to_cents(each.base * each.rate)
        assert each.rate == 0 if each.vat in EXEMPT or taxation.is_untaxed else each.rate == vat.rate(each.vat, DAY)
    assert len({each.vat for each in found.rates}) == len(found.rates)
    assert {each for each in found.vats if each is not None} <= {each.vat for each in found.rates}


@settings(max_examples=30)
@given(SOLD, TAXATIONS)
def test_paper_has_one_part_for_each_rate_and_each_reason_for_none(lines: list[Line], taxation: Taxation) -> None:
    extras = Extras(discount=Decimal(5), shipping=Decimal("12.50"))
    found = rules.figures(lines, extras, taxation)
    rates = paper.rates_of(found, is_untaxed=taxation.is_untaxed)
    parts = paper.vat_of(found, rates)
    assert len({(each.rate, each.exemption) for each in parts}) == len(parts)
    assert all((each.rate is None) == (each.exemption is not None) for each in parts)
    assert sum((each.base for each in parts), FREE) == found.net
    assert set(paper.exemptions_of(rates)) == {each.exemption for each in parts} - {None}
