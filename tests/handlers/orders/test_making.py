"""The order that follows from an accepted quote: the same lines and figures, once, whoever asks and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from engine import records
from engine.database.session import Database
from engine.errors import NotFound, WrongState
from handlers.orders import commands as orders
from handlers.orders import making, queries
from handlers.orders.types import OrderData
from handlers.sales import commands as sales
from tests.handlers.sales.conftest import LINES, NOW, OFFER, SARAH, TODAY
from tests.handlers.sales.test_answers import outcomes

QUOTE = "DV-2026-00001"
ACCEPT = (
    "UPDATE business.quote_version SET status = 'submitted'",
    "UPDATE business.quote_version SET status = 'sent', sent_at = now(), content_hash = 'x', link_key = 'x'",
    "UPDATE business.quote_version SET status = 'accepted'",
)


@pytest.fixture
def quoted(shop: Database) -> Database:
    """``DV-2026-00001`` is a draft."""
    offer = replace(OFFER, customer_reference="BC-77", terms="60_days")
    wanted = sales.AddQuote(customer="CL-2026-00001", quote=offer, lines=LINES, today=TODAY)
    records.execute(shop, sales.add_quote, wanted, SARAH, now=NOW)
    return shop


@pytest.fixture
def accepted(quoted: Database) -> Database:
    """``DV-2026-00001`` is accepted."""
    for statement in ACCEPT:
        with quoted.transaction() as session:
            session.execute(text(statement))
    return quoted


def ask(database: Database, key: str = "1:a1:make", number: str = QUOTE, version: int = 1) -> str:
    with database.transaction() as session:
        made = making.order_from_quote(session, number, version, key=key, today=TODAY, now=NOW, by="system")
        return made.number


def test_the_order_says_what_was_accepted(accepted: Database) -> None:
    with accepted.transaction() as session:
        session.execute(text("UPDATE business.customer SET preferred_payment = 'transfer'"))
    number = ask(accepted)
    with accepted.reading() as session:
        view = queries.find_order(session, number)
        assert view is not None
        assert (view.status, view.origin_quote, view.origin_version, view.placed_at) == ("draft", QUOTE, 1, NOW)
        assert (view.data.customer_reference, view.data.terms) == ("BC-77", "60_days")
        assert view.data.payment_method == "transfer", "the customer's own"
        assert (tuple(each.line for each in view.lines), str(view.totals.total)) == (LINES, "2664.00")
        assert queries.order_of_quote(session, QUOTE) == number
        assert [each.number for each in queries.orders_page(session, search=QUOTE).orders] == [number]


def test_a_step_that_is_repeated_makes_no_second_order(accepted: Database) -> None:
    assert ask(accepted) == ask(accepted) == "CC-2026-00001"
    with pytest.raises(WrongState, match="quote_ordered"):
        ask(accepted, key="another")
    with accepted.transaction() as session:
        session.execute(
            text("UPDATE business.sales_order SET status = 'cancelled', closed_at = now(), closed_because = 'x'")
        )
    assert ask(accepted, key="another") == "CC-2026-00002", "what was cancelled stands in nobody's way"


def test_of_many_who_ask_at_once_one_makes_it(accepted: Database) -> None:
    def act(key: str) -> Callable[[], Any]:
        return lambda: ask(accepted, key)

    assert outcomes(accepted, *(act(f"{each}") for each in range(4))) == ["done", *["quote_ordered"] * 3]


def test_what_is_not_accepted_makes_none(quoted: Database) -> None:
    with pytest.raises(WrongState, match="quote_not_accepted"):
        ask(quoted)
    for number, version in (("DV-0", 1), (QUOTE, 2)):
        with pytest.raises(NotFound):
            ask(quoted, number=number, version=version)


def test_numbers_have_no_gap_whoever_writes_at_the_same_time(accepted: Database) -> None:
    by_hand = orders.AddOrder(customer="CL-2026-00001", order=OrderData(), today=date(2026, 11, 23))
    wrong = replace(by_hand, lines=(replace(LINES[1], article="NOT"),))

    def add(given: orders.AddOrder) -> Callable[[], Any]:
        return lambda: records.execute(accepted, orders.add_order, given, SARAH, now=NOW)

    def make() -> str:
        return ask(accepted)

    assert outcomes(accepted, make, add(wrong), *(add(by_hand) for _ in range(4))) == ["done"] * 5 + ["invalid_input"]
    with accepted.reading() as session:
        numbers = sorted(each.number for each in queries.orders_page(session).orders)
    assert numbers == [f"CC-2026-{number:05d}" for number in range(1, 6)]
