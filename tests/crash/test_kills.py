"""The story of a replenishment request while web, worker and database are killed at random moments (`kill -9`).

Afterwards every case has ended as it should, every row exists once, every chain verifies and folds to the stored state.

``make check`` tells it with six kills, on the product that ``tests/engine/test_run.py`` starts.
"""

from __future__ import annotations

import os
import random
import re
import threading
import time
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.history.verification import verify_all
from tests.crash.product import PARTS, Part, Product
from tests.crash.visitor import Visitor

CAME = "0.01"
"""What comes of each request."""
REQUESTS = "SELECT count(*) FROM engine.instance WHERE business_key LIKE 'DA-%'"
"""Cases of requests: what comes begins others, which share it out."""


class Killer(threading.Thread):
    """Kills every part once, in a random order, and then a random living part every now and then, until it has done so ``wanted`` times.

    ``pause``: at most that many seconds between two kills, counted from when the product answers again: killing faster than parts start
    would only show that what never runs does no work, and how soon they start depends on what else the machine does.
    """

    def __init__(self, product: Product, wanted: int, seed: int, pause: float) -> None:
        super().__init__(daemon=True)
        self._product = product
        self._wanted = wanted
        self._pause = pause
        self._random = random.Random(seed)
        self.killed: list[Part] = []
        self.failure: Exception | None = None

    def run(self) -> None:
        first = self._random.sample(PARTS, len(PARTS))
        try:
            for number in range(self._wanted):
                Visitor(self._product.address, patience=60).get("/sign-in")
                time.sleep(self._random.uniform(0.05, self._pause))
                living = [part for part in PARTS if self._product.pid(part) is not None]
                part = first[number] if number < len(first) else self._random.choice(living or PARTS)
                self._product.kill_part(part)
                self.killed.append(part)
        except Exception as failure:  # noqa: BLE001 - told to the thread of the test
            self.failure = failure


def play(people: dict[str, Visitor]) -> int:
    """One request above the threshold, from submission to what comes of it; gives the case's number.

    Little comes and the rest is given up, so that the article stays short: every request is about it.
    """
    form = people["camille"].get("/start/replenishment")
    submitted = people["camille"].post(
        "/start/replenishment",
        {
            "csrf_token": form.csrf,
            "_key": form.key,
            "article": "LAM-LED-11",
            "quantity": "60",
            "needed_on": "",
            "comment": "",
        },
    )
    found = re.search(r"/cases/(\d+)", submitted.address)
    assert found is not None, f"not submitted: {submitted.status} {submitted.address}"
    case = int(found[1])
    answer(people["gabriel"], case, {"decision": "launch", "supplier": "LUMIERE-PRO", "unit_price": "199,90"})
    answer(people["monique"], case, {"agreement": "granted"})
    answer(people["bruno"], case, {"received": CAME.replace(".", ","), "delivery_note": "", "more_expected": "no"})
    answer(people["gabriel"], case, {"rest": "give_up", "rest_reason": "Le fournisseur ne livre plus."})
    return case


def answer(person: Visitor, case: int, answers: dict[str, str]) -> None:
    """Take the one open task of the case and complete it. An answer that was lost may have counted: then the task is no longer open."""
    end = time.monotonic() + 60
    while True:  # the task may wait for the worker, which tells the submitter first
        page = person.get(f"/cases/{case}")
        if found := re.search(r'href="/tasks/(\d+)', page.text):
            break
        assert time.monotonic() < end, f"case {case} offers no task"
        time.sleep(0.1)
    task = f"/tasks/{found[1]}"
    claimed = person.post(f"{task}/claim", {"csrf_token": page.csrf})
    assert claimed.status in (200, 409), claimed
    done = person.post(f"{task}/complete", {"csrf_token": page.csrf, **answers})
    assert done.status in (200, 404, 409), f"{done.status} {done.text}"


def told(product: Product) -> int:
    """How many requests earlier tests have made."""
    with product.database() as database, database.reading() as session:
        return int(session.execute(text(REQUESTS)).scalar_one())


