"""The list of payments."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue as Answer

from handlers.payments import queries
from handlers.payments.commands import READERS, RECORDERS
from handlers.payments.types import KINDS
from web import auth, ui
from web.asked import PAGE, Asked
from web.ui import t

blueprint = Blueprint("payments", __name__)

_ON_ACCOUNT = "on_account"


@blueprint.get("/payments")
@auth.requires(*READERS)
def listing() -> Answer:
    """Payments, newest first; what is typed begins words of their number, customer or reference."""
    asked = Asked.of(request.args)
    shown = asked.shown if asked.shown in (_ON_ACCOUNT, *KINDS) else ""
    with auth.runtime().database.reading() as session:
        page = queries.payments_page(
            session,
            search=asked.q,
            shown=shown,
            customer=asked.customer or None,
            after=asked.after,
            limit=PAGE,
        )
    return ui.page(
        "payments/payments.html",
        q=asked.q,
        shown_kind=shown,
        customer=asked.customer,
        filters=[
            ("", t("web.payments.all")),
            (_ON_ACCOUNT, t("web.payments.on_account")),
            *((each, t(f"payment.kind.{each}")) for each in KINDS),
        ],
        payments=page.payments,
        may_record=auth.has_role(*RECORDERS),
        pager=asked.pager("payments.listing", page.next),
    )
