"""An order on paper: the acknowledgement that its customer gets once it is confirmed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final, cast

from sqlalchemy.orm import Session

from engine.letter import Attachment
from engine.texts import say
from handlers.documents import store as printed
from handlers.documents.model import Document, DocumentKind, Language, PaymentMethod
from handlers.documents.ours import Ours, find_ours
from handlers.documents.press import pdf_of
from handlers.documents.store import Printed
from handlers.orders import queries
from handlers.orders.queries import OrderView
from handlers.sales import paper
from handlers.sales.types import Line, Totals

_KIND: Final = DocumentKind.ORDER_ACKNOWLEDGEMENT


def document_of(order: OrderView, ours: Ours, *, is_draft: bool) -> Document:
    """The order as it is printed."""
    given, language = order.data, cast("Language", order.data.locale)
    lines, totals = _wanted(order)
    rates, party = paper.rates_of(totals, is_untaxed=order.is_untaxed), order.party
    return Document(
        kind=_KIND,
        language=language,
        number=order.number,
        version=order.version,
        is_draft=is_draft,
        issued_on=order.issued_on,
        currency=given.currency,
        seller=ours.seller(),
        buyer=paper.buyer_of(party, given.contact),
        delivery_address=paper.delivery_address_of(party),
        delivered_on=given.shipment_on,
        delivery_method=given.delivery_method,
        reference=given.customer_reference,
        subject=given.subject,
        lines=paper.lines_of(lines, totals, rates),
        adjustments=paper.adjustments_of(given.extras, totals, rates, language),
        vat=paper.vat_of(totals, rates),
        totals=paper.totals_of(totals),
        terms=ours.terms(say(f"quote.terms.{given.terms}", language), language),
        payment_method=cast("PaymentMethod", given.payment_method),
        mentions=ours.mentions(
            _KIND,
            order.issued_on,
            language,
            is_business=party.is_company,
            exemptions=paper.exemptions_of(rates),
        ),
    )


def print_acknowledgement(session: Session, number: str, now: datetime) -> Printed | None:
    """The PDF of what the order says now, made and kept the first time it is asked for; None for an order that was never confirmed, and as
    long as nobody has said who we are. What earlier versions looked like stays.

    It takes the time of a drawing: for effects, never for a step. Raises what ``pdf_of`` raises.
    """
    order = queries.find_order(session, number)
    found = None if order is None else printed.find(session, _KIND, number, order.version)
    if found is not None:
        return found
    ours = find_ours(session)
    if ours is None or order is None or order.confirmed_at is None:
        return None
    document = document_of(order, ours, is_draft=False)
    return printed.keep(session, document, pdf_of(document), now)


def attachment(session: Session, number: str, now: datetime) -> Attachment | None:
    """The same as a letter carries it."""
    found = print_acknowledgement(session, number, now)
    return None if found is None else printed.attachment(session, found)


def _wanted(order: OrderView) -> tuple[list[Line], Totals]:
    """The lines with the figures, without those of which nothing is wanted any more."""
    totals = order.totals
    places = [at for at, each in enumerate(order.lines) if each.line.kind != "item" or each.line.quantity]
    if len(places) == len(order.lines):
        return [each.line for each in order.lines], totals
    vats = tuple(totals.vats[at] for at in places)
    return [order.lines[at].line for at in places], replace(
        totals,
        amounts=tuple(totals.amounts[at] for at in places),
        vats=vats,
        rates=tuple(each for each in totals.rates if each.vat in vats or each.charges),
    )
