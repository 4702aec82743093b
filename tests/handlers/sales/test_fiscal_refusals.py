"""A sale whose VAT is not known here, or does not fit the customer any more, does not go out: not as a quote, not as an order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from engine import records
from engine.database.session import Database
from engine.errors import WrongState
from engine.handler import SYSTEM, BusinessError
from handlers.company.commands import SetIdentity, set_identity
from handlers.customers import commands as customers
from handlers.customers.types import AddressData, CustomerData
from handlers.demonstration.company import IDENTITY
from handlers.orders import commands as orders
from handlers.orders import handlers as fulfilment
from handlers.orders.steps import Confirm
from handlers.sales import commands as c
from handlers.sales import handlers as h
from handlers.sales.steps import Submission
from handlers.sales.types import Line
from tests.handlers.conftest import ContextMaker
from tests.handlers.orders.conftest import ORDER
from tests.handlers.sales.conftest import DESK, FITTING, NOW, OFFER, SARAH, TODAY, open_shop

GERMAN = "DE136695976"
PLACES = {
    "DE": AddressData(street="Torstraße 1", postal_code="10115", city="Berlin", country="DE"),
    "RE": AddressData(street="1 rue de Paris", postal_code="97400", city="Saint-Denis", country="RE"),
    "FR": AddressData(street="1 rue de Paris", postal_code="97400", city="Saint-Denis", country="FR"),
}
CASES: tuple[tuple[str, CustomerData, str, Line, str | None], ...] = (
    ("RE", CustomerData(name="Réunion Meubles"), "domestic", DESK, "fiscal_overseas"),
    ("FR", CustomerData(name="Réunion Meubles"), "domestic", DESK, "fiscal_overseas"),
    ("RE", CustomerData(name="Réunion Meubles"), "export", DESK, "fiscal_overseas"),
    ("DE", CustomerData(name="Jana", is_company=False), "domestic", DESK, "fiscal_consumer_abroad"),
    ("DE", CustomerData(name="Jana", is_company=False), "domestic", FITTING, None),
    ("DE", CustomerData(name="Möbel", vat_number=GERMAN), "intra_eu", DESK, None),
)


@pytest.fixture
def shop(database: Database) -> Database:
    """Two articles, and who we are."""
    open_shop(database)
    records.execute(database, set_identity, SetIdentity(identity=IDENTITY), SYSTEM, now=NOW)
    return database


def add_customer(database: Database, data: CustomerData, place: str) -> str:
    given = customers.AddCustomer(customer=data, address=PLACES[place], today=TODAY)
    return str(records.execute(database, customers.add_customer, given, SARAH, now=NOW).answer)


def add_quote(database: Database, customer: str, position: str, line: Line) -> str:
    given = c.AddQuote(customer=customer, quote=replace(OFFER, fiscal_position=position), lines=(line,), today=TODAY)
    return str(records.execute(database, c.add_quote, given, SARAH, now=NOW).answer)


def add_order(database: Database, customer: str, position: str, line: Line) -> str:
    given = orders.AddOrder(
        customer=customer, order=replace(ORDER, fiscal_position=position), lines=(line,), today=TODAY
    )
    return str(records.execute(database, orders.add_order, given, SARAH, now=NOW).answer)


def place(database: Database, number: str) -> None:
    records.execute(database, orders.place_order, orders.PlaceOrder(number=number), SARAH, now=NOW)


def run(database: Database, context_of: ContextMaker, handler: Any, given: Any) -> Any:
    with database.transaction() as session:
        return handler.run(given, context_of(session))


@pytest.mark.parametrize(("where", "customer", "position", "line", "code"), CASES)
def test_what_is_not_known_here_is_refused_by_name(  # noqa: PLR0917 - a row of the table
    shop: Database,
    context_of: ContextMaker,
    where: str,
    customer: CustomerData,
    position: str,
    line: Line,
    code: str | None,
) -> None:
    number = add_customer(shop, customer, where)
    quote, order = add_quote(shop, number, position, line), add_order(shop, number, position, line)
    submission = Submission(quote=quote, today=TODAY)
    if code is None:
        place(shop, order)
        run(shop, context_of, h.submit_quote, submission)
        return
    with pytest.raises(BusinessError, match=code):
        run(shop, context_of, h.submit_quote, submission)
    with pytest.raises(WrongState, match=code):
        place(shop, order)
    if code == "fiscal_consumer_abroad":
        below = SetIdentity(identity=replace(IDENTITY, is_below_eu_threshold=True))
        records.execute(shop, set_identity, below, SYSTEM, now=NOW)
        place(shop, order)
        assert run(shop, context_of, h.submit_quote, submission).total > 0, "French VAT holds"


def test_a_vat_number_that_was_taken_out_since_is_asked_for_again(shop: Database, context_of: ContextMaker) -> None:
    """It was there when the quote and the order were written; without it they would have to bear VAT."""
    number = add_customer(shop, CustomerData(name="Möbel", vat_number=GERMAN), "DE")
    quote, order = add_quote(shop, number, "intra_eu", DESK), add_order(shop, number, "intra_eu", DESK)
    late = add_order(shop, number, "intra_eu", DESK)
    place(shop, late)
    with shop.transaction() as session:
        session.execute(text("UPDATE business.customer SET vat_number = '' WHERE number = :number"), {"number": number})
        total = session.scalar(text("SELECT total FROM business.sales_order WHERE number = :number"), {"number": late})
    with pytest.raises(BusinessError, match="fiscal_position_without_number"):
        run(shop, context_of, h.submit_quote, Submission(quote=quote, today=TODAY))
    with pytest.raises(WrongState, match="fiscal_position_without_number"):
        place(shop, order)
    confirm = Confirm(order_number=late, total=total, confirmed_by="camille")
    with pytest.raises(BusinessError, match="fiscal_position_without_number"):
        run(shop, context_of, fulfilment.confirm_order, confirm)
