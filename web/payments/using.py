"""What is on account, or left of a credit note: it pays invoices, or goes back to the customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.errors import NotFound
from handlers.customers import queries as customers
from handlers.payments import queries
from handlers.payments.commands import RECORDERS, AllocatePayment, Refund, SetOff, allocate, refund, set_off
from handlers.payments.types import METHODS
from web import acting, auth, ui
from web.acting import Outcome
from web.payments import forms
from web.payments.forms import PaymentForm, SharesForm
from web.payments.telling import invoices_paid
from web.ui import t

blueprint = Blueprint("payment_uses", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the money is: a payment, or a credit note (``is_credit``), with what is ``left`` of it. ``first``: the invoice that the credit
    note corrects; ``since``: money goes back no earlier.
    """

    number: str
    is_credit: bool
    customer: str
    name: str
    left: Decimal
    since: date
    first: str = ""

    @property
    def args(self) -> Mapping[str, str]:
        """What names it in an address."""
        return {"credit_note" if self.is_credit else "payment": self.number}


@blueprint.get("/payments/use")
@auth.requires(*RECORDERS)
def use() -> Answer:
    """Which invoices it is to pay."""
    with auth.runtime().database.reading() as session:
        return _use_page(session, _source(session), SharesForm())


@blueprint.post("/payments/use")
@auth.requires(*RECORDERS)
def used() -> Answer:
    """Let it pay, or show what it would."""
    shares = forms.typed_shares(request.form)
    with auth.runtime().database.reading() as session:
        source = _source(session)
        if request.form.get("act") != "save":
            return _use_page(session, source, shares)
    meant = forms.meant_shares(shares)
    outcome = Outcome(problems=meant.problems) if meant.problems else _let_pay(source, shares.way, meant)
    if not outcome.is_done:
        with auth.runtime().database.reading() as session:
            return make_response(_use_page(session, source, shares, outcome), 422)
    flash(t("web.payments.used", number=source.number), "success")
    return redirect(url_for("payment_dossiers.payment", number=outcome.answer.number), 303)


@blueprint.get("/payments/refund")
@auth.requires(*RECORDERS)
def ask_refund() -> Answer:
    """How much goes back, when and how."""
    with auth.runtime().database.reading() as session:
        source = _source(session)
        found = customers.find_customer(session, source.customer)
        method = "" if found is None else found.data.preferred_payment
    return _refund_page(source, forms.begun(ui.today(), method, source.left))


@blueprint.post("/payments/refund")
@auth.requires(*RECORDERS)
def give_back() -> Answer:
    """Record money that went back."""
    form = forms.typed(request.form)
    with auth.runtime().database.reading() as session:
        source = _source(session)
    payment, problems = forms.meant(form)
    given = Refund(
        customer=source.customer,
        payment="" if source.is_credit else source.number,
        credit_note=source.number if source.is_credit else "",
        given=payment,
        key=_key(form.key),
        today=ui.today(),
    )
    outcome = Outcome(problems=problems) if problems else acting.act(refund, given)
    if not outcome.is_done:
        return make_response(_refund_page(source, form, outcome), 422)
    flash(t("web.payments.refunded", number=outcome.answer.number), "success")
    return redirect(url_for("payment_dossiers.payment", number=outcome.answer.number), 303)


def _let_pay(source: Source, way: str, meant: forms.Shares) -> Outcome:
    if not source.is_credit:
        return acting.act(
            allocate, AllocatePayment(number=source.number, way=way, chosen=meant.wanted), news=invoices_paid
        )
    given = SetOff(
        customer=source.customer,
        credit_note=source.number,
        way=way,
        chosen=meant.wanted,
        key=_key(acting.key_of(request.form)),
        today=ui.today(),
    )
    return acting.act(set_off, given, news=invoices_paid)


def _source(session: Session) -> Source:
    """What the address names. Raises NotFound (``payment_record_unknown``, ``credit_note_not_open``)."""
    number = request.args.get("credit_note", "")[:40]
    if number:
        item = queries.open_credit(session, number)
        if item is None:
            raise NotFound("credit_note_not_open", invoice=number)
        customer, name, credit = item
        return Source(
            number=number,
            is_credit=True,
            customer=customer,
            name=name,
            left=credit.open,
            since=credit.issued_on,
            first=credit.corrects or "",
        )
    number = request.args.get("payment", "")[:40]
    found = queries.find_payment(session, number) if number.isprintable() else None
    if found is None or found.kind != "receipt":
        raise NotFound("payment_record_unknown", payment=number)
    return Source(
        number=number,
        is_credit=False,
        customer=found.customer_number,
        name=found.customer_name,
        left=found.rest,
        since=found.received_on,
    )


def _use_page(session: Session, source: Source, shares: SharesForm, outcome: Outcome | None = None) -> str:
    items = queries.open_items(session, source.customer)
    meant = forms.meant_shares(shares)
    found = forms.proposal(source.left, shares, meant, items, source.first)
    if request.form.get("act") == "choose":
        shares = forms.chosen(forms.proposal(source.left, SharesForm(), meant, items, source.first))
        found = forms.proposal(source.left, shares, forms.meant_shares(shares), items)
    return ui.page(
        "payments/use.html",
        source=source,
        shares=shares,
        items=items,
        proposal=found,
        ways=[
            ("oldest", t(f"web.payments.way.{'corrected' if source.is_credit else 'oldest'}")),
            ("chosen", t("web.payments.way.chosen")),
        ],
        key=acting.key_of(request.form),
        today=ui.today(),
        outcome=outcome or Outcome(problems=meant.problems),
        plain=forms.plain_cents,
    )


def _refund_page(source: Source, form: PaymentForm, outcome: Outcome | None = None) -> str:
    return ui.page(
        "payments/refund.html",
        source=source,
        form=form,
        methods=[(each, t(f"web.customers.payment.{each}")) for each in METHODS],
        outcome=outcome or Outcome(),
    )


def _key(key: str) -> str:
    return f"{auth.actor().login}/{key}"
