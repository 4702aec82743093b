"""What can be asked about invoices and credit notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, aliased

from engine.data import Money, data
from engine.errors import NotFound
from handlers.base.rows import begins_words
from handlers.customers.tables import Customer
from handlers.deliveries.tables import Delivery, DeliveryLine
from handlers.invoices import rules, store
from handlers.invoices.tables import Invoice, InvoiceLine
from handlers.invoices.types import Invoiced
from handlers.orders.tables import OrderLine, SalesOrder
from handlers.sales.queries import Party, party
from handlers.sales.store import line_of
from handlers.sales.types import Extras, Line, RateTotal, Totals


@data
class InvoiceRow:
    """An invoice or credit note in a list. ``number`` and the days are None for a draft; ``total`` with tax; ``is_reinvoiceable``: what a
    credit note gave back may be invoiced again.
    """

    id: int
    number: str | None
    kind: str
    status: str
    is_reinvoiceable: bool
    order_number: str | None
    customer_number: str
    customer_name: str
    subject: str
    total: Money
    issued_on: date | None
    due_on: date | None

    @property
    def key(self) -> str:
        """What its page is called."""
        return self.number or str(self.id)


@data
class InvoicePage:
    """Some invoices, newest first. ``next``: the ``after`` of the page that follows; None on the last one."""

    invoices: tuple[InvoiceRow, ...]
    next: int | None


@data
class InvoicedLine:
    """A line with its own ``id`` and that of the order's line. Drafts counted: ``credited``, how much of it credit notes gave back;
    ``given``, what they gave back in all, and ``reduced``, by how much of that its price is less.
    """

    id: int
    order_line_id: int | None
    line: Line
    amount: Money | None
    credited: Decimal
    given: Money
    reduced: Money


@data
class InvoiceView:
    """Everything about one invoice or credit note; moments are in UTC. ``corrects``: number and day of the invoice that it gives back.

    ``seller``, ``mentions``: as they were when it was validated; None of a draft. ``performed_on``, ``delivered_on``, ``hash_version``: of
    its row. ``case_id``: the case that drafted it. ``given_back``: how many credit notes gave something of its order back to be invoiced
    again. ``strayed``: how many cents what it belongs to is off (``store.strayed``).
    """

    id: int
    number: str | None
    kind: str
    status: str
    order_number: str | None
    customer_number: str
    corrects: tuple[str, date] | None
    reason: str
    is_reinvoiceable: bool
    is_reduction: bool
    subject: str
    contact: str
    email: str
    locale: str
    party: Party
    customer_reference: str
    terms: str
    payment_method: str
    currency: str
    extras: Extras
    is_untaxed: bool
    category: str
    lines: tuple[InvoicedLine, ...]
    totals: Totals
    asked_by: str
    created_at: datetime
    created_by: str
    issued_on: date | None
    due_on: date | None
    sequence: int | None
    previous_hash: str | None
    hash: str | None
    hash_version: int
    performed_on: date | None
    delivered_on: date | None
    seller: dict[str, Any] | None
    mentions: tuple[dict[str, str], ...] | None
    validated_at: datetime | None
    validated_by: str | None
    credit_notes: tuple[InvoiceRow, ...]
    case_id: int | None
    given_back: int
    strayed: int

    @property
    def key(self) -> str:
        """What its page is called."""
        return self.number or str(self.id)

    @property
    def cents_off(self) -> int:
        """How many cents the tax of a rate may be off: the last invoice makes up for what credit notes gave back (``rules``), and for what
        the others rounded after drafts that were dropped.
        """
        return 1 + 2 * self.given_back + self.strayed


@data
class OrderToInvoice:
    """An order of which something can be invoiced now. ``invoiced``: what was, before tax, of ``net``; ``since``: confirmed;
    ``given_back``: the credit notes that gave something back to be invoiced again, by their numbers.
    """

    number: str
    customer_number: str
    customer_name: str
    subject: str
    policy: str
    net: Money
    invoiced: Money
    since: datetime
    given_back: tuple[str, ...]


_OF_INVOICE = (
    *("id", "number", "kind", "status", "reason", "is_reinvoiceable", "is_reduction", "subject", "contact", "email"),
    *(
        "locale",
        "customer_reference",
        "terms",
        "payment_method",
        "currency",
        "is_untaxed",
        "category",
        "asked_by",
        "created_at",
    ),
    *(
        "created_by",
        "issued_on",
        "due_on",
        "sequence",
        "previous_hash",
        "hash",
        "hash_version",
        "performed_on",
        "delivered_on",
        "seller",
        "validated_at",
        "validated_by",
    ),
)
_LISTED = ("id", "number", "kind", "status", "is_reinvoiceable", "subject", "total", "issued_on", "due_on")
_ROWS = (
    select(Invoice, SalesOrder.number, Customer.number, Invoice.party["name"].astext)
    .join(Customer, Customer.id == Invoice.customer_id)
    .outerjoin(SalesOrder, SalesOrder.id == Invoice.order_id)
)


def invoices_page(
    session: Session,
    *,
    search: str = "",
    kind: str | None = None,
    status: str | None = None,
    customer: str | None = None,
    where: ColumnElement[bool] | None = None,
    after: int | None = None,
    limit: int = 50,
) -> InvoicePage:
    """Invoices and credit notes, newest first; ``search``: each typed word begins a word of the number, customer, order or subject.

    ``where``: what they must be besides. One statement, whatever there is.
    """
    wanted: list[ColumnElement[bool] | None] = [
        begins_words(Invoice.words, search),
        Invoice.kind == kind if kind is not None else None,
        Invoice.status == status if status is not None else None,
        Customer.number == customer if customer is not None else None,
        where,
        Invoice.id < after if after is not None else None,
    ]
    rows = session.execute(
        _ROWS.where(*(each for each in wanted if each is not None)).order_by(Invoice.id.desc()).limit(limit + 1)
    ).all()
    found = tuple(_row(*each) for each in rows[:limit])
    return InvoicePage(invoices=found, next=found[-1].id if len(rows) > limit else None)


def invoices_of(session: Session, order: str) -> tuple[InvoiceRow, ...]:
    """The invoices and credit notes of the order of this number, in the order in which they were made."""
    return tuple(_row(*each) for each in session.execute(_ROWS.where(SalesOrder.number == order).order_by(Invoice.id)))


def open_invoices(session: Session, customer: str) -> tuple[InvoiceRow, ...]:
    """The validated invoices of the customer of this number, the oldest first; what of them is paid, payments know."""
    asked = _ROWS.where(Customer.number == customer, Invoice.status == "validated", Invoice.kind == "invoice")
    return tuple(_row(*each) for each in session.execute(asked.order_by(Invoice.sequence)))


def find_invoice(session: Session, key: str | int) -> InvoiceView | None:
    """The invoice or credit note of this number, or of this id; None when there is none. A constant number of statements."""
    try:
        found = store.find_id(session, str(key))
    except NotFound:
        return None
    corrected, note = aliased(Invoice), aliased(Invoice)
    given_back = (
        select(func.count())
        .where(note.order_id == Invoice.order_id, note.status == "validated", note.is_reinvoiceable)
        .correlate(Invoice)
        .scalar_subquery()
    )
    row, order, customer, number, day, times = session.execute(
        select(Invoice, SalesOrder.number, Customer.number, corrected.number, corrected.issued_on, given_back)
        .join(Customer, Customer.id == Invoice.customer_id)
        .outerjoin(SalesOrder, SalesOrder.id == Invoice.order_id)
        .outerjoin(corrected, corrected.id == Invoice.corrects_id)
        .where(Invoice.id == found)
    ).one()
    lines, credited = store.lines_of(session, row.id), store.credited(session, row.id).lines
    notes = session.execute(_ROWS.where(Invoice.corrects_id == row.id).order_by(Invoice.id))
    extras = Extras(discount=row.discount, shipping=row.shipping, adjustment=row.adjustment)
    return InvoiceView(
        **{name: getattr(row, name) for name in _OF_INVOICE},
        order_number=order,
        customer_number=customer,
        corrects=None if number is None or day is None else (number, day),
        party=party(row.party),
        extras=extras,
        lines=tuple(
            InvoicedLine(
                id=each.id,
                order_line_id=each.order_line_id,
                line=line_of(each),
                amount=each.amount,
                credited=credited.get(each.id, rules.NOTHING).quantity,
                given=credited.get(each.id, rules.NOTHING).amount,
                reduced=credited.get(each.id, rules.NOTHING).reduced,
            )
            for each in lines
        ),
        totals=totals_of(row, lines, store.whole(row, store.rates_of(session, row.id)).rates),
        mentions=None if row.mentions is None else tuple(row.mentions),
        credit_notes=tuple(_row(*each) for each in notes),
        case_id=_case_of(row.idempotency_key),
        given_back=times,
        strayed=store.strayed(session, row),
    )


def totals_of(row: Invoice, lines: Sequence[InvoiceLine], rates: Mapping[str, RateTotal]) -> Totals:
    """The figures of an invoice, as they are kept: they follow from the order's, not from its lines alone."""
    zero = Decimal("0.00")
    return Totals(
        amounts=tuple(each.amount for each in lines),
        vats=tuple(None if each.amount is None else each.vat for each in lines),
        lines=sum((each.lines for each in rates.values()), zero),
        discount=sum((each.discount for each in rates.values()), zero),
        charges=row.shipping + row.adjustment,
        net=row.net,
        tax=row.tax,
        total=row.total,
        rates=tuple(sorted(rates.values(), key=lambda each: each.rate, reverse=True)),
        list_amount=sum((each.amount for each in lines if each.amount is not None), zero),
        discount_percent=row.discount,
    )


