"""A company that may invoice, and a confirmed order of three desks, half a day of fitting, and shipping."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import records
from engine.database.session import Database
from engine.handler import SYSTEM, Actor
from engine.records.queries import noted
from handlers.company.commands import SetIdentity, set_identity
from handlers.demonstration.company import IDENTITY
from handlers.invoices import making, store, verifying
from handlers.invoices.commands import Seal, seal
from handlers.invoices.making import Asked
from handlers.invoices.verifying import Verified
from handlers.orders import commands as orders
from handlers.orders.types import OrderData
from handlers.sales.types import Extras, Line
from tests.handlers.orders.conftest import ORDER
from tests.handlers.sales.conftest import LINES, NOW, SARAH, TODAY, open_shop

CAMILLE = Actor(login="camille", name="Camille", roles=frozenset({"sales_admin"}))
YASMINE = Actor(login="yasmine", name="Yasmine", roles=frozenset({"accounting"}))
NUMBER = "CC-2026-00001"


def confirm(session: Session) -> None:
    """All drafts of orders."""
    session.execute(
        text(
            "UPDATE business.sales_order SET status = 'confirmed', confirmed_at = created_at, confirmed_by = 'c' WHERE status = 'draft'"
        )
    )


@pytest.fixture
def shop(database: Database) -> Database:
    """A customer, two articles, and who we are."""
    open_shop(database)
    records.execute(database, set_identity, SetIdentity(identity=IDENTITY), SYSTEM, now=NOW)
    return database


def add_order(database: Database, lines: tuple[Line, ...] = LINES, data: OrderData = ORDER) -> str:
    """A confirmed order; the answer is its number."""
    wanted = orders.AddOrder(customer="CL-2026-00001", order=data, lines=lines, today=TODAY)
    number = str(records.execute(database, orders.add_order, wanted, SARAH, now=NOW).answer)
    with database.transaction() as session:
        confirm(session)
    return number


@pytest.fixture
def order(shop: Database) -> Database:
    """``CC-2026-00001`` is confirmed."""
    assert add_order(shop) == NUMBER
    return shop


Drafter = Callable[..., int]


@pytest.fixture
def drafted(order: Database) -> Drafter:
    """Drafts an invoice; gives its id."""

    def draft(what: str = "remaining", percent: object = None, number: str = NUMBER, key: str | None = None) -> int:
        asked = Asked(what=what, percent=percent)  # type: ignore[arg-type]
        with order.transaction() as session:
            return making.draft(session, number, asked, key=key, asked_by="camille", now=NOW, by="camille").id

    return draft


def validate(
    database: Database, invoice_id: int, day: date = TODAY, by: str = "andre", performed_on: date | None = None
) -> str:
    """Validates a draft; gives its number."""
    with database.reading() as session:
        total = store.find(session, invoice_id).total
    wanted = Seal(invoice=str(invoice_id), total=total, today=day, validated_by=by, performed_on=performed_on)
    actor = Actor(login=by, name=by, roles=frozenset({"accounting"}))
    records.execute(database, seal, wanted, actor, now=NOW)
    with database.reading() as session:
        return str(store.find(session, invoice_id).number)


def verified(database: Database) -> Verified:
    """What is found of the chain."""
    with database.reading() as session:
        return verifying.verify(session, noted)


NO_EXTRAS = Extras()
