"""The PDF of an invoice or credit note: what was sent, as it was kept; before that a draft, marked so. And the proforma of an order."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotFound
from handlers.documents import store as printed
from handlers.documents.model import DocumentKind
from handlers.documents.ours import find_ours
from handlers.documents.press import facturx_pdf_of, pdf_of
from handlers.invoices import printing, proforma, queries
from handlers.invoices.commands import READERS
from handlers.orders import queries as orders
from web import auth, downloads, ui
from web.ui import t

blueprint = Blueprint("invoice_papers", __name__)


@blueprint.get("/invoices/<key>/pdf")
@auth.requires(*READERS)
def pdf(key: str) -> Answer:
    """What is validated is always the same; what was not kept yet is drawn after the database was left."""
    with auth.runtime().database.reading() as session:
        found = queries.find_invoice(session, key) if key.isprintable() else None
        if found is None:
            raise NotFound("invoice_unknown", invoice=key[:40])
        kept = printed.find(session, DocumentKind(found.kind), found.number or "", 1)
        if kept is not None:
            return downloads.pdf(printed.read(session, kept), printed.file_name(kept))
        ours = printing.ours_of(session, found)
        left = printing.delivery_day(session, found, found.issued_on or ui.today())
    if ours is None:
        raise NotFound("company_identity_missing")
    document = printing.document_of(found, ours, ui.today(), left)
    title = t(f"document.kind.{found.kind}")
    if found.number is None:
        return downloads.pdf(pdf_of(document), t("web.invoices.pdf.draft_name", kind=title))
    return downloads.pdf(facturx_pdf_of(document), f"{title} {found.number}.pdf")


@blueprint.get("/orders/<number>/proforma")
@auth.requires(*READERS)
def of_order(number: str) -> Answer:
    """The proforma of an order that stands: drawn each time, of today, and kept by nobody."""
    with auth.runtime().database.reading() as session:
        found = orders.find_order(session, number) if number.isprintable() else None
        if found is None or found.status not in {"draft", "confirmed"}:
            raise NotFound("order_unknown", order=number[:40])
        ours = find_ours(session)
    if ours is None:
        raise NotFound("company_identity_missing")
    content = pdf_of(proforma.document_of(found, ours, ui.today()))
    return downloads.pdf(content, f"{t('document.kind.proforma')} {number}.pdf")
