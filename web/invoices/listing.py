"""The list of invoices and credit notes, and that of the orders that wait to be invoiced."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue as Answer

from handlers.invoices import queries
from handlers.invoices.commands import READERS, VERIFIERS
from handlers.payments.receivables import SHOWN, receivables_page
from web import auth, ui
from web.ui import t

blueprint = Blueprint("invoices", __name__)

PAGE = 50
_LAST_ID = 2**63 - 1


@blueprint.get("/invoices")
@auth.requires(*READERS)
def listing() -> Answer:
    """Invoices and credit notes, newest first; what is typed begins words of their number, customer, order or subject."""
    q, shown = request.args.get("q", "").strip()[:100], request.args.get("shown", "")
    customer, after = request.args.get("customer", "")[:40], request.args.get("after", type=int)
    with auth.runtime().database.reading() as session:
        page = receivables_page(
            session,
            ui.today(),
            search=q,
            shown=shown,
            customer=customer or None,
            after=None if after is None else max(0, min(after, _LAST_ID)),
            limit=PAGE,
        )
    kept: dict[str, Any] = {key: value for key, value in (("q", q), ("shown", shown), ("customer", customer)) if value}
    return ui.page(
        "invoices/invoices.html",
        q=q,
        shown_kind=shown,
        customer=customer,
        filters=[("", t("web.invoices.all")), *((each, t(f"web.invoices.shown.{each}")) for each in SHOWN)],
        rows=page.rows,
        may_verify=auth.has_role(*VERIFIERS),
        today=ui.today(),
        pager=ui.Pager(
            previous=url_for("invoices.listing", **kept) if after else None,
            next=url_for("invoices.listing", after=page.next, **kept) if page.next else None,
        ),
    )


@blueprint.get("/invoices/orders")
@auth.requires(*READERS)
def orders() -> Answer:
    """The orders of which something can be invoiced now, the oldest first."""
    q = request.args.get("q", "").strip()[:100]
    with auth.runtime().database.reading() as session:
        found = queries.orders_to_invoice(session, search=q)
    return ui.page("invoices/orders.html", q=q, orders=found)
