"""What is open again of an order that its case took for done: what credit notes and returns gave back once its own rule has closed it, and
what they, or a change, left to invoice while it waits for nothing but money.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.instances.telling import is_awaited
from handlers.deliveries.queries import DeliveryRow, progress
from handlers.invoices.queries import InvoiceRow
from handlers.orders.queries import OrderView
from handlers.orders.types import CLOSE_ASKED, PAID
from web.orders.fulfilment import Fulfilment


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """``to_invoice``, ``to_deliver``: whether something can be invoiced again, or delivered, and nobody has it in hand;
    ``credit_notes``, ``returns``: what opened it.
    """

    to_invoice: bool
    to_deliver: bool
    credit_notes: tuple[InvoiceRow, ...]
    returns: tuple[DeliveryRow, ...]


def is_led(session: Session, number: str) -> bool:
    """Whether a case waits for goods or invoices of an order: of one that is closed, that of the order may be over."""
    return is_awaited(session, CLOSE_ASKED, number)


def awaits_payment(session: Session, number: str) -> bool:
    """Whether the case of an order waits for its payment, and asks for no invoice any more."""
    return is_awaited(session, PAID, number)


def reopened(session: Session, order: OrderView, far: Fulfilment) -> Reopened | None:
    """What is open again; None where nothing is, or where the order's own case still leads it. At most two statements."""
    is_paid_last = order.status == "confirmed" and awaits_payment(session, order.number)
    is_over = order.status == "closed" and order.goes_on and not is_led(session, order.number)
    if not (is_paid_last or is_over):
        return None
    parts = progress(session, order.number)
    to_deliver = is_over and any(each.remaining for each in parts.values())
    to_invoice = False
    for each in order.lines:
        if each.line.kind == "item":
            is_waiting = order.data.invoicing_policy == "on_delivery" and each.id in parts
            most = min(each.line.quantity, parts[each.id].delivered) if is_waiting else each.line.quantity
            to_invoice |= far.invoiced.get(each.id, Decimal(0)) < most
    if not (to_deliver or to_invoice):
        return None
    return Reopened(
        to_invoice=to_invoice,
        to_deliver=to_deliver,
        credit_notes=tuple(
            each for each in far.invoices if each.status == "validated" and each.is_reinvoiceable and to_invoice
        ),
        returns=tuple(each for each in far.deliveries if each.is_redelivered and to_deliver),
    )
