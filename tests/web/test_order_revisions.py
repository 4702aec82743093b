"""A confirmed order is changed on its page: what is free, what is fixed and why, who may; the warehouse is told, the customer too."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import text

from engine import clock
from engine.messages import store as messages
from engine.messages.store import OutgoingMessage
from engine.worker import run_pending
from handlers.deliveries.queries import find_delivery
from handlers.payments.queries import open_items
from tests.web.conftest import Browser, Office
from tests.web.test_invoices import answer, decide, newest
from tests.web.test_orders import HEAD, LAMP, order, plain, write

TWO: dict[str, Any] = {name: [value, value] for name, value in (LAMP | {"line_article": ""}).items()}
"""Goods that are not kept in stock: they are always there, so that the picker's task is open."""


@pytest.fixture
def number(office: Office) -> str:
    """A confirmed order of two lines of lamps, whose delivery waits to be picked."""
    return confirmed(office, TWO)


def confirmed(office: Office, lines: dict[str, Any]) -> str:
    camille = office.as_("camille")
    found = write(camille, **lines)
    camille.post(f"/orders/{found}/place")
    run_pending(office.runtime)
    task = re.search(r'href="(/tasks/\d+)"', camille.get(f"/orders/{found}").text)
    assert task is not None
    camille.get(task[1])
    assert camille.post(f"{task[1]}/complete", {"decision": "confirm"}).status_code == 303
    run_pending(office.runtime)
    assert order(office, found).status == "confirmed"
    return found


def typed(page: str, **more: Any) -> dict[str, Any]:
    """The form as it came, with what somebody changes in it."""
    hidden = {name: re.search(rf'name="{name}" value="([^"]*)"', page) for name in ("version", "key")}
    lines = TWO | {"line_unit_price": ["45", "45"]}
    return (
        lines
        | {name: found[1] for name, found in hidden.items() if found is not None}
        | {"act": "save", "is_acknowledged": "1"}
        | more
    )


def revise(browser: Browser, number: str, **more: Any) -> Any:
    page = browser.get(f"/orders/{number}/revise").text
    return browser.post(f"/orders/{number}/revise", typed(page, **more))


def delivery(office: Office, number: str) -> str:
    found = re.search(r'href="/deliveries/(BL-\d{4}-\d{5})"', office.as_("camille").get(f"/orders/{number}").text)
    assert found is not None
    return found[1]


def letters(office: Office, subject: str) -> int:
    with office.runtime.database.reading() as session:
        asked = text("SELECT count(*) FROM engine.letter WHERE subject LIKE :subject")
        return int(session.execute(asked, {"subject": f"%{subject}%"}).scalar_one())


def test_what_is_free_changes_and_everybody_is_told(office: Office, number: str) -> None:
    camille = office.as_("camille")
    assert f'href="/orders/{number}/revise"' in camille.get(f"/orders/{number}").text
    page = camille.get(f"/orders/{number}/revise").text
    assert page.count("readonly title=") == 4, "text and unit of both lines"
    assert "Rien n’est encore préparé" in page
    assert 'value="remove:0"' not in page
    carried = delivery(office, number)
    answer = revise(camille, number, line_quantity=["5", "0"])
    assert answer.status_code == 303, re.findall(r'role="alert".*?</ul>', answer.text, re.DOTALL)
    run_pending(office.runtime)
    found = order(office, number)
    assert (found.version, [int(each.line.quantity) for each in found.lines]) == (2, [5, 0])
    page = plain(camille.get(f"/deliveries/{carried}").text)
    assert "La commande a changé depuis" in page
    assert "1. 2 → 5 pièces · Lampe LED" in page
    assert "2. 2 → 0 pièce" in page
    assert letters(office, f"Livraison {carried} modifiée") > 0
    assert letters(office, f"Votre commande {number} a été modifiée") == 1
    page = camille.get(f"/orders/{number}").text
    assert "Version 2, en vigueur" in page
    for version in (1, 2):
        assert camille.get(f"/orders/{number}/pdf?version={version}").data.startswith(b"%PDF")


def test_two_change_at_once_and_the_second_is_told(office: Office, number: str) -> None:
    camille, sarah = office.as_("camille"), office.as_("sarah")
    page = sarah.get(f"/orders/{number}/revise").text
    assert revise(camille, number, line_quantity=["3", "2"], is_acknowledged="").status_code == 303
    late = sarah.post(f"/orders/{number}/revise", typed(page, line_quantity=["7", "2"]))
    assert late.status_code == 422
    assert 'value="7"' in late.text, "what was typed stays"
    assert order(office, number).version == 2


