"""Orders on pages: found, written with lines and their stock, placed, shown with what can be done; who may."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, text

from engine import clock, records
from engine.worker import run_pending
from handlers.invoices import making as invoices
from handlers.invoices import store as drafts
from handlers.invoices.commands import AddCreditNote, Quantity, add_credit_note
from handlers.invoices.queries import invoices_of, orders_to_invoice
from handlers.orders import queries
from handlers.orders.queries import OrderView
from tests.web.conftest import Browser, Office
from tests.web.drafts import FIRST, SECOND, SEEN, two_at_one_draft

HEAD = {
    "subject": "Mobilier",
    "email": "achats@vallier.example",
    "locale": "fr",
    "terms": "30_days",
    "shipment_on": "2026-12-18",
    "delivery_method": "Camion",
    "warehouse": "",
    "shipping_policy": "all_at_once",
    "invoicing_policy": "on_order",
    "closing_rule": "both",
    "payment_method": "transfer",
    "billing_id": "",
}
LAMP = {
    "line_kind": "item",
    "line_article": "LAM-LED-11",
    "line_text": "Lampe LED",
    "line_quantity": "2",
    "line_unit": "pièce",
    "line_unit_price": "45,00",
    "line_discount": "10",
    "line_vat": "normal",
    "line_product_type": "product",
}


def order(office: Office, number: str) -> OrderView:
    with office.runtime.database.reading() as session:
        found = queries.find_order(session, number)
    assert found is not None
    return found


def write(browser: Browser, customer: str = "CL-2026-00001", **more: Any) -> str:
    """The number of a new order of one line."""
    browser.get(f"/orders/new?customer={customer}")
    answer = browser.post("/orders/new", HEAD | LAMP | {"customer": customer, "act": "save"} | more)
    assert answer.status_code == 303, re.findall(r'role="alert".*?</ul>', answer.text, re.DOTALL)
    return answer.location.rsplit("/", 1)[1]


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def test_an_order_is_written_for_a_customer_found_by_first_letters(office: Office) -> None:
    camille = office.as_("camille")
    assert "Cabinet Vallier" in camille.get("/orders/new?q=vall").text
    assert 'value="contact@vallier.example"' in camille.get("/orders/new?customer=CL-2026-00001").text
    number = write(camille)
    found = order(office, number)
    assert (str(found.totals.net), found.data.shipping_policy, found.data.delivery_method) == (
        "81.00",
        "all_at_once",
        "Camion",
    )
    page = camille.get(f"/orders/{number}").text
    assert "97,20" in plain(page)
    assert f'action="/orders/{number}/place"' in page
    assert number in camille.get("/orders?q=cabinet+mob&shown=draft").text
    assert number not in camille.get("/orders?shown=closed").text
    assert number in camille.get("/orders?customer=CL-2026-00001&shown=open").text
    assert camille.get(f"/orders?after={10**30}&customer=x&shown=nothing").status_code == 200
    assert camille.get(f"/orders/{number}/pdf").data.startswith(b"%PDF")


def test_what_stock_lacks_is_said_for_each_line_with_a_way_to_ask_for_it(office: Office) -> None:
    camille = office.as_("camille")
    camille.get("/orders/new?customer=CL-2026-00001")
    two: dict[str, Any] = {name: [value, "400" if name == "line_quantity" else value] for name, value in LAMP.items()}
    asked = HEAD | two | {"customer": "CL-2026-00001"}
    page = camille.post("/orders/new", asked).text
    short = re.findall(r'href="#in-lines\.(\d)\.quantity"', page)
    assert short[-1:] == ["1"], "the second line of an article has what the first leaves"
    assert "Stock insuffisant" in page
    link = re.search(r'href="(/start/replenishment\?article=LAM-LED-11&amp;quantity=(\d+))"', page)
    assert link is not None
    form = camille.get(link[1].replace("&amp;", "&")).text
    assert f'value="{link[2]}"' in form, "the request is filled already"
    number = write(camille, **two)
    assert "Stock insuffisant" in camille.get(f"/orders/{number}").text
    assert "/start/replenishment" not in office.as_("sarah").get(f"/orders/{number}").text, "who may not ask"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"line_quantity": "deux"}, "lines.0.quantity"),
        ({"line_article": "NOT"}, "lines.0.article"),
        ({"shipping_policy": "never"}, "shipping_policy"),
        ({"closing_rule": ""}, "closing_rule"),
        ({"payment_method": "gold"}, "payment_method"),
        ({"warehouse": "NOT"}, "warehouse"),
        ({"delivery_method": "x" * 81}, "delivery_method"),
        ({"billing_id": "99999"}, "billing_id"),
    ],
)
def test_what_is_refused_is_said_and_stays_typed(office: Office, more: dict[str, str], field: str) -> None:
    camille = office.as_("camille")
    camille.get("/orders/new?customer=CL-2026-00001")
    answer = camille.post("/orders/new", HEAD | LAMP | {"customer": "CL-2026-00001", "act": "save"} | more)
    assert answer.status_code == 422
    assert f'href="#in-{field}"' in answer.text
    assert 'value="Mobilier"' in answer.text


def test_a_draft_is_changed_cancelled_and_copied(office: Office) -> None:
    camille = office.as_("camille")
    number = write(camille)
    seen = re.search(r'name="seen" value="(\d+)"', camille.get(f"/orders/{number}/edit").text)
    assert seen is not None
    changed = HEAD | LAMP | {"customer": "CL-2026-00001", "act": "save", "seen": seen[1], "subject": "Chaises"}
    assert camille.post(f"/orders/{number}/edit", changed).status_code == 303
    assert camille.post(f"/orders/{number}/edit", changed).status_code == 422, "somebody has changed it since"
    assert camille.post(f"/orders/{number}/cancel", {"reason": ""}).status_code == 422
    assert camille.post(f"/orders/{number}/cancel", {"reason": "Doublon"}).status_code == 303
    assert (order(office, number).status, order(office, number).data.subject) == ("cancelled", "Chaises")
    page = camille.get(f"/orders/{number}").text
    assert "Doublon" in page
    assert camille.get(f"/orders/{number}/edit").status_code == 303
    for copy in (f"/orders/new?copy={number}", f"/quotes/new?order={number}"):
        assert copy in page
        assert 'value="Chaises"' in camille.get(copy).text
    assert camille.get("/orders/new?copy=CC-0").status_code == 404
    assert camille.get("/quotes/new?order=CC-0").status_code == 404


def test_two_people_at_one_draft_are_told_of_each_other_and_nothing_is_lost(office: Office) -> None:
    camille, marc = office.as_("camille"), office.as_("marc")
    number = write(camille)
    address = f"/orders/{number}/edit"
    mine = HEAD | LAMP | {"customer": "CL-2026-00001"}
    refused = two_at_one_draft(camille, marc, address, mine, {"shipping_policy": "each_when_ready"})
    card = refused.partition('id="meanwhile-title"')[2].partition("</section>")[0]
    assert FIRST in card, "and what the other wrote is told"
    assert "each_when_ready" not in card, "in words"
    assert "Voir la commande telle qu’elle est" in card
    assert 'name="over"' in card
    assert order(office, number).data.subject == SECOND
    (now,) = SEEN.findall(camille.get(address).text)
    assert camille.post(f"/orders/{number}/cancel", {"reason": "Doublon"}).status_code == 303
    gone = marc.post(address, mine | {"act": "save", "seen": now})
    assert gone.status_code == 422
    assert 'name="over"' not in gone.text, "what is no draft any more is not written over"


def test_an_accepted_quote_without_an_order_gets_one(office: Office) -> None:
    camille = office.as_("camille")
    year = camille.get("/quotes?shown=accepted").text
    accepted = re.findall(r"DV-\d{4}-\d{5}", year)
    assert accepted
    quote = accepted[0]
    made = re.search(r"/orders/(CC-\d{4}-\d{5})", camille.get(f"/quotes/{quote}").text)
    if made is not None:  # the demonstration's own
        assert camille.post(f"/orders/of-quote/{quote}").location == f"/quotes/{quote}", "one that stands is enough"
        assert camille.post(f"/orders/{made[1]}/cancel", {"reason": "Refaite"}).status_code == 303
    assert f'action="/orders/of-quote/{quote}"' in camille.get(f"/quotes/{quote}").text
    answer = camille.post(f"/orders/of-quote/{quote}")
    number = answer.location.rsplit("/", 1)[1]
    assert (order(office, number).origin_quote, order(office, number).stage) == (quote, "draft")
    page = camille.get(f"/quotes/{quote}").text
    assert f"/orders/{number}" in page
    assert "/orders/of-quote" not in page
    assert quote in camille.get(f"/orders/{number}").text


def test_a_placed_order_has_a_case_and_is_placed_once(office: Office) -> None:
    camille = office.as_("camille")
    number = write(camille)
    assert camille.post(f"/orders/{number}/place").status_code == 303
    assert camille.post(f"/orders/{number}/place").status_code == 422
    assert camille.post(f"/orders/{number}/cancel", {"reason": "x"}).status_code == 422, "its case leads it now"
    run_pending(office.runtime)
    page = camille.get(f"/orders/{number}").text
    assert 'id="diagram"' in page
    assert "bd-stages" in page
    empty = write(camille, line_kind="heading")
    assert camille.post(f"/orders/{empty}/place").status_code == 422


def test_an_order_is_closed_by_hand_with_a_reason(office: Office) -> None:
    camille = office.as_("camille")
    number = write(camille)
    assert camille.post(f"/orders/{number}/close", {"reason": "x"}).status_code == 422, "a draft is cancelled"
    assert camille.post(f"/orders/{number}/terms", {"terms": "60_days"}).status_code == 422
    camille.post(f"/orders/{number}/place")
    run_pending(office.runtime)
    assert camille.post(f"/orders/{number}/close", {"reason": "x"}).status_code == 422, "who confirms may cancel it"
    task = re.search(r'href="(/tasks/\d+)"', camille.get(f"/orders/{number}").text)
    assert task is not None, "what leads on is the first thing to do"
    camille.get(task[1])
    assert camille.post(f"{task[1]}/complete", {"decision": "confirm"}).status_code == 303
    run_pending(office.runtime)
    assert order(office, number).status == "confirmed"
    page = camille.get(f"/orders/{number}").text
    assert re.search(r'href="/deliveries/BL-\d{4}-\d{5}"', page), "its delivery is linked"
    assert "Reste à facturer" in page
    assert camille.get(f"/orders/{number}/edit").status_code == 303
    assert camille.post(f"/orders/{number}/terms", {"terms": "never"}).status_code == 422
    assert camille.post(f"/orders/{number}/terms", {"terms": "60_days"}).status_code == 303
    assert camille.post(f"/orders/{number}/close", {"reason": " "}).status_code == 422
    assert camille.post(f"/orders/{number}/close", {"reason": "Le client a changé d’avis"}).status_code == 303
    run_pending(office.runtime)
    found = order(office, number)
    assert (found.status, found.closed_because, found.data.terms) == ("closed", "Le client a changé d’avis", "60_days")
    assert "Le client a changé d’avis" in camille.get(f"/orders/{number}").text


def test_pages_of_five_hundred_lines_ask_no_more_than_those_of_three(office: Office) -> None:
    camille = office.as_("camille")
    counts: list[list[int]] = []
    for size in (3, 500):
        lines: dict[str, Any] = {name: [value] * size for name, value in LAMP.items()}
        number = write(camille, **lines)
        asked: list[int] = []
        for address in (f"/orders/{number}", f"/orders/{number}/edit"):
            said: list[str] = []

            def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any, said: list[str] = said) -> None:
                said.append(statement)

            event.listen(office.runtime.database.engine, "before_cursor_execute", hear)
            assert camille.get(address).text.count("Lampe LED") >= size
            event.remove(office.runtime.database.engine, "before_cursor_execute", hear)
            asked.append(len(said))
        counts.append(asked)
    assert counts[0] == counts[1]


def test_a_customer_is_added_on_the_way(office: Office) -> None:
    sarah = office.as_("sarah")
    sarah.get("/customers/new?then=order")
    wanted = {"name": "Atelier Frais", "kind": "company", "locale": "fr", "country": "FR", "then": "order"}
    answer = sarah.post("/customers/new", wanted)
    assert answer.status_code == 303
    assert answer.location.startswith("/orders/new?customer=CL-")
    assert "Atelier Frais" in sarah.get(answer.location).text


def test_who_reads_does_not_write_and_who_has_nothing_to_do_with_orders_sees_none(office: Office) -> None:
    number = write(office.as_("camille"))
    yasmine = office.as_("yasmine")
    page = yasmine.get(f"/orders/{number}")
    assert page.status_code == 200
    assert "/edit" not in page.text
    for address in (f"/orders/{number}/cancel", f"/orders/{number}/close", f"/orders/{number}/place", "/orders/new"):
        assert yasmine.post(address, {"reason": "x", "act": "save"}).status_code == 403
    for address in ("/orders", "/orders/new", f"/orders/{number}", f"/orders/{number}/edit", f"/orders/{number}/pdf"):
        assert office.as_("zoe").get(address).status_code == 403
        assert office.as_("nobody").get(address).status_code == 303


def test_what_orders_begin_with_is_set_by_few_and_each_order_may_say_otherwise(office: Office) -> None:
    marc, camille = office.as_("marc"), office.as_("camille")
    assert "/admin/company/orders" in marc.get("/orders").text
    assert "/admin/company/orders" not in camille.get("/orders").text
    assert camille.get("/admin/company/orders").status_code == 403
    chosen = {"shipping_policy": "all_at_once", "invoicing_policy": "on_delivery", "closing_rule": "shipped"}
    marc.get("/admin/company/orders")
    assert marc.post("/admin/company/orders", chosen | {"closing_rule": "<b>"}).status_code == 422
    assert marc.post("/admin/company/orders", chosen | {"is_numbered_by_hand": "1"}).status_code == 303
    shown = marc.get("/admin/company/orders").text
    assert '<option value="shipped" selected>' in shown
    assert "Marc" in shown.split('id="history-title"')[1]

    form = camille.get("/orders/new?customer=CL-2026-00001").text
    for value in chosen.values():
        assert f'<option value="{value}" selected>' in form
    given = HEAD | LAMP | {"customer": "CL-2026-00001", "act": "save"}
    refused = camille.post("/orders/new", given | {"number": "CC-2026-00001"})
    assert refused.status_code == 422
    assert 'href="#in-number"' in refused.text
    assert 'name="number" value="CC-2026-00001"' in refused.text
    assert write(camille, number="so-010") == "SO-010"
    assert order(office, "SO-010").data.closing_rule == "both", "the draft says otherwise"
    again = camille.post("/orders/new", given | {"number": "SO-010"})
    assert "La commande SO-010 existe déjà" in again.text
    assert 'name="number"' not in camille.get("/orders/SO-010/edit").text
    assert marc.post("/admin/company/orders", chosen | {"closing_rule": "both"}).status_code == 303
    assert 'name="number"' not in camille.get("/orders/new?customer=CL-2026-00001").text


def closed(office: Office) -> str:
    """An order that its own rule has closed; no case leads it any more."""
    number = write(office.as_("camille"))
    steps = ("'confirmed', confirmed_at = now(), confirmed_by = 'camille'", "'closed', closed_at = now()")
    for step in steps:
        with office.runtime.database.transaction() as session:
            session.execute(
                text(f"UPDATE business.sales_order SET status = {step} WHERE number = :number"), {"number": number}
            )
    return number


def validated(office: Office, invoice: int) -> None:
    with office.runtime.database.transaction() as session:
        row, sold = drafts.lock_draft(session, invoice)
        now = clock.now()
        invoices.validate(session, row, sold, None, today=now.date(), now=now, by="andre")


def test_what_a_credit_note_gave_back_is_asked_for_again_after_the_closing(office: Office) -> None:
    number, camille, database = closed(office), office.as_("camille"), office.runtime.database
    with database.transaction() as session:
        asked = invoices.Asked(what="remaining")
        now = clock.now()
        first = invoices.draft(session, number, asked, key=None, asked_by="camille", now=now, by="camille").id
    page = camille.get(f"/orders/{number}").text
    assert f"/orders/{number}/invoice" not in page, "a draft has it in hand"
    assert f'href="/start/preparation?order_number={number}"' in page
    assert number in camille.get(f"/start/preparation?order_number={number}").text
    validated(office, first)
    with database.reading() as session:
        (line,) = [each.id for each in drafts.lines_of(session, first)]
    note = AddCreditNote(
        invoice=str(first),
        quantities=(Quantity(line=line, quantity=Decimal(1)),),
        reason="Une lampe cassée",
        is_reinvoiceable=True,
    )
    credit = records.execute(database, add_credit_note, note, office.actor("yasmine")).answer
    validated(office, int(credit))
    with database.reading() as session:
        (waiting,) = [each for each in orders_to_invoice(session) if each.number == number]
        (name,) = [each.number for each in invoices_of(session, number) if each.kind == "credit_note"]
    assert waiting.given_back == (name,)
    assert f"À refacturer après {name}" in camille.get("/invoices/orders").text
    page = camille.get(f"/orders/{number}").text
    assert f'href="/invoices/{name}"' in page.split('id="again-title"')[1].split("</section>")[0]
    assert f"/orders/{number}/invoice" not in office.as_("sarah").get(f"/orders/{number}").text
    assert office.as_("sarah").post(f"/orders/{number}/invoice").status_code == 403
    camille.get(f"/orders/{number}")
    for _ in range(2):  # twice before the case begins: one request
        assert camille.post(f"/orders/{number}/invoice").status_code == 303
    run_pending(office.runtime)
    with database.reading() as session:
        wanted = text("SELECT correlation_key, payload FROM engine.message WHERE name = 'invoice_wanted'")
        ((key, payload),) = session.execute(wanted).all()
        assert (key, '"order_waits":false' in payload.replace(" ", "")) == (f"{number}/closed", True)
        (draft,) = [each for each in invoices_of(session, number) if each.status == "draft"]
    assert str(draft.total) == "48.60", "one lamp of the two"
    assert order(office, number).status == "closed"


def test_what_is_open_again_can_be_given_up(office: Office) -> None:
    number, camille = closed(office), office.as_("camille")
    assert f'action="/orders/{number}/close"' in camille.get(f"/orders/{number}").text
    assert camille.post(f"/orders/{number}/close", {"reason": ""}).status_code == 422
    assert camille.post(f"/orders/{number}/close", {"reason": "Le client renonce"}).status_code == 303
    page = camille.get(f"/orders/{number}").text
    assert "Le client renonce" in page
    assert "again-title" not in page
    assert f'action="/orders/{number}/close"' not in page
    assert camille.post(f"/orders/{number}/invoice").status_code == 422
    assert camille.post(f"/orders/{number}/close", {"reason": "Encore"}).status_code == 422
    with office.runtime.database.reading() as session:
        sent = session.scalars(
            text("SELECT name FROM engine.message WHERE correlation_key LIKE :key"), {"key": f"{number}%"}
        )
        assert sent.all() == [], "nobody is there to be told"
