"""The PDF of an order: the acknowledgement that was sent, as it was kept; before that a draft, marked so."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotFound
from handlers.documents import store as printed
from handlers.documents.model import DocumentKind
from handlers.documents.ours import find_ours
from handlers.documents.press import pdf_of
from handlers.orders import printing, queries
from handlers.orders.commands import READERS
from web import auth, downloads
from web.ui import t

blueprint = Blueprint("order_papers", __name__)


@blueprint.get("/orders/<number>/pdf")
@auth.requires(*READERS)
def pdf(number: str) -> Answer:
    """The acknowledgement. What was not sent yet is drawn after the database was left, and kept by nobody."""
    with auth.runtime().database.reading() as session:
        found = queries.find_order(session, number)
        if found is None:
            raise NotFound("order_unknown", order=number)
        kept = printed.find(session, DocumentKind.ORDER_ACKNOWLEDGEMENT, number, 1)
        if kept is not None:
            return downloads.pdf(printed.read(session, kept), printed.file_name(kept))
        ours = find_ours(session)
    if ours is None:
        raise NotFound("company_identity_missing")
    content = pdf_of(printing.document_of(found, ours, is_draft=True))
    return downloads.pdf(content, t("web.orders.pdf.draft_name", number=number))
