"""A quote on paper: what of it stands where, and the PDF that its customer gets."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy.orm import Session

from engine.letter import Attachment
from engine.texts import say
from handlers.documents import store as printed
from handlers.documents.model import Document, DocumentKind, Language
from handlers.documents.ours import Ours, find_ours
from handlers.documents.press import pdf_of
from handlers.documents.store import Printed
from handlers.sales import paper, queries
from handlers.sales.queries import QuoteView


def document_of(quote: QuoteView, ours: Ours, *, is_draft: bool) -> Document:
    """The quote as it is printed."""
    given, language = quote.data, cast("Language", quote.data.locale)
    rates, party = paper.rates_of(quote.totals, is_untaxed=quote.is_untaxed), quote.party
    return Document(
        kind=DocumentKind.QUOTE,
        language=language,
        number=quote.number,
        version=quote.version,
        is_draft=is_draft,
        issued_on=quote.issued_on,
        valid_until=given.valid_until,
        currency=given.currency,
        seller=ours.seller(),
        buyer=paper.buyer_of(party, given.contact),
        delivery_address=paper.delivery_address_of(party),
        reference=given.customer_reference,
        subject=given.subject,
        introduction=given.introduction,
        lines=paper.lines_of(quote.lines, quote.totals, rates),
        adjustments=paper.adjustments_of(given.extras, quote.totals, rates, language),
        vat=paper.vat_of(quote.totals, rates),
        totals=paper.totals_of(quote.totals),
        terms=ours.terms(say(f"quote.terms.{given.terms}", language), language),
        mentions=ours.mentions(
            DocumentKind.QUOTE,
            quote.issued_on,
            language,
            is_business=party.is_company,
            exemptions=paper.exemptions_of(rates),
        ),
    )


def print_quote(session: Session, number: str, version: int, now: datetime) -> Printed | None:
    """The PDF of a version that was sent, made and kept the first time it is asked for; None as long as nobody has said who we are.

    It takes the time of a drawing: for effects, never for a step. Raises what ``pdf_of`` raises.
    """
    found = printed.find(session, DocumentKind.QUOTE, number, version)
    if found is not None:
        return found
    ours, quote = find_ours(session), queries.find_quote(session, number, version)
    if ours is None or quote is None:
        return None
    document = document_of(quote, ours, is_draft=False)
    return printed.keep(session, document, pdf_of(document), now)


def attachment(session: Session, number: str, version: int, now: datetime) -> Attachment | None:
    """The same as a letter carries it."""
    found = print_quote(session, number, version, now)
    return None if found is None else printed.attachment(session, found)
