"""The list of deliveries: first of all what is to be picked and shipped, the most urgent first."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue as Answer

from handlers.deliveries import queries
from handlers.deliveries.commands import READERS
from web import auth, ui
from web.ui import t

blueprint = Blueprint("deliveries", __name__)

PAGE = 50
_LAST_ID = 2**63 - 1
_SHOWN: Final = ("", "shipped", "returns", "cancelled", "all")


@blueprint.get("/deliveries")
@auth.requires(*READERS)
def listing() -> Answer:
    """What is typed begins words of the number, the order, the customer or their reference."""
    q, shown = request.args.get("q", "").strip()[:100], request.args.get("shown", "")
    shown, after = shown if shown in _SHOWN else "", request.args.get("after", type=int)
    with auth.runtime().database.reading() as session:
        if not shown:
            page = queries.DeliveryPage(deliveries=queries.to_do(session, search=q), next=None)
        else:
            page = queries.deliveries_page(
                session,
                search=q,
                statuses=(shown,) if shown in {"shipped", "cancelled"} else (),
                kind={"shipped": "delivery", "returns": "return"}.get(shown),
                after=None if after is None else max(0, min(after, _LAST_ID)),
                limit=PAGE,
            )
    kept: dict[str, Any] = {key: value for key, value in (("q", q), ("shown", shown)) if value}
    return ui.page(
        "deliveries/deliveries.html",
        q=q,
        shown=shown,
        filters=[(each, t(f"web.deliveries.shown.{each or 'to_do'}")) for each in _SHOWN],
        deliveries=page.deliveries,
        today=ui.today(),
        shown_value=ui.shown,
        pager=ui.Pager(
            previous=url_for("deliveries.listing", **kept) if after else None,
            next=url_for("deliveries.listing", after=page.next, **kept) if page.next else None,
        ),
    )
