"""What the company's orders begin with: for administrators and sales managers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.identity import people
from engine.records import queries as recorded
from handlers.orders.settings import EDITORS, KEY, KIND, SetDefaults, find_defaults, set_defaults
from handlers.orders.types import CLOSING_RULES, INVOICING_POLICIES, POLICIES, SHIPPING_POLICIES, OrderDefaults
from web import acting, auth, ui
from web.acting import Outcome
from web.ui import t

blueprint = Blueprint("order_settings", __name__)


@blueprint.get("/admin/company/orders")
@auth.requires(*EDITORS)
def page() -> Answer:
    """What new orders begin with, and who changed it."""
    return _page()


@blueprint.post("/admin/company/orders")
@auth.requires(*EDITORS)
def change() -> Answer:
    """Keep it. What was chosen stays when it is refused."""
    chosen = OrderDefaults(
        **{name: request.form.get(name, "")[:40] for name in POLICIES},
        is_numbered_by_hand="is_numbered_by_hand" in request.form,
    )
    seen = acting.seen_revision(request.form.get("seen"))
    outcome = acting.act(set_defaults, SetDefaults(defaults=chosen), seen=seen)
    if not outcome.is_done:
        return _page(outcome, chosen)
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("order_settings.page"), 303)


def _page(outcome: Outcome | None = None, chosen: OrderDefaults | None = None) -> Answer:
    with auth.runtime().database.reading() as session:
        rendered = ui.page(
            "orders/settings.html",
            form=chosen or find_defaults(session),
            crumbs=[
                (t("web.company.title"), url_for("company.page"))
                if auth.has_role("admin")
                else (t("web.orders.title"), url_for("orders.listing"))
            ],
            outcome=outcome or Outcome(),
            seen=recorded.revision(session, KIND, KEY),
            history=acting.history(session, KIND, KEY, people.names(session), labels="web.orders.field.", say=_say),
            shipping_policies=[(each, t(f"web.orders.shipping_policy.{each}")) for each in SHIPPING_POLICIES],
            invoicing_policies=[(each, t(f"web.orders.invoicing_policy.{each}")) for each in INVOICING_POLICIES],
            closing_rules=[(each, t(f"web.orders.closing_rule.{each}")) for each in CLOSING_RULES],
        )
    return make_response(rendered, 200 if outcome is None else 422)


def _say(name: str, value: Any) -> str | None:
    return t(f"web.orders.{name}.{value}") if name in POLICIES and value else None
