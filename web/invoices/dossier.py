"""The dossier of an invoice or credit note: lines, VAT, payment, hash, linked documents, its case, what can be done now, or why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from flask import Blueprint, make_response, redirect, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotFound
from engine.identity import people
from handlers.documents import store as printed
from handlers.documents.model import DocumentKind
from handlers.invoices import judging, queries
from handlers.invoices.commands import EDITORS, KIND, READERS
from handlers.invoices.queries import InvoiceRow, InvoiceView
from handlers.invoices.types import KINDS, STATUSES
from handlers.payments import queries as payments
from handlers.payments.commands import RECORDERS
from handlers.payments.receivables import Receivable, receivables
from web import acting, auth, ui
from web.sales.dossier import Act, leading, led_by, price, say, tasks
from web.ui import t

blueprint = Blueprint("invoice_dossiers", __name__)


@blueprint.get("/invoices/<key>")
@auth.requires(*READERS)
def invoice(key: str) -> Answer:
    """One invoice or credit note, by its number, a draft by its id."""
    with auth.runtime().database.reading() as session:
        found = queries.find_invoice(session, key) if key.isprintable() else None
        if found is None:
            raise NotFound("invoice_unknown", invoice=key[:40])
        if key != found.key:
            return redirect(url_for("invoice_dossiers.invoice", key=found.key), 303)
        names = people.names(session)
        case = None if found.case_id is None else led_by(session, found.case_id, names)
        if found.number is not None and (case is None or not case.is_running):  # a payment taken back began another
            case = leading(session, "invoicing", found.number, names) or case
        (standing,) = receivables(session, (_row(found),), ui.today())
        page = ui.page(
            "invoices/invoice.html",
            invoice=found,
            standing=standing,
            leading=case,
            missing=judging.lacking(session, found, ui.today()) if found.status == "draft" else (),
            paper=printed.find(session, DocumentKind(found.kind), found.number or "", 1),
            paid_by=payments.payments_of(session, found.number or ""),
            acts=[*tasks(case), *_acts(found, standing)],
            today=ui.today(),
            names=names,
            person=ui.person,
            money=lambda value: ui.shown(value, "money"),
            price=price,
            shown_value=ui.shown,
            history=acting.history(session, KIND, str(found.id), names, labels="web.invoices.field.", say=_say),
        )
    return make_response(page)


def _acts(found: InvoiceView, standing: Receivable) -> Iterator[Act]:
    """What can be done now, and what cannot, with the reason."""
    is_draft, is_invoice = found.status == "draft", found.kind == "invoice"
    if auth.has_role(*RECORDERS) and not is_draft:
        title, url = (
            (t("web.invoices.pay"), url_for("payment_forms.new", invoice=found.number))
            if is_invoice
            else (t("web.invoices.use"), url_for("payment_uses.use", credit_note=found.number))
        )
        if standing.open > 0:
            yield Act(title=title, url=url, is_first=True)
        else:
            yield Act(title=title, why=t("web.invoices.why.settled"))
    if not auth.has_role(*EDITORS):
        return
    if is_invoice and is_draft:
        yield Act(title=t("web.invoices.change"), url=url_for("invoice_forms.quantities", key=found.key))
        yield Act(title=t("web.invoices.credit"), why=t("web.invoices.why.draft"))
        yield Act(title=t("web.invoices.reduce"), why=t("web.invoices.why.draft"))
    elif is_invoice:
        yield Act(title=t("web.invoices.change"), why=t("web.invoices.why.validated"))
        if any(each.amount is not None and each.credited < each.line.quantity for each in found.lines):
            yield Act(title=t("web.invoices.credit"), url=url_for("invoice_forms.credit", key=found.key))
        else:
            yield Act(title=t("web.invoices.credit"), why=t("web.invoices.why.credited"))
        if any(each.amount is not None and each.given < each.amount for each in found.lines):
            yield Act(title=t("web.invoices.reduce"), url=url_for("invoice_forms.reduction", key=found.key))
        else:
            yield Act(title=t("web.invoices.reduce"), why=t("web.invoices.why.credited"))


def _row(found: InvoiceView) -> InvoiceRow:
    return InvoiceRow(
        id=found.id,
        number=found.number,
        kind=found.kind,
        status=found.status,
        is_reinvoiceable=found.is_reinvoiceable,
        order_number=found.order_number,
        customer_number=found.customer_number,
        customer_name=found.party.name,
        subject=found.subject,
        total=found.totals.total,
        issued_on=found.issued_on,
        due_on=found.due_on,
    )


_SEALED: Final[Mapping[str, Callable[[str], date | Decimal]]] = {
    **dict.fromkeys(("issued_on", "due_on", "delivered_on", "performed_on"), date.fromisoformat),
    **dict.fromkeys(("net", "tax", "total"), Decimal),
}
"""What of a sealed invoice is read back, by field."""


def _say(name: str, value: Any) -> str | None:
    """Values of an invoice's history that need words of their own."""
    if name == "kind" and value in KINDS:
        return t(f"document.kind.{value}")
    if name == "status" and value in STATUSES:
        return t(f"web.invoices.status.{value}")
    if isinstance(value, str) and value and name in _SEALED:  # the seal covers text
        return ui.shown(_SEALED[name](value), "money")
    return say(name, value)
