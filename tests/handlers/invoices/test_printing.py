"""Invoices of an order as they are printed, and as machines read them: each part of it is what the official rules want."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from facturx import get_facturx_xml_from_pdf
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from engine import records
from engine.database.session import Database
from engine.handler import SYSTEM
from handlers.company.commands import SetIdentity, set_identity
from handlers.deliveries.tables import Delivery, DeliveryLine
from handlers.demonstration.company import IDENTITY
from handlers.documents.checking import complaints
from handlers.documents.facturx import xml_of
from handlers.documents.model import Document, ItemLine
from handlers.documents.ours import settlement
from handlers.documents.rules import contradictions
from handlers.invoices import making, printing, queries
from handlers.invoices.making import Asked
from handlers.orders.tables import OrderLine
from handlers.sales.types import Extras
from tests.handlers.invoices.conftest import Drafter, add_order, validate
from tests.handlers.orders.conftest import ORDER
from tests.handlers.sales.conftest import DESK, NOW, TODAY

ODD = Extras(discount=Decimal("3.33"), shipping=Decimal("17.95"), adjustment=Decimal("-0.07"))


def paper(database: Database, number: str | int) -> Document:
    with database.reading() as session:
        invoice = queries.find_invoice(session, number)
        assert invoice is not None
        ours = printing.ours_of(session, invoice)
        assert ours is not None
        return printing.document_of(invoice, ours, TODAY)


def test_partial_invoices_and_a_credit_note_are_what_the_rules_want(shop: Database, drafted: Drafter) -> None:
    lines = (
        replace(DESK, quantity=Decimal(7), unit_price=Decimal("33.333333"), discount=Decimal("2.50")),
        replace(DESK, quantity=Decimal(3), unit_price=Decimal("0.99"), vat="reduced"),
    )
    number = add_order(shop, lines, replace(ORDER, extras=ODD))
    made = [validate(shop, drafted("percent", Decimal("14.3"), number=number)) for _ in range(3)]
    made.append(validate(shop, drafted("remaining", number=number)))
    with shop.transaction() as session:
        first = queries.find_invoice(session, made[0])
        assert first is not None
        asked = [(each.id, each.line.quantity) for each in first.lines if each.amount is not None]
        back = making.credit(
            session, first.id, asked, reason="Rayures.", is_reinvoiceable=False, now=NOW, by="yasmine"
        ).id
    made.append(validate(shop, back))
    for each in made:
        document = paper(shop, each)
        assert (each, contradictions(document)) == (each, ())
        assert (each, complaints(xml_of(document))) == (each, ())
    document = paper(shop, made[-1])
    assert (document.due_on, document.payment_method) == (None, "")
    assert document.terms == settlement("fr")
    assert not [each.code for each in document.mentions]


def test_an_invoice_says_when_its_goods_left(order: Database, drafted: Drafter) -> None:
    goods, services = drafted("products"), drafted("services")
    first, last, later = TODAY - timedelta(days=3), TODAY, TODAY + timedelta(days=1)
    with order.transaction() as session:
        line = session.scalars(select(OrderLine).where(OrderLine.article == "BUR")).one()
        for number, day in enumerate((first, last, later), start=1):
            ship(session, line, f"BL-2026-{number:05}", day)
        said = []
        for each in (goods, services):
            view = queries.find_invoice(session, each)
            assert view is not None
            said.append(printing.delivery_day(session, view, TODAY))
    assert said == [last, None]


def ship(session: Session, line: OrderLine, number: str, day: date) -> None:
    """One piece of ``line``."""
    row = Delivery(
        number=number,
        kind="delivery",
        order_id=line.order_id,
        is_redelivered=False,
        status="to_prepare",
        warehouse="PRINCIPAL",
        party={},
        carrier="",
        tracking="",
        words=func.to_tsvector(""),
        created_at=NOW,
        created_by="camille",
        closed_because="",
        idempotency_key=number,
    )
    session.add(row)
    session.flush()
    session.add(
        DeliveryLine(
            delivery_id=row.id, order_line_id=line.id, place=1, article="BUR", text="x", unit="", quantity=Decimal(1)
        )
    )
    session.flush()
    for status in ("reserved", "prepared", "shipped"):
        row.status, row.prepared_by = status, "bruno"
        if status == "shipped":
            row.shipped_at, row.shipped_on, row.shipped_by = NOW, day, "bruno"
        session.flush()


def test_a_draft_is_drawn_too_and_an_invoice_is_kept_with_its_xml(order: Database, drafted: Drafter) -> None:
    draft = drafted()
    assert contradictions(paper(order, draft)) == ()
    assert paper(order, draft).is_draft
    number = validate(order, draft)
    with order.transaction() as session:
        session.execute(text("UPDATE business.customer SET name = 'Autre'"))  # what was validated says what it said
        sent = printing.attachment(session, number, NOW)
        again = printing.attachment(session, number, NOW)
    assert sent is not None
    assert sent == again
    assert sent.name == f"Facture {number}.pdf"
    assert get_facturx_xml_from_pdf(sent.content, check_xsd=False)[1] == xml_of(paper(order, number))


def test_without_vat_all_lines_and_charges_are_one_part(shop: Database) -> None:
    """Whatever rates the articles would have: the official rules want one part of what is exempt."""
    small = replace(IDENTITY, vat_number="", vat_regime="franchise")
    records.execute(shop, set_identity, SetIdentity(identity=small), SYSTEM, now=NOW)
    charged = replace(ORDER, extras=Extras(discount=Decimal(3), shipping=Decimal(5)))
    number = add_order(shop, (DESK, replace(DESK, vat="reduced", text="Livre")), charged)
    with shop.transaction() as session:
        draft = making.draft(session, number, Asked(what="remaining"), key=None, asked_by="c", now=NOW, by="c").id
    document = paper(shop, validate(shop, draft))
    assert [(each.rate, each.base) for each in document.vat] == [(None, document.totals.net)]
    assert len(document.adjustments) == 2
    assert contradictions(document) == ()
    assert complaints(xml_of(document)) == ()


def test_credit_notes_of_a_price_and_of_what_is_left_of_it_are_what_the_rules_want(
    shop: Database, drafted: Drafter
) -> None:
    """By a percentage, by an amount, then by quantity at what is left: each names its invoice, as 381, and they sum to it."""
    lines = (
        replace(DESK, quantity=Decimal(7), unit_price=Decimal("33.333333"), discount=Decimal("2.50")),
        replace(DESK, quantity=Decimal(3), unit_price=Decimal("0.99"), vat="reduced"),
    )
    number = validate(shop, drafted(number=add_order(shop, lines, replace(ORDER, extras=ODD))))
    drafts: list[int] = []
    with shop.transaction() as session:
        first = queries.find_invoice(session, number)
        assert first is not None
        sold = [each for each in first.lines if each.amount is not None]
        off = making.reduce(session, first.id, [], percent=Decimal(5), reason="Retard", now=NOW, by="yasmine")
        drafts.append(off.id)
    amounts = [(sold[0].id, Decimal("12.34")), (sold[1].id, Decimal("0.01"))]
    with shop.transaction() as session:
        drafts.append(making.reduce(session, first.id, amounts, percent=None, reason="Rayé", now=NOW, by="yasmine").id)
    made = [validate(shop, each) for each in drafts]
    for part in (Decimal(2), None):
        with shop.transaction() as session:
            again = queries.find_invoice(session, number)
            assert again is not None
            asked = [(each.id, part or each.line.quantity - each.credited) for each in again.lines if each.amount]
            row = making.credit(session, first.id, asked, reason="Rendu", is_reinvoiceable=False, now=NOW, by="yasmine")
            session.flush()
            back = row.id
        made.append(validate(shop, back))
    papers = [paper(shop, each) for each in made]
    for document in papers:
        assert (document.number, contradictions(document)) == (document.number, ())
        said = xml_of(document)
        assert (document.number, complaints(said)) == (document.number, ())
        assert b">381<" in said
        assert number.encode() in said
    assert sum(each.totals.gross for each in papers) == paper(shop, number).totals.gross
    (item,) = [each for each in papers[1].lines if isinstance(each, ItemLine) and each.amount == Decimal("12.34")]
    assert item.name == "Réduction de prix\u00a0: Bureau chêne"
    assert (item.quantity, item.unit_price, item.discount_percent) == (Decimal(1), Decimal("12.34"), None)
