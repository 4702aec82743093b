"""The PDF of a delivery: the note as it was kept when the goods left; before that a draft, marked so."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotFound
from handlers.deliveries import printing, queries
from handlers.deliveries.commands import READERS
from handlers.documents import store as printed
from handlers.documents.model import DocumentKind
from handlers.documents.ours import find_ours
from handlers.documents.press import pdf_of
from web import auth, downloads, ui
from web.ui import t

blueprint = Blueprint("delivery_papers", __name__)


@blueprint.get("/deliveries/<number>/pdf")
@auth.requires(*READERS)
def pdf(number: str) -> Answer:
    """The delivery note. What has not left yet is drawn after the database was left, and kept by nobody; a return has none."""
    with auth.runtime().database.reading() as session:
        found = queries.find_delivery(session, number)
        if found is None or found.kind != "delivery" or found.status == "cancelled":
            raise NotFound("delivery_unknown", delivery=number)
        kept = printed.find(session, DocumentKind.DELIVERY_NOTE, number, 1)
        if kept is not None:
            return downloads.pdf(printed.read(session, kept), printed.file_name(kept))
        ours = find_ours(session)
    if ours is None:
        raise NotFound("company_identity_missing")
    content = pdf_of(printing.document_of(found, ours, ui.today(), is_draft=True))
    return downloads.pdf(content, t("web.deliveries.pdf.draft_name", number=number))
