"""A quote on paper: what stands on it, and that what was sent stays as it was."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from engine import records
from engine.database.session import Database
from engine.handler import SYSTEM
from handlers.company.commands import SetIdentity, set_identity
from handlers.company.types import IdentityData
from handlers.demonstration.company import IDENTITY, seed_company
from handlers.documents import store as printed
from handlers.documents.model import Document, ItemLine, PostalAddress, SectionLine
from handlers.documents.ours import Ours
from handlers.documents.rules import contradictions
from handlers.sales import handlers as h
from handlers.sales import queries, rules
from handlers.sales.commands import ChangeQuote, change_quote
from handlers.sales.printing import document_of, print_quote
from handlers.sales.queries import QuoteView
from handlers.sales.steps import Issue, Sending, Submission
from handlers.sales.taxes import Taxation
from handlers.sales.types import Extras, Line, Place
from tests.handlers.conftest import ContextMaker
from tests.handlers.sales.conftest import LINES, NOW, OFFER, SARAH, TODAY

NUMBER = "DV-2026-00001"
SENDING = Sending(quote_number=NUMBER, version=1)


def view(database: Database) -> QuoteView:
    with database.reading() as session:
        found = queries.find_quote(session, NUMBER)
    assert found is not None
    return found


def paper(quote: QuoteView, identity: IdentityData = IDENTITY) -> Document:
    return document_of(quote, Ours(identity=identity, logo=None), is_draft=True)


def with_lines(quote: QuoteView, *lines: Line, extras: Extras) -> QuoteView:
    totals = rules.totals(lines, extras, Taxation(day=TODAY).rates())
    return replace(quote, lines=lines, totals=totals, data=replace(quote.data, extras=extras))


def test_a_quote_stands_on_paper_as_it_was_written(draft: Database) -> None:
    document = paper(view(draft))
    assert contradictions(document) == ()
    heading, desk, fitting = document.lines
    assert heading == SectionLine(title="Bureaux", subtotal=Decimal("2190.00"))
    assert isinstance(desk, ItemLine)
    assert (desk.reference, desk.name, desk.quantity, desk.vat_rate) == (
        "BUR",
        "Bureau chêne",
        Decimal(3),
        Decimal("0.2000"),
    )
    assert isinstance(fitting, ItemLine)
    assert fitting.vat_rate == Decimal("0.1000")
    assert [(each.label, each.amount) for each in document.adjustments] == [("Frais de port", Decimal(40))]
    assert document.terms.text.startswith("Paiement à 30 jours")
    assert document.seller.name == "Mobilier Comtois"
    assert any("40 €" in each.text for each in document.mentions)


def test_discounts_are_told_rate_by_rate_and_agree_to_the_cent(draft: Database) -> None:
    desk, fitting = LINES[1], LINES[2]
    third = replace(
        desk, quantity=Decimal("0.3333"), unit_price=Decimal("99.999999"), discount=Decimal("3.33"), text="Un\nDeux"
    )
    extras = Extras(discount=Decimal("7.77"), adjustment=Decimal("-3.33"))
    document = paper(with_lines(view(draft), desk, third, fitting, extras=extras))
    assert contradictions(document) == ()
    assert [each.label for each in document.adjustments] == [
        *("Remise 7,77\u00a0% (TVA 20\u00a0%)", "Remise 7,77\u00a0% (TVA 10\u00a0%)", "Ajustement"),
    ]
    line = document.lines[1]
    assert isinstance(line, ItemLine)
    assert (line.name, line.description, line.discount_percent) == ("Un", "Deux", Decimal("3.33"))


def test_where_goods_go_is_said_when_it_is_elsewhere(draft: Database) -> None:
    quote = view(draft)
    place = Place(label="Chantier", city="Dole")
    elsewhere = replace(quote, party=replace(quote.party, shipping=place))
    assert paper(elsewhere).delivery_address == PostalAddress(name="Chantier", city="Dole")
    assert paper(replace(quote, party=replace(quote.party, shipping=quote.party.billing))).delivery_address is None


def test_under_the_franchise_a_quote_has_no_vat_and_keeps_having_none(draft: Database) -> None:
    free = replace(IDENTITY, vat_regime="franchise", vat_number="")
    records.execute(draft, set_identity, SetIdentity(identity=free), SYSTEM, now=NOW)
    change = ChangeQuote(number=NUMBER, quote=OFFER, lines=LINES, today=TODAY)
    records.execute(draft, change_quote, change, SARAH, now=NOW)
    records.execute(draft, set_identity, SetIdentity(identity=IDENTITY), SYSTEM, now=NOW)
    quote = view(draft)
    assert (quote.totals.net, quote.totals.tax, quote.totals.total) == (
        Decimal("2230.00"),
        Decimal(0),
        Decimal("2230.00"),
    )
    document = paper(quote)
    assert contradictions(document) == ()
    assert {each.rate for each in document.vat} == {None}
    assert document.mentions[0].text.startswith("TVA non applicable, art. L. 223-1")


def test_what_was_sent_is_kept_and_goes_with_the_letter(draft: Database, context_of: ContextMaker) -> None:
    with draft.transaction() as session:
        context = context_of(session)
        assert print_quote(session, NUMBER, 1, context.now) is None  # nobody has said who we are
        seed_company(session)
        h.submit_quote.run(Submission(quote=NUMBER, today=TODAY), context)
        h.issue_quote.run(Issue(quote_number=NUMBER, today=TODAY), context)
        h.send_quote.run(SENDING, context)
    with draft.transaction() as session:
        name, content = session.execute(text("SELECT attachment_name, attachment FROM engine.letter")).one()
        kept = print_quote(session, NUMBER, 1, context.now)
        assert kept is not None
        assert name == printed.file_name(kept) == f"Devis {NUMBER}.pdf"
        assert bytes(content) == printed.read(session, kept)
        assert hashlib.sha256(content).hexdigest() == kept.hash
    with draft.transaction() as session, pytest.raises(DBAPIError, match="never changed"):
        session.execute(text("UPDATE business.printed_document SET hash = repeat('0', 64)"))
    with pytest.raises(ValueError, match="draft"), draft.transaction() as session:
        printed.keep(session, paper(view(draft)), b"%PDF-", context.now)
