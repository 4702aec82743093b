"""The account of a customer: what is open, and the statement, on screen, as a PDF and by mail."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.texts import format as texts_format
from handlers.customers import queries as customers
from handlers.customers.queries import CustomerView
from handlers.documents.ours import find_ours
from handlers.documents.press import pdf_of
from handlers.payments import queries, statements
from handlers.payments.commands import READERS, RECORDERS
from handlers.payments.queries import StatementView
from handlers.payments.rules import EARLIEST
from handlers.payments.statements import SENDERS, SendStatement, send_statement
from web import acting, auth, downloads, ui
from web.acting import Outcome
from web.ui import t

blueprint = Blueprint("accounts", __name__)

PERIOD: Final = timedelta(days=365)
"""Of a statement, until somebody says otherwise."""


@blueprint.get("/customers/<number>/account")
@auth.requires(*READERS)
def account(number: str) -> Answer:
    """Balance, open invoices and credit notes, and the movements of a period."""
    return _page(number)


@blueprint.get("/customers/<number>/account/pdf")
@auth.requires(*READERS)
def pdf(number: str) -> Answer:
    """The statement, drawn after the database was left."""
    customer, _, content = _paper(number)
    _, until = _period()
    return downloads.pdf(content, statements.file_name(customer, until))


@blueprint.post("/customers/<number>/account/send")
@auth.requires(*SENDERS)
def send(number: str) -> Answer:
    """Send the statement by mail."""
    customer, view, content = _paper(number)
    given = SendStatement(
        customer=number,
        email=request.form.get("email", "")[:254],
        since=view.since,
        until=view.until,
        closing=texts_format.money(view.closing, customer.data.locale),
        paper=content,
        key=f"{auth.actor().login}/{acting.key_of(request.form)}",
    )
    outcome = acting.act(send_statement, given)
    if not outcome.is_done:
        return _page(number, outcome)
    flash(t("web.accounts.sent", email=given.email), "success")
    args = _args(view)
    return redirect(url_for("accounts.account", number=number, since=args["since"], until=args["until"]), 303)


def _page(number: str, outcome: Outcome | None = None) -> Answer:
    with auth.runtime().database.reading() as session:
        customer, view = _found(session, number)
        items = queries.open_items(session, number, with_credit=True)
        page = ui.page(
            "payments/account.html",
            customer=customer,
            statement=view,
            running=_running(view),
            args=_args(view),
            items=items,
            balance=queries.balance(session, number, ui.today()),
            today=ui.today(),
            label_of=lambda entry: statements.label_of(entry, ui.locale()),
            may_record=auth.has_role(*RECORDERS),
            may_send=auth.has_role(*SENDERS),
            has_company=find_ours(session) is not None,
            email=request.form.get("email") or _email(customer),
            key=acting.key_of(request.form),
            outcome=outcome or Outcome(),
        )
    return make_response(page, 200 if outcome is None else 422)


def _paper(number: str) -> tuple[CustomerView, StatementView, bytes]:
    """The statement as a PDF. Raises NotFound (``customer_unknown``, ``company_identity_missing``)."""
    with auth.runtime().database.reading() as session:
        customer, view = _found(session, number)
        ours = find_ours(session)
    if ours is None:
        raise NotFound("company_identity_missing")
    return customer, view, pdf_of(statements.document_of(view, customer, ours))


def _found(session: Session, number: str) -> tuple[CustomerView, StatementView]:
    since, until = _period()
    customer = customers.find_customer(session, number) if number.isprintable() else None
    view = None if customer is None else queries.statement(session, number, since, until)
    if customer is None or view is None:
        raise NotFound("customer_unknown", number=number[:40])
    return customer, view


def _period() -> tuple[date, date]:
    """The days that were asked for, up to today; what makes no sense is the last year."""
    until = min(max(ui.day(request.values.get("until", "")) or ui.today(), EARLIEST), ui.today())
    since = ui.day(request.values.get("since", ""))
    if since is None or since > until:
        since = until - PERIOD
    return max(since, EARLIEST), until


def _args(view: StatementView) -> dict[str, str]:
    return {"since": view.since.isoformat(), "until": view.until.isoformat()}


def _running(view: StatementView) -> list[str]:
    """The balance after each entry."""
    found, left = [], view.opening
    for each in view.entries:
        left += each.debit - each.credit
        found.append(ui.shown(left, "money"))
    return found


def _email(customer: CustomerView) -> str:
    """Of whoever receives invoices there."""
    named = next((each.data.email for each in customer.contacts if "invoices" in each.data.receives), "")
    return named or customer.data.email or next((each.data.email for each in customer.contacts if each.data.email), "")
