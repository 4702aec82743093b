"""What can be asked about payments, and about what customers owe."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine.data import Money, data
from handlers.base.rows import begins_words
from handlers.customers.tables import Customer
from handlers.invoices.tables import Invoice
from handlers.payments import store
from handlers.payments.rules import NOTHING
from handlers.payments.store import CREDIT_NOTE, INVOICE
from handlers.payments.tables import Allocation, Payment
from handlers.payments.types import OpenItem, Share


@data
class Settlement:
    """What of an invoice is settled, by money and by credit notes; of a credit note: what was given back, and what was set off."""

    by_money: Money = NOTHING
    by_credit: Money = NOTHING

    @property
    def whole(self) -> Decimal:
        """Both."""
        return self.by_money + self.by_credit


@data
class Balance:
    """What a customer owes. ``overdue``: what of ``owed`` should have been paid already; ``credits``: credit notes that are not used;
    ``on_account``: money that pays nothing yet.
    """

    owed: Money = NOTHING
    overdue: Money = NOTHING
    credits: Money = NOTHING
    on_account: Money = NOTHING

    @property
    def balance(self) -> Decimal:
        """What remains to be paid; below zero: it is the customer's."""
        return self.owed - self.credits - self.on_account


@data
class PaymentRow:
    """A payment in a list. ``rest``: what of it is on account; ``is_reversed``: its opposite was recorded."""

    id: int
    number: str
    kind: str
    customer_number: str
    customer_name: str
    received_on: date
    method: str
    amount: Money
    reference: str
    rest: Money
    is_reversed: bool


@data
class PaymentPage:
    """Some payments, newest first. ``next``: the ``after`` of the page that follows; None on the last one."""

    payments: tuple[PaymentRow, ...]
    next: int | None


@data
class Settled:
    """What a payment settles of one invoice, or takes from a credit note (below zero)."""

    invoice: str
    kind: str
    issued_on: date | None
    total: Money
    shares: tuple[Share, ...]

    @property
    def amount(self) -> Decimal:
        """All rates together."""
        return sum((each.amount for each in self.shares), NOTHING)


@data
class PaymentView:
    """Everything about one payment. ``settles``: what its own rows settle; ``rest``: what of it and its refunds is on account;
    ``of``, ``reverses``, ``reversed_by``, ``refunds``: numbers of the others of its family.
    """

    number: str
    kind: str
    customer_number: str
    customer_name: str
    received_on: date
    method: str
    amount: Money
    reference: str
    note: str
    recorded_at: datetime
    recorded_by: str
    rest: Money
    settles: tuple[Settled, ...]
    of: str | None
    reverses: str | None
    reversed_by: str | None
    refunds: tuple[str, ...]


@data
class PaidBy:
    """A payment as the page of an invoice shows it: what of it goes to this invoice."""

    number: str
    kind: str
    received_on: date
    method: str
    amount: Money


@data
class Entry:
    """A row of a statement. ``kind``: *invoice*, *credit_note*, or a kind of payment; ``open``: what is left of an invoice."""

    day: date
    kind: str
    number: str
    method: str = ""
    due_on: date | None = None
    open: Money = NOTHING
    debit: Money = NOTHING
    credit: Money = NOTHING


@data
class StatementView:
    """The account of a customer. ``overdue``: never above ``closing``: money on account pays first what is due."""

    customer: str
    since: date
    until: date
    opening: Money
    entries: tuple[Entry, ...]
    closing: Money
    overdue: Money


_ROOT: Final = func.coalesce(Payment.of_id, Payment.id)


def paid(session: Session, invoice_ids: Collection[int]) -> dict[int, Decimal]:
    """How much of each invoice is settled, by money or credit note; of a credit note, how much is used. One statement."""
    return {invoice: each.whole for invoice, each in settlements(session, invoice_ids).items()}


def settlements(session: Session, invoice_ids: Collection[int]) -> dict[int, Settlement]:
    """The same, with what moved money told apart. Invoices of which nothing is settled are there too. One statement."""
    found = dict.fromkeys(invoice_ids, Settlement())
    if not invoice_ids:
        return found
    rows = session.execute(
        select(
            Allocation.invoice_id,
            func.coalesce(func.sum(Allocation.amount).filter(Payment.method != ""), 0),
            func.coalesce(func.sum(Allocation.amount).filter(Payment.method == ""), 0),
        )
        .join(Payment, Payment.id == Allocation.payment_id)
        .where(Allocation.invoice_id.in_(list(invoice_ids)))
        .group_by(Allocation.invoice_id)
    )
    for invoice, money, credit in rows:
        found[invoice] = Settlement(by_money=abs(money), by_credit=abs(credit))
    return found


