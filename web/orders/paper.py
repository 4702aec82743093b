"""The PDF of an order: the acknowledgement that was sent, as it was kept; before that a draft, marked so."""

from __future__ import annotations

from flask import Blueprint, request
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
    """The acknowledgement, of what the order says now or of an earlier ``version``, which is only kept where it was sent. What was not sent
    yet is drawn after the database was left, and kept by nobody.
    """
    version = request.args.get("version", type=int)
    with auth.runtime().database.reading() as session:
        found = queries.find_order(session, number)
        if found is None:
            raise NotFound("order_unknown", order=number)
        wanted = version if version is not None and 0 < version < found.version else found.version
        kept = printed.find(session, DocumentKind.ORDER_ACKNOWLEDGEMENT, number, wanted)
        if kept is not None:
            return downloads.pdf(printed.read(session, kept), printed.file_name(kept))
        if wanted != found.version:
            raise NotFound("order_version_not_printed", order=number, version=wanted)
        ours = find_ours(session)
    if ours is None:
        raise NotFound("company_identity_missing")
    content = pdf_of(printing.document_of(found, ours, is_draft=True))
    return downloads.pdf(content, t("web.orders.pdf.draft_name", number=number))
