"""The dossier of an order: lines with what became of each, money, linked documents, its case, and what can be done now, or why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotFound
from engine.identity import people
from engine.instances.telling import News
from engine.records import Recorded
from handlers.documents import store as printed
from handlers.documents.model import DocumentKind
from handlers.orders import queries, rules
from handlers.orders.commands import (
    EDITORS,
    KIND,
    READERS,
    AskClose,
    AskInvoice,
    CancelOrder,
    ChangeTerms,
    PlaceOrder,
    ask_close,
    ask_invoice,
    cancel_order,
    change_terms,
    place_order,
)
from handlers.orders.queries import OrderView
from handlers.orders.rules import Standing
from handlers.orders.types import CLOSE_ASKED, STATUSES
from handlers.sales.types import TERMS
from web import acting, auth, ui
from web.acting import Outcome
from web.orders.fulfilment import Fulfilment, fulfilment
from web.orders.reopening import awaits_payment, is_led, reopened
from web.sales import editor
from web.sales.dossier import Act, Leading, leading, price, say, tasks
from web.ui import t

blueprint = Blueprint("order_dossiers", __name__)

_PROCESS: Final = "order_fulfilment"
_WHY: Final = {"order_not_draft": "", "order_not_confirmed": ""}
"""Refusals that the state of the order explains best."""

_TERMS_ROLES: Final = (*EDITORS, "accounting")


@blueprint.get("/orders/<number>")
@auth.requires(*READERS)
def order(number: str) -> Answer:
    """One order."""
    return _page(number)


@blueprint.post("/orders/<number>/place")
@auth.requires(*EDITORS)
def place(number: str) -> Answer:
    """Hand a draft to its process: written down and told, or neither."""
    news = News(name="order_placed", key=number, payload={"order_number": number})
    return _answer(number, acting.act(place_order, PlaceOrder(number=number), news=news), "web.orders.placed")


@blueprint.post("/orders/<number>/close")
@auth.requires(*EDITORS)
def close(number: str) -> Answer:
    """Ask the case to close an order of which nothing more is to come."""
    reason = request.form.get("reason", "")[:1_000]

    def news(done: Recorded) -> list[News]:
        return [News(name=CLOSE_ASKED, key=number, payload={"reason": reason.strip()})] if done.answer else []

    outcome = acting.act(ask_close, AskClose(number=number, reason=reason, is_led=_is_led(number)), news=news)
    return _answer(number, outcome, "web.orders.close_asked" if outcome.answer else "web.orders.given_up")


@blueprint.post("/orders/<number>/invoice")
@auth.requires("sales_admin")
def invoice(number: str) -> Answer:
    """Ask for the invoice of what is open again of an order that was taken for done."""
    who = auth.actor().login
    asked = {"order_number": number, "what": "remaining", "percent": None, "asked_by": who, "order_waits": False}
    news = News(name="invoice_wanted", key=f"{number}/closed", payload=asked, is_once=True)
    with auth.runtime().database.reading() as session:
        given = AskInvoice(
            number=number, is_led=is_led(session, number), awaits_payment=awaits_payment(session, number)
        )
    return _answer(number, acting.act(ask_invoice, given, news=news), "web.orders.invoice_asked")


def _is_led(number: str) -> bool:
    with auth.runtime().database.reading() as session:
        return is_led(session, number)


@blueprint.post("/orders/<number>/cancel")
@auth.requires(*EDITORS)
def cancel(number: str) -> Answer:
    """Give a draft up."""
    given = CancelOrder(number=number, reason=request.form.get("reason", "")[:1_000])
    return _answer(number, acting.act(cancel_order, given), "web.orders.cancelled")


@blueprint.post("/orders/<number>/terms")
@auth.requires(*_TERMS_ROLES)
def terms(number: str) -> Answer:
    """Change when the customer pays."""
    with auth.runtime().database.reading() as session:
        found = queries.find_order(session, number)
        is_invoiced = found is not None and fulfilment(session, found).is_invoiced
    given = ChangeTerms(number=number, terms=request.form.get("terms", "")[:40], is_invoiced=is_invoiced)
    return _answer(number, acting.act(change_terms, given), "web.orders.terms_changed")


def _answer(number: str, outcome: Outcome, done: str) -> Answer:
    if not outcome.is_done:
        return _page(number, outcome)
    flash(t(done, number=number), "success")
    return redirect(url_for("order_dossiers.order", number=number), 303)


def _page(number: str, outcome: Outcome | None = None) -> Answer:
    with auth.runtime().database.reading() as session:
        found = queries.find_order(session, number)
        if found is None:
            raise NotFound("order_unknown", order=number)
        names = people.names(session)
        case = leading(session, _PROCESS, number, names)
        lines = [each.line for each in found.lines]
        far = fulfilment(session, found)
        again = reopened(session, found, far)
        standing = Standing(
            status=found.status,
            is_placed=found.placed_at is not None,
            is_empty=not any(each.kind == "item" for each in lines),
            is_invoiced=far.is_invoiced,
            goes_on=again is not None or (found.goes_on and is_led(session, number)),
        )
        page = ui.page(
            "orders/order.html",
            order=found,
            leading=case,
            far=far,
            again=again,
            may_ask=auth.has_role("sales_admin"),
            short={each.place: each for each in _short(session, found, far)},
            paper=printed.find(session, DocumentKind.ORDER_ACKNOWLEDGEMENT, number, found.version),
            ended=queries.ended_versions(session, number) if found.version > 1 else (),
            acts=list(_acts(found, standing, case)),
            forms=[each for each in ("change_terms", "close", "cancel") if _may(each, standing)],
            terms=[(each, t(f"quote.terms.{each}")) for each in TERMS],
            outcome=outcome or Outcome(),
            typed=request.form,
            names=names,
            person=ui.person,
            money=lambda value: ui.shown(value, "money"),
            price=price,
            shown_value=ui.shown,
            history=acting.history(session, KIND, number, names, labels="web.orders.field.", say=say_order),
        )
    return make_response(page, 200 if outcome is None else 422)


def _short(session: Any, found: OrderView, far: Fulfilment) -> tuple[editor.Short, ...]:
    """Lines of a draft that want more than there is; later its deliveries say what they lack."""
    if found.status != "draft" or far.deliveries:
        return ()
    return editor.short(session, [each.line for each in found.lines], found.data.warehouse)


def _may(act: str, standing: Standing) -> bool:
    is_allowed = auth.has_role(*(_TERMS_ROLES if act == "change_terms" else EDITORS))
    return is_allowed and rules.refusal(act, standing) is None


def _acts(found: OrderView, standing: Standing, case: Leading | None) -> Iterator[Act]:
    """What can be done now, first what leads on; and what cannot, with the reason. What needs a reason or a choice has a form."""
    yield from tasks(case)
    if not auth.has_role(*EDITORS):
        return
    addresses = {
        "place": url_for("order_dossiers.place", number=found.number),
        "change": url_for("order_forms.edit", number=found.number),
        "revise": url_for("order_revisions.edit", number=found.number),
    }
    for act in rules.ACTS:
        if act == ("revise" if found.status == "draft" else "change"):
            continue  # of a draft everything is free, of others what was confirmed is revised
        title, refusal = t(f"web.orders.act.{act}"), rules.refusal(act, standing)
        if refusal is not None and act == "place" and standing.is_placed:
            continue  # it was
        if refusal is not None:
            yield Act(title=title, why=t(f"web.orders.why.{_WHY.get(refusal, refusal) or standing.status}"))
        elif act in addresses:
            yield Act(title=title, url=addresses[act], is_first=act == "place", is_post=act == "place")
    yield Act(title=t("web.orders.act.copy"), url=url_for("order_forms.new", copy=found.number))
    yield Act(title=t("web.orders.act.copy_as_quote"), url=url_for("quote_forms.new", order=found.number))


def say_order(name: str, value: Any) -> str | None:
    """Values of an order's history that need words of their own."""
    if name == "status" and value in STATUSES:
        return t(f"web.orders.status.{value}")
    if name in {"shipping_policy", "invoicing_policy", "closing_rule"} and value:
        return t(f"web.orders.{name}.{value}")
    if name == "payment_method" and value:
        return t(f"web.customers.payment.{value}")
    return say(name, value)
