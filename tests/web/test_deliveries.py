"""Deliveries on pages: what is to be picked on a phone, the dossier with its note, what comes back; who may."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from engine import clock
from engine.instances import queries as case_queries
from engine.worker import run_pending
from handlers.customers.tables import Customer
from handlers.deliveries import queries
from handlers.deliveries.queries import DeliveryView
from handlers.orders.tables import SalesOrder
from tests.web.conftest import Office, leads
from tests.web.test_orders import LAMP, plain, write

BOX = {"line_article": "CAI-MOB-03", "line_text": "Caisson mobile", "line_quantity": "3"}
BOTH: dict[str, Any] = {name: [BOX.get(name, value), value] for name, value in LAMP.items()}
"""Three boxes, which are there, and two lamps, which are not."""


def confirmed(office: Office) -> str:
    """The number of an order that may be delivered in several waves."""
    number = write(office.as_("camille"), **BOTH, shipping_policy="each_when_ready", shipment_on="2026-11-20")
    with office.runtime.database.transaction() as session:
        row = session.scalars(select(SalesOrder).where(SalesOrder.number == number)).one()
        row.status, row.confirmed_at, row.confirmed_by = "confirmed", clock.now(), "camille"
    return number


def prepared(office: Office) -> tuple[str, str]:
    """An order and its first delivery, which waits to be picked."""
    order, camille = confirmed(office), office.as_("camille")
    assert order in camille.get("/start/preparation").text
    assert camille.post("/start/preparation", {"order_number": order}).status_code == 303
    run_pending(office.runtime)
    with office.runtime.database.reading() as session:
        return order, queries.deliveries_of(session, order)[-1].number


def delivery(office: Office, number: str) -> DeliveryView:
    with office.runtime.database.reading() as session:
        found = queries.find_delivery(session, number)
    assert found is not None
    return found


def ship(office: Office, number: str) -> None:
    """Pick and ship what is there."""
    bruno = office.as_("bruno")
    bruno.get(f"/deliveries/{number}/pick")
    picked = bruno.post(f"/deliveries/{number}/pick", {"act": "picked", "picked_1": "3"})
    assert picked.status_code == 303
    assert f'href="/deliveries/{number}/ship"' in bruno.get(f"/deliveries/{number}").text
    page = bruno.get(f"/deliveries/{number}/ship").text
    assert "3 pièces" in plain(page)
    address = f"/deliveries/{number}/ship"
    assert bruno.post(address, {"act": "cancel", "reason": " "}).status_code == 422
    assert bruno.post(address, {"act": "shipped", "carrier": "x" * 81}).status_code == 422
    given = {"act": "shipped", "carrier": "Transports Morel", "tracking": "TM-1"}
    assert bruno.post(address, given).status_code == 303
    assert bruno.get(address).status_code == 303, "it has left"
    run_pending(office.runtime)


def test_what_is_short_is_said_and_asked_for_with_one_click(office: Office) -> None:
    order, number = prepared(office)
    page = plain(office.as_("camille").get(f"/deliveries/{number}").text)
    assert "Il manque 2 pièces" in page
    link = re.search(r'href="(/start/replenishment\?article=LAM-LED-11&amp;quantity=2)"', page)
    assert link is not None
    assert f"/orders/{order}" in page
    with office.runtime.database.reading() as session:
        cases = case_queries.cases(session, office.actor("admin"), process_key="preparation", search=order).cases
    task = office.as_("bruno").get(f"/tasks/{office.task_of(cases[0].id)}").text
    assert f'<a href="/deliveries/{number}">{number}</a>' in task, "the task leads to the delivery"
    assert f'<a href="/orders/{order}">' not in task, "orders are not for the warehouse"
    assert "/start/replenishment" not in office.as_("bruno").get(f"/deliveries/{number}").text, "who may not ask"
    with office.runtime.database.reading() as session:
        assert [each.number for each in queries.to_do(session, search=order)] == [number]


def test_goods_are_picked_on_a_page_of_their_own(office: Office) -> None:
    _, number = prepared(office)
    bruno = office.as_("bruno")
    listed = bruno.get("/deliveries").text
    assert f'href="/deliveries/{number}"' in listed
    assert "bd-due--late" in listed, "it was to leave before today"
    assert f'href="/deliveries/{number}/pick"' in bruno.get(f"/deliveries/{number}").text
    page = bruno.get(f"/deliveries/{number}/pick").text
    assert re.findall(r'name="(picked_\d)" value="(\d)"', page) == [("picked_1", "3")]
    assert "Lampe LED" in page, "what leaves later is named"
    for typed, code in (("deux", "picked_1"), ("4", None), ("0", None)):
        answer = bruno.post(f"/deliveries/{number}/pick", {"act": "picked", "picked_1": typed})
        assert answer.status_code == 422, typed
        assert code is None or f"#in-{code}" in answer.text
    assert bruno.post(f"/deliveries/{number}/pick", {"act": "cancel", "reason": ""}).status_code == 422
    assert bruno.post(f"/deliveries/{number}/pick", {"act": "picked", "picked_1": "2"}).status_code == 303
    found = delivery(office, number)
    assert (found.status, [each.quantity for each in found.lines]) == ("prepared", [Decimal(2)])
    assert bruno.get(f"/deliveries/{number}/pick").status_code == 303, "it is not to be picked any more"


def test_what_has_left_has_a_note_and_can_come_back(office: Office) -> None:
    order, number = prepared(office)
    bruno = office.as_("bruno")
    assert bruno.get(f"/deliveries/{number}/pdf").data.startswith(b"%PDF"), "a draft"
    ship(office, number)
    found = delivery(office, number)
    assert (found.status, found.carrier, found.shipped_by) == ("shipped", "Transports Morel", "bruno")
    page = bruno.get(f"/deliveries/{number}").text
    assert "Bon de livraison (PDF)" in page
    assert "Chemin parcouru" in page, "the case has gone on to what is missing, and is still shown"
    assert re.search(r"</time> · <strong>Expédier la livraison</strong> · Bruno Tissot", page), "who did what"
    assert re.search(r"</time> · <strong>Sortir du stock</strong> · Bordereau", page), "and what nobody had to do"
    assert bruno.get(f"/deliveries/{number}/pdf").data.startswith(b"%PDF")
    key = re.search(r'name="key" value="(\w+)"', page)
    assert key is not None
    given = {"key": key[1], "returned_1": "1", "reason": "Tiroir rayé", "is_redelivered": "1"}
    for wrong in ({"returned_1": "4"}, {"returned_1": ""}, {"returned_1": "un"}, {"reason": " "}):
        refused = bruno.post(f"/deliveries/{number}/return", given | wrong)
        assert refused.status_code == 422
        leads(refused.text)
    for _ in range(2):  # the same page, sent twice
        assert bruno.post(f"/deliveries/{number}/return", given).status_code == 303
    (back,) = delivery(office, number).returns
    page = bruno.get(f"/deliveries/{back}").text
    assert "Tiroir rayé" in page
    assert number in page
    assert bruno.get(f"/deliveries/{back}/pdf").status_code == 404
    assert back in bruno.get("/deliveries?shown=returns").text
    assert number in bruno.get(f"/deliveries?shown=shipped&q={order}").text
    assert bruno.get(f"/deliveries?shown=nothing&after={10**30}").status_code == 200
    with office.runtime.database.reading() as session:
        progress = queries.progress(session, order)
    found_now = [(int(each.delivered), int(each.outstanding)) for each in progress.values()]
    assert found_now == [(2, 1), (0, 2)], "two boxes and no lamp are there; one box goes again, two lamps are missing"


@pytest.mark.long
def test_the_warehouse_gives_a_preparation_up(office: Office) -> None:
    order, number = prepared(office)
    bruno = office.as_("bruno")
    bruno.get(f"/deliveries/{number}/pick")
    assert bruno.post(f"/deliveries/{number}/pick", {"act": "cancel", "reason": "Palette abîmée"}).status_code == 303
    run_pending(office.runtime)
    page = bruno.get(f"/deliveries/{number}").text
    assert "Palette abîmée" in page
    assert delivery(office, number).status == "cancelled"
    assert order in office.as_("camille").get("/start/preparation").text, "it can be taken up again"


@pytest.mark.parametrize("login", ["zoe", "nobody", "olivia"])
def test_who_has_nothing_to_do_with_deliveries_sees_none(office: Office, login: str) -> None:
    for address in ("/deliveries", "/deliveries/BL-2026-00001", "/deliveries/BL-2026-00001/pdf"):
        assert office.as_(login).get(address).status_code in {303, 403}


def test_who_reads_does_not_pick_or_take_back(office: Office) -> None:
    _, number = prepared(office)
    sarah = office.as_("sarah")
    page = sarah.get(f"/deliveries/{number}")
    assert page.status_code == 200
    assert "/pick" not in page.text
    assert sarah.get(f"/deliveries/{number}/pick").status_code == 403
    assert sarah.post(f"/deliveries/{number}/pick", {"act": "picked"}).status_code == 403
    assert sarah.post(f"/deliveries/{number}/return", {"reason": "x"}).status_code == 403
    assert sarah.get("/deliveries/BL-1999-00001").status_code == 404


def test_whoever_prepares_and_brings_goods_reads_what_the_customer_wants_known(office: Office) -> None:
    order, number = prepared(office)
    sarah, bruno = office.as_("sarah"), office.as_("bruno")
    customer = re.search(r"/customers/(CL-\d{4}-\d{5})", sarah.get(f"/orders/{order}").text)
    assert customer is not None
    pages = (f"/deliveries/{number}", f"/deliveries/{number}/pick")
    assert all("Consignes de livraison" not in bruno.get(each).text for each in pages)
    with office.runtime.database.transaction() as session:
        row = session.scalars(select(Customer).where(Customer.number == customer[1])).one()
        row.delivery_notes = "Quai 3, avant <midi>"
    assert all("Quai 3, avant &lt;midi&gt;" in bruno.get(each).text for each in pages)
    bruno.post(f"/deliveries/{number}/pick", {"act": "picked", "picked_1": "3"})
    assert "Quai 3, avant" in bruno.get(f"/deliveries/{number}/ship").text
