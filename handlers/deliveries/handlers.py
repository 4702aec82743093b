"""What the process ``preparation`` asks to be done with deliveries. Each runs in the transaction of its step; letters go after commit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.handler import BusinessError, HandlerContext, handler
from engine.letter import ToRole, site
from handlers.base.letters import write_letter, write_to_each
from handlers.base.numbers import take_number
from handlers.base.rows import words
from handlers.catalogue.tables import Article
from handlers.customers.queries import recipients
from handlers.deliveries import printing, rules, store
from handlers.deliveries.steps import (
    Arrival,
    Cancellation,
    ChangedGoods,
    DeliveryRef,
    Dropped,
    GivenUp,
    Late,
    OrderOver,
    OrderToDeliver,
    Picked,
    Planned,
    Prepared,
    Replan,
    Replanned,
    Reservation,
    Shipment,
    Shipped,
    Shortage,
    Status,
    Told,
    Waiting,
)
from handlers.deliveries.tables import Delivery, DeliveryLine
from handlers.orders import store as orders
from handlers.orders.tables import SalesOrder
from handlers.sales.queries import party
from handlers.sales.types import Place
from handlers.stock import ledger
from handlers.stock.tables import Reservation as Missing

SERIES: Final = "BL"
PAGE: Final = "/deliveries/"
"""Where the pages of deliveries begin; the number follows."""

TOLD_OF_SHORTAGES: Final = ("purchasing_admin", "sales_admin")


@handler(
    "deliveries.plan_delivery",
    fr="Établir la livraison",
    en="Plan the delivery",
    errors=("order_unknown", "nothing_to_deliver"),
)
def plan_delivery(given: OrderToDeliver, context: HandlerContext) -> Planned:
    """A delivery of all goods of the order that no other one carries. Two that plan at the same time come one after the other."""
    session = context.session
    order = _order(session, given.order_number)
    made = session.scalar(select(Delivery).where(Delivery.idempotency_key == context.idempotency_key))
    if made is None:
        progress = store.progress(session, order.id)
        remaining = {line: each.remaining for line, each in progress.items() if each.remaining}
        if not orders.goes_on(order) or not remaining:
            raise BusinessError("nothing_to_deliver", order=order.number)
        made = _make(context, order, remaining, given.today or context.now)
    return Planned(
        delivery_number=made.number,
        customer_name=made.party["name"],
        shipment_on=order.shipment_on,
        shipping_policy=order.shipping_policy,
    )


def _make(context: HandlerContext, order: SalesOrder, remaining: dict[int, Decimal], today: date) -> Delivery:
    session = context.session
    ordered = [each for each in orders.lines_of(session, order.id) if each.id in remaining]
    warehouse = ledger.store_of(session, order.warehouse).code  # what the default one is may change before this leaves
    number = take_number(session, SERIES, today.year)
    made = Delivery(
        number=number,
        kind="delivery",
        order_id=order.id,
        origin_id=None,
        is_redelivered=False,
        status="to_prepare",
        warehouse=warehouse,
        party=order.party,
        carrier="",
        tracking="",
        words=words(number, order.number, order.party["name"], order.customer_reference),
        created_at=context.now,
        created_by=context.actor.login,
        closed_because="",
        idempotency_key=context.idempotency_key,
    )
    session.add(made)
    session.flush()
    session.add_all(store.line_for(made.id, place, each, remaining[each.id]) for place, each in enumerate(ordered, 1))
    session.flush()
    return made


@handler("deliveries.reserve", fr="Réserver les articles", en="Reserve the goods")
def reserve(given: DeliveryRef, context: HandlerContext) -> Reservation:
    """Promise to the delivery what there is of the goods that it carries.

    It begins anew each time: after a count, more may be promised than lies there, and then nobody would notice.
    """
    session = context.session
    _, row = store.lock(session, given.delivery_number)
    lines = store.lines_of(session, row.id)
    if row.status in {"shipped", "cancelled"}:
        goods = rules.described(store.goods(each) for each in lines)
        return Reservation(readiness="none", to_pick=None, quantities=None, missing=goods)
    wanted = store.stocked(session, lines, row.warehouse)
    by = context.actor.login
    lacks = {
        each.line: each.missing
        for each in ledger.reserve(session, row.number, row.warehouse, wanted, by=by, now=context.now, anew=True)
    }
    has = [each.quantity - lacks.get(each.id, Decimal(0)) for each in lines]
    ready = rules.readiness([each.quantity for each in lines], has)
    row.status = "reserved" if ready == "all" else "to_prepare"
    session.flush()
    there = [store.goods(each, quantity) for each, quantity in zip(lines, has, strict=True) if quantity]
    return Reservation(
        readiness=ready,
        to_pick=rules.described(there),
        quantities=rules.quantities(there),
        missing=rules.described(store.goods(each, lacks[each.id]) for each in lines if lacks.get(each.id)),
    )


@handler("deliveries.replan_delivery", fr="Replanifier la livraison", en="Plan the delivery anew")
def replan_delivery(given: Replan, context: HandlerContext) -> Replanned:
    """Let a delivery that is not prepared yet carry what its order says now: all that no other one carries. What it carries no more is
    given back; one that would carry nothing is cancelled. Asked again, nothing changes.
    """
    session = context.session
    order, row = store.lock(session, given.delivery_number)
    if row.status not in _PLANNED:
        return Replanned(changed=given.changed, is_emptied=row.status == "cancelled", freed=())
    wanted = _wanted(session, order, store.lines_of(session, row.id))
    told, touched = _replan(context, order, row, wanted)
    changed = "\n".join(filter(None, (given.changed, rules.changes(told)))) or None
    if not any(wanted.values()):
        return Replanned(changed=changed, is_emptied=True, freed=_cancel(session, (row,), given.reason))
    return Replanned(changed=changed, is_emptied=False, freed=ledger.lacked(session, touched))


_PLANNED: Final = ("to_prepare", "reserved")
"""The states of a delivery that may still carry something else."""


def _wanted(session: Session, order: SalesOrder, lines: Sequence[DeliveryLine]) -> dict[int, Decimal]:
    """What a delivery with these lines should carry by what its order says now, by line of the order."""
    carried = {each.order_line_id: each.quantity for each in lines}
    return {
        line: rules.wanted_of(each, carried.get(line, Decimal(0)))
        for line, each in store.progress(session, order.id).items()
    }


def _replan(
    context: HandlerContext, order: SalesOrder, row: Delivery, wanted: Mapping[int, Decimal]
) -> tuple[tuple[tuple[rules.Goods, Decimal, Decimal], ...], set[str]]:
    """Let the delivery carry what is ``wanted``, and promise it what there is: what it carried and carries of each line, and the articles
    that it had. Where it carries that already, nothing is written.
    """
    session, before = context.session, store.lines_of(context.session, row.id)
    carried = {each.order_line_id: each.quantity for each in before}
    if carried == {line: quantity for line, quantity in wanted.items() if quantity}:
        return (), set()
    # what is left out wants nothing any more: all in one call, so that the stock is locked in its order
    gone = [replace(each, quantity=Decimal(0)) for each in store.stocked(session, before, row.warehouse)]
    told = store.replan(session, row, before, orders.lines_of(session, order.id), wanted)
    stays = store.stocked(session, store.lines_of(session, row.id), row.warehouse)
    kept = {each.line for each in stays}
    claims = [*stays, *(each for each in gone if each.line not in kept)]
    ledger.reserve(session, row.number, row.warehouse, claims, by=context.actor.login, now=context.now)
    row.status = "to_prepare"
    session.flush()
    return told, {each.article for each in gone}


@handler(
    "deliveries.prepare",
    fr="Noter ce qui est préparé",
    en="Note what was picked",
    errors=("picked_unclear", "picked_too_much", "picked_nothing", "delivery_closed", "delivery_outdated"),
)
def prepare(given: Picked, context: HandlerContext) -> Prepared:
    """The delivery carries what was picked, and nothing else; what it gives up remains to be delivered.

    Where its order says less by now, whoever picks waits for the new plan, which is on its way.
    """
    session = context.session
    order, row = _open(session, given.delivery_number)
    progress = store.progress(session, order.id)
    if any(progress[each.order_line_id].is_exceeded for each in store.lines_of(session, row.id)):
        raise BusinessError("delivery_outdated", delivery=row.number, order=order.number)
    lines = {each.place: each for each in store.lines_of(session, row.id)}
    picked = rules.read_quantities(given.picked)
    if picked is None:
        raise BusinessError("picked_unclear", place="")
    if problem := rules.picked_problem(picked, {place: each.quantity for place, each in lines.items()}):
        raise BusinessError(problem[0], place=problem[1])
    if row.status == "prepared":  # picked once more: its lines are free again
        row.status = "to_prepare"
        session.flush()
    stocked = store.stocked(session, lines.values(), row.warehouse)
    kept = store.carry(session, row.id, {line.id: picked.get(place, Decimal(0)) for place, line in lines.items()})
    carried = {each.id: each.quantity for each in kept}
    # what is left out wants nothing any more: all in one call, so that the stock is locked in its order
    wanted = [replace(each, quantity=carried.get(each.line, Decimal(0))) for each in stocked]
    by = context.actor.login
    for each in ledger.reserve(session, row.number, row.warehouse, wanted, by=by, now=context.now):
        if each.missing:
            raise BusinessError("picked_too_much", place=next(line.place for line in kept if line.id == each.line))
    row.status, row.prepared_by = "prepared", given.prepared_by
    session.flush()
    return Prepared(
        to_ship=rules.described(store.goods(each) for each in kept) or "",
        address=_address(party(row.party).shipping or party(row.party).billing),
        freed=ledger.lacked(session, {each.article for each in wanted}),
    )


@handler(
    "deliveries.ship_delivery",
    fr="Expédier la livraison",
    en="Ship the delivery",
    errors=("stock_insufficient", "delivery_closed"),
)
def ship_delivery(given: Shipment, context: HandlerContext) -> Shipped:
    """What was prepared leaves the stock; from then on nobody changes the delivery."""
    session = context.session
    order, row = _open(session, given.delivery_number)
    wanted = store.stocked(session, store.lines_of(session, row.id), row.warehouse)
    ledger.ship(session, row.number, row.warehouse, wanted, by=given.shipped_by, now=context.now)
    row.status, row.shipped_by = "shipped", given.shipped_by
    row.shipped_at, row.shipped_on = context.now, given.today
    row.carrier, row.tracking = given.carrier or "", given.tracking or ""
    session.flush()
    progress = store.progress(session, order.id).values()
    return Shipped(is_complete=not any(each.outstanding for each in progress))


@handler("deliveries.cancel_delivery", fr="Annuler la livraison", en="Cancel the delivery")
def cancel_delivery(given: Cancellation, context: HandlerContext) -> Status:
    """Give up what has not left yet: its goods are available again. One that was cancelled meanwhile stays so."""
    _, row = store.lock(context.session, given.delivery_number)
    freed = _cancel(context.session, (row,), given.reason) if row.status in store.OPEN else ()
    return Status(delivery_status=row.status, freed=freed)


@handler("deliveries.drop_deliveries", fr="Abandonner les livraisons", en="Drop the deliveries")
def drop_deliveries(given: OrderOver, context: HandlerContext) -> Dropped:
    """Cancel all deliveries of an order that have not left yet, because the order is over."""
    session = context.session
    order = _order(session, given.order_number)
    found = store.open_of(session, order.id)
    freed = _cancel(session, found, given.reason)
    return Dropped(dropped=tuple(each.number for each in found), freed=freed)


@handler("deliveries.list_waiting", fr="Trouver qui attend des articles", en="Find who waits for goods")
def list_waiting(given: Arrival, context: HandlerContext) -> Waiting:
    """The deliveries that lack some of this article, who has waited longest first."""
    asked = (
        select(Delivery.number)
        .where(
            Delivery.status == "to_prepare",
            select(Missing.id)
            .join(Article, Article.id == Missing.article_id)
            .where(Missing.document == Delivery.number, Missing.missing > 0, Article.reference == given.article)
            .exists(),
        )
        .order_by(Delivery.id)
        .limit(MOST_WAITING)
    )
    return Waiting(deliveries=tuple(context.session.scalars(asked)))


MOST_WAITING: Final = 200
"""Deliveries that are told of one arrival; the next arrival tells the others."""


@handler("deliveries.send_delivery_note", fr="Envoyer le bon de livraison", en="Send the delivery note", effect=True)
def send_delivery_note(given: DeliveryRef, context: HandlerContext) -> Told:
    """Print the note once for all, and send it to the contacts who receive notes, else where the order's mails go; without any address it
    is only printed.
    """
    session = context.session
    paper = printing.attachment(session, given.delivery_number, context.now)
    order, row = session.execute(
        select(SalesOrder, Delivery)
        .join(Delivery, Delivery.order_id == SalesOrder.id)
        .where(Delivery.number == given.delivery_number)
    ).one()
    addresses = recipients(session, order.customer_id, "delivery_notes") or (order.email,)
    if any(addresses):
        facts = {
            "delivery": row.number,
            "order": order.number,
            "carrier": row.carrier or "–",
            "tracking": row.tracking or "–",
        }
        write_to_each(context, "mail.delivery_sent", addresses, facts, order.locale, paper)
    return Told()


@handler("deliveries.tell_shortage", fr="Annoncer la rupture", en="Tell of the shortage", effect=True)
def tell_shortage(given: Shortage, context: HandlerContext) -> Told:
    """Write to purchasing and to sales administration what is missing; once for the same goods, however often it is looked at."""
    facts = {
        "delivery": given.delivery_number,
        "customer": given.customer_name,
        "missing": given.missing,
        "link": site(context.session) + PAGE + given.delivery_number,
    }
    goods = hashlib.sha256(given.missing.encode()).hexdigest()
    for role in TOLD_OF_SHORTAGES:
        once = f"{given.delivery_number}:short:{goods}:{role}"
        write_letter(context, "mail.delivery_short", ToRole(role=role), facts, key=once)
    return Told()


@handler("deliveries.tell_changed", fr="Annoncer la modification", en="Tell of the change", effect=True)
def tell_changed(given: ChangedGoods, context: HandlerContext) -> Told:
    """Write to the warehouse what of a delivery is other than it was; nothing where nothing is."""
    if given.changed is not None:
        facts = {
            "delivery": given.delivery_number,
            "customer": given.customer_name,
            "changed": given.changed,
            "link": site(context.session) + PAGE + given.delivery_number,
        }
        write_letter(context, "mail.delivery_changed", ToRole(role="warehouse"), facts)
    return Told()


@handler("deliveries.remind", fr="Relancer par e-mail", en="Remind by e-mail", effect=True)
def remind(given: Late, context: HandlerContext) -> Told:
    """Write to all who hold ``role`` that a delivery still waits for them."""
    facts = {
        "delivery": given.delivery_number,
        "customer": given.customer_name,
        "link": site(context.session) + PAGE + given.delivery_number,
    }
    write_letter(context, f"mail.delivery_late_{given.role}", ToRole(role=given.role), facts)
    return Told()


@handler("deliveries.tell_cancelled", fr="Annoncer l’annulation", en="Tell of the cancellation", effect=True)
def tell_cancelled(given: GivenUp, context: HandlerContext) -> Told:
    """Write to sales administration that a preparation was cancelled, and why."""
    facts = {
        "delivery": given.delivery_number,
        "customer": given.customer_name,
        "reason": given.reason,
        "link": site(context.session) + PAGE + given.delivery_number,
    }
    write_letter(context, "mail.delivery_cancelled", ToRole(role="sales_admin"), facts)
    return Told()


def _order(session: Session, number: str) -> SalesOrder:
    try:
        return orders.lock(session, number)
    except NotFound as error:
        raise BusinessError("order_unknown", order=number) from error


def _open(session: Session, number: str) -> tuple[SalesOrder, Delivery]:
    """Both, locked, while the delivery can still be prepared or shipped."""
    order, row = store.lock(session, number)
    if row.status in {"shipped", "cancelled"}:
        raise BusinessError("delivery_closed", delivery=number)
    return order, row


def _cancel(session: Session, rows: Sequence[Delivery], reason: str) -> tuple[str, ...]:
    """Give up these open deliveries: the articles that others can have now. What is promised to all of them is given back at once, so that
    the stock is locked in its order.
    """
    freed = ledger.release(session, [each.number for each in rows])
    for row in rows:
        row.status, row.closed_because = "cancelled", reason
    session.flush()
    return freed


def _address(place: Place | None) -> str | None:
    if place is None:
        return None
    town = f"{place.postal_code} {place.city}".strip()
    return "\n".join(filter(None, (place.label, place.street, town, place.country if place.country != "FR" else "")))


HANDLERS = (
    plan_delivery,
    reserve,
    replan_delivery,
    prepare,
    ship_delivery,
    cancel_delivery,
    drop_deliveries,
    list_waiting,
    send_delivery_note,
    tell_shortage,
    tell_changed,
    remind,
    tell_cancelled,
)
