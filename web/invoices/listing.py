"""The list of invoices and credit notes, and that of the orders that wait to be invoiced."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue as Answer

from handlers.invoices import queries
from handlers.invoices.commands import READERS, VERIFIERS
from handlers.payments.receivables import SHOWN, receivables_page
from web import auth, ui
from web.asked import PAGE, Asked
from web.ui import t

blueprint = Blueprint("invoices", __name__)


@blueprint.get("/invoices")
@auth.requires(*READERS)
def listing() -> Answer:
    """Invoices and credit notes, newest first; what is typed begins words of their number, customer, order or subject."""
    asked = Asked.of(request.args)
    with auth.runtime().database.reading() as session:
        page = receivables_page(
            session,
            ui.today(),
            search=asked.q,
            shown=asked.shown,
            customer=asked.customer or None,
            after=asked.after,
            limit=PAGE,
        )
    return ui.page(
        "invoices/invoices.html",
        q=asked.q,
        shown_kind=asked.shown,
        customer=asked.customer,
        filters=[("", t("web.invoices.all")), *((each, t(f"web.invoices.shown.{each}")) for each in SHOWN)],
        rows=page.rows,
        may_verify=auth.has_role(*VERIFIERS),
        today=ui.today(),
        pager=asked.pager("invoices.listing", page.next),
    )


@blueprint.get("/invoices/orders")
@auth.requires(*READERS)
def orders() -> Answer:
    """The orders of which something can be invoiced now, the oldest first."""
    q = request.args.get("q", "").strip()[:100]
    with auth.runtime().database.reading() as session:
        found = queries.orders_to_invoice(session, search=q)
    return ui.page("invoices/orders.html", q=q, orders=found)
