"""How deliveries are found, locked and written, for the commands, handlers and queries of this part.

Locks: the order first, then the delivery, then the stock (``handlers.stock.ledger``), number series last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, case, column, delete, func, select, update, values
from sqlalchemy.orm import Session

from engine.errors import NotFound
from handlers.deliveries.rules import Goods, Progress
from handlers.deliveries.tables import Delivery, DeliveryLine
from handlers.orders.tables import OrderLine, SalesOrder
from handlers.stock import ledger
from handlers.stock.ledger import Wanted
from handlers.stock.tables import Reservation as StockReservation

OPEN = ("to_prepare", "reserved", "prepared")
"""The states of a delivery that has not left yet."""


def lock(session: Session, number: str) -> tuple[SalesOrder, Delivery]:
    """The delivery and its order, kept from others until the transaction ends. Raises NotFound (``delivery_unknown``)."""
    order = session.scalar(
        select(SalesOrder)
        .where(SalesOrder.id == select(Delivery.order_id).where(Delivery.number == number).scalar_subquery())
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if order is None:
        raise NotFound("delivery_unknown", delivery=number)
    delivery = session.scalars(
        select(Delivery).where(Delivery.number == number).with_for_update().execution_options(populate_existing=True)
    ).one()
    return order, delivery


def open_of(session: Session, order_id: int) -> Sequence[Delivery]:
    """The deliveries of a locked order that have not left yet, locked too."""
    return session.scalars(
        select(Delivery)
        .where(Delivery.order_id == order_id, Delivery.kind == "delivery", Delivery.status.in_(OPEN))
        .order_by(Delivery.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def lines_of(session: Session, delivery_id: int) -> tuple[DeliveryLine, ...]:
    """The lines of a delivery, in order."""
    found = session.scalars(
        select(DeliveryLine).where(DeliveryLine.delivery_id == delivery_id).order_by(DeliveryLine.place)
    )
    return tuple(found.all())


def carry(session: Session, delivery_id: int, quantities: Mapping[int, Decimal]) -> tuple[DeliveryLine, ...]:
    """Let the lines of a delivery (by id) carry these quantities; one of nothing goes. The lines that stay, in order. Two statements."""
    said = values(column("id", BigInteger), column("quantity", DeliveryLine.quantity.type), name="said").data(
        list(quantities.items())
    )
    session.execute(
        delete(DeliveryLine).where(
            DeliveryLine.delivery_id == delivery_id,
            DeliveryLine.id.in_([line for line, quantity in quantities.items() if not quantity]),
        )
    )
    stay = session.scalars(
        update(DeliveryLine)
        .where(DeliveryLine.delivery_id == delivery_id, DeliveryLine.id == said.c.id)
        .values(quantity=said.c.quantity)
        .returning(DeliveryLine)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return tuple(sorted(stay, key=lambda line: line.place))


def replan(
    session: Session,
    row: Delivery,
    before: Sequence[DeliveryLine],
    ordered: Sequence[OrderLine],
    wanted: Mapping[int, Decimal],
) -> tuple[tuple[Goods, Decimal, Decimal], ...]:
    """Let a delivery carry what is ``wanted``, by line of the order: its lines stay at their places, new ones come after them.

    What it carried and carries of each, in the order of their places. At most three statements, however many lines.
    """
    found = [(goods(each), each.quantity, wanted.get(each.order_line_id, Decimal(0))) for each in before]
    known = {each.order_line_id for each in before}
    carry(session, row.id, {each.id: now for each, (_, _, now) in zip(before, found, strict=True)})
    last = max((each.place for each in before), default=0)
    missing = [each for each in ordered if each.id not in known and wanted.get(each.id)]
    for place, each in enumerate(missing, last + 1):
        line = line_for(row.id, place, each, wanted[each.id])
        session.add(line)
        found.append((goods(line), Decimal(0), line.quantity))
    session.flush()
    return tuple(found)


def line_for(delivery_id: int, place: int, line: OrderLine, quantity: Decimal) -> DeliveryLine:
    """A new line of a delivery that carries so much of an order's line."""
    return DeliveryLine(
        delivery_id=delivery_id,
        order_line_id=line.id,
        place=place,
        article=line.article,
        text=line.text,
        unit=line.unit,
        quantity=quantity,
    )


