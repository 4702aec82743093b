"""Recording money that came: from an invoice, from a customer, or from the list of payments."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.errors import NotFound
from handlers.customers import queries as customers
from handlers.customers.queries import CustomerView
from handlers.payments import queries
from handlers.payments.commands import RECORDERS, RecordPayment, record_payment
from handlers.payments.types import METHODS, WAYS
from web import acting, auth, ui
from web.acting import Outcome
from web.payments import forms
from web.payments.forms import PaymentForm, SharesForm
from web.payments.telling import invoices_paid
from web.ui import t

blueprint = Blueprint("payment_forms", __name__)

FOUND = 12
"""Customers that a search offers."""


@blueprint.get("/payments/new")
@auth.requires(*RECORDERS)
def new() -> Answer:
    """A payment of ``customer``, or of the whole of ``invoice``; without either, whose it is is asked."""
    invoice, number = request.args.get("invoice", "")[:40], request.args.get("customer", "")[:40]
    with auth.runtime().database.reading() as session:
        if invoice:
            number = queries.payer(session, invoice) or number
        if not number:
            q = request.args.get("q", "").strip()[:100]
            found = customers.customers_page(session, search=q, limit=FOUND).customers
            return ui.page("payments/new.html", q=q, customers=found)
        customer = _customer(session, number)
        items = queries.open_items(session, number)
        named = next((each for each in items if each.invoice == invoice), None)
        method = customer.data.preferred_payment
        if named is None:
            return _page(session, customer, forms.begun(ui.today(), method), SharesForm())
        whole = forms.plain_cents(named.open)
        shares = SharesForm(way="chosen", amounts={named.invoice: whole}, begun=whole)
        return _page(session, customer, forms.begun(ui.today(), method, named.open), shares)


@blueprint.post("/payments/new")
@auth.requires(*RECORDERS)
def add() -> Answer:
    """Record it, or show what it would pay."""
    number = request.form.get("customer", "")[:40]
    form = forms.typed(request.form)
    shares = forms.followed(forms.typed_shares(request.form), form)
    if request.form.get("act") != "save":
        with auth.runtime().database.reading() as session:
            return _page(session, _customer(session, number), form, shares)
    payment, unread = forms.meant(form)
    meant = forms.meant_shares(shares)
    problems = unread | dict(meant.problems)
    given = RecordPayment(
        customer=number,
        payment=payment,
        way=shares.way,
        chosen=meant.wanted,
        keeps_rest=form.keeps_rest,
        key=f"{auth.actor().login}/{form.key}",
        today=ui.today(),
    )
    outcome = Outcome(problems=problems) if problems else acting.act(record_payment, given, news=invoices_paid)
    if not outcome.is_done:
        with auth.runtime().database.reading() as session:
            return make_response(_page(session, _customer(session, number), form, shares, outcome), 422)
    flash(t("web.payments.added", number=outcome.answer.number), "success")
    return redirect(url_for("payment_dossiers.payment", number=outcome.answer.number), 303)


def _page(
    session: Session,
    customer: CustomerView,
    form: PaymentForm,
    shares: SharesForm,
    outcome: Outcome | None = None,
) -> str:
    items = queries.open_items(session, customer.number)
    payment, unread = forms.meant(form)
    meant = forms.meant_shares(shares)
    amount = None if unread else payment.amount
    found = forms.proposal(amount, shares, meant, items)
    if request.form.get("act") == "choose":
        shares = forms.chosen(forms.proposal(amount, replace(shares, way="oldest"), meant, items))
        found = forms.proposal(amount, shares, forms.meant_shares(shares), items)
    return ui.page(
        "payments/record.html",
        customer=customer,
        form=form,
        shares=shares,
        items=items,
        proposal=found,
        ways=[(each, t(f"web.payments.way.{each}")) for each in WAYS],
        methods=[(each, t(f"web.customers.payment.{each}")) for each in METHODS],
        balance=queries.balance(session, customer.number, ui.today()),
        today=ui.today(),
        outcome=outcome or Outcome(problems=(unread if form.amount else {}) | dict(meant.problems)),
        plain=forms.plain_cents,
    )


def _customer(session: Session, number: str) -> CustomerView:
    found = customers.find_customer(session, number) if number.isprintable() else None
    if found is None:
        raise NotFound("customer_unknown", number=number)
    return found
