"""The list of orders."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue as Answer

from handlers.orders import queries, settings
from handlers.orders.commands import EDITORS, READERS
from handlers.orders.types import STAGES
from web import auth, ui
from web.ui import t

blueprint = Blueprint("orders", __name__)

PAGE = 50
_LAST_ID = 2**63 - 1
_OPEN = ("draft", "placed", "confirmed")


@blueprint.get("/orders")
@auth.requires(*READERS)
def listing() -> Answer:
    """Orders, newest first; what is typed begins words of their number, customer, subject, reference or quote."""
    q, shown = request.args.get("q", "").strip()[:100], request.args.get("shown", "")
    customer, after = request.args.get("customer", "")[:40], request.args.get("after", type=int)
    stages = _OPEN if shown == "open" else (shown,) if shown in STAGES else ()
    with auth.runtime().database.reading() as session:
        page = queries.orders_page(
            session,
            search=q,
            stages=stages,
            customer=customer or None,
            after=None if after is None else max(0, min(after, _LAST_ID)),
            limit=PAGE,
        )
    kept: dict[str, Any] = {key: value for key, value in (("q", q), ("shown", shown), ("customer", customer)) if value}
    return ui.page(
        "orders/orders.html",
        q=q,
        shown=shown,
        customer=customer,
        filters=[
            ("", t("web.orders.all")),
            ("open", t("web.orders.open")),
            *((each, t(f"web.orders.status.{each}")) for each in STAGES),
        ],
        orders=page.orders,
        shown_value=ui.shown,
        may_edit=auth.has_role(*EDITORS),
        may_set=auth.has_role(*settings.EDITORS),
        pager=ui.Pager(
            previous=url_for("orders.listing", **kept) if after else None,
            next=url_for("orders.listing", after=page.next, **kept) if page.next else None,
        ),
    )
