"""What the process ``order_fulfilment`` asks to be done with an order: each in the transaction of its step; letters go after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.handler import BusinessError, HandlerContext, handler
from engine.letter import ToPerson, ToRole
from engine.texts import format as formats
from handlers.base.letters import write_letter, write_to_each
from handlers.customers import fiscal
from handlers.customers.commands import NoteOrder, note_order
from handlers.customers.queries import recipients
from handlers.customers.tables import Customer
from handlers.orders import making, printing, queries, store
from handlers.orders.steps import (
    Accepted,
    Cancelled,
    Confirm,
    Confirmed,
    GivenUp,
    Order,
    Ordered,
    Over,
    Read,
    Stands,
    Told,
    Waiting,
)
from handlers.orders.tables import OrderLine, SalesOrder
from handlers.sales import store as quotes
from handlers.stock import ledger
from handlers.stock.rules import available

_REMINDERS: Final = {
    "confirmation": "mail.order_confirmation_waiting",
    "invoice_request": "mail.order_invoice_request_waiting",
    "invoice": "mail.order_invoice_waiting",
}
"""``invoice``: of cases whose version reminds accounting beside the case of the invoice, which does so by itself."""


@handler("orders.order_from_quote", fr="Faire la commande d’un devis accepté", en="Make the order of an accepted quote")
def order_from_quote(given: Accepted, context: HandlerContext) -> Ordered:
    """A draft that says what the quote said, on its way; asked again it is the same one."""
    row = making.order_from_quote(
        context.session,
        given.quote_number,
        given.version,
        key=context.idempotency_key,
        today=given.today,
        now=context.now,
        by=context.starter,
    )
    return Ordered(order_number=row.number)


@handler("orders.read_order", fr="Lire la commande", en="Read the order")
def read_order(given: Order, context: HandlerContext) -> Read:
    """What it says now, and whether its VAT fits the customer of now: an order that nobody would be asked about is then asked about.

    Nothing is changed. Seven statements, however many lines.
    """
    session = context.session
    row = store.lock(session, given.order_number)
    lines = store.lines_of(session, row.id)
    customer = session.get_one(Customer, row.customer_id)
    return Read(
        customer_name=customer.name,
        customer_reference=row.customer_reference,
        origin_quote=row.origin_quote,
        is_from_quote=row.origin_quote is not None,
        net=row.net,
        total=row.total,
        shipment_on=row.shipment_on,
        missing_articles=_missing(session, row, lines),
        seller=row.created_by,
        vat_refusal=_vat_refusal(session, customer, row, lines),
    )


@handler(
    "orders.confirm_order",
    fr="Confirmer la commande",
    en="Confirm the order",
    errors=("order_not_draft", "order_changed", "order_empty", *fiscal.REFUSALS),
)
def confirm_order(given: Confirm, context: HandlerContext) -> Confirmed:
    """It binds us: it does not change any more, and a prospect becomes a customer. Nobody asked: whoever made it counts as who confirms."""
    session = context.session
    row = store.lock(session, given.order_number)
    if row.status != "draft":
        raise BusinessError("order_not_draft", order=row.number)
    rows = store.lines_of(session, row.id)
    sold = [each for each in rows if each.kind == "item"]
    if not sold:
        raise BusinessError("order_empty", order=row.number)
    if row.total != given.total:
        raise BusinessError("order_changed", order=row.number)
    customer = session.get_one(Customer, row.customer_id)
    if code := _vat_refusal(session, customer, row, rows):
        raise BusinessError(code, order=row.number)
    row.status, row.confirmed_at, row.confirmed_by = "confirmed", context.now, given.confirmed_by or row.created_by
    session.flush()
    if customer.is_prospect:
        context.keep(note_order, NoteOrder(number=customer.number))
    return Confirmed(
        order_status=row.status,
        shipment_on=row.shipment_on,
        has_goods=any(each.product_type == "product" for each in sold),
        invoicing_policy=row.invoicing_policy,
        closing_rule=row.closing_rule,
    )


@handler(
    "orders.send_acknowledgement",
    fr="Envoyer l’accusé de réception",
    en="Send the acknowledgement",
    effect=True,
)
def send_acknowledgement(given: Order, context: HandlerContext) -> Told:
    """Write to the contacts who receive orders, else where the order's mails go, with the PDF of what the order says now; without any
    address the order has it on its page, to be sent otherwise.
    """
    session = context.session
    paper = printing.attachment(session, given.order_number, context.now)
    found = queries.find_order(session, given.order_number)
    if found is None:
        return Told()
    customer = session.scalars(select(SalesOrder.customer_id).where(SalesOrder.number == given.order_number)).one()
    addresses = recipients(session, customer, "orders") or (found.data.email,)
    locale = found.data.locale
    facts = {
        "order": found.number,
        "subject": found.data.subject or found.number,
        "total": formats.money(found.totals.total, locale),
        "reference": found.data.customer_reference or found.origin_quote or found.number,
    }
    code = "mail.order_acknowledged"
    if found.version > 1:
        code = "mail.order_revised"
    elif found.data.shipment_on is not None:
        code, facts = "mail.order_acknowledged_for", facts | {"day": formats.day(found.data.shipment_on, locale)}
    write_to_each(context, code, addresses, facts, locale, paper)
    return Told()


@handler("orders.close_order", fr="Clore la commande", en="Close the order")
def close_order(given: Over, context: HandlerContext) -> Stands:
    """Nothing more is to come of it; one that its own rule has closed keeps the reason, where there is one."""
    row = store.lock(context.session, given.order_number)
    store.close(row, given.reason or "", context.now)
    context.session.flush()
    return Stands(order_status=row.status)


@handler("orders.give_up_order", fr="Annuler un brouillon de commande", en="Give a draft of an order up")
def give_up_order(given: GivenUp, context: HandlerContext) -> Stands:
    """A draft comes to nothing; its number stays."""
    row = store.lock(context.session, given.order_number)
    if row.status == "draft":
        row.status, row.closed_at, row.closed_because = "cancelled", context.now, given.reason
        context.session.flush()
    return Stands(order_status=row.status)


@handler("orders.tell_seller", fr="Prévenir le vendeur par e-mail", en="Tell the seller by e-mail", effect=True)
def tell_seller(given: Cancelled, context: HandlerContext) -> Told:
    """Write to whoever made the order that it was cancelled, and why."""
    facts = {"order": given.order_number, "customer": given.customer_name, "reason": given.reason}
    write_letter(context, "mail.order_cancelled", ToPerson(login=given.seller), facts)
    return Told()


@handler("orders.remind_people", fr="Relancer par e-mail", en="Ask again by e-mail", effect=True)
def remind_people(given: Waiting, context: HandlerContext) -> Told:
    """Write to all who hold ``role`` that the order still waits for them."""
    facts = {"order": given.order_number, "customer": given.customer_name}
    write_letter(context, _REMINDERS[given.waits_for], ToRole(role=given.role), facts)
    return Told()


def _vat_refusal(session: Session, customer: Customer, row: SalesOrder, lines: Sequence[OrderLine]) -> str | None:
    return quotes.fiscal_refusal(
        session, customer, row.party, row.fiscal_position, [quotes.line_of(each) for each in lines]
    )


def _missing(session: Session, row: SalesOrder, lines: Sequence[OrderLine]) -> int:
    """How many articles are wanted more of than is available. Lines of one article want it together (domain §5.2-11)."""
    wanted: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in lines:
        if each.kind == "item" and each.article and each.product_type == "product":
            wanted[each.article] += each.quantity
    levels = ledger.availability(session, wanted.keys(), row.warehouse) if wanted else {}
    return sum(name in levels and quantity > available(levels[name]) for name, quantity in wanted.items())


HANDLERS = (
    order_from_quote,
    read_order,
    confirm_order,
    send_acknowledgement,
    close_order,
    give_up_order,
    tell_seller,
    remind_people,
)