def invoiced(session: Session, order: str) -> dict[int, Invoiced]:
    """What was invoiced of each line of the order of this number, drafts counted, less what was given back to be invoiced again."""
    found = session.scalar(select(SalesOrder.id).where(SalesOrder.number == order))
    return {} if found is None else dict(store.earlier(session, found).lines)


def is_fully_invoiced(session: Session, order: SalesOrder) -> bool:
    """Whether nothing of the order is left to invoice, and no draft of an invoice waits to be validated. Two statements and one more.

    A draft of a credit note gives nothing back yet, and may be dropped without anybody being told.
    """
    sale, earlier = store.sale_of(session, order), store.earlier(session, order.id)
    return rules.is_fully_invoiced(sale.lines, earlier.lines) and waiting_draft(session, order.id) is None


def waiting_draft(session: Session, order_id: int) -> int | None:
    """The oldest draft of an invoice of the order that waits to be validated, by its id; None where none does."""
    is_draft = and_(Invoice.status == "draft", Invoice.kind == "invoice")
    return session.scalar(select(func.min(Invoice.id)).where(Invoice.order_id == order_id, is_draft))


def orders_to_invoice(session: Session, *, search: str = "", limit: int = 200) -> tuple[OrderToInvoice, ...]:
    """The orders of which something can be invoiced now, by their own policy, the oldest first."""
    counted = or_(Invoice.kind == "invoice", and_(Invoice.status == "validated", Invoice.is_reinvoiceable))
    sign = case((Invoice.kind == "invoice", 1), else_=-1)
    of_line = (
        select(func.coalesce(func.sum(InvoiceLine.quantity * sign), 0))
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.order_line_id == OrderLine.id, counted)
        .correlate(OrderLine)
        .scalar_subquery()
    )
    moved = case((Delivery.kind == "delivery", DeliveryLine.quantity), else_=-DeliveryLine.quantity)
    delivered = (
        select(func.coalesce(func.sum(moved), 0))
        .join(Delivery, Delivery.id == DeliveryLine.delivery_id)
        .where(DeliveryLine.order_line_id == OrderLine.id, Delivery.status == "shipped")
        .correlate(OrderLine)
        .scalar_subquery()
    )
    is_goods = and_(SalesOrder.invoicing_policy == "on_delivery", OrderLine.product_type == "product")
    remains = (
        select(OrderLine.id)
        .where(
            OrderLine.order_id == SalesOrder.id,
            OrderLine.kind == "item",
            of_line < case((is_goods, delivered), else_=OrderLine.quantity),
        )
        .correlate(SalesOrder)
    )
    so_far = (
        select(func.coalesce(func.sum(Invoice.net * sign), 0))
        .where(Invoice.order_id == SalesOrder.id, counted)
        .correlate(SalesOrder)
        .scalar_subquery()
    )
    given_back = (
        select(func.array_agg(aggregate_order_by(Invoice.number, Invoice.id)))
        .where(Invoice.order_id == SalesOrder.id, Invoice.status == "validated", Invoice.is_reinvoiceable)
        .correlate(SalesOrder)
        .scalar_subquery()
    )
    words = begins_words(SalesOrder.words, search)
    goes_on = or_(
        SalesOrder.status == "confirmed", and_(SalesOrder.status == "closed", SalesOrder.closed_because == "")
    )
    rows = session.execute(
        select(SalesOrder, Customer.number, SalesOrder.party["name"].astext, so_far, given_back)
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .where(goes_on, remains.exists(), *([] if words is None else [words]))
        .order_by(SalesOrder.confirmed_at, SalesOrder.id)
        .limit(limit)
    )
    return tuple(
        OrderToInvoice(
            number=order.number,
            customer_number=number,
            customer_name=name,
            subject=order.subject,
            policy=order.invoicing_policy,
            net=order.net,
            invoiced=net,
            since=order.confirmed_at or order.created_at,
            given_back=tuple(numbers or ()),
        )
        for order, number, name, net, numbers in rows
    )


def _case_of(key: str | None) -> int | None:
    """The case whose step has this idempotency key, which begins with it."""
    first = (key or "").partition(":")[0]
    return int(first) if first.isdecimal() else None


def _row(row: Invoice, order: str | None, customer: str, name: str) -> InvoiceRow:
    return InvoiceRow(
        **{field: getattr(row, field) for field in _LISTED},
        order_number=order,
        customer_number=customer,
        customer_name=name,
    )