def payments_of(session: Session, invoice: str) -> tuple[PaidBy, ...]:
    """What was paid of the invoice of this number, reversals too, in their order. One statement."""
    rows = session.execute(
        select(Payment.number, Payment.kind, Payment.received_on, Payment.method, func.sum(Allocation.amount))
        .join(Allocation, Allocation.payment_id == Payment.id)
        .join(Invoice, Invoice.id == Allocation.invoice_id)
        .where(Invoice.number == invoice)
        .group_by(Payment.id)
        .order_by(Payment.id)
    )
    return tuple(
        PaidBy(number=number, kind=kind, received_on=day, method=method, amount=amount)
        for number, kind, day, method, amount in rows
    )


def open_items(session: Session, customer: str, *, with_credit: bool = False) -> tuple[OpenItem, ...]:
    """What the customer of this number has not paid, by day of issue; with what is left of credit notes when wanted. Two statements."""
    found = session.scalar(select(Customer.id).where(Customer.number == customer))
    kinds = (INVOICE, CREDIT_NOTE) if with_credit else (INVOICE,)
    return () if found is None else store.open_items(session, found, kinds)


def payer(session: Session, invoice: str) -> str | None:
    """The number of the customer of a validated invoice; None when there is none. One statement."""
    return session.scalar(
        select(Customer.number)
        .join(Invoice, Invoice.customer_id == Customer.id)
        .where(Invoice.number == invoice, Invoice.status == "validated")
    )


def open_credit(session: Session, number: str) -> tuple[str, str, OpenItem] | None:
    """What is left of the credit note of this number, after the number and name of its customer; None when nothing is. Two statements."""
    customer = session.execute(
        select(Customer.id, Customer.number, Customer.name)
        .join(Invoice, Invoice.customer_id == Customer.id)
        .where(Invoice.number == number)
    ).one_or_none()
    if customer is None:
        return None
    found = store.open_items(session, customer[0], (CREDIT_NOTE,), numbers=(number,))
    return (customer[1], customer[2], found[0]) if found else None


def balance(session: Session, customer: str, today: date) -> Balance:
    """What the customer of this number owes; nothing for one that there is not. Four statements."""
    customer_id = session.scalar(select(Customer.id).where(Customer.number == customer))
    if customer_id is None:
        return Balance()
    items = store.open_items(session, customer_id, (INVOICE, CREDIT_NOTE))
    invoices = [each for each in items if each.kind == INVOICE]
    return Balance(
        owed=_sum(each.open for each in invoices),
        overdue=_sum(each.open for each in invoices if each.due_on is not None and each.due_on < today),
        credits=_sum(each.open for each in items if each.kind == CREDIT_NOTE),
        on_account=_on_account(session, customer_id),
    )


