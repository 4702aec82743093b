"""What the process ``invoicing`` asks about money: what is left of an invoice, whether an order is paid, reminders to customers."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.handler import HandlerContext, handler
from engine.texts import format as formats
from handlers.base.letters import write_to_each
from handlers.base.numbers import take_number
from handlers.customers.queries import recipients
from handlers.customers.tables import Customer
from handlers.invoices import printing
from handlers.invoices import queries as invoices
from handlers.invoices.tables import Invoice
from handlers.orders import store as orders
from handlers.orders.tables import SalesOrder
from handlers.payments import queries, store
from handlers.payments.commands import SERIES, set_off_parts
from handlers.payments.steps import Credited, Crediting, OfInvoice, OfOrder, OrderPaid, Owed, Reminder, Reopened, Told
from handlers.payments.store import CREDIT_NOTE
from handlers.payments.tables import Allocation
from handlers.payments.types import PaymentData, Wanted

_LETTERS: Final = {
    "friendly": "mail.payment_reminder_friendly",
    "firm": "mail.payment_reminder_firm",
    "formal": "mail.payment_reminder_formal",
}


@handler("payments.read_invoice", fr="Lire ce qui reste dû d’une facture", en="Read what is left of an invoice")
def read_invoice(given: OfInvoice, context: HandlerContext) -> Owed:
    """What payments and credit notes have left of it.

    The customer is locked: whoever takes a payment back comes before, or after the case is over or waits again.
    """
    row = _of(context.session, given.invoice_number)
    store.lock_customer(context.session, context.session.get_one(Customer, row.customer_id).number)
    left = _left(context.session, row)
    return Owed(is_settled=not left, open_amount=left, is_consumer=not row.party["is_company"])


@handler(
    "payments.read_reopened", fr="Reprendre une facture de nouveau due", en="Take up an invoice that is owed again"
)
def read_reopened(given: OfInvoice, context: HandlerContext) -> Reopened:
    """What the case that follows its payment again knows of it."""
    session = context.session
    row = _of(session, given.invoice_number)
    assert row.issued_on is not None
    assert row.due_on is not None
    return Reopened(
        invoice_id=row.id,
        kind=row.kind,
        order_number=None if row.order_id is None else session.get_one(SalesOrder, row.order_id).number,
        customer_name=row.party["name"],
        total=row.total,
        issued_on=row.issued_on,
        due_on=row.due_on,
    )


@handler(
    "payments.set_off_credit",
    fr="Imputer l’avoir sur la facture qu’il corrige",
    en="Set the credit note off against the invoice that it corrects",
    effect=True,
)
def set_off_credit(given: Crediting, context: HandlerContext) -> Credited:
    """As far as something of that invoice is owed; what is more is the customer's, to be used or given back by hand.

    In a transaction of its own: it locks the customer first, and the validation has taken a number by now, which comes last.
    """
    session = context.session
    row = _of(session, given.invoice_number)
    corrected = session.get_one(Invoice, row.corrects_id)
    assert corrected.number is not None
    customer = store.lock_customer(session, session.get_one(Customer, row.customer_id).number)
    if store.by_key(session, context.idempotency_key) is not None:
        return Credited(corrected_invoice=corrected.number, is_settled=not _left(session, corrected))
    credits_ = store.open_items(session, customer.id, (CREDIT_NOTE,), numbers=(given.invoice_number,))
    debts = store.open_items(session, customer.id, numbers=(corrected.number,))
    if not credits_ or not debts:
        return Credited(corrected_invoice=corrected.number, is_settled=False)
    paid = (Wanted(invoice=corrected.number, amount=min(credits_[0].open, debts[0].open)),)
    parts = set_off_parts(credits_[0], paid, debts)
    store.lock_invoices(session, {each.invoice_id for each in parts})
    payment = store.write(
        session,
        take_number(session, SERIES, given.today.year),
        "set_off",
        customer,
        PaymentData(received_on=given.today, method="", amount=Decimal("0.00"), reference=given.invoice_number),
        now=context.now,
        by=context.actor,
        idempotency_key=context.idempotency_key,
    )
    store.allocate(session, payment.id, parts, now=context.now, by=context.actor)
    return Credited(corrected_invoice=corrected.number, is_settled=not _left(session, corrected))


@handler(
    "payments.read_order", fr="Lire si le paiement clôt la commande", en="Read whether the payment closes the order"
)
def read_order(given: OfOrder, context: HandlerContext) -> OrderPaid:
    """Whether an order that waits for it is paid: nothing is left to invoice, and nothing is left of its invoices.

    Of several invoices that one payment settles, only the case of the last one says so: the order hears it once. A case of the order itself
    says so whenever it holds: lowered to what is paid already, no case of an invoice would.
    """
    session = context.session
    order = orders.lock(session, given.order_number)
    if order.closing_rule != "paid" or order.status != "confirmed":
        return OrderPaid(is_order_paid=False)
    rows = session.scalars(select(Invoice).where(Invoice.order_id == order.id, Invoice.kind == "invoice")).all()
    settled = queries.paid(session, [each.id for each in rows])
    is_settled = all(settled[each.id] >= each.total for each in rows)
    if not is_settled or not invoices.is_fully_invoiced(session, order):
        return OrderPaid(is_order_paid=False)
    settling = session.execute(
        select(Allocation.invoice_id, func.max(Allocation.allocated_at))
        .where(Allocation.invoice_id.in_([each.id for each in rows]))
        .group_by(Allocation.invoice_id)
    )
    moments = {row[0]: row[1] for row in settling}
    moments |= {each.id: each.validated_at for each in rows if each.validated_at and each.id not in moments}
    last = max(rows, key=lambda each: (moments[each.id], each.id))
    return OrderPaid(is_order_paid=context.business_key in {last.number, order.number})


@handler(
    "payments.remind_customer", fr="Relancer le client par e-mail", en="Remind the customer by e-mail", effect=True
)
def remind_customer(given: Reminder, context: HandlerContext) -> Told:
    """Write to the customer what is still owed, with the invoice; nothing where it was settled meanwhile, or nobody has an address."""
    session = context.session
    row = _of(session, given.invoice_number)
    left = _left(session, row)
    addresses = recipients(session, row.customer_id, "invoices") or (row.email,)
    if left and any(addresses) and row.due_on is not None:
        facts = {
            "invoice": given.invoice_number,
            "open": formats.money(left, row.locale),
            "total": formats.money(row.total, row.locale),
            "day": formats.day(row.due_on, row.locale),
        }
        paper = printing.attachment(session, given.invoice_number, context.now)
        write_to_each(context, _LETTERS[given.level], addresses, facts, row.locale, paper)
    return Told()


def _of(session: Session, number: str) -> Invoice:
    return session.scalars(select(Invoice).where(Invoice.number == number)).one()


def _left(session: Session, row: Invoice) -> Decimal:
    return max(Decimal("0.00"), row.total - queries.paid(session, [row.id])[row.id])


HANDLERS: Final = (read_invoice, read_reopened, set_off_credit, read_order, remind_customer)
