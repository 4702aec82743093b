"""What of a confirmed order is free, read from its documents under the lock of its row."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.data import data
from handlers.deliveries import store as deliveries
from handlers.deliveries.rules import Progress
from handlers.deliveries.tables import Delivery, DeliveryLine
from handlers.invoices import store as invoices
from handlers.invoices.types import Earlier, Invoiced, Sale
from handlers.orders import store as orders
from handlers.orders.tables import OrderLine, OrderVersion, SalesOrder
from handlers.orders.types import KeptLine
from handlers.sales.store import line_of

_NOTHING = Invoiced()
_STARTED = ("prepared", "shipped")
"""From then on a delivery has what it has."""


@data
class Standing:
    """Where an order stands. ``is_started``: something of it is prepared or has left; ``to_replan``: the numbers of deliveries that may
    still carry something else; ``progress``: of its goods, by line; ``earlier``: what is invoiced of it.
    """

    kept: tuple[KeptLine, ...]
    is_started: bool
    to_replan: tuple[str, ...]
    progress: Mapping[int, Progress]
    earlier: Earlier


def standing(session: Session, row: SalesOrder) -> Standing:
    """A constant number of statements, however many lines."""
    rows, progress = orders.lines_of(session, row.id), deliveries.progress(session, row.id)
    earlier = invoices.earlier(session, row.id)
    asked = select(Delivery.number, Delivery.status).where(Delivery.order_id == row.id, Delivery.kind == "delivery")
    made = session.execute(asked.order_by(Delivery.id)).all()
    return Standing(
        kept=tuple(_kept(each, progress, earlier) for each in rows),
        is_started=any(status in _STARTED for _, status in made),
        to_replan=tuple(number for number, status in made if status in {"to_prepare", "reserved"}),
        progress=progress,
        earlier=earlier,
    )


def _kept(row: OrderLine, progress: Mapping[int, Progress], earlier: Earlier) -> KeptLine:
    return KeptLine(
        id=row.id,
        line=line_of(row),
        delivered=progress[row.id].delivered if row.id in progress else Decimal(0),
        invoiced=earlier.lines.get(row.id, _NOTHING).quantity,
    )


def sale_of(session: Session, row: SalesOrder) -> Sale:
    """The order as invoices see it, with its lines as they are written by now."""
    session.flush()
    return invoices.sale_of(session, row)


def plans_nobody(session: Session, order_id: int) -> bool:
    """Whether no case will plan by itself what remains of an order without an open delivery: its last one has left, or was emptied by a
    change (it has no line any more); or there never was one, because no goods were ordered at first. What somebody gave up is taken up
    again by a task; what was never planned yet is by the case of the order. Two statements.
    """
    has_lines = select(DeliveryLine.id).where(DeliveryLine.delivery_id == Delivery.id).exists()
    last = session.execute(
        select(Delivery.status, has_lines.label("has_lines"))
        .where(Delivery.order_id == order_id, Delivery.kind == "delivery")
        .order_by(Delivery.id.desc())
        .limit(1)
    ).one_or_none()
    if last is not None:
        return last.status == "shipped" or not last.has_lines
    first = session.scalar(
        select(OrderVersion.lines).where(OrderVersion.order_id == order_id, OrderVersion.version == 1)
    )
    return first is not None and not any(_is_goods(each) for each in first)


def _is_goods(kept: Mapping[str, Any]) -> bool:
    return bool(kept["kind"] == "item" and kept["product_type"] == "product" and Decimal(kept["quantity"]))
