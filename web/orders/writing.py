"""Writing an order: its head, its lines, its figures and its stock as they stand; nothing is kept before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.records import queries as recorded
from handlers.customers.types import PAYMENTS
from handlers.orders import queries
from handlers.orders.commands import (
    EDITORS,
    KIND,
    AddOrder,
    ChangeOrder,
    OrderQuote,
    add_order,
    change_order,
    order_quote,
)
from handlers.orders.settings import find_defaults
from handlers.orders.types import CLOSING_RULES, INVOICING_POLICIES, SHIPPING_POLICIES
from handlers.sales import queries as quotes
from handlers.stock.queries import warehouses
from web import acting, auth, ui
from web.acting import Outcome
from web.orders import forms
from web.orders.dossier import say_order
from web.orders.forms import OrderForm, order_of
from web.sales import editor
from web.sales.forms import meant as meaning
from web.sales.forms import typed
from web.ui import t

blueprint = Blueprint("order_forms", __name__)

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@blueprint.get("/orders/new")
@auth.requires(*EDITORS)
def new() -> Answer:
    """A new order: for ``customer``, or as a copy of the order ``copy``; without either, whom it is for is asked."""
    copied, number = request.args.get("copy"), request.args.get("customer")
    with auth.runtime().database.reading() as session:
        if copied is not None:
            found = queries.find_order(session, copied)
            if found is None:
                raise NotFound("order_unknown", order=copied)
            form = forms.of_order(found.party.number, found.data, [each.line for each in found.lines])
            return _page(session, None, replace(form, shipment_on=""))
        if number is None:
            return ui.page(
                "sales/for_whom.html",
                **editor.choosing(session),
                title=t("web.orders.add"),
                crumbs=[_list()],
                begin="order_forms.new",
                then="order",
            )
        return _page(session, None, forms.begun(editor.find_customer(session, number), find_defaults(session)))


@blueprint.post("/orders/new")
@auth.requires(*EDITORS)
def add() -> Answer:
    """Keep a new order, or change something of its form."""
    form = typed(OrderForm, request.form)
    if request.form.get("act") != "save":
        return _changed(None, form)
    meant = meaning(form)
    given = AddOrder(
        customer=form.customer,
        order=order_of(form, meant),
        lines=meant.lines,
        today=ui.today(),
        number=form.number[:40],
    )
    outcome = Outcome(problems=meant.problems) if meant.problems else acting.act(add_order, given)
    if not outcome.is_done:
        return _refused(None, form, outcome)
    flash(t("web.orders.added", number=outcome.answer), "success")
    return redirect(url_for("order_dossiers.order", number=outcome.answer), 303)


@blueprint.post("/orders/of-quote/<number>")
@auth.requires(*EDITORS)
def of_quote(number: str) -> Answer:
    """Make the order of an accepted quote, as a draft."""
    with auth.runtime().database.reading() as session:
        quote = quotes.find_quote(session, number)
    if quote is None:
        raise NotFound("quote_unknown", quote=number)
    outcome = acting.act(order_quote, OrderQuote(quote=number, version=quote.version, today=ui.today()))
    if not outcome.is_done:
        flash(outcome.message, "warning")
        return redirect(url_for("dossiers.quote", number=number), 303)
    flash(t("web.orders.added", number=outcome.answer), "success")
    return redirect(url_for("order_dossiers.order", number=outcome.answer), 303)


@blueprint.get("/orders/<number>/edit")
@auth.requires(*EDITORS)
def edit(number: str) -> Answer:
    """A draft."""
    with auth.runtime().database.reading() as session:
        found = queries.find_order(session, number)
        if found is None:
            raise NotFound("order_unknown", order=number)
        if found.status != "draft":
            return redirect(url_for("order_dossiers.order", number=number), 303)
        form = forms.of_order(found.party.number, found.data, [each.line for each in found.lines])
        return _page(session, number, form, seen=recorded.revision(session, KIND, number))


@blueprint.post("/orders/<number>/edit")
@auth.requires(*EDITORS)
def change(number: str) -> Answer:
    """Keep a draft as it is to be, or change something of its form; ``over`` as with a draft quote."""
    form = typed(OrderForm, request.form)
    over = editor.typed_over()
    if request.form.get("act") != "save" and over is None:
        return _changed(number, form)
    meant = meaning(form)
    given = ChangeOrder(number=number, order=order_of(form, meant), lines=meant.lines, today=ui.today())
    seen = over or acting.seen_revision(request.form.get("seen"))
    outcome = Outcome(problems=meant.problems) if meant.problems else acting.act(change_order, given, seen=seen)
    if not outcome.is_done:
        return _refused(number, form, outcome)
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("order_dossiers.order", number=number), 303)


def _changed(number: str | None, form: OrderForm) -> Answer:
    """The form after a line came, went or moved, or a search; or with its figures and its stock worked out anew."""
    with auth.runtime().database.reading() as session:
        return _page(session, number, editor.changed(session, form))


def _refused(number: str | None, form: OrderForm, outcome: Outcome) -> Answer:
    with auth.runtime().database.reading() as session:
        return make_response(_page(session, number, form, outcome, told=_meanwhile(session, number, outcome)), 422)


def _meanwhile(session: Session, number: str | None, outcome: Outcome) -> dict[str, Any]:
    """What others wrote into the draft; nothing of one that no one can write into any more."""
    found = queries.find_order(session, number) if number and outcome.message else None
    if found is None or found.status != "draft":
        return {}
    return editor.meanwhile(session, KIND, found.number, outcome, labels="web.orders.field.", say=say_order)


def _page(
    session: Session,
    number: str | None,
    form: OrderForm,
    outcome: Outcome | None = None,
    *,
    seen: int | None = None,
    told: Mapping[str, Any] = _NOTHING,
) -> str:
    shared = editor.context(session, form, meaning(form), outcome, form.warehouse)
    here = url_for("order_dossiers.order", number=number) if number else url_for("orders.listing")
    return ui.page(
        "orders/edit.html",
        **shared | ({} if seen is None else {"seen": seen}) | dict(told),
        action=url_for("order_forms.change", number=number) if number else url_for("order_forms.add"),
        crumbs=[_list(), (number, here)] if number else [_list()],
        heading=number or t("web.orders.add"),
        here_title=t("web.orders.edit" if number else "web.orders.add"),
        save=t("web.orders.save"),
        asks_number=number is None and find_defaults(session).is_numbered_by_hand,
        back=here,
        see_as_it_is=t("web.orders.meanwhile.see"),
        email_help=t("web.orders.email_help"),
        warehouses=[("", t("web.orders.warehouse.default")), *((each.code, each.name) for each in warehouses(session))],
        shipping_policies=[(each, t(f"web.orders.shipping_policy.{each}")) for each in SHIPPING_POLICIES],
        invoicing_policies=[(each, t(f"web.orders.invoicing_policy.{each}")) for each in INVOICING_POLICIES],
        closing_rules=[(each, t(f"web.orders.closing_rule.{each}")) for each in CLOSING_RULES],
        payments=[("", "–"), *((each, t(f"web.customers.payment.{each}")) for each in PAYMENTS)],
    )


def _list() -> tuple[str, str]:
    return t("web.orders.title"), url_for("orders.listing")
