"""Two orders of the demonstration company, ready to be placed: one of an accepted quote, one by hand with lamps that are out of stock."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from engine import clock, records
from engine.handler import Actor
from handlers.customers.queries import customers_page, find_customer
from handlers.orders import making
from handlers.orders.commands import AddOrder, add_order
from handlers.orders.types import OrderData
from handlers.sales.queries import quotes_page
from handlers.sales.types import Line

_PARIS = ZoneInfo("Europe/Paris")

_LAMP = Line(
    article="LAM-LED-11",
    text="Lampe LED orientable",
    quantity=Decimal(12),
    unit="pièce",
    unit_price=Decimal("64.90"),
)
_CABINET = Line(
    article="CAI-MOB-03",
    text="Caisson mobile trois tiroirs",
    quantity=Decimal(4),
    unit="pièce",
    unit_price=Decimal(189),
)
_FITTING = Line(
    text="Installation en mairie",
    quantity=Decimal(3),
    unit="heure",
    unit_price=Decimal(48),
    product_type="service",
)


def add_orders(session: Session, clerk: Actor) -> None:
    """Write them as ``clerk``, dated today. Nobody has placed them: whoever tries the product does."""
    now = clock.now()
    today = now.astimezone(_PARIS).date()
    for quote in quotes_page(session, statuses=("accepted",)).quotes:
        making.order_from_quote(
            session, quote.number, quote.version, key=None, today=today, now=now, by=quote.created_by
        )
    (row,) = customers_page(session, search="Saint-Amour").customers
    customer = find_customer(session, row.number)
    assert customer is not None
    place = customer.addresses[0].id
    order = OrderData(
        subject="Éclairage de la salle du conseil",
        email=customer.data.email,
        billing_id=place,
        shipping_id=place,
        customer_reference="BC 2026-118",
        shipment_on=today + timedelta(days=14),
        closing_rule="paid",
    )
    lines = (_LAMP, _CABINET, _FITTING)
    given = AddOrder(customer=customer.number, order=order, lines=lines, today=today)
    records.apply(session, add_order, given, clerk, now=now)
