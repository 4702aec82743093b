"""The list of deliveries: first of all what is to be picked and shipped, the most urgent first."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue as Answer

from handlers.deliveries import queries
from handlers.deliveries.commands import READERS
from web import auth, ui
from web.asked import PAGE, Asked
from web.ui import t

blueprint = Blueprint("deliveries", __name__)

_SHOWN: Final = ("", "shipped", "returns", "cancelled", "all")


@blueprint.get("/deliveries")
@auth.requires(*READERS)
def listing() -> Answer:
    """What is typed begins words of the number, the order, the customer or their reference."""
    asked = Asked.of(request.args)
    shown = asked.shown if asked.shown in _SHOWN else ""
    with auth.runtime().database.reading() as session:
        if not shown:
            page = queries.DeliveryPage(deliveries=queries.to_do(session, search=asked.q), next=None)
        else:
            page = queries.deliveries_page(
                session,
                search=asked.q,
                statuses=(shown,) if shown in {"shipped", "cancelled"} else (),
                kind={"shipped": "delivery", "returns": "return"}.get(shown),
                after=asked.after,
                limit=PAGE,
            )
    return ui.page(
        "deliveries/deliveries.html",
        q=asked.q,
        shown=shown,
        filters=[(each, t(f"web.deliveries.shown.{each or 'to_do'}")) for each in _SHOWN],
        deliveries=page.deliveries,
        today=ui.today(),
        shown_value=ui.shown,
        pager=asked.pager("deliveries.listing", page.next),
    )
