"""The quantities of a draft, and credit notes: how much of each line."""

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
    ChangeDraft,
    Quantity,
    add_credit_note,
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
    """What was typed, line by line; a line without a number is left out. With what cannot be read, by place."""
    asked: list[Quantity] = []
    problems: dict[str, str] = {}
    typed = zip(request.form.getlist("line")[:MOST_LINES], request.form.getlist("quantity")[:MOST_LINES], strict=False)
    for place, (line, text) in enumerate(typed):
        try:
            found = number(text[:LONGEST], f"quantity.{place}")
        except NumberUnreadable as unreadable:
            problems[unreadable.field] = unreadable.said
            continue
        if line.isdecimal() and len(line) < 19:
            asked.append(Quantity(line=int(line), quantity=found or Decimal(0)))
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
