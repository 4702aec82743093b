"""A delivery on paper: the note that goes with the goods, and to the customer by mail."""

from __future__ import annotations

from datetime import date, datetime
from typing import cast

from sqlalchemy.orm import Session

from engine.letter import Attachment
from handlers.deliveries import queries
from handlers.deliveries.queries import CarriedLine, DeliveryView
from handlers.documents import store as printed
from handlers.documents.model import DeliveryLine, Document, DocumentKind, Language
from handlers.documents.ours import Ours, find_ours
from handlers.documents.press import pdf_of
from handlers.documents.store import Printed
from handlers.sales import paper

_KIND = DocumentKind.DELIVERY_NOTE


def document_of(delivery: DeliveryView, ours: Ours, today: date, *, is_draft: bool) -> Document:
    """The delivery as it is printed. ``today``: what is dated so that has not left yet."""
    language, day = cast("Language", delivery.locale), delivery.shipped_on or today
    party = delivery.party
    return Document(
        kind=_KIND,
        language=language,
        number=delivery.number,
        is_draft=is_draft,
        issued_on=day,
        seller=ours.seller(),
        buyer=paper.buyer_of(party, delivery.contact),
        delivery_address=paper.delivery_address_of(party),
        delivered_on=day,
        delivery_method=delivery.delivery_method,
        carrier=delivery.carrier,
        tracking=delivery.tracking,
        reference=delivery.customer_reference,
        order_number=delivery.order_number,
        lines=tuple(_line(each, is_shipped=delivery.status == "shipped") for each in delivery.lines),
        mentions=ours.mentions(_KIND, day, language, is_business=party.is_company, exemptions=()),
    )


def print_note(session: Session, number: str, now: datetime) -> Printed | None:
    """The PDF, made and kept the first time it is asked for; None for a delivery that has not left, and as long as nobody has said who
    we are.

    It takes the time of a drawing: for effects, never for a step. Raises what ``pdf_of`` raises.
    """
    found = printed.find(session, _KIND, number, 1)
    if found is not None:
        return found
    ours, delivery = find_ours(session), queries.find_delivery(session, number)
    if ours is None or delivery is None or delivery.kind != "delivery" or delivery.shipped_on is None:
        return None
    document = document_of(delivery, ours, delivery.shipped_on, is_draft=False)
    return printed.keep(session, document, pdf_of(document), now)


def attachment(session: Session, number: str, now: datetime) -> Attachment | None:
    """The same as a letter carries it."""
    found = print_note(session, number, now)
    return None if found is None else printed.attachment(session, found)


def _line(line: CarriedLine, *, is_shipped: bool) -> DeliveryLine:
    """What remains is what has not left with this delivery or an earlier one."""
    name, _, description = line.text.partition("\n")
    outstanding = line.progress.outstanding
    return DeliveryLine(
        reference=line.article,
        name=name,
        description=description,
        quantity=line.quantity,
        unit=line.unit,
        ordered=line.progress.ordered,
        remaining=outstanding if is_shipped else max(outstanding - line.quantity, outstanding * 0),
    )
