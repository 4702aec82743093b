"""The list of quotes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue as Answer

from handlers.sales import queries
from handlers.sales.commands import EDITORS, READERS
from handlers.sales.types import STATUSES
from web import auth, ui
from web.ui import t

blueprint = Blueprint("quotes", __name__)

PAGE = 50
_LAST_ID = 2**63 - 1
_OPEN = ("draft", "submitted", "sent")


@blueprint.get("/quotes")
@auth.requires(*READERS)
def listing() -> Answer:
    """Quotes, newest first; what is typed begins words of their number, customer, subject or reference."""
    q, shown = request.args.get("q", "").strip()[:100], request.args.get("shown", "")
    customer, after = request.args.get("customer", "")[:40], request.args.get("after", type=int)
    statuses = _OPEN if shown == "open" else (shown,) if shown in STATUSES else ()
    with auth.runtime().database.reading() as session:
        page = queries.quotes_page(
            session,
            search=q,
            statuses=statuses,
            customer=customer or None,
            after=None if after is None else max(0, min(after, _LAST_ID)),
            limit=PAGE,
        )
    kept: dict[str, Any] = {key: value for key, value in (("q", q), ("shown", shown), ("customer", customer)) if value}
    return ui.page(
        "quotes/quotes.html",
        q=q,
        shown=shown,
        customer=customer,
        filters=[
            ("", t("web.quotes.all")),
            ("open", t("web.quotes.open")),
            *((each, t(f"web.quotes.status.{each}")) for each in STATUSES),
        ],
        quotes=page.quotes,
        shown_value=ui.shown,
        may_edit=auth.has_role(*EDITORS),
        pager=ui.Pager(
            previous=url_for("quotes.listing", **kept) if after else None,
            next=url_for("quotes.listing", after=page.next, **kept) if page.next else None,
        ),
    )
