"""The shop of the quotes with a confirmed order of desks, chairs, a rug that is not kept in stock, and a service."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import records
from engine.database.session import Database
from engine.handler import HandlerContext
from engine.record import RecordContext
from handlers.deliveries import handlers as h
from handlers.deliveries.steps import DeliveryRef, OrderToDeliver, Picked, Shipment
from handlers.orders import commands as orders
from handlers.orders.tables import SalesOrder
from handlers.sales.types import Line
from handlers.stock import ledger
from handlers.stock.ledger import Wanted
from tests.conftest import cloned
from tests.handlers.orders.conftest import NUMBER, ORDER
from tests.handlers.sales.conftest import NOW, SARAH, TODAY, open_shop

LINES = (
    Line(kind="heading", text="Bureaux"),
    Line(article="BUR", text="Bureau chêne\nFinition huilée", quantity=Decimal(5), unit="pièce"),
    Line(article="CHA", text="Chaise Nuage", quantity=Decimal("2.5"), unit="lot"),
    Line(text="Tapis sur mesure", quantity=Decimal(1), unit="pièce"),
    Line(text="Montage", quantity=Decimal(3), unit="heure", product_type="service"),
)


def place(database: Database, number: str = NUMBER) -> None:
    """The order ``number``, confirmed."""
    wanted = orders.AddOrder(customer="CL-2026-00001", order=ORDER, lines=LINES, today=TODAY)
    assert records.execute(database, orders.add_order, wanted, SARAH, now=NOW).answer == number
    with database.transaction() as session:
        row = session.scalars(select(SalesOrder).where(SalesOrder.number == number)).one()
        row.status, row.confirmed_at, row.confirmed_by = "confirmed", NOW, "sarah"


@pytest.fixture(scope="module")
def shop(template_url: str) -> Iterator[Database]:
    """One order for all tests that commit nothing."""
    with cloned(template_url, "goods") as url:
        database = Database(url)
        open_shop(database)
        place(database)
        yield database
        database.dispose()


@pytest.fixture
def session(shop: Database) -> Iterator[Session]:
    """A transaction that is never committed."""
    with shop.engine.connect() as connection, Session(connection) as found:
        yield found
        found.rollback()


def context(session: Session, key: str = "1:a:h") -> HandlerContext:
    return HandlerContext(
        session=session, actor=SARAH, business_key=NUMBER, attempt=1, idempotency_key=key, now=NOW, starter="sarah"
    )


def record_context(session: Session) -> RecordContext:
    return RecordContext(session=session, actor=SARAH, now=NOW)


def stock(session: Session, document: str = "RC-1", **articles: Any) -> None:
    """Goods come in."""
    came = [Wanted(line=at, article=each, quantity=Decimal(count)) for at, (each, count) in enumerate(articles.items())]
    ledger.receive(session, document, "", came, by="bruno", now=NOW)


def plan(session: Session, key: str = "1:a:h", order: str = NUMBER) -> str:
    given = OrderToDeliver(order_number=order)
    number: str = h.plan_delivery.run(given, context(session, key)).delivery_number
    return number


def reserve(session: Session, number: str) -> Any:
    return h.reserve.run(DeliveryRef(delivery_number=number), context(session))


def prepare(session: Session, number: str, picked: str) -> Any:
    given = Picked(delivery_number=number, picked=picked, prepared_by="bruno")
    return h.prepare.run(given, context(session))


def ship(session: Session, number: str) -> bool:
    given = Shipment(delivery_number=number, shipped_by="bruno", today=TODAY)
    done: bool = h.ship_delivery.run(given, context(session)).is_complete
    return done
