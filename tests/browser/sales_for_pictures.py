"""Sales for the pictures: an order with its delivery, invoice, payment, return and credit note, and one to be picked."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from engine import clock
from engine.handler import Actor
from engine.identity.people import find_actor
from engine.inbox import lists
from engine.inbox.lists import Asked, Criteria
from engine.instances import commands, telling
from engine.instances.telling import News
from engine.record import RecordCommand
from handlers.customers.custom_fields import AddField, add_field
from handlers.customers.queries import customers_page, find_customer
from handlers.customers.types import CustomFieldData
from handlers.deliveries import queries as deliveries
from handlers.deliveries.commands import RecordReturn, Returned, record_return
from handlers.invoices import queries as invoices
from handlers.invoices.commands import AddCreditNote, Quantity, add_credit_note
from handlers.orders import queries as orders
from handlers.orders.commands import AddOrder, PlaceOrder, add_order, place_order
from handlers.orders.types import OrderData
from handlers.payments.commands import RecordPayment, record_payment
from handlers.payments.types import PaymentData
from handlers.prices.commands import AddPriceList, ArticlePrice, PriceListData, SetPrices, add_list, set_prices
from handlers.sales.types import Line
from tests.browser.running import Application

Found = TypeVar("Found")
SECONDS = 60
_NONE = 0
CABINET = "CAI-MOB-03"


def sell(application: Application) -> dict[str, str]:
    """Does what the pictures need; gives the numbers of what came of it."""
    year = clock.now().year
    house = _House(application)
    house.record("marc", add_list, AddPriceList(code="REV", price_list=PriceListData(name="Revendeurs")))
    price = ArticlePrice(article=CABINET, price=Decimal("165.00"))
    house.record("marc", set_prices, SetPrices(code="REV", prices=(price,)))
    sector = CustomFieldData(label_fr="Secteur", label_en="Sector", kind="choice", choices=("Bois", "Santé"))
    house.record("admin", add_field, AddField(field=sector))

    sold, to_pick = f"CC-{year}-00001", _order(house)
    house.confirm(sold)
    delivery = house.ship(sold)
    house.answer("camille", "ask_invoice", sold, what="products")
    house.answer("yasmine", "validate_draft", None, decision="validate", terms="30_days")
    invoice = house.until(
        lambda session: next((r.number for r in invoices.invoices_of(session, sold) if r.number), None)
    )
    payment = _pay(house, sold)
    came_back = house.record("bruno", record_return, _return(delivery))
    credit = house.record("yasmine", add_credit_note, _credit(house, invoice))
    house.confirm(to_pick)
    picked = house.until(lambda session: _delivery(session, to_pick))
    house.task("bruno", "pick", to_pick)
    return {
        "order": sold,
        "delivery": delivery,
        "picked": picked,
        "return": str(came_back),
        "invoice": invoice,
        "credit": str(credit),
        "payment": str(payment),
    }


def _order(house: _House) -> str:
    """A few cabinets for the town hall; there are enough of them."""
    with house.application.runtime.database.reading() as session:
        (row,) = customers_page(session, search="Saint-Amour").customers
        customer = find_customer(session, row.number)
    assert customer is not None
    place = customer.addresses[0].id
    head = OrderData(subject="Archives", email=customer.data.email, billing_id=place, shipping_id=place)
    lines = (
        Line(
            article=CABINET,
            text="Caisson mobile trois tiroirs",
            quantity=Decimal(3),
            unit="pièce",
            unit_price=Decimal(189),
        ),
        Line(
            article="ARM-VES-01",
            text="Armoire vestiaire deux portes",
            quantity=Decimal(2),
            unit="pièce",
            unit_price=Decimal(415),
        ),
    )
    return str(
        house.record("camille", add_order, AddOrder(customer=row.number, order=head, lines=lines, today=_today()))
    )


def _pay(house: _House, order: str) -> str:
    """A part of what the customer owes; gives the number of the payment."""
    with house.application.runtime.database.reading() as session:
        found = orders.find_order(session, order)
    assert found is not None
    data = PaymentData(received_on=_today(), amount=Decimal(500), reference="VIR 4411")
    given = RecordPayment(customer=found.party.number, payment=data, key="pictures", today=_today())
    return str(house.record("yasmine", record_payment, given).number)


def _return(delivery: str) -> RecordReturn:
    back = (Returned(place=1, quantity=Decimal(1)),)
    return RecordReturn(number=delivery, lines=back, reason="Tiroir abîmé", key="pictures", today=_today())


def _credit(house: _House, invoice: str) -> AddCreditNote:
    """One piece of the first line."""
    with house.application.runtime.database.reading() as session:
        found = invoices.find_invoice(session, invoice)
    assert found is not None
    quantities = (Quantity(line=found.lines[0].id, quantity=Decimal(1)),)
    return AddCreditNote(
        invoice=invoice, quantities=quantities, reason="Tiroir abîmé", is_reinvoiceable=False, key="pictures"
    )


def _delivery(session: Session, order: str) -> str | None:
    return next((each.number for each in deliveries.deliveries_of(session, order)), None)


def _today() -> date:
    return clock.now().astimezone(ZoneInfo("Europe/Paris")).date()


class _House:
    """What people do, while the worker of the product does its part."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def record(self, login: str, command: RecordCommand[Any], given: object, *news: News) -> Any:
        """What somebody changes on a page; gives its answer."""
        return telling.execute(
            self.application.runtime.database, command, given, self._actor(login), lambda _: news
        ).answer

    def confirm(self, order: str) -> None:
        """Place it, and confirm it where that is asked: a small order of an accepted quote confirms itself."""
        placed = News(name="order_placed", key=order, payload={"order_number": order})
        self.record("camille", place_order, PlaceOrder(number=order), placed)

        def asked(session: Session) -> int | None:
            found = orders.find_order(session, order)
            is_confirmed = found is not None and found.status == "confirmed"
            return _NONE if is_confirmed else self._task(session, "camille", "decide_order", order)

        task = self.until(asked)
        if task != _NONE:
            commands.complete_task(self.application.runtime, self._actor("camille"), task, {"decision": "confirm"})

    def ship(self, order: str) -> str:
        """Pick all of it and send it; gives the number of the delivery."""
        self.answer("bruno", "pick", order, outcome="all")
        self.answer("bruno", "ship", order, outcome="shipped", carrier="Transports Mermet")
        return self.until(lambda session: _delivery(session, order))

    def answer(self, login: str, element: str, order: str | None, **answers: str) -> None:
        """Do the task of somebody's inbox, once it is there; ``order``: whose, where several may wait."""
        commands.complete_task(self.application.runtime, self._actor(login), self.task(login, element, order), answers)

    def task(self, login: str, element: str, order: str | None) -> int:
        """The open task; it comes a moment after what led to it."""

        return self.until(lambda session: self._task(session, login, element, order))

    def _task(self, session: Session, login: str, element: str, order: str | None) -> int | None:
        asked = Asked(actor=self._actor(login), view="role", now=clock.now(), criteria=Criteria())
        tasks = lists.page(session, asked, limit=200).tasks
        return next((e.id for e in tasks if e.element_id == element and order in (None, e.business_key)), None)

    def until(self, look: Callable[[Session], Found | None]) -> Found:
        """What is there after a while."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            with self.application.runtime.database.reading() as session:
                found = look(session)
            if found is not None:
                return found
            time.sleep(0.2)
        raise RuntimeError(f"nothing after {SECONDS} s; the worker said:\n{self.application.worker_log()}")

    def _actor(self, login: str) -> Actor:
        with self.application.runtime.database.reading() as session:
            found = find_actor(session, login)
        assert found is not None
        return found
