"""An invoice or credit note on paper, and for machines: what of it stands where, and the PDF that its customer gets."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, cast

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from engine.letter import Attachment
from engine.texts import say
from handlers.company.queries import read_logo
from handlers.company.types import IdentityData
from handlers.deliveries.queries import last_shipped_on
from handlers.documents import store as printed
from handlers.documents.model import (
    Category,
    Document,
    DocumentKind,
    InvoiceReference,
    Language,
    Mention,
    PaymentMethod,
)
from handlers.documents.ours import Ours, find_ours, settlement
from handlers.documents.press import facturx_pdf_of
from handlers.documents.store import Printed
from handlers.invoices import queries
from handlers.invoices.queries import InvoiceView
from handlers.sales import paper

_IDENTITY: Final = TypeAdapter(IdentityData)


def document_of(invoice: InvoiceView, ours: Ours, today: date, delivered_on: date | None = None) -> Document:
    """The invoice as it is printed. ``ours``: who we were when it was validated (``ours_of``), or are; ``today``: the day on a draft;
    ``delivered_on``: see ``delivery_day``.
    """
    language, kind = cast("Language", invoice.locale), DocumentKind(invoice.kind)
    is_paid = kind is DocumentKind.INVOICE
    rates, party = paper.rates_of(invoice.totals, is_untaxed=invoice.is_untaxed), invoice.party
    day, lines = invoice.issued_on or today, [each.line for each in invoice.lines]
    return Document(
        kind=kind,
        language=language,
        number=invoice.number or "",
        is_draft=invoice.number is None,
        issued_on=day,
        due_on=invoice.due_on if is_paid else None,
        delivered_on=delivered_on,
        currency=invoice.currency,
        seller=ours.seller(),
        buyer=paper.buyer_of(party, invoice.contact, invoice.email),
        delivery_address=paper.delivery_address_of(party),
        reference=invoice.customer_reference,
        order_number=invoice.order_number or "",
        subject=invoice.subject,
        introduction=invoice.reason,
        category=cast("Category", invoice.category),
        references=()
        if invoice.corrects is None
        else (InvoiceReference(number=invoice.corrects[0], issued_on=invoice.corrects[1]),),
        lines=paper.lines_of(lines, invoice.totals, rates),
        adjustments=paper.adjustments_of(invoice.extras, invoice.totals, rates, language),
        vat=paper.vat_of(invoice.totals, rates),
        totals=paper.totals_of(invoice.totals),
        cents_off=invoice.cents_off,
        terms=ours.terms(say(f"quote.terms.{invoice.terms}", language), language) if is_paid else settlement(language),
        payment_method=cast("PaymentMethod", invoice.payment_method if is_paid else ""),
        mentions=ours.mentions(
            kind,
            day,
            language,
            is_business=party.is_company,
            exemptions=paper.exemptions_of(rates),
            has_services=invoice.category != "goods",
        )
        if invoice.mentions is None
        else tuple(Mention(code=each["code"], text=each["text"]) for each in invoice.mentions),
    )


def delivery_day(session: Session, invoice: InvoiceView, until: date) -> date | None:
    """The last day on which goods that it invoices had left or services were done (CGI ann. II art. 242 nonies A I-10°).

    Validated, it says so itself, but for those of the first way of hashing. None as long as nothing had left; nor of credit notes, see
    ``goods_day``.
    """
    left = invoice.delivered_on if invoice.hash_version > 1 else goods_day(session, invoice, until)
    return max(filter(None, (left, invoice.performed_on)), default=None)


def goods_day(session: Session, invoice: InvoiceView, until: date) -> date | None:
    """The last day on which goods that it invoices had left, by the deliveries of now; one statement.

    Of credit notes there is none; but what takes back a supply to another member state names the day of that supply (EN 16931, BR-IC-11).
    """
    lines = [each.order_line_id for each in invoice.lines if each.order_line_id is not None]
    if invoice.corrects is not None and any(each.line.vat == "intra_eu" for each in invoice.lines):
        return last_shipped_on(session, lines, invoice.corrects[1]) if lines else None
    return None if invoice.kind != "invoice" or not lines else last_shipped_on(session, lines, until)


def ours_of(session: Session, invoice: InvoiceView) -> Ours | None:
    """Who we were when it was validated; of a draft who we are, None as long as nobody has said it."""
    if invoice.seller is None:
        return find_ours(session)
    known = dict(invoice.seller)
    logo = known.pop("logo_hash")
    return Ours(identity=_IDENTITY.validate_python(known), logo=read_logo(session, logo) if logo else None)


def print_invoice(session: Session, number: str, now: datetime) -> Printed | None:
    """The PDF with the invoice for machines inside, made and kept the first time it is asked for; None for what is not validated.

    It takes the time of a drawing: for effects, never for a step. Raises what ``facturx_pdf_of`` raises.
    """
    invoice = queries.find_invoice(session, number)
    if invoice is None or invoice.number is None or invoice.issued_on is None:
        return None
    found = printed.find(session, DocumentKind(invoice.kind), number, 1)
    if found is not None:
        return found
    ours = ours_of(session, invoice)
    assert ours is not None, "a validated invoice has its seller"
    document = document_of(invoice, ours, invoice.issued_on, delivery_day(session, invoice, invoice.issued_on))
    return printed.keep(session, document, facturx_pdf_of(document), now)


def attachment(session: Session, number: str, now: datetime) -> Attachment | None:
    """The same as a letter carries it."""
    found = print_invoice(session, number, now)
    return None if found is None else printed.attachment(session, found)
