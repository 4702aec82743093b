"""Invoices and credit notes with what is paid of them: the list that pages show."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from engine.data import Money, data
from handlers.invoices import queries as invoices
from handlers.invoices.queries import InvoiceRow
from handlers.invoices.tables import Invoice
from handlers.payments import queries, rules
from handlers.payments.tables import Allocation

SHOWN: Final = ("draft", "open", "overdue", "paid", "credit_note")
"""What the list can be narrowed to."""


@data
class Receivable:
    """``state``: one of ``handlers.payments.types.STATES`` or ``CREDIT_STATES``; None of a draft. ``open``: what is left of it."""

    invoice: InvoiceRow
    state: str | None
    open: Money


@data
class ReceivablePage:
    """Some of them, newest first. ``next``: the ``after`` of the page that follows; None on the last one."""

    rows: tuple[Receivable, ...]
    next: int | None


def receivables_page(
    session: Session,
    today: date,
    *,
    search: str = "",
    shown: str = "",
    customer: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> ReceivablePage:
    """Invoices and credit notes; ``shown``: one of ``SHOWN``. Two statements, whatever there is."""
    page = invoices.invoices_page(
        session, search=search, customer=customer, where=_where(shown, today), after=after, limit=limit
    )
    rows = receivables(session, page.invoices, today)
    return ReceivablePage(rows=rows, next=page.next)


def receivables(session: Session, found: tuple[InvoiceRow, ...], today: date) -> tuple[Receivable, ...]:
    """These invoices with what is paid of them. One statement."""
    settled = queries.settlements(session, [each.id for each in found])

    def state(each: InvoiceRow) -> str | None:
        known = settled[each.id]
        if each.status == "draft":
            return None
        if each.kind == "credit_note":
            return rules.credit_state(total=each.total, used=known.whole)
        return rules.state(
            total=each.total, by_money=known.by_money, by_credit=known.by_credit, due_on=each.due_on, today=today
        )

    return tuple(
        Receivable(invoice=each, state=state(each), open=each.total - settled[each.id].whole) for each in found
    )


def _where(shown: str, today: date) -> ColumnElement[bool] | None:
    allocated = (
        select(func.coalesce(func.sum(Allocation.amount), 0))
        .where(Allocation.invoice_id == Invoice.id)
        .correlate(Invoice)
        .scalar_subquery()
    )
    is_invoice = and_(Invoice.kind == "invoice", Invoice.status == "validated")
    match shown:
        case "draft":
            return Invoice.status == "draft"
        case "credit_note":
            return Invoice.kind == "credit_note"
        case "open":
            return and_(is_invoice, allocated < Invoice.total)
        case "overdue":
            return and_(is_invoice, allocated < Invoice.total, Invoice.due_on < today)
        case "paid":
            return and_(is_invoice, allocated >= Invoice.total)
        case _:
            return None