def progress(session: Session, order_id: int) -> dict[int, Progress]:
    """What became of each line of goods of an order, by the id of the line, in the order of its lines. One statement."""
    sums = _SUMS.where(Delivery.order_id == order_id).subquery()
    asked = (
        select(OrderLine.id, OrderLine.quantity.label("ordered"), *(sums.c[name] for name in _SUMMED))
        .outerjoin(sums, sums.c.order_line_id == OrderLine.id)
        .where(OrderLine.order_id == order_id, OrderLine.kind == "item", OrderLine.product_type == "product")
        .order_by(OrderLine.place)
    )
    return {row.id: _progress(row) for row in session.execute(asked)}


def returned_of(session: Session, delivery_id: int) -> dict[int, Decimal]:
    """What came back of a delivery, by the id of the order's line."""
    asked = (
        select(DeliveryLine.order_line_id.label("line"), func.sum(DeliveryLine.quantity).label("quantity"))
        .join(Delivery, Delivery.id == DeliveryLine.delivery_id)
        .where(Delivery.origin_id == delivery_id)
        .group_by(DeliveryLine.order_line_id)
    )
    return {row.line: row.quantity for row in session.execute(asked)}


def reserved_of(session: Session, number: str) -> dict[int, Decimal]:
    """What is promised to the lines of a delivery, by the id of the line."""
    asked = (
        select(StockReservation.line, func.sum(StockReservation.quantity).label("quantity"))
        .where(StockReservation.document == number)
        .group_by(StockReservation.line)
    )
    return {row.line: row.quantity for row in session.execute(asked)}


def goods(line: DeliveryLine, quantity: Decimal | None = None) -> Goods:
    """A line as people read it, with what it carries or another ``quantity``."""
    return Goods(
        place=line.place,
        article=line.article or "",
        text=line.text,
        unit=line.unit,
        quantity=line.quantity if quantity is None else quantity,
    )


def stocked(session: Session, lines: Iterable[DeliveryLine], warehouse: str) -> list[Wanted]:
    """What these lines want of the stock; what has no article, or one that is not kept in stock, is always there. One statement."""
    named = [each for each in lines if each.article]
    kept = ledger.availability(session, {each.article for each in named if each.article}, warehouse)
    return [
        Wanted(line=each.id, article=each.article, quantity=each.quantity)
        for each in named
        if each.article in kept and each.article
    ]


_SUMMED = ("planned", "shipped", "returned", "again")


def _total(which: ColumnElement[bool], name: str) -> ColumnElement[Decimal]:
    return func.sum(case((which, DeliveryLine.quantity), else_=0)).label(name)


_IS_DELIVERY, _HAS_LEFT = Delivery.kind == "delivery", Delivery.status == "shipped"
_SUMS = (
    select(
        DeliveryLine.order_line_id,
        _total(_IS_DELIVERY & ~_HAS_LEFT, "planned"),
        _total(_IS_DELIVERY & _HAS_LEFT, "shipped"),
        _total(~_IS_DELIVERY, "returned"),
        _total(~_IS_DELIVERY & Delivery.is_redelivered, "again"),
    )
    .join(Delivery, Delivery.id == DeliveryLine.delivery_id)
    .where(Delivery.status != "cancelled")
    .group_by(DeliveryLine.order_line_id)
)
"""What became of the lines of orders (``Progress``)."""


def _progress(row: Row[Any]) -> Progress:
    return Progress(ordered=row.ordered, **{name: getattr(row, name) or Decimal(0) for name in _SUMMED})
