"""What orders begin with: set by few, taken by orders of quotes; numbers by hand, each once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from engine import records
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed
from engine.handler import Actor
from handlers.orders import commands as c
from handlers.orders import queries
from handlers.orders.settings import SetDefaults, find_defaults, set_defaults
from handlers.orders.types import OrderDefaults
from handlers.sales import commands as sales
from tests.handlers.orders.conftest import ORDER
from tests.handlers.orders.test_making import ACCEPT, QUOTE, ask
from tests.handlers.sales.conftest import LINES, NOW, OFFER, SARAH, TODAY
from tests.handlers.sales.test_answers import outcomes

MARC = Actor(login="marc", name="Marc", roles=frozenset({"sales_manager"}))
WANTED = OrderDefaults(shipping_policy="all_at_once", invoicing_policy="on_delivery", closing_rule="paid")


def settle(database: Database, defaults: OrderDefaults, actor: Actor = MARC) -> None:
    records.execute(database, set_defaults, SetDefaults(defaults=defaults), actor, now=NOW)


def write(database: Database, number: str) -> str:
    given = c.AddOrder(customer="CL-2026-00001", order=ORDER, lines=LINES, today=TODAY, number=number)
    return str(records.execute(database, c.add_order, given, SARAH, now=NOW).answer)


def refused(act: Callable[..., Any], *given: Any) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as refusal:
        act(*given)
    (problem,) = refusal.value.fields
    return problem.field, problem.code


def test_the_order_of_a_quote_begins_with_what_the_company_chose(shop: Database) -> None:
    with shop.reading() as session:
        assert find_defaults(session) == OrderDefaults(), "as long as nobody has chosen"
    with pytest.raises(NotAllowed):
        settle(shop, WANTED, SARAH)
    assert refused(settle, shop, OrderDefaults(closing_rule="never")) == ("closing_rule", "closing_rule_unknown")
    settle(shop, OrderDefaults(closing_rule="shipped"))
    settle(shop, WANTED)
    given = sales.AddQuote(customer="CL-2026-00001", quote=OFFER, lines=LINES, today=TODAY)
    records.execute(shop, sales.add_quote, given, SARAH, now=NOW)
    for statement in ACCEPT:
        with shop.transaction() as session:
            session.execute(text(statement))
    made = ask(shop, number=QUOTE)
    with shop.reading() as session:
        view = queries.find_order(session, made)
        told = session.scalars(text("SELECT record FROM engine.record_event WHERE kind = 'order_settings'")).all()
    assert view is not None
    head = view.data
    assert (head.shipping_policy, head.invoicing_policy, head.closing_rule) == ("all_at_once", "on_delivery", "paid")
    assert len(told) == 2
    assert '"closing_rule":{"new":"paid","old":"shipped"}' in told[1]


def test_numbers_by_hand_are_asked_for_where_the_company_wants_them(shop: Database) -> None:
    assert refused(write, shop, "SO-010") == ("number", "order_number_automatic")
    assert write(shop, "") == "CC-2026-00001"
    settle(shop, OrderDefaults(is_numbered_by_hand=True))
    assert write(shop, " so-010 ") == "SO-010"
    assert refused(write, shop, "SO-010") == ("number", "order_number_taken")
    assert refused(write, shop, "") == ("number", "order_number_missing")
    assert refused(write, shop, "CC-2026-00002") == ("number", "order_number_of_series")
    for wrong in ("NEW", "A/1", "-1", "É1", "1" * 31, "١", "A 1", "A1\n2"):
        assert refused(write, shop, wrong) == ("number", "order_number_invalid"), wrong
    settle(shop, OrderDefaults())
    assert write(shop, "") == "CC-2026-00002", "what was typed took none of the series"


def test_two_who_type_the_same_number_at_the_same_time_make_one_order(shop: Database) -> None:
    settle(shop, OrderDefaults(is_numbered_by_hand=True))
    said = outcomes(shop, *(lambda: write(shop, "SO-1") for _ in range(4)))
    assert said.count("done") == 1
    assert len(set(said)) == 2, "the others are told that it is taken"