def test_the_same_form_sent_twice_changes_once(office: Office, number: str) -> None:
    camille = office.as_("camille")
    form = typed(camille.get(f"/orders/{number}/revise").text, line_quantity=["3", "2"])
    assert [camille.post(f"/orders/{number}/revise", form).status_code for _ in range(2)] == [303, 303]
    assert order(office, number).version == 2


def test_a_line_is_added_and_a_refusal_stands_beside_its_field(office: Office, number: str) -> None:
    camille = office.as_("camille")
    form = typed(camille.get(f"/orders/{number}/revise").text)
    added = camille.post(f"/orders/{number}/revise", form | {"act": "free"}).text
    assert 'value="remove:2"' in added, "a new line goes away again"
    three = {name: [*form[name], value] for name, value in LAMP.items()}
    assert (
        camille.post(f"/orders/{number}/revise", form | three | {"line_quantity": ["2", "2", "0"]}).status_code == 422
    )
    wrong = camille.post(f"/orders/{number}/revise", form | {"line_quantity": ["0", "0"]})
    assert (wrong.status_code, "Clôturez-la plutôt" in wrong.text) == (422, True)
    assert camille.post(f"/orders/{number}/revise", form | three).status_code == 303
    assert len(order(office, number).lines) == 3


def test_nothing_leads_to_a_field_that_is_not_there(office: Office, number: str) -> None:
    page = office.as_("camille").get(f"/orders/{number}/revise").text
    fields = set(re.findall(r'id="([^"]+)"', page))
    assert {each for each in re.findall(r'href="#([^"]+)"', page) if each not in fields} == set()
    assert "France. Chaque ligne porte son taux de TVA." in plain(page)
    assert "Proposé" not in page


def test_only_what_is_added_can_lack(office: Office) -> None:
    """What is ordered already waits for goods by its delivery; the page of the change would ask for it a second time."""
    camille = office.as_("camille")
    short = write(camille, **(LAMP | {"line_quantity": "7"}))
    assert "Stock insuffisant" in camille.get(f"/orders/{short}").text
    camille.post(f"/orders/{short}/place")
    run_pending(office.runtime)
    task = re.search(r'href="(/tasks/\d+)"', camille.get(f"/orders/{short}").text)
    assert task is not None
    camille.get(task[1])
    assert camille.post(f"{task[1]}/complete", {"decision": "confirm"}).status_code == 303
    run_pending(office.runtime)
    address = f"/orders/{short}/revise"
    page = camille.get(address).text
    assert "Stock insuffisant" not in page
    hidden = {name: re.search(rf'name="{name}" value="([^"]*)"', page) for name in ("version", "key")}
    more = LAMP | {"line_quantity": "9"} | {name: found[1] for name, found in hidden.items() if found is not None}
    assert "Manque : 2 pièces" in plain(camille.post(address, more | {"act": ""}).text)


def test_who_may_and_when(office: Office, number: str) -> None:
    yasmine, camille = office.as_("yasmine"), office.as_("camille")
    assert yasmine.get(f"/orders/{number}/revise").status_code == 403
    assert yasmine.post(f"/orders/{number}/revise", {"act": "save"}).status_code == 403
    assert f"/orders/{number}/revise" not in yasmine.get(f"/orders/{number}").text
    draft = write(camille, **HEAD)
    assert camille.get(f"/orders/{draft}/revise").status_code == 303
    assert "/revise" not in camille.get(f"/orders/{draft}").text
    assert camille.get("/orders/CC-2020-99999/revise").status_code == 404


def test_a_delivery_that_waits_for_goods_is_emptied_by_a_change(office: Office) -> None:
    """Nobody has to cancel it: its task goes away, and the order goes on with what is left of it."""
    camille = office.as_("camille")
    lines = TWO | {"line_article": ["LAM-LED-11", ""], "line_product_type": ["product", "service"]}
    found = confirmed(office, lines)
    carried = delivery(office, found)
    assert "Il manque 2 pièces" in plain(camille.get(f"/deliveries/{carried}").text)
    assert revise(camille, found, **(lines | {"line_quantity": ["0", "2"]})).status_code == 303
    run_pending(office.runtime)
    assert "Demander une facture" in camille.get(f"/orders/{found}").text, "a service is left"
    with office.runtime.database.reading() as session:
        view = find_delivery(session, carried)
        waiting = text("SELECT count(*) FROM engine.message WHERE name = 'delivery_changed' AND received_at IS NULL")
        assert session.execute(waiting).scalar_one() == 0
    assert view is not None
    assert (view.status, view.closed_because) == ("cancelled", "Commande modifiée")


