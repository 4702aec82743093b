"""What can be asked about deliveries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine.data import data
from engine.handler import Choice, ChoiceSource
from handlers.base.rows import begins_words
from handlers.deliveries import rules, store
from handlers.deliveries.rules import Progress
from handlers.deliveries.tables import Delivery, DeliveryLine
from handlers.orders.tables import OrderLine, SalesOrder
from handlers.sales.queries import Party, party
from handlers.stock import ledger
from handlers.stock.rules import Level

MOST_ORDERS = 500
"""Orders that a form offers, the oldest first."""

MOST_TO_DO = 200
"""Deliveries on one list of what is to be done; the search finds the others."""


@data
class DeliveryRow:
    """A delivery in a list. ``shipment_on``: the day that its order wants; ``lines``: how many it has; ``is_redelivered``: what a return
    brought back is to be delivered again.
    """

    id: int
    number: str
    kind: str
    status: str
    is_redelivered: bool
    order_number: str
    customer_name: str
    city: str
    shipment_on: date | None
    shipped_on: date | None
    lines: int


@data
class DeliveryPage:
    """Some deliveries. ``next``: the ``after`` of the page that follows; None on the last one."""

    deliveries: tuple[DeliveryRow, ...]
    next: int | None


@data
class CarriedLine:
    """A line of a delivery. ``reserved``: of the stock, None where it is not kept in stock; ``missing``: what is not reserved yet;
    ``level``: what lies in its warehouse; ``returned``: what came back of it; ``progress``: of the order's line.
    """

    id: int
    order_line_id: int
    place: int
    article: str
    text: str
    unit: str
    quantity: Decimal
    reserved: Decimal | None
    missing: Decimal
    level: Level | None
    returned: Decimal
    progress: Progress


@data
class DeliveryView:
    """Everything about one delivery or return. ``origin``: the number of the delivery that a return is of; moments are in UTC."""

    number: str
    kind: str
    status: str
    order_number: str
    order_status: str
    email: str
    contact: str
    customer_reference: str
    locale: str
    shipment_on: date | None
    delivery_method: str
    shipping_policy: str
    origin: str | None
    is_redelivered: bool
    warehouse: str
    party: Party
    lines: tuple[CarriedLine, ...]
    carrier: str
    tracking: str
    created_at: datetime
    created_by: str
    prepared_by: str | None
    shipped_at: datetime | None
    shipped_on: date | None
    shipped_by: str | None
    closed_because: str
    returns: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """It has not left yet, and was not given up."""
        return self.status in store.OPEN


def progress(session: Session, order_number: str) -> dict[int, Progress]:
    """What became of each line of goods of an order, by the id of the line; of an unknown order nothing. One statement."""
    found = session.scalar(select(SalesOrder.id).where(SalesOrder.number == order_number))
    return {} if found is None else store.progress(session, found)


def delivered(session: Session, order_number: str) -> dict[int, Decimal]:
    """What the customer has of each line of goods of an order (shipped less returned), by the id of the line."""
    return {line: each.delivered for line, each in progress(session, order_number).items()}


def last_shipped_on(session: Session, order_lines: Collection[int], until: date) -> date | None:
    """The last day, ``until`` at most, on which something of these lines of orders left; None where nothing had. One statement."""
    return session.scalar(
        select(func.max(Delivery.shipped_on))
        .join(DeliveryLine, DeliveryLine.delivery_id == Delivery.id)
        .where(
            Delivery.kind == "delivery",
            Delivery.shipped_on <= until,
            DeliveryLine.order_line_id.in_(order_lines),
        )
    )


def delivered_of_line() -> ColumnElement[Decimal]:
    """What the customer has of the ``OrderLine`` of the statement around it, for statements over many orders."""
    signed = case((Delivery.kind == "delivery", DeliveryLine.quantity), else_=-DeliveryLine.quantity)
    return (
        select(func.coalesce(func.sum(signed), 0))
        .join(Delivery, Delivery.id == DeliveryLine.delivery_id)
        .where(DeliveryLine.order_line_id == OrderLine.id, Delivery.status == "shipped")
        .correlate(OrderLine)
        .scalar_subquery()
    )


def is_delivered(session: Session, order_number: str) -> bool:
    """Whether none of the order's goods remains to be delivered; so it is where it has none."""
    return not any(each.outstanding for each in progress(session, order_number).values())


def has_goods(session: Session, order_number: str) -> bool:
    """Whether the order has something that is delivered."""
    return bool(progress(session, order_number))


def deliveries_of(session: Session, order_number: str) -> tuple[DeliveryRow, ...]:
    """The deliveries and returns of an order, in the order in which they were made."""
    asked = _LISTED.where(SalesOrder.number == order_number).order_by(Delivery.id)
    return tuple(_row(*each) for each in session.execute(asked))


def to_do(session: Session, *, search: str = "", limit: int = MOST_TO_DO) -> tuple[DeliveryRow, ...]:
    """What has not left yet: first what is wanted first, then what has waited longest; what no day is said of comes last."""
    words = begins_words(Delivery.words, search)
    asked = _LISTED.where(Delivery.kind == "delivery", Delivery.status.in_(store.OPEN))
    if words is not None:
        asked = asked.where(words)
    ordered = asked.order_by(SalesOrder.shipment_on.asc().nulls_last(), Delivery.id).limit(limit)
    return tuple(_row(*each) for each in session.execute(ordered))


