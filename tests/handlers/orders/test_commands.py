"""Writing, changing, placing and cancelling orders; what the database keeps whatever a program does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from engine import records
from engine.database.session import Database
from engine.errors import CommandRejected, InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import Actor
from engine.record import RecordCommand
from handlers.orders import commands as c
from handlers.orders import queries
from handlers.orders.types import OrderData
from handlers.sales.types import Extras, Line
from tests.handlers.orders.conftest import NUMBER, ORDER
from tests.handlers.sales.conftest import DESK, LINES, NOW, SARAH, TODAY
from tests.handlers.sales.test_answers import outcomes


def found(database: Database, number: str = NUMBER) -> queries.OrderView:
    with database.reading() as session:
        view = queries.find_order(session, number)
    assert view is not None
    return view


def do(database: Database, command: RecordCommand[Any], given: Any, actor: Actor = SARAH) -> Any:
    return records.execute(database, command, given, actor, now=NOW).answer


def change(database: Database, order: OrderData = ORDER, lines: tuple[Line, ...] = LINES) -> None:
    do(database, c.change_order, c.ChangeOrder(number=NUMBER, order=order, lines=lines, today=TODAY))


def sql(database: Database, statement: str) -> None:
    with database.transaction() as session:
        session.execute(text(statement))


CAMILLE = Actor(login="camille", name="Camille", roles=frozenset({"sales_admin"}))
CONFIRM = "UPDATE business.sales_order SET status = 'confirmed', confirmed_at = now(), confirmed_by = 'camille'"


def test_an_order_is_kept_as_it_was_written_with_its_figures(draft: Database) -> None:
    view = found(draft)
    assert (view.status, view.data, tuple(each.line for each in view.lines)) == ("draft", ORDER, LINES)
    assert (view.party.name, view.party.billing, view.origin_quote) == ("Cabinet Vallier", None, None)
    figures = (view.totals.net, view.totals.tax, view.totals.total)
    assert figures == tuple(map(Decimal, ("2230.00", "434.00", "2664.00")))
    with draft.reading() as session:
        (row,) = queries.orders_page(session, search="vall mob", stages=("draft",)).orders
        assert (row.number, row.total) == (NUMBER, view.totals.total), "what is kept is what follows from the lines"
        assert queries.orders_page(session, search="durand").orders == ()
        assert queries.orders_page(session, customer="CL-2026-00001", after=row.id).orders == ()
        assert queries.find_order(session, "CC-0") is None


def test_a_draft_is_changed_lines_and_all(draft: Database) -> None:
    with draft.reading() as session:
        address = session.execute(text("SELECT id FROM business.customer_address")).scalar_one()
    wanted = replace(ORDER, subject=" Chaises ", shipping_id=address, extras=Extras(), warehouse=" depot ")
    change(draft, wanted, (replace(DESK, discount=Decimal(10)),))
    view = found(draft)
    assert (view.data.subject, view.data.warehouse, view.totals.net) == ("Chaises", "DEPOT", Decimal("1863.00"))
    assert view.party.shipping is not None
    assert view.party.shipping.city == "Lons"


def test_five_hundred_lines_cost_no_more_statements_than_three(draft: Database) -> None:
    counts = []
    for size in (3, 500):
        said: list[str] = []

        def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any, said: list[str] = said) -> None:
            said.append(statement)

        event.listen(draft.engine, "before_cursor_execute", hear)
        change(draft, lines=(DESK,) * size)
        assert len(found(draft).lines) == size
        event.remove(draft.engine, "before_cursor_execute", hear)
        counts.append(len(said))
    assert counts[0] == counts[1]


WRONG: tuple[tuple[OrderData, tuple[Line, ...], list[tuple[str, str]]], ...] = (
    (replace(ORDER, currency="usd"), (), [("currency", "currency_not_ours")]),
    (replace(ORDER, terms="never", locale="de"), (), [("locale", "locale_unknown"), ("terms", "terms_unknown")]),
    (replace(ORDER, email="x", subject="s" * 201), (), [("subject", "text_too_long"), ("email", "email_invalid")]),
    (replace(ORDER, warehouse="w" * 21), (), [("warehouse", "text_too_long")]),
    (replace(ORDER, warehouse="NOT"), (), [("warehouse", "warehouse_unknown")]),
    (replace(ORDER, shipping_policy="x"), (), [("shipping_policy", "shipping_policy_unknown")]),
    (replace(ORDER, invoicing_policy="x"), (), [("invoicing_policy", "invoicing_policy_unknown")]),
    (replace(ORDER, closing_rule="x"), (), [("closing_rule", "closing_rule_unknown")]),
    (replace(ORDER, payment_method="x"), (), [("payment_method", "payment_unknown")]),
    (replace(ORDER, billing_id=99), (), [("billing_id", "address_unknown")]),
    (ORDER, (replace(DESK, article="NOT"),), [("lines.0.article", "article_unknown")]),
    (ORDER, (DESK, replace(DESK, quantity=Decimal(0))), [("lines.1.quantity", "line_quantity_invalid")]),
)


def test_what_is_wrong_is_said_at_its_field(draft: Database) -> None:
    for order, lines, wrong in WRONG:
        with pytest.raises(InvalidInput) as refused:
            change(draft, order, lines)
        assert [(each.field, each.code) for each in refused.value.fields] == wrong
    assert found(draft).data == ORDER


def test_who_may_not_and_what_is_not_there(draft: Database) -> None:
    bruno = Actor(login="bruno", name="Bruno", roles=frozenset({"warehouse"}))
    for command, given in (
        (c.cancel_order, c.CancelOrder(number=NUMBER, reason="x")),
        (c.place_order, c.PlaceOrder(number=NUMBER)),
        (c.ask_close, c.AskClose(number=NUMBER, reason="x")),
        (c.change_terms, c.ChangeTerms(number=NUMBER, terms="60_days", is_invoiced=False)),
    ):
        with pytest.raises(NotAllowed):
            do(draft, command, given, bruno)
        with pytest.raises(NotFound):
            do(draft, command, replace(given, number="CC-0"))
    with pytest.raises(InvalidInput):
        do(draft, c.cancel_order, c.CancelOrder(number=NUMBER, reason=" "))
    with pytest.raises(InvalidInput):
        do(draft, c.add_order, c.AddOrder(customer="CL-9", order=ORDER, today=TODAY))


def refused(act: Callable[[], Any]) -> str:
    with pytest.raises(CommandRejected) as refusal:
        act()
    return refusal.value.code


def test_a_cancelled_order_keeps_its_number_and_is_not_changed(draft: Database) -> None:
    do(draft, c.cancel_order, c.CancelOrder(number=NUMBER, reason="Doublon"))
    assert (found(draft).status, found(draft).closed_because, found(draft).closed_at) == ("cancelled", "Doublon", NOW)
    with pytest.raises(WrongState):
        change(draft)
    assert do(draft, c.add_order, c.AddOrder(customer="CL-2026-00001", order=ORDER, today=TODAY)) == "CC-2026-00002"


def test_an_order_is_placed_once_and_only_with_something_to_sell(draft: Database) -> None:
    place = c.PlaceOrder(number=NUMBER)
    change(draft, lines=LINES[:1])
    assert refused(lambda: do(draft, c.place_order, place)) == "order_empty"
    change(draft)
    do(draft, c.place_order, place)
    assert (found(draft).placed_at, found(draft).stage) == (NOW, "placed")
    with draft.reading() as session:
        for stages, count in ((("draft",), 0), (("draft", "placed"), 1), (("confirmed",), 0), ((), 1)):
            assert len(queries.orders_page(session, stages=stages).orders) == count
    assert refused(lambda: do(draft, c.place_order, place)) == "order_in_progress"
    assert refused(lambda: do(draft, c.cancel_order, c.CancelOrder(number=NUMBER, reason="x"))) == "order_in_progress"
    change(draft, replace(ORDER, subject="until it is confirmed"))


def test_of_several_who_place_an_order_at_once_one_does(draft: Database) -> None:
    def place() -> None:
        do(draft, c.place_order, c.PlaceOrder(number=NUMBER))

    assert outcomes(draft, *(place for _ in range(4))) == ["done", *["order_in_progress"] * 3]


def test_of_a_confirmed_order_the_terms_are_free_and_it_can_be_closed(draft: Database) -> None:
    terms = c.ChangeTerms(number=NUMBER, terms="60_days", is_invoiced=False)
    assert refused(lambda: do(draft, c.change_terms, terms)) == "order_not_confirmed"
    assert refused(lambda: do(draft, c.ask_close, c.AskClose(number=NUMBER, reason="x"))) == "order_not_confirmed"
    sql(draft, CONFIRM)
    do(draft, c.change_terms, terms)
    assert found(draft).data.terms == "60_days"
    assert refused(lambda: do(draft, c.change_terms, replace(terms, terms="never"))) == "invalid_input"
    assert refused(lambda: do(draft, c.change_terms, replace(terms, is_invoiced=True))) == "order_invoiced"
    assert refused(lambda: do(draft, c.ask_close, c.AskClose(number=NUMBER, reason=""))) == "invalid_input"
    do(draft, c.ask_close, c.AskClose(number=NUMBER, reason="Le client a changé d’avis"))
    assert found(draft).status == "confirmed", "its case closes it"
    assert refused(lambda: change(draft)) == "order_not_draft"


def test_what_its_own_rule_closed_is_given_up_with_a_reason(draft: Database) -> None:
    given = c.AskClose(number=NUMBER, reason="Le reste est offert")
    sql(draft, CONFIRM)
    paid_last = c.AskInvoice(number=NUMBER, is_led=True, awaits_payment=True)
    assert (
        refused(lambda: do(draft, c.ask_invoice, replace(paid_last, awaits_payment=False), CAMILLE))
        == "order_in_progress"
    )
    do(draft, c.ask_invoice, paid_last, CAMILLE)
    assert do(draft, c.ask_close, replace(given, is_led=False)) is True, "its case is told, or will be"
    sql(draft, "UPDATE business.sales_order SET status = 'closed', closed_at = now()")
    assert do(draft, c.ask_close, given) is True
    assert (
        refused(
            lambda: do(draft, c.ask_invoice, c.AskInvoice(number=NUMBER, is_led=True, awaits_payment=False), CAMILLE)
        )
        == "order_in_progress"
    )
    do(draft, c.ask_invoice, c.AskInvoice(number=NUMBER, is_led=False, awaits_payment=False), CAMILLE)
    assert do(draft, c.ask_close, replace(given, is_led=False)) is False, "no case waits any more"
    assert (found(draft).status, found(draft).closed_because) == ("closed", given.reason)
    assert refused(lambda: do(draft, c.ask_close, given)) == "order_not_confirmed"
    given_up = c.AskInvoice(number=NUMBER, is_led=False, awaits_payment=False)
    assert refused(lambda: do(draft, c.ask_invoice, given_up, CAMILLE)) == "order_not_confirmed"
    with pytest.raises(DBAPIError):
        sql(draft, "UPDATE business.sales_order SET closed_because = 'x'")


IMPOSSIBLE = (
    "DELETE FROM business.sales_order",
    "UPDATE business.sales_order SET status = 'confirmed'",
    "UPDATE business.sales_order SET status = 'closed', closed_at = now()",
    "UPDATE business.sales_order SET status = 'cancelled', closed_at = now()",
    "UPDATE business.sales_order SET currency = 'USD'",
    "UPDATE business.sales_order SET total = total + 1",
    "UPDATE business.sales_order SET number = 'CC-7'",
    "UPDATE business.sales_order SET origin_version = 1",
    "UPDATE business.order_line SET amount = amount + 0.01 WHERE kind = 'item'",
    "UPDATE business.order_line SET amount = 1 WHERE kind = 'heading'",
)
FROZEN = (
    "UPDATE business.sales_order SET subject = 'x'",
    "UPDATE business.sales_order SET net = net + 1, total = total + 1",
    "UPDATE business.sales_order SET confirmed_by = 'x'",
    "UPDATE business.sales_order SET status = 'draft', confirmed_at = NULL, confirmed_by = NULL",
    "UPDATE business.order_line SET quantity = 9, amount = round(9 * unit_price, 2) WHERE kind = 'item'",
    "DELETE FROM business.order_line",
    "INSERT INTO business.order_line SELECT 99, id, 99, 'note', NULL, 'x', 1, '', 0, 0, 'normal', 'product' FROM business.sales_order",
)


def test_the_database_refuses_what_no_order_can_be_and_keeps_what_was_confirmed(draft: Database) -> None:
    for statement in IMPOSSIBLE:
        with pytest.raises(DBAPIError):
            sql(draft, statement)
    sql(draft, CONFIRM)
    for statement in FROZEN:
        with pytest.raises(DBAPIError):
            sql(draft, statement)
    sql(draft, "UPDATE business.sales_order SET terms = '60_days'")
    sql(draft, "UPDATE business.sales_order SET status = 'closed', closed_at = now()")
    for statement in (*FROZEN, "UPDATE business.sales_order SET terms = 'on_order'", CONFIRM):
        with pytest.raises(DBAPIError):
            sql(draft, statement)
