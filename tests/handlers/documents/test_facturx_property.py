"""Whatever our rules take for an invoice, the official rules accept: random lines, discounts, charges, rates and payments."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from handlers.base.money import to_cents
from handlers.documents.checking import complaints
from handlers.documents.facturx import xml_of
from handlers.documents.model import Adjustment, Document, DocumentKind, ItemLine
from handlers.documents.rules import contradictions
from tests.handlers.documents.examples import BUYER, CONSUMER, GERMAN, figures, invoice, item

RATES = tuple(Decimal(each) for each in ("0.2000", "0.1000", "0.0550", "0.0210"))


def numbers(most: str, places: int) -> some.SearchStrategy[Decimal]:
    return some.decimals(min_value=0, max_value=Decimal(most), places=places, allow_nan=False, allow_infinity=False)


@some.composite
def lines(draw: some.DrawFn) -> ItemLine:
    quantity, price = draw(numbers("9999", 4)), draw(numbers("99999", 6))
    discount = draw(some.none() | numbers("100", 2)) or None
    return replace(
        item("Article"),
        quantity=quantity,
        unit_price=price,
        discount_percent=discount,
        vat_rate=draw(some.sampled_from((*RATES, None))),
        amount=to_cents(quantity * price * (100 - (discount or 0)) / 100),
    )


@some.composite
def documents(draw: some.DrawFn) -> Document:
    sold = tuple(draw(some.lists(lines(), min_size=1, max_size=6)))
    rates = sorted({each.vat_rate for each in sold}, key=str)
    changes = [
        Adjustment(
            label="Remise ou frais",
            vat_rate=rate,
            amount=draw(some.decimals(min_value=-50, max_value=50, places=2).filter(bool)),
        )
        for rate in draw(some.lists(some.sampled_from(rates), max_size=3))
    ]
    changed: dict[str, Any] = {
        "category": draw(some.sampled_from(("goods", "services", "mixed"))),
        "payment_method": draw(some.sampled_from(("", "transfer", "card", "direct_debit", "cheque", "cash"))),
        "language": draw(some.sampled_from(("fr", "en"))),
        "buyer": draw(some.sampled_from((BUYER, CONSUMER, GERMAN))),
        "kind": draw(some.sampled_from((DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE))),
        "prepaid": min(draw(numbers("500", 2)), figures(sold, changes)["totals"].gross),
    }
    exemption = "exempt" if None in rates else None
    return invoice(sold, adjustments=tuple(changes), exemption=exemption, **changed)  # type: ignore[arg-type]


def accepted(document: Document) -> None:
    if not contradictions(document):
        assert complaints(xml_of(document)) == ()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_what_our_rules_take_the_official_ones_accept(document: Document) -> None:
    accepted(document)


@pytest.mark.long(minutes=1)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_what_our_rules_take_the_official_ones_accept_many_times(document: Document) -> None:
    accepted(document)
