"""The shop of the quotes (``CL-2026-00001``, articles ``BUR`` and ``CHA``) with a draft of an order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from engine import records
from engine.database.session import Database
from handlers.orders import commands as c
from handlers.orders.types import OrderData
from handlers.sales.types import Extras
from tests.handlers.sales.conftest import LINES, NOW, SARAH, TODAY, open_shop

NUMBER = "CC-2026-00001"
ORDER = OrderData(
    subject="Mobilier",
    email="achats@vallier.example",
    shipment_on=date(2026, 12, 4),
    delivery_method="Camion",
    payment_method="transfer",
    extras=Extras(shipping=Decimal(40)),
)


@pytest.fixture
def shop(database: Database) -> Database:
    """A customer and two articles."""
    open_shop(database)
    return database


@pytest.fixture
def draft(shop: Database) -> Database:
    """``CC-2026-00001`` is a draft."""
    wanted = c.AddOrder(customer="CL-2026-00001", order=ORDER, lines=LINES, today=TODAY)
    assert records.execute(shop, c.add_order, wanted, SARAH, now=NOW).answer == NUMBER
    return shop
