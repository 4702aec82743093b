"""The list of quotes."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue as Answer

from handlers.sales import queries
from handlers.sales.commands import EDITORS, READERS
from handlers.sales.types import STATUSES
from web import auth, ui
from web.asked import PAGE, Asked
from web.ui import t

blueprint = Blueprint("quotes", __name__)

_OPEN = ("draft", "submitted", "sent")


@blueprint.get("/quotes")
@auth.requires(*READERS)
def listing() -> Answer:
    """Quotes, newest first; what is typed begins words of their number, customer, subject or reference."""
    asked = Asked.of(request.args)
    statuses = _OPEN if asked.shown == "open" else (asked.shown,) if asked.shown in STATUSES else ()
    with auth.runtime().database.reading() as session:
        page = queries.quotes_page(
            session,
            search=asked.q,
            statuses=statuses,
            customer=asked.customer or None,
            after=asked.after,
            limit=PAGE,
        )
    return ui.page(
        "quotes/quotes.html",
        q=asked.q,
        shown=asked.shown,
        customer=asked.customer,
        filters=[
            ("", t("web.quotes.all")),
            ("open", t("web.quotes.open")),
            *((each, t(f"web.quotes.status.{each}")) for each in STATUSES),
        ],
        quotes=page.quotes,
        shown_value=ui.shown,
        may_edit=auth.has_role(*EDITORS),
        pager=asked.pager("quotes.listing", page.next),
    )
