"""The dossier of a payment: what it pays, rate by rate, what is on account, and what can be done with it now, or why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotFound
from engine.identity import people
from handlers.customers.types import PAYMENTS
from handlers.payments import queries
from handlers.payments.commands import KIND, READERS, RECORDERS, ReversePayment, reverse_payment
from handlers.payments.queries import PaymentView
from handlers.payments.types import KINDS
from web import acting, auth, ui
from web.acting import Outcome
from web.payments.telling import invoices_owed_again
from web.ui import t

blueprint = Blueprint("payment_dossiers", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that can be done with the payment; ``url`` empty: not now, ``why`` says why."""

    title: str
    url: str = ""
    why: str = ""
    is_first: bool = False


@blueprint.get("/payments/<number>")
@auth.requires(*READERS)
def payment(number: str) -> Answer:
    """One payment."""
    return _page(number)


@blueprint.post("/payments/<number>/reverse")
@auth.requires(*RECORDERS)
def reverse(number: str) -> Answer:
    """Record its opposite."""
    given = ReversePayment(
        number=number,
        because=request.form.get("because", ""),
        on=ui.day(request.form.get("on", "")) or date.min,
        today=ui.today(),
    )
    outcome = acting.act(reverse_payment, given, news=invoices_owed_again)
    if not outcome.is_done:
        return _page(number, outcome)
    flash(t("web.payments.reversed", number=number, opposite=outcome.answer.number), "success")
    return redirect(url_for("payment_dossiers.payment", number=number), 303)


def _page(number: str, outcome: Outcome | None = None) -> Answer:
    with auth.runtime().database.reading() as session:
        found = queries.find_payment(session, number) if number.isprintable() else None
        if found is None:
            raise NotFound("payment_record_unknown", payment=number[:40])
        names = people.names(session)
        page = ui.page(
            "payments/payment.html",
            payment=found,
            acts=list(_acts(found)),
            may_reverse=auth.has_role(*RECORDERS) and not _why_not(found),
            today=ui.today(),
            outcome=outcome or Outcome(),
            typed=request.form,
            names=names,
            person=ui.person,
            history=acting.history(session, KIND, number, names, labels="web.payments.field.", say=_say),
        )
    return make_response(page, 200 if outcome is None else 422)


def _acts(found: PaymentView) -> Iterator[Act]:
    """What can be done now, and what cannot, with the reason."""
    if not auth.has_role(*RECORDERS):
        return
    if found.kind == "receipt":
        titles = ("payment_uses.use", t("web.payments.use")), ("payment_uses.ask_refund", t("web.payments.refund"))
        for endpoint, title in titles:
            if found.rest > 0:
                yield Act(title=title, url=url_for(endpoint, payment=found.number), is_first=endpoint.endswith(".use"))
            else:
                yield Act(title=title, why=t("web.payments.why.no_rest"))
    if why := _why_not(found):
        yield Act(title=t("web.payments.reverse"), why=why)


def _why_not(found: PaymentView) -> str:
    """Why it cannot be reversed; empty when it can."""
    if found.kind == "reversal":
        return t("web.payments.why.reversal")
    if found.reversed_by is not None:
        return t("web.payments.why.reversed", number=found.reversed_by)
    if found.refunds:
        return t("web.payments.why.refunded")
    return ""


def _say(name: str, value: Any) -> str | None:
    """Values of a payment's history that need words of their own."""
    if name == "kind" and value in KINDS:
        return t(f"payment.kind.{value}")
    if name == "method":
        return t(f"web.customers.payment.{value}") if value in PAYMENTS else ui.shown(None)
    if name == "status" and value:
        return t(f"web.payments.status.{value}")
    if name.startswith("invoice ") and value is not None:
        return f"{name.removeprefix('invoice ')}, {ui.shown(value, 'money')}"
    if isinstance(value, Decimal):
        return ui.shown(value, "money")
    return None