def check(product: Product, earlier: int, cases: list[int]) -> None:
    """Every case ended with one request, one order, one receipt that moved the stock once, and two mails; the history proves itself. The
    ``earlier`` requests are another test's.
    """
    with product.database() as database:
        end = time.monotonic() + 60
        while True:
            with database.reading() as session:
                open_cases = session.execute(
                    text(
                        "SELECT id, status FROM engine.instance WHERE id = ANY(:ids) AND status <> 'completed' ORDER BY id"
                    ),
                    {"ids": cases},
                ).all()
                incidents = session.execute(text("SELECT instance_id, code, facts FROM engine.incident")).all()
            assert not incidents
            if not open_cases:
                break
            assert time.monotonic() < end, f"not ended: {open_cases}"
            time.sleep(0.2)
        with database.reading() as session:
            assert session.scalar(text(REQUESTS)) == earlier + len(cases)
            numbers = session.execute(
                text("""
                SELECT r.number, r.status, count(DISTINCT o.id), count(DISTINCT m.id), count(DISTINCT c.id), sum(DISTINCT s.quantity)
                FROM business.replenishment_request r
                LEFT JOIN business.supplier_order o ON o.request_id = r.id
                LEFT JOIN business.supplier_receipt c ON c.order_id = o.id
                LEFT JOIN business.stock_movement s ON s.document = o.number AND s.line = c.id
                LEFT JOIN engine.letter m ON m.kind = 'process' AND m.business_key = r.number
                GROUP BY r.id ORDER BY r.number OFFSET :earlier
            """),
                {"earlier": earlier},
            ).all()
            year = numbers[0][0][3:7]
            assert [tuple(row) for row in numbers] == [
                (f"DA-{year}-{place:05d}", "received", 1, 2, 1, Decimal(CAME))
                for place in range(earlier + 1, earlier + len(cases) + 1)
            ]
            came = text("SELECT sum(quantity) FROM business.stock_movement WHERE kind = 'receipt'")
            assert session.scalar(came) == len(cases) * Decimal(CAME)
            assert verify_all(session).is_whole
            assert (
                session.scalar(
                    text("SELECT count(*) FROM engine.task WHERE is_open AND instance_id = ANY(:ids)"), {"ids": cases}
                )
                == 0
            )
            assert (
                session.scalar(text("SELECT count(*) FROM engine.timer WHERE instance_id = ANY(:ids)"), {"ids": cases})
                == 0
            )


def run_story(product: Product, kills: int, seed: int, pause: float = 2.0) -> None:
    earlier = told(product)
    people = {login: Visitor(product.address, patience=100) for login in ("camille", "gabriel", "monique", "bruno")}
    for login, person in people.items():
        person.sign_in(login)
    killer = Killer(product, kills, seed, pause)
    killer.start()
    cases = []
    while killer.is_alive():
        cases.append(play(people))
    assert killer.failure is None, killer.failure
    cases.append(play(people))
    assert len(set(cases)) == len(cases)
    check(product, earlier, cases)
    assert len(killer.killed) == kills


def new_seed() -> int:
    """Of ``BORDEREAU_TEST_SEED``, or another each time; it is shown when the test fails."""
    seed = int(os.environ.get("BORDEREAU_TEST_SEED") or time.time_ns() % 1_000_000)
    print(f"BORDEREAU_TEST_SEED={seed}")
    return seed


@pytest.mark.long(minutes=3)
@pytest.mark.timeout(1200)
def test_forty_kills(product: Product) -> None:
    run_story(product, kills=40, seed=new_seed(), pause=2.5)


@pytest.mark.long
@pytest.mark.timeout(180)
def test_killed_as_a_whole_it_leaves_nothing_and_goes_on(product: Product) -> None:
    camille = Visitor(product.address)
    camille.sign_in("camille")
    form = camille.get("/start/replenishment")
    camille.post(
        "/start/replenishment",
        {
            "csrf_token": form.csrf,
            "_key": form.key,
            "article": "LAM-LED-11",
            "quantity": "3",
            "needed_on": "",
            "comment": "",
        },
    )
    product.kill()
    end = time.monotonic() + 20
    while left := product.processes():
        assert time.monotonic() < end, f"still running: {left}"
        time.sleep(0.1)
    product.start()
    assert "DA-" in camille.get("/cases").text
    product.stop()
    assert product.processes() == []
    product.start()
