"""A customer with an address, two articles, and a draft."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from engine import records
from engine.database.session import Database
from engine.handler import Actor
from handlers.catalogue.commands import columns
from handlers.catalogue.tables import Article
from handlers.catalogue.types import ArticleData
from handlers.customers.commands import AddCustomer, add_customer
from handlers.customers.types import AddressData, CustomerData
from handlers.sales import commands as c
from handlers.sales.types import Extras, Line, QuoteData

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 23)
SARAH = Actor(login="sarah", name="Sarah", roles=frozenset({"sales"}))
CUSTOMER = Actor(login="link", name="Client", roles=frozenset({c.BY_LINK}))
DESK = Line(article="BUR", text="Bureau chêne", quantity=Decimal(3), unit="pièce", unit_price=Decimal("690.00"))
FITTING = Line(
    text="Montage",
    quantity=Decimal("2.5"),
    unit="heure",
    unit_price=Decimal(48),
    vat="intermediate",
    product_type="service",
)
LINES = (Line(kind="heading", text="Bureaux"), DESK, FITTING)
OFFER = QuoteData(
    subject="Mobilier",
    email="achats@vallier.example",
    valid_until=date(2026, 12, 23),
    extras=Extras(shipping=Decimal(40)),
)


def open_shop(database: Database) -> None:
    """``CL-2026-00001`` is Cabinet Vallier; articles ``BUR`` and ``CHA``."""
    with database.transaction() as session:
        for reference, name in (("BUR", "Bureau chêne"), ("CHA", "Chaise Nuage")):
            session.add(Article(reference=reference, **columns(reference, ArticleData(name=name, unit="pièce"))))
    wanted = AddCustomer(
        customer=CustomerData(name="Cabinet Vallier", siren="552100554"),
        address=AddressData(street="12 rue des Salines", postal_code="39000", city="Lons", is_billing=True),
    )
    records.execute(database, add_customer, wanted, SARAH, now=NOW)


@pytest.fixture
def shop(database: Database) -> Database:
    """A customer and two articles (``open_shop``)."""
    open_shop(database)
    return database


@pytest.fixture
def draft(shop: Database) -> Database:
    """``DV-2026-00001`` is a draft."""
    wanted = c.AddQuote(customer="CL-2026-00001", quote=OFFER, lines=LINES, today=TODAY)
    assert records.execute(shop, c.add_quote, wanted, SARAH, now=NOW).answer == "DV-2026-00001"
    return shop