def payments_page(
    session: Session,
    *,
    search: str = "",
    shown: str = "",
    customer: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> PaymentPage:
    """Payments, newest first. ``shown``: a kind of payment, or *on_account*; ``search``: each typed word begins a word of the number,
    customer or reference. One statement, whatever there is.
    """
    opposite = aliased(Payment)
    reversed_ = exists().where(opposite.reverses_id == Payment.id)
    rest = case((Payment.of_id.is_(None), func.business.payment_rest(Payment.id)), else_=0)
    wanted: list[ColumnElement[bool] | None] = [
        begins_words(Payment.words, search),
        and_(Payment.kind == "receipt", rest > 0)
        if shown == "on_account"
        else Payment.kind == shown
        if shown
        else None,
        Customer.number == customer if customer is not None else None,
        Payment.id < after if after is not None else None,
    ]
    rows = session.execute(
        select(Payment, Customer.number, Customer.name, rest, reversed_)
        .join(Customer, Customer.id == Payment.customer_id)
        .where(*(each for each in wanted if each is not None))
        .order_by(Payment.id.desc())
        .limit(limit + 1)
    ).all()
    found = tuple(
        PaymentRow(
            id=row.id,
            number=row.number,
            kind=row.kind,
            customer_number=number,
            customer_name=name,
            received_on=row.received_on,
            method=row.method,
            amount=row.amount,
            reference=row.reference,
            rest=left,
            is_reversed=is_reversed,
        )
        for row, number, name, left, is_reversed in rows[:limit]
    )
    return PaymentPage(payments=found, next=found[-1].id if len(rows) > limit else None)


def find_payment(session: Session, number: str) -> PaymentView | None:
    """The payment of this number; None when there is none. Four statements."""
    found = session.execute(
        select(Payment, Customer.number, Customer.name, func.business.payment_rest(_ROOT))
        .join(Customer, Customer.id == Payment.customer_id)
        .where(Payment.number == number)
    ).one_or_none()
    if found is None:
        return None
    row, customer, name, rest = found
    root = row.of_id or row.id
    relatives = session.scalars(
        select(Payment).where(or_(Payment.id == root, Payment.of_id == root)).order_by(Payment.id)
    ).all()
    numbers = {each.id: each.number for each in relatives}
    undone = {each.reverses_id: each.number for each in relatives if each.reverses_id is not None}
    return PaymentView(
        number=row.number,
        kind=row.kind,
        customer_number=customer,
        customer_name=name,
        received_on=row.received_on,
        method=row.method,
        amount=row.amount,
        reference=row.reference,
        note=row.note,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        rest=rest if row.id == root else NOTHING,
        settles=_settles(session, row.id),
        of=numbers[row.of_id] if row.of_id is not None else None,
        reverses=numbers[row.reverses_id] if row.reverses_id is not None else None,
        reversed_by=undone.get(row.id),
        refunds=tuple(each.number for each in relatives if each.of_id == row.id and each.kind == "refund"),
    )


def statement(session: Session, customer: str, since: date, until: date) -> StatementView | None:
    """The account of the customer of this number from ``since`` to ``until``, both counted; None when there is no such customer.

    What is open of an invoice is what payments up to ``until`` left of it. Three statements.
    """
    customer_id = session.scalar(select(Customer.id).where(Customer.number == customer))
    if customer_id is None:
        return None
    entries = sorted(
        (*_invoiced(session, customer_id, until), *_moved(session, customer_id, until)),
        key=lambda each: (each.day, each.number),
    )
    opening = _sum(each.debit - each.credit for each in entries if each.day < since)
    shown = tuple(each for each in entries if each.day >= since)
    closing = opening + _sum(each.debit - each.credit for each in shown)
    overdue = _sum(each.open for each in entries if each.due_on is not None and each.due_on < until)
    return StatementView(
        customer=customer,
        since=since,
        until=until,
        opening=opening,
        entries=shown,
        closing=closing,
        overdue=max(NOTHING, min(overdue, closing)),
    )


def _settles(session: Session, payment_id: int) -> tuple[Settled, ...]:
    rows = session.execute(
        select(Invoice, Allocation.vat, Allocation.rate, func.sum(Allocation.amount))
        .join(Allocation, Allocation.invoice_id == Invoice.id)
        .where(Allocation.payment_id == payment_id)
        .group_by(Invoice.id, Allocation.vat, Allocation.rate)
        .order_by(Invoice.id, Allocation.rate.desc(), Allocation.vat)
    )
    heads: dict[int, Invoice] = {}
    shares: dict[int, list[Share]] = {}
    for invoice, vat, rate, amount in rows:
        heads[invoice.id] = invoice
        shares.setdefault(invoice.id, []).append(Share(vat=vat, rate=rate, amount=amount))
    return tuple(
        Settled(
            invoice=each.number or "",
            kind=each.kind,
            issued_on=each.issued_on,
            total=each.total,
            shares=tuple(shares[each.id]),
        )
        for each in heads.values()
    )


def _invoiced(session: Session, customer_id: int, until: date) -> list[Entry]:
    settled = (
        select(Allocation.invoice_id, func.sum(Allocation.amount).label("amount"))
        .join(Payment, Payment.id == Allocation.payment_id)
        .where(Payment.customer_id == customer_id, Payment.received_on <= until)
        .group_by(Allocation.invoice_id)
        .subquery()
    )
    rows = session.execute(
        select(Invoice, func.coalesce(settled.c.amount, 0))
        .outerjoin(settled, settled.c.invoice_id == Invoice.id)
        .where(Invoice.customer_id == customer_id, Invoice.status == "validated", Invoice.issued_on <= until)
    )
    return [
        Entry(day=row.issued_on, kind=row.kind, number=row.number or "", credit=row.total)
        if row.kind == CREDIT_NOTE
        else Entry(
            day=row.issued_on,
            kind=row.kind,
            number=row.number or "",
            due_on=row.due_on,
            open=row.total - amount,
            debit=row.total,
        )
        for row, amount in rows
    ]


def _moved(session: Session, customer_id: int, until: date) -> list[Entry]:
    rows = session.scalars(
        select(Payment).where(
            Payment.customer_id == customer_id, Payment.received_on <= until, Payment.amount != NOTHING
        )
    )
    return [
        Entry(
            day=each.received_on,
            kind=each.kind,
            number=each.number,
            method=each.method,
            debit=max(NOTHING, -each.amount),
            credit=max(NOTHING, each.amount),
        )
        for each in rows
    ]


def _on_account(session: Session, customer_id: int) -> Decimal:
    """Two sums in one statement: what came, less what it pays."""
    came = select(func.coalesce(func.sum(Payment.amount), 0)).where(Payment.customer_id == customer_id)
    pays = (
        select(func.coalesce(func.sum(Allocation.amount), 0))
        .join(Payment, Payment.id == Allocation.payment_id)
        .where(Payment.customer_id == customer_id)
    )
    found: Decimal = session.execute(select(came.scalar_subquery() - pays.scalar_subquery())).scalar_one()
    return found


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, NOTHING)