def test_what_is_added_while_only_money_is_awaited_is_invoiced_and_closes_the_order(office: Office) -> None:
    service = {name: [value] for name, value in (LAMP | {"line_article": "", "line_product_type": "service"}).items()}
    found = confirmed(office, service | {"closing_rule": "paid"})
    camille = office.as_("camille")
    answer(office, "camille", camille.get(f"/orders/{found}").text, what="remaining")
    assert camille.post(f"/orders/{found}/invoice").status_code == 422, "its case has it in hand"
    validate_and(office, found, is_paid=False)
    page = camille.get(f"/orders/{found}").text
    assert "again-title" not in page, "all is invoiced"
    form = typed(camille.get(f"/orders/{found}/revise").text)
    form |= service | {"line_unit_price": ["45"], "line_quantity": ["5"]}
    assert camille.post(f"/orders/{found}/revise", form).status_code == 303
    run_pending(office.runtime)
    assert "n’attendait que son paiement" in unescape(camille.get(f"/orders/{found}").text)
    camille.get(f"/orders/{found}")
    assert camille.post(f"/orders/{found}/invoice").status_code == 303
    run_pending(office.runtime)
    validate_and(office, found, is_paid=True)
    assert order(office, found).status == "closed"


def test_lowered_to_a_draft_that_waits_the_task_says_so_and_leads_to_it(office: Office) -> None:
    service = {name: [value] for name, value in (LAMP | {"line_article": "", "line_product_type": "service"}).items()}
    found, camille = confirmed(office, service), office.as_("camille")
    told = {"order_number": found, "what": "percent", "percent": 50, "asked_by": "sarah", "order_waits": False}
    with office.runtime.database.transaction() as session:
        sent = OutgoingMessage(name="invoice_wanted", key=f"{found}/elsewhere", payload=told)
        messages.send(session, [sent], clock.now(), sender="system")
    run_pending(office.runtime)
    draft = newest(office, found)
    form = typed(camille.get(f"/orders/{found}/revise").text)
    form |= service | {"line_unit_price": ["45"], "line_quantity": ["1"]}
    assert camille.post(f"/orders/{found}/revise", form).status_code == 303
    run_pending(office.runtime)
    with office.runtime.database.reading() as session:
        asked = text("SELECT count(*) FROM engine.message WHERE name = 'order_all_invoiced'")
        assert session.execute(asked).scalar_one() == 0, "a draft may be dropped: nobody is told that all is invoiced"
    answer(office, "camille", camille.get(f"/orders/{found}").text, what="remaining")
    task = re.search(r'href="(/tasks/\d+)"', camille.get(f"/orders/{found}").text)
    assert task is not None
    link = f'<a href="/invoices/{draft.id}">Brouillon {draft.id}</a>'
    page = unescape(camille.get(task[1]).text)
    assert "Brouillon qui attend" in page
    assert link in page
    camille.post(f"{task[1]}/claim")
    page = unescape(camille.get(task[1]).text)
    assert "Un brouillon attend d’être validé" in page
    assert page.count(link) == 2, "above, and in the form"
    decide(office, office.as_("yasmine").get(f"/invoices/{draft.id}").text, performed_on=clock.now().date().isoformat())
    answer(office, "camille", camille.get(f"/orders/{found}").text, what="remaining")
    assert order(office, found).status == "closed"


def validate_and(office: Office, number: str, *, is_paid: bool) -> None:
    """The newest draft of the order is validated; then, perhaps, all that the customer owes is paid."""
    yasmine, today = office.as_("yasmine"), clock.now().date().isoformat()
    page = yasmine.get(f"/invoices/{newest(office, number).key}").text
    decide(office, page, performed_on=today)
    if is_paid:
        with office.runtime.database.reading() as session:
            owed = sum(each.open for each in open_items(session, "CL-2026-00001"))
        page = yasmine.get("/payments/new?customer=CL-2026-00001").text
        key = re.search(r'name="key" value="([^"]*)"', page)
        assert key is not None
        given = {"customer": "CL-2026-00001", "way": "oldest", "act": "save", "method": "transfer", "key": key[1]}
        given |= {"amount": str(owed).replace(".", ","), "received_on": today}
        assert yasmine.post("/payments/new", given).status_code == 303
        run_pending(office.runtime)
