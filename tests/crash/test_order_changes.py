"""Two people change one order at the same moments while web, worker and database are killed (`kill -9`).

Nobody sees a fault (but that the product is away for a moment), every version is kept once and told once, and the delivery carries what the
order says last.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from random import Random
from typing import Any, Final

import pytest
from sqlalchemy import text

from engine.history.verification import verify_all
from tests.crash.product import Product
from tests.crash.test_kills import Killer, new_seed
from tests.crash.visitor import Page, Visitor
from tests.web.test_orders import HEAD, LAMP

KILLS: Final = 8
ORDER: Final = HEAD | LAMP | {"line_article": "", "act": "save"}
"""Goods that are not kept in stock: they are always there, so that they wait to be picked."""
AWAY: Final = 503


def hidden(page: Page, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None, f"no {name} on {page.address}: {page.status}"
    return found[1]


def answer(person: Visitor, place: str, answers: dict[str, str]) -> None:
    """Take the task that the page leads to, and complete it."""
    end = time.monotonic() + 60
    while not (found := re.search(r'href="(/tasks/\d+)"', (page := person.get(place)).text)):
        assert time.monotonic() < end, f"{place} offers no task"
        time.sleep(0.1)
    person.post(f"{found[1]}/claim", {"csrf_token": page.csrf})
    done = person.post(f"{found[1]}/complete", {"csrf_token": page.csrf, **answers})
    assert done.status in (200, 404, 409), f"{done.status} {done.text}"


def at_once(*acts: Callable[[], None]) -> None:
    """Each in a thread of its own; the first fault is raised."""
    faults: list[Exception] = []

    def one(act: Callable[[], None]) -> None:
        try:
            act()
        except (AssertionError, OSError) as fault:
            faults.append(fault)

    threads = [threading.Thread(target=one, args=(each,)) for each in acts]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if faults:
        raise faults[0]


def settled(product: Product, asked: str, **given: Any) -> Any:
    """The rows, once nothing is queued any more and nothing stands still."""
    end = time.monotonic() + 90
    with product.database() as database:
        while True:
            with database.reading() as session:
                left = session.scalar(
                    text("SELECT count(*) FROM jobs.procrastinate_jobs WHERE status IN ('todo', 'doing')")
                )
                assert not session.execute(
                    text("SELECT code, facts FROM engine.incident WHERE resolved_at IS NULL")
                ).all()
                if not left:
                    return session.execute(text(asked), given).all()
            assert time.monotonic() < end, f"{left} jobs left"
            time.sleep(0.3)


@pytest.mark.long(minutes=3)
@pytest.mark.timeout(900)
def test_two_change_an_order_while_parts_are_killed(product: Product) -> None:
    people = {login: Visitor(product.address, patience=100) for login in ("camille", "sarah")}
    for login, person in people.items():
        person.sign_in(login)
    camille = people["camille"]
    page = camille.get("/orders/new?customer=CL-2026-00001")
    made = camille.post("/orders/new", ORDER | {"csrf_token": page.csrf, "customer": "CL-2026-00001"})
    number = made.address.rsplit("/", 1)[1]
    camille.post(f"/orders/{number}/place", {"csrf_token": made.csrf})
    answer(camille, f"/orders/{number}", {"decision": "confirm"})
    settled(product, "SELECT 1")

    seed = new_seed()
    killer = Killer(product, KILLS, seed, 1.5)
    killer.start()

    def change(login: str) -> None:
        choice, person = Random(f"{seed} {login}"), people[login]
        while killer.is_alive():
            form = person.get(f"/orders/{number}/revise")
            given = {name: hidden(form, name) for name in ("version", "key")}
            given |= {"line_quantity": str(choice.randint(1, 9)), "is_acknowledged": "1", "csrf_token": form.csrf}
            said = person.post(f"/orders/{number}/revise", ORDER | given)
            assert said.status in (200, 409, 422), f"{said.status} {said.text}"
            assert said.status == 200 or "modifié" in said.text, said.text

    at_once(lambda: change("camille"), lambda: change("sarah"))
    assert killer.failure is None, killer.failure
    assert {status for each in people.values() for status in each.faults} <= {AWAY}
    ((version, ordered, kept, carried, told, cases),) = settled(
        product,
        """
        SELECT o.version, l.quantity,
            (SELECT array_agg(v.version ORDER BY v.version) FROM business.order_version v WHERE v.order_id = o.id),
            (SELECT sum(d.quantity) FROM business.delivery_line d JOIN business.delivery ON delivery.id = d.delivery_id
             WHERE d.order_line_id = l.id AND delivery.status <> 'cancelled'),
            (SELECT count(*) FROM engine.letter WHERE subject LIKE 'Votre commande ' || o.number || ' a été modifiée%'),
            (SELECT array_agg(status) FROM engine.instance WHERE process_key = 'order_change' AND business_key = o.number)
        FROM business.sales_order o JOIN business.order_line l ON l.order_id = o.id WHERE o.number = :number
        """,
        number=number,
    )
    assert version > 2, "they changed it"
    assert kept == list(range(1, version))
    assert carried == ordered, "the delivery was planned anew for the last version"
    assert cases == ["completed"] * (version - 1)
    assert told == version - 1, "one letter for each version"
    with product.database() as database, database.reading() as session:
        assert verify_all(session).is_whole
