"""The quantities of a draft, and credit notes: how much of each line, or how much of its price."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotFound
from engine.instances.telling import News
from engine.records import Recorded
from handlers.invoices import queries
from handlers.invoices.commands import (
    EDITORS,
    AddCreditNote,
    AddReduction,
    Amount,
    ChangeDraft,
    Quantity,
    add_credit_note,
    add_reduction,
    change_draft,
)
from handlers.invoices.queries import InvoicedLine, InvoiceView
from handlers.sales.rules import MOST_LINES
from web import acting, auth, ui
from web.acting import Outcome
from web.numbers import NumberUnreadable, number, plain
from web.ui import t

blueprint = Blueprint("invoice_forms", __name__)

LONGEST = 40
"""Of a number that is typed."""


@blueprint.get("/invoices/<key>/quantities")
@auth.requires(*EDITORS)
def quantities(key: str) -> Answer:
    """How much of each line of the order a draft invoices."""
    found = _found(key)
    if found.status != "draft" or found.kind != "invoice":
        return redirect(url_for("invoice_dossiers.invoice", key=found.key), 303)
    return _page(found, _open(found), is_credit=False)


@blueprint.post("/invoices/<key>/quantities")
@auth.requires(*EDITORS)
def change(key: str) -> Answer:
    """Keep the draft with these quantities, and let its case show them: both, or neither."""
    found = _found(key)
    asked, problems = _read()
    given = ChangeDraft(invoice=str(found.id), quantities=asked)
    news = News(name="draft_changed", key=str(found.id))
    outcome = Outcome(problems=problems) if problems else acting.act(change_draft, given, news=news)
    if not outcome.is_done:
        return _page(found, _open(found), outcome, is_credit=False)
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("invoice_dossiers.invoice", key=found.key), 303)


@blueprint.get("/invoices/<key>/credit")
@auth.requires(*EDITORS)
def credit(key: str) -> Answer:
    """What of an invoice is given back: at first all that was not yet."""
    found = _found(key)
    if found.status != "validated" or found.kind != "invoice":
        return redirect(url_for("invoice_dossiers.invoice", key=found.key), 303)
    return _page(found, _left(found), is_credit=True)


@blueprint.post("/invoices/<key>/credit")
@auth.requires(*EDITORS)
def add_credit(key: str) -> Answer:
    """Draft the credit note, and let its case begin: both, or neither."""
    found = _found(key)
    asked, problems = _read()
    given = AddCreditNote(
        invoice=str(found.id),
        quantities=asked,
        reason=request.form.get("reason", "")[:1_000],
        is_reinvoiceable=request.form.get("again") == "yes",
        key=f"{auth.actor().login}/{acting.key_of(request.form)}",
    )
    if not request.form.get("again"):
        problems["again"] = t("web.invoices.again.missing")
    outcome = Outcome(problems=problems) if problems else acting.act(add_credit_note, given, news=_wanted)
    if not outcome.is_done:
        return _page(found, _left(found), outcome, is_credit=True)
    flash(t("web.invoices.credit.drafted"), "success")
    return redirect(url_for("invoice_dossiers.invoice", key=str(outcome.answer)), 303)


@blueprint.get("/invoices/<key>/reduction")
@auth.requires(*EDITORS)
def reduction(key: str) -> Answer:
    """By how much the prices of an invoice are less than it says: the goods stay invoiced."""
    found = _found(key)
    if found.status != "validated" or found.kind != "invoice":
        return redirect(url_for("invoice_dossiers.invoice", key=found.key), 303)
    return _reduction_page(found)


@blueprint.post("/invoices/<key>/reduction")
@auth.requires(*EDITORS)
def add_price_reduction(key: str) -> Answer:
    """Draft the credit note, and let its case begin: both, or neither."""
    found = _found(key)
    typed, problems = _typed("amount")
    try:
        percent = number(request.form.get("percent", "")[:LONGEST], "percent")
    except NumberUnreadable as unreadable:
        percent, problems[unreadable.field] = None, unreadable.said
    given = AddReduction(
        invoice=str(found.id),
        amounts=tuple(Amount(line=line, amount=amount) for line, amount in typed),
        percent=percent,
        reason=request.form.get("reason", "")[:1_000],
        key=f"{auth.actor().login}/{acting.key_of(request.form)}",
    )
    outcome = Outcome(problems=problems) if problems else acting.act(add_reduction, given, news=_wanted)
    if not outcome.is_done:
        return _reduction_page(found, outcome)
    flash(t("web.invoices.credit.drafted"), "success")
    return redirect(url_for("invoice_dossiers.invoice", key=str(outcome.answer)), 303)


def _wanted(done: Recorded) -> list[News]:
    if not done.is_changed:  # a form that was sent twice
        return []
    return [News(name="credit_note_wanted", key=str(done.answer), payload={"invoice_id": Decimal(done.answer)})]


def _found(key: str) -> InvoiceView:
    with auth.runtime().database.reading() as session:
        found = queries.find_invoice(session, key) if key.isprintable() else None
    if found is None:
        raise NotFound("invoice_unknown", invoice=key[:40])
    return found


def _open(found: InvoiceView) -> tuple[tuple[int, InvoicedLine, Decimal], ...]:
    """The items of a draft, by the line of the order, with what it invoices now."""
    return tuple(
        (each.order_line_id, each, each.line.quantity)
        for each in found.lines
        if each.amount is not None and each.order_line_id is not None
    )


def _left(found: InvoiceView) -> tuple[tuple[int, InvoicedLine, Decimal], ...]:
    """The items of an invoice, by their own line, with what was not credited yet."""
    return tuple(
        (each.id, each, each.line.quantity - each.credited)
        for each in found.lines
        if each.amount is not None and each.credited < each.line.quantity
    )


def _read() -> tuple[tuple[Quantity, ...], dict[str, str]]:
    """The quantities that were typed, line by line. With what cannot be read, by place."""
    typed, problems = _typed("quantity")
    return tuple(Quantity(line=line, quantity=quantity) for line, quantity in typed), problems


def _typed(name: str) -> tuple[tuple[tuple[int, Decimal], ...], dict[str, str]]:
    """What was typed in the fields of this name, by line; nothing counts as none. With what cannot be read, by place."""
    asked: list[tuple[int, Decimal]] = []
    problems: dict[str, str] = {}
    typed = zip(request.form.getlist("line")[:MOST_LINES], request.form.getlist(name)[:MOST_LINES], strict=False)
    for place, (line, text) in enumerate(typed):
        try:
            found = number(text[:LONGEST], f"{name}.{place}")
        except NumberUnreadable as unreadable:
            problems[unreadable.field] = unreadable.said
            continue
        if line.isdecimal() and len(line) < 19:
            asked.append((int(line), found or Decimal(0)))
    return tuple(asked), problems


def _page(
    found: InvoiceView,
    lines: tuple[tuple[int, InvoicedLine, Decimal], ...],
    outcome: Outcome | None = None,
    *,
    is_credit: bool,
) -> Answer:
    typed: Mapping[int, str] = dict(enumerate(request.form.getlist("quantity")[:MOST_LINES]))
    page = ui.page(
        "invoices/quantities.html",
        invoice=found,
        is_credit=is_credit,
        action=url_for("invoice_forms.add_credit" if is_credit else "invoice_forms.change", key=found.key),
        rows=[(line, each, most, typed.get(place, plain(most))) for place, (line, each, most) in enumerate(lines)],
        outcome=outcome or Outcome(),
        typed=request.form,
        key=acting.key_of(request.form),
    )
    return make_response(page, 200 if outcome is None else 422)


def _reduction_page(found: InvoiceView, outcome: Outcome | None = None) -> Answer:
    """The items of which some of the price is left, each with what was typed for it."""
    lines = (each for each in found.lines if each.amount is not None and each.given < each.amount)
    typed = dict(enumerate(request.form.getlist("amount")[:MOST_LINES]))
    page = ui.page(
        "invoices/reduction.html",
        invoice=found,
        rows=[(each, (each.amount or 0) - each.given, typed.get(place, "")) for place, each in enumerate(lines)],
        outcome=outcome or Outcome(),
        typed=request.form,
        key=acting.key_of(request.form),
    )
    return make_response(page, 200 if outcome is None else 422)
