"""The list of orders."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue as Answer

from handlers.orders import queries, settings
from handlers.orders.commands import EDITORS, READERS
from handlers.orders.types import STAGES
from web import auth, ui
from web.asked import PAGE, Asked
from web.ui import t

blueprint = Blueprint("orders", __name__)

_OPEN = ("draft", "placed", "confirmed")


@blueprint.get("/orders")
@auth.requires(*READERS)
def listing() -> Answer:
    """Orders, newest first; what is typed begins words of their number, customer, subject, reference or quote."""
    asked = Asked.of(request.args)
    stages = _OPEN if asked.shown == "open" else (asked.shown,) if asked.shown in STAGES else ()
    with auth.runtime().database.reading() as session:
        page = queries.orders_page(
            session,
            search=asked.q,
            stages=stages,
            customer=asked.customer or None,
            after=asked.after,
            limit=PAGE,
        )
    return ui.page(
        "orders/orders.html",
        q=asked.q,
        shown=asked.shown,
        customer=asked.customer,
        filters=[
            ("", t("web.orders.all")),
            ("open", t("web.orders.open")),
            *((each, t(f"web.orders.status.{each}")) for each in STAGES),
        ],
        orders=page.orders,
        shown_value=ui.shown,
        may_edit=auth.has_role(*EDITORS),
        may_set=auth.has_role(*settings.EDITORS),
        pager=asked.pager("orders.listing", page.next),
    )
