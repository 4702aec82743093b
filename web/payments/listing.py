"""The list of payments."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue as Answer

from handlers.payments import queries
from handlers.payments.commands import READERS, RECORDERS
from handlers.payments.types import KINDS
from web import auth, ui
from web.ui import t

blueprint = Blueprint("payments", __name__)

PAGE = 50
_LAST_ID = 2**63 - 1
_ON_ACCOUNT = "on_account"


@blueprint.get("/payments")
@auth.requires(*READERS)
def listing() -> Answer:
    """Payments, newest first; what is typed begins words of their number, customer or reference."""
    q, shown = request.args.get("q", "").strip()[:100], request.args.get("shown", "")
    shown = shown if shown in (_ON_ACCOUNT, *KINDS) else ""
    customer, after = request.args.get("customer", "")[:40], request.args.get("after", type=int)
    with auth.runtime().database.reading() as session:
        page = queries.payments_page(
            session,
            search=q,
            shown=shown,
            customer=customer or None,
            after=None if after is None else max(0, min(after, _LAST_ID)),
            limit=PAGE,
        )
    kept: dict[str, Any] = {key: value for key, value in (("q", q), ("shown", shown), ("customer", customer)) if value}
    return ui.page(
        "payments/payments.html",
        q=q,
        shown_kind=shown,
        customer=customer,
        filters=[
            ("", t("web.payments.all")),
            (_ON_ACCOUNT, t("web.payments.on_account")),
            *((each, t(f"payment.kind.{each}")) for each in KINDS),
        ],
        payments=page.payments,
        may_record=auth.has_role(*RECORDERS),
        pager=ui.Pager(
            previous=url_for("payments.listing", **kept) if after else None,
            next=url_for("payments.listing", after=page.next, **kept) if page.next else None,
        ),
    )
