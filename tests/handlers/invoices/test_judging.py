"""A draft is judged before it has a number: what could never be printed or sent stays a draft."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine import records
from engine.database.session import Database
from engine.errors import WrongState
from engine.handler import SYSTEM, BusinessError, HandlerContext
from handlers.company.commands import SetIdentity, set_identity
from handlers.demonstration.company import IDENTITY
from handlers.invoices import commands as c
from handlers.invoices import judging, making, queries, store
from handlers.invoices.handlers import judge_draft, validate_invoice
from handlers.invoices.steps import Judging, Validation
from handlers.orders.tables import SalesOrder
from tests.handlers.invoices.conftest import YASMINE, Drafter, validate
from tests.handlers.sales.conftest import NOW, TODAY


def wrong_tax(database: Database, invoice_id: int) -> None:
    """Two cents too many, as no rule of ours would."""
    with database.transaction() as session:
        for table, more in (("invoice_rate", ""), ("invoice", ", total = total + 0.02")):
            of = "id" if table == "invoice" else "invoice_id"
            wanted = "" if table == "invoice" else " AND vat = 'normal'"
            session.execute(
                text(f"UPDATE business.{table} SET tax = tax + 0.02{more} WHERE {of} = :id{wanted}"), {"id": invoice_id}
            )


def test_a_draft_that_contradicts_itself_takes_no_number(order: Database, drafted: Drafter) -> None:
    draft = drafted()
    wrong_tax(order, draft)
    with pytest.raises(WrongState, match="document_figures_disagree"):
        validate(order, draft)
    with order.reading() as session:
        assert store.find(session, draft).number is None
        assert (
            session.execute(text("SELECT count(*) FROM business.number_series WHERE series LIKE 'FA%'")).scalar() == 0
        )


def test_the_official_rules_are_asked_of_a_draft(order: Database, drafted: Drafter) -> None:
    draft = drafted()
    with order.reading() as session:
        document = judging.prospect(session, draft, TODAY)
        assert document is not None
        assert judging.complaints(document) == ()
    with order.transaction() as session:
        session.execute(
            text("UPDATE business.invoice SET party = jsonb_set(party, '{vat_number}', '\"??1\"') WHERE id = :id"),
            {"id": draft},
        )
    with order.reading() as session:
        document = judging.prospect(session, draft, TODAY)
        assert document is not None
        assert any("BR-CO-09" in each for each in judging.complaints(document))


def test_what_is_shown_is_what_is_judged(order: Database, drafted: Drafter) -> None:
    """Its day and its terms are chosen later; its lines and its buyer are not."""

    def shown() -> str:
        with order.reading() as session:
            document = judging.prospect(session, draft, TODAY)
            assert document is not None
            return judging.fingerprint(document)

    draft = drafted()
    before = shown()
    with order.transaction() as session:
        session.execute(text("UPDATE business.invoice SET terms = '60_days'"))
    assert shown() == before
    with order.transaction() as session:
        row, found = store.lock_draft(session, draft)
        assert found is not None
        lines = [(each.order_line_id, each.quantity) for each in store.lines_of(session, draft) if each.order_line_id]
        making.redraft(session, row, found, lines[1:])
    assert shown() != before


def test_the_regime_of_the_order_is_that_of_the_company(order: Database, drafted: Drafter) -> None:
    """A company that has become small since charges no VAT, for which it has no number any more."""
    draft = drafted()
    small = replace(IDENTITY, vat_regime="franchise", vat_number="")
    records.execute(order, set_identity, SetIdentity(identity=small), SYSTEM, now=NOW)
    with pytest.raises(WrongState, match="vat_regime_changed"):
        validate(order, draft)


def test_a_form_that_is_sent_twice_drafts_one_credit_note(order: Database, drafted: Drafter) -> None:
    number = validate(order, drafted())
    with order.reading() as session:
        sold = store.lines_of(session, store.find_id(session, number))
        line = next(each.id for each in sold if each.kind == "item")
    given = c.AddCreditNote(
        invoice=number,
        quantities=(c.Quantity(line=line, quantity=Decimal(1)),),
        reason="Rayé",
        is_reinvoiceable=False,
        key="yasmine/1",
    )
    first, second = (records.execute(order, c.add_credit_note, given, YASMINE, now=NOW) for _ in range(2))
    assert (first.is_changed, second.is_changed, second.answer) == (True, False, first.answer)


def test_a_draft_of_a_credit_note_leaves_its_order_invoiced(order: Database, drafted: Drafter) -> None:
    """Else the last payment, coming meanwhile, would not close it, and nothing would ever tell it again."""
    number = validate(order, drafted())
    with order.transaction() as session:
        found = store.find_id(session, number)
        asked = [(each.id, each.quantity) for each in store.lines_of(session, found) if each.kind == "item"]
        making.credit(session, found, asked, reason="Rayé", is_reinvoiceable=False, now=NOW, by="yasmine")
        sold = session.scalars(select(SalesOrder)).one()
        assert queries.is_fully_invoiced(session, sold)


def test_what_changed_under_the_eyes_of_whoever_validates_is_refused(order: Database, drafted: Drafter) -> None:
    """The same total is not the same invoice."""
    draft = drafted()

    def context(session: Session) -> HandlerContext:
        return HandlerContext(
            session=session,
            actor=YASMINE,
            business_key=None,
            attempt=1,
            idempotency_key="9:1",
            now=NOW,
            starter="c",
            keep=lambda command, given: records.apply(session, command, given, YASMINE, now=NOW),
        )

    with order.transaction() as session:
        judged = judge_draft.run(Judging(invoice_id=draft, today=TODAY), context(session))
        total = store.find(session, draft).total
    with order.transaction() as session:
        session.execute(text("UPDATE business.invoice SET party = jsonb_set(party, '{name}', '\"Autre\"')"))
        given = Validation(invoice_id=draft, total=total, shown=judged.shown, validated_by="yasmine", today=TODAY)
        with pytest.raises(BusinessError, match="invoice_changed"):
            validate_invoice.run(given, context(session))


def test_whoever_drafted_a_credit_note_does_not_validate_it(order: Database, drafted: Drafter) -> None:
    number = validate(order, drafted())
    with order.transaction() as session:
        found = store.find_id(session, number)
        asked = [(each.id, each.quantity) for each in store.lines_of(session, found) if each.kind == "item"]
        note = making.credit(session, found, asked, reason="Rayé", is_reinvoiceable=False, now=NOW, by="yasmine").id
    with pytest.raises(WrongState, match="validator_is_asker"):
        validate(order, note, by="yasmine")
    assert validate(order, note, by="andre") == "FA-2026-00002"