def deliveries_page(
    session: Session,
    *,
    search: str = "",
    statuses: Sequence[str] = (),
    kind: str | None = None,
    after: int | None = None,
    limit: int = 50,
) -> DeliveryPage:
    """Deliveries, newest first; ``search``: each typed word begins a word of the number, the order, the customer or their reference.

    One statement, whatever there is.
    """
    wanted: list[ColumnElement[bool] | None] = [
        begins_words(Delivery.words, search),
        Delivery.status.in_(statuses) if statuses else None,
        Delivery.kind == kind if kind is not None else None,
        Delivery.id < after if after is not None else None,
    ]
    asked = _LISTED.where(*(each for each in wanted if each is not None)).order_by(Delivery.id.desc())
    rows = session.execute(asked.limit(limit + 1)).all()
    found = tuple(_row(*each) for each in rows[:limit])
    return DeliveryPage(deliveries=found, next=found[-1].id if len(rows) > limit else None)


def find_delivery(session: Session, number: str) -> DeliveryView | None:
    """The delivery or return of this number; None when there is none. A constant number of statements, however many lines."""
    origin = aliased(Delivery)
    found = session.execute(
        select(Delivery, SalesOrder, origin.number)
        .join(SalesOrder, SalesOrder.id == Delivery.order_id)
        .outerjoin(origin, origin.id == Delivery.origin_id)
        .where(Delivery.number == number)
    ).one_or_none()
    if found is None:
        return None
    row, order, origin_number = found
    returns = session.scalars(select(Delivery.number).where(Delivery.origin_id == row.id).order_by(Delivery.id))
    return DeliveryView(
        **{name: getattr(row, name) for name in _OF_DELIVERY},
        **{name: getattr(order, name) for name in _OF_ORDER},
        order_number=order.number,
        order_status=order.status,
        origin=origin_number,
        party=party(row.party),
        lines=_lines(session, row),
        returns=tuple(returns),
    )


def read_orders_to_deliver(session: Session) -> Sequence[Choice]:
    """The confirmed orders of which goods remain that no delivery carries, the oldest first."""
    carried = (
        select(func.coalesce(func.sum(_SIGNED), 0))
        .join(Delivery, Delivery.id == DeliveryLine.delivery_id)
        .where(DeliveryLine.order_line_id == OrderLine.id, Delivery.status != "cancelled")
        .scalar_subquery()
    )
    remains = select(OrderLine.id).where(
        OrderLine.order_id == SalesOrder.id,
        OrderLine.kind == "item",
        OrderLine.product_type == "product",
        OrderLine.quantity > carried,
    )
    goes_on = or_(
        SalesOrder.status == "confirmed", and_(SalesOrder.status == "closed", SalesOrder.closed_because == "")
    )
    asked = (
        select(SalesOrder.number, SalesOrder.party["name"].astext, SalesOrder.subject)
        .where(goes_on, remains.exists())
        .order_by(SalesOrder.id)
        .limit(MOST_ORDERS)
    )
    return [
        Choice(value=number, label=" · ".join(filter(None, (number, name, subject))))
        for number, name, subject in session.execute(asked)
    ]


ORDERS_TO_DELIVER = ChoiceSource(name="deliveries.orders_to_deliver", read=read_orders_to_deliver)


_OF_DELIVERY = (
    *("number", "kind", "status", "is_redelivered", "warehouse", "carrier", "tracking", "created_at", "created_by"),
    *("prepared_by", "shipped_at", "shipped_on", "shipped_by", "closed_because"),
)
_OF_ORDER = (
    *("email", "contact", "customer_reference", "locale", "shipment_on", "delivery_method", "shipping_policy"),
)
_COUNTED = (
    select(func.count(DeliveryLine.id)).where(DeliveryLine.delivery_id == Delivery.id).correlate(Delivery)
).scalar_subquery()
_LISTED = select(Delivery, SalesOrder.number, SalesOrder.shipment_on, _COUNTED).join(
    SalesOrder, SalesOrder.id == Delivery.order_id
)
# what is carried, less what is to be delivered once more
_SIGNED = case(
    (Delivery.kind == "delivery", DeliveryLine.quantity), (Delivery.is_redelivered, -DeliveryLine.quantity), else_=0
)


def _row(row: Delivery, order: str, shipment_on: date | None, lines: int) -> DeliveryRow:
    known = party(row.party)
    place = known.shipping or known.billing
    return DeliveryRow(
        id=row.id,
        number=row.number,
        kind=row.kind,
        status=row.status,
        is_redelivered=row.is_redelivered,
        order_number=order,
        customer_name=known.name,
        city="" if place is None else place.city,
        shipment_on=shipment_on,
        shipped_on=row.shipped_on,
        lines=lines,
    )


def _lines(session: Session, row: Delivery) -> tuple[CarriedLine, ...]:
    lines = store.lines_of(session, row.id)
    of_order, returned = store.progress(session, row.order_id), store.returned_of(session, row.id)
    levels = ledger.availability(session, {each.article for each in lines if each.article}, row.warehouse)
    reserved = store.reserved_of(session, row.number)
    is_open = row.status in store.OPEN

    def line(each: DeliveryLine) -> CarriedLine:
        level = levels.get(each.article or "")
        has = None if level is None or not is_open else reserved.get(each.id, Decimal(0))
        return CarriedLine(
            id=each.id,
            order_line_id=each.order_line_id,
            place=each.place,
            article=each.article or "",
            text=each.text,
            unit=each.unit,
            quantity=each.quantity,
            reserved=has,
            missing=Decimal(0) if has is None else rules.returnable(each.quantity, has),
            level=level,
            returned=returned.get(each.order_line_id, Decimal(0)),
            progress=of_order[each.order_line_id],
        )

    return tuple(map(line, lines))
