"""How payments, and what is open, are found and written, for the commands and queries of this part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session, aliased

from engine.data import data
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.handler import Actor
from handlers.base.rows import words
from handlers.customers.tables import Customer
from handlers.invoices.tables import Invoice, InvoiceRate
from handlers.payments.tables import Allocation, Payment
from handlers.payments.types import OpenItem, PaymentData, Share

INVOICE: Final = "invoice"
CREDIT_NOTE: Final = "credit_note"


@data
class Part:
    """A share of one invoice; below zero what leaves it."""

    invoice_id: int
    share: Share


@data
class Family:
    """A payment with its refunds and reversals. ``rest``: what of it is on account."""

    rest: Decimal
    is_refunded: bool


def lock_customer(session: Session, number: str) -> Customer:
    """The customer, whose payments nobody else records until the transaction ends. Raises InvalidInput."""
    found = session.scalar(select(Customer).where(Customer.number == number).with_for_update(key_share=True))
    if found is None:
        raise InvalidInput((FieldProblem(field="customer", code="customer_unknown", facts={"number": number[:40]}),))
    return found


def lock(session: Session, number: str) -> tuple[Payment, Customer]:
    """The payment of this number, with its customer locked. Raises NotFound (``payment_record_unknown``)."""
    found = session.execute(
        select(Payment, Customer)
        .join(Customer, Customer.id == Payment.customer_id)
        .where(Payment.number == number)
        .with_for_update(of=Customer, key_share=True)
    ).one_or_none()
    if found is None:
        raise NotFound("payment_record_unknown", payment=number[:40])
    return found[0], found[1]


def by_key(session: Session, key: str) -> Payment | None:
    """What was recorded with this key already."""
    return session.scalar(select(Payment).where(Payment.idempotency_key == key))


def is_reversed(session: Session, payment_id: int) -> bool:
    """Whether its opposite was recorded."""
    return session.scalar(select(Payment.id).where(Payment.reverses_id == payment_id)) is not None


def family(session: Session, root: int) -> Family:
    """What became of a payment since. Two statements."""
    members = session.scalars(select(Payment).where(or_(Payment.id == root, Payment.of_id == root))).all()
    reversed_ids = {each.reverses_id for each in members}
    paid = session.scalar(
        select(func.sum(Allocation.amount)).where(Allocation.payment_id.in_([each.id for each in members]))
    )
    return Family(
        rest=sum((each.amount for each in members), Decimal("0.00")) - (paid or Decimal("0.00")),
        is_refunded=any(each.kind == "refund" and each.id not in {root, *reversed_ids} for each in members),
    )


def open_items(
    session: Session,
    customer_id: int,
    kinds: Sequence[str] = (INVOICE,),
    *,
    numbers: Iterable[str] | None = None,
) -> tuple[OpenItem, ...]:
    """What is left of the validated invoices (and credit notes) of a customer, oldest first; what is settled is left out. One statement,
    whatever there is.
    """
    paid = (
        select(Allocation.invoice_id, Allocation.vat, func.sum(Allocation.amount).label("amount"))
        .join(Invoice, Invoice.id == Allocation.invoice_id)
        .where(Invoice.customer_id == customer_id)
        .group_by(Allocation.invoice_id, Allocation.vat)
        .subquery()
    )
    corrected = aliased(Invoice)
    asked = (
        select(
            Invoice.id,
            Invoice.number,
            Invoice.kind,
            Invoice.issued_on,
            Invoice.due_on,
            Invoice.total,
            corrected.number,
            InvoiceRate.vat,
            InvoiceRate.rate,
            InvoiceRate.base + InvoiceRate.tax,
            func.coalesce(func.abs(paid.c.amount), 0),
        )
        .join(InvoiceRate, InvoiceRate.invoice_id == Invoice.id)
        .outerjoin(corrected, corrected.id == Invoice.corrects_id)
        .outerjoin(paid, (paid.c.invoice_id == Invoice.id) & (paid.c.vat == InvoiceRate.vat))
        .where(Invoice.customer_id == customer_id, Invoice.status == "validated", Invoice.kind.in_(kinds))
        .order_by(Invoice.issued_on, Invoice.id, InvoiceRate.rate.desc(), InvoiceRate.vat)
    )
    if numbers is not None:
        asked = asked.where(Invoice.number.in_(list(numbers)))
    heads: dict[int, dict[str, Any]] = {}
    shares: dict[int, list[Share]] = defaultdict(list)
    for id_, number, kind, issued_on, due_on, total, corrects, vat, rate, due, used in session.execute(asked):
        heads[id_] = {
            "invoice": number,
            "corrects": corrects,
            "kind": kind,
            "issued_on": issued_on,
            "due_on": due_on,
            "total": total,
        }
        shares[id_].append(Share(vat=vat, rate=rate, amount=due - used))
    items = (OpenItem(id=each, shares=tuple(shares[each]), **head) for each, head in heads.items())
    return tuple(each for each in items if each.open > 0)


def invoices_settled(session: Session, ids: Collection[int]) -> dict[str, bool]:
    """The invoices among these, credit notes left out, by number: whether nothing of them is owed. One statement."""
    settled = func.coalesce(func.sum(Allocation.amount), 0)
    rows = session.execute(
        select(Invoice.number, settled >= Invoice.total)
        .outerjoin(Allocation, Allocation.invoice_id == Invoice.id)
        .where(Invoice.id.in_(ids), Invoice.kind == INVOICE)
        .group_by(Invoice.id)
        .order_by(Invoice.id)
    )
    return {str(number): is_settled for number, is_settled in rows}


def lock_invoices(session: Session, ids: Iterable[int]) -> None:
    """Before a number is taken: the order of locks is payments, invoices, series."""
    session.execute(
        select(Invoice.id).where(Invoice.id.in_(sorted(ids))).order_by(Invoice.id).with_for_update(key_share=True)
    )


def write(
    session: Session,
    number: str,
    kind: str,
    customer: Customer,
    given: PaymentData,
    *,
    now: datetime,
    by: Actor,
    **more: Any,
) -> Payment:
    """Write a payment down."""
    row = Payment(
        number=number,
        kind=kind,
        customer_id=customer.id,
        received_on=given.received_on,
        method=given.method,
        amount=given.amount,
        reference=given.reference,
        note=given.note,
        words=words(number, customer.name, customer.number, given.reference),
        recorded_at=now,
        recorded_by=by.login,
        **more,
    )
    session.add(row)
    session.flush()
    return row


def allocate(session: Session, payment_id: int, parts: Sequence[Part], *, now: datetime, by: Actor) -> None:
    """Let a payment settle these shares. One statement, so that what belongs together is looked at together."""
    if not parts:
        return
    rows = [
        {
            "payment_id": payment_id,
            "invoice_id": each.invoice_id,
            "vat": each.share.vat,
            "rate": each.share.rate,
            "amount": each.share.amount,
            "allocated_at": now,
            "allocated_by": by.login,
        }
        for each in parts
    ]
    session.execute(insert(Allocation).values(rows))


def parts_of(session: Session, root: int) -> tuple[Part, ...]:
    """What a payment with its family settles now, net of what was taken back."""
    members = select(Payment.id).where(or_(Payment.id == root, Payment.of_id == root))
    rows = session.execute(
        select(Allocation.invoice_id, Allocation.vat, Allocation.rate, func.sum(Allocation.amount))
        .where(Allocation.payment_id.in_(members))
        .group_by(Allocation.invoice_id, Allocation.vat, Allocation.rate)
        .having(func.sum(Allocation.amount) != 0)
        .order_by(Allocation.invoice_id, Allocation.vat)
    )
    return tuple(
        Part(invoice_id=invoice, share=Share(vat=vat, rate=rate, amount=amount)) for invoice, vat, rate, amount in rows
    )


def opposite(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The same, taken back."""
    return tuple(replace(each, share=replace(each.share, amount=-each.share.amount)) for each in parts)


def by_number(items: Iterable[OpenItem]) -> Mapping[str, OpenItem]:
    """Open items by what people call them."""
    return {each.invoice: each for each in items}
