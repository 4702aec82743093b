"""A confirmed order of desks, chairs, and a service, whose goods are being delivered and whose invoices are being made."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine import records
from engine.database.session import Database
from engine.handler import Actor
from handlers.changes.commands import Revised, ReviseOrder, revise_order
from handlers.orders import queries
from handlers.orders.queries import OrderView
from handlers.orders.types import RevisedLine
from handlers.sales.types import Extras, Line
from handlers.stock import ledger
from tests.handlers.invoices.conftest import NUMBER, add_order
from tests.handlers.orders.conftest import ORDER
from tests.handlers.sales.conftest import NOW, SARAH, open_shop

LINES = (
    Line(kind="heading", text="Bureaux"),
    Line(article="BUR", text="Bureau chêne", quantity=Decimal(5), unit="pièce", unit_price=Decimal("690.00")),
    Line(article="CHA", text="Chaise Nuage", quantity=Decimal(4), unit="pièce", unit_price=Decimal("99.99")),
    Line(
        text="Montage",
        quantity=Decimal(3),
        unit="heure",
        unit_price=Decimal(48),
        vat="intermediate",
        product_type="service",
    ),
)
DESKS, CHAIRS, FITTING = 1, 2, 3


@pytest.fixture
def order(database: Database) -> Database:
    """``CC-2026-00001`` is confirmed; there are goods enough."""
    open_shop(database)
    add_order(database, LINES)
    with database.transaction() as session:
        for article in ("BUR", "CHA"):
            ledger.count(session, "", article, Decimal(20), reason="Inventaire", by="bruno", now=NOW)
    return database


def view(database: Database) -> OrderView:
    with database.reading() as session:
        found = queries.find_order(session, NUMBER)
    assert found is not None
    return found


def asked(found: OrderView, changes: dict[int, dict[str, Any]], *new: Line) -> tuple[RevisedLine, ...]:
    """The lines as they are, with what is to be different, by place."""
    kept = (
        RevisedLine(id=each.id, line=replace(each.line, **changes.get(place, {})))
        for place, each in enumerate(found.lines)
    )
    return (*kept, *(RevisedLine(line=each) for each in new))


def revise(
    database: Database,
    changes: dict[int, dict[str, Any]],
    *new: Line,
    extras: Extras = ORDER.extras,
    key: str = "form-1",
    version: int | None = None,
    actor: Actor = SARAH,
) -> Revised:
    """Change the order; gives the answer."""
    found = view(database)
    given = ReviseOrder(
        number=NUMBER,
        version=found.version if version is None else version,
        lines=asked(found, changes, *new),
        extras=extras,
        is_acknowledged=True,
        key=key,
    )
    answer = records.execute(database, revise_order, given, actor, now=NOW).answer
    assert isinstance(answer, Revised)
    return answer
