"""Writing, changing and cancelling quotes; what the database keeps whatever a program does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from engine import records
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import Actor
from engine.records import queries as recorded
from handlers.customers.commands import DeleteCustomer, delete_customer
from handlers.sales import commands as c
from handlers.sales import queries, rules
from handlers.sales.offer import content_hash
from handlers.sales.taxes import Taxation
from handlers.sales.types import Extras, Line, QuoteData
from tests.handlers.sales.conftest import DESK, LINES, NOW, OFFER, SARAH, TODAY

NUMBER = "DV-2026-00001"


def found(database: Database, version: int | None = None) -> queries.QuoteView:
    with database.reading() as session:
        view = queries.find_quote(session, NUMBER, version)
    assert view is not None
    return view


def change(database: Database, quote: QuoteData = OFFER, lines: tuple[Line, ...] = LINES) -> None:
    given = c.ChangeQuote(number=NUMBER, quote=quote, lines=lines, today=TODAY)
    records.execute(database, c.change_quote, given, SARAH, now=NOW)


def sql(database: Database, statement: str) -> None:
    with database.transaction() as session:
        session.execute(text(statement))


def test_a_quote_is_kept_as_it_was_written_with_its_figures(draft: Database) -> None:
    view = found(draft)
    assert (view.status, view.version, view.data, view.lines) == ("draft", 1, OFFER, LINES)
    assert (view.party.name, view.party.siren, view.party.billing) == ("Cabinet Vallier", "552100554", None)
    assert (view.totals.net, view.totals.tax, view.totals.total) == tuple(
        map(Decimal, ("2230.00", "434.00", "2664.00"))
    )
    with draft.reading() as session:
        (row,) = queries.quotes_page(session, search="vall mob").quotes
        assert (row.number, row.total) == (NUMBER, view.totals.total), "what is kept is what follows from the lines"
        assert queries.quotes_page(session, search="durand").quotes == ()
        assert [each.value for each in queries.read_drafts(session)] == [NUMBER]
        assert recorded.revision(session, c.KIND, NUMBER) == 1


def test_a_draft_is_changed_lines_and_all(draft: Database) -> None:
    with draft.reading() as session:
        address = session.execute(text("SELECT id FROM business.customer_address")).scalar_one()
    change(
        draft,
        replace(OFFER, subject="Chaises", billing_id=address, extras=Extras()),
        (replace(DESK, discount=Decimal(10)),),
    )
    view = found(draft)
    assert (view.data.subject, view.totals.net, view.totals.discount_percent) == (
        "Chaises",
        Decimal("1863.00"),
        Decimal(10),
    )
    assert view.party.billing is not None
    assert view.party.billing.city == "Lons"


def test_five_hundred_lines_cost_no_more_statements_than_one(draft: Database) -> None:
    counts = []
    for size in (1, 500):
        said: list[str] = []

        def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any, said: list[str] = said) -> None:
            said.append(statement)

        event.listen(draft.engine, "before_cursor_execute", hear)
        change(draft, lines=(DESK,) * size)
        event.remove(draft.engine, "before_cursor_execute", hear)
        counts.append(len(said))
    assert counts[0] == counts[1]
    assert len(found(draft).lines) == 500


WRONG: tuple[tuple[QuoteData, tuple[Line, ...], list[tuple[str, str]]], ...] = (
    (replace(OFFER, currency="usd"), (), [("currency", "currency_not_ours")]),
    (replace(OFFER, valid_until=date(2026, 11, 22)), (), [("valid_until", "validity_past")]),
    (replace(OFFER, valid_until=date(2028, 1, 1)), (), [("valid_until", "validity_too_long")]),
    (replace(OFFER, terms="never", locale="de"), (), [("locale", "locale_unknown"), ("terms", "terms_unknown")]),
    (replace(OFFER, email="x", subject="s" * 201), (), [("subject", "text_too_long"), ("email", "email_invalid")]),
    (replace(OFFER, billing_id=99), (), [("billing_id", "address_unknown")]),
    (OFFER, (replace(DESK, article="NOT"),), [("lines.0.article", "article_unknown")]),
    (OFFER, (DESK, replace(DESK, quantity=Decimal(0))), [("lines.1.quantity", "line_quantity_invalid")]),
)


def test_what_is_wrong_is_said_at_its_field(draft: Database) -> None:
    for quote, lines, wrong in WRONG:
        with pytest.raises(InvalidInput) as refused:
            change(draft, quote, lines)
        assert [(each.field, each.code) for each in refused.value.fields] == wrong
    assert found(draft).data == OFFER


def test_who_may_not_and_what_is_not_there(draft: Database) -> None:
    bruno = Actor(login="bruno", name="Bruno", roles=frozenset({"warehouse"}))
    with pytest.raises(NotAllowed):
        records.execute(draft, c.cancel_quote, c.CancelQuote(number=NUMBER, reason="x"), bruno, now=NOW)
    with pytest.raises(NotFound):
        records.execute(draft, c.cancel_quote, c.CancelQuote(number="DV-0", reason="x"), SARAH, now=NOW)
    with pytest.raises(InvalidInput):
        records.execute(draft, c.cancel_quote, c.CancelQuote(number=NUMBER, reason=" "), SARAH, now=NOW)
    nobody = c.AddQuote(customer="CL-9", quote=OFFER, today=TODAY)
    with pytest.raises(InvalidInput):
        records.execute(draft, c.add_quote, nobody, SARAH, now=NOW)
    answer = c.AnswerQuote(number=NUMBER, version=1, content_hash="", answer="refused", comment="x", today=TODAY)
    with pytest.raises(NotAllowed):  # only who comes by the link answers
        records.execute(draft, c.answer_quote, answer, SARAH, now=NOW)


def test_a_cancelled_quote_keeps_its_number_and_is_not_changed(draft: Database) -> None:
    records.execute(draft, c.cancel_quote, c.CancelQuote(number=NUMBER, reason="Doublon"), SARAH, now=NOW)
    assert (found(draft).status, found(draft).closed_because) == ("cancelled", "Doublon")
    with pytest.raises(WrongState):
        change(draft)
    added = c.AddQuote(customer="CL-2026-00001", quote=OFFER, today=TODAY)
    assert records.execute(draft, c.add_quote, added, SARAH, now=NOW).answer == "DV-2026-00002"
    with pytest.raises(WrongState):
        records.execute(draft, delete_customer, DeleteCustomer(number="CL-2026-00001"), SARAH, now=NOW)


FROZEN = (
    "DELETE FROM business.quote_version",
    "UPDATE business.quote_version SET subject = 'x'",
    "UPDATE business.quote_version SET status = 'accepted'",
    "UPDATE business.quote_line SET quantity = 9, amount = round(9 * unit_price, 2) WHERE kind = 'item'",
    "DELETE FROM business.quote_line",
    "INSERT INTO business.quote_line SELECT 99, id, 99, 'note', NULL, 'x', 1, '', 0, 0, 'normal', 'product' FROM business.quote_version",
    "INSERT INTO business.quote_answer SELECT id, 'accepted', false, '', '', '', '', '', '', 'x', now() FROM business.quote_version",
)
IMPOSSIBLE = (
    "UPDATE business.quote_version SET status = 'sent'",
    "UPDATE business.quote_version SET currency = 'USD'",
    "UPDATE business.quote_version SET total = total + 1",
    "UPDATE business.quote_version SET version = 7",
    "UPDATE business.quote_line SET amount = amount + 0.01 WHERE kind = 'item'",
    "UPDATE business.quote_line SET amount = 1 WHERE kind = 'heading'",
)


def test_the_database_refuses_what_no_quote_can_be_and_keeps_what_was_submitted(draft: Database) -> None:
    for statement in IMPOSSIBLE:
        with pytest.raises(DBAPIError):
            sql(draft, statement)
    sql(draft, "UPDATE business.quote_version SET status = 'submitted'")
    for statement in FROZEN:
        with pytest.raises(DBAPIError):
            sql(draft, statement)


def test_the_hash_follows_what_the_customer_reads() -> None:
    totals = rules.totals(LINES, OFFER.extras, Taxation(day=TODAY).rates())
    one = content_hash({"number": NUMBER, "version": 1}, LINES, totals)
    assert one == content_hash({"version": 1, "number": NUMBER}, LINES, totals)
    assert one != content_hash({"number": NUMBER, "version": 2}, LINES, totals)
    assert one != content_hash({"number": NUMBER, "version": 1}, LINES[:2], totals)
