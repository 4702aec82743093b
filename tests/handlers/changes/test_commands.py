"""A confirmed order changes as far as it is free, on real PostgreSQL: refusals, history, versions, and what the database itself refuses."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from engine import records
from engine.database.session import Database
from engine.errors import Conflict, InvalidInput, NotAllowed, WrongState
from engine.handler import Actor, HandlerContext
from engine.records import queries as recorded
from handlers.changes.commands import Revised, ReviseOrder, revise_order
from handlers.changes.handlers import note_reached, read_rest
from handlers.changes.steps import Rest
from handlers.deliveries import handlers as d
from handlers.deliveries.steps import Cancellation, DeliveryRef, OrderToDeliver, Picked, Shipment
from handlers.demonstration.company import seed_company
from handlers.invoices import making
from handlers.invoices import queries as invoices
from handlers.invoices.making import Asked
from handlers.orders import queries
from handlers.orders.commands import KIND
from handlers.orders.steps import Order, Reached
from handlers.sales.types import Extras, Line
from tests.handlers.changes.conftest import CHAIRS, DESKS, FITTING, asked, revise, view
from tests.handlers.invoices.conftest import NUMBER, validate
from tests.handlers.orders.conftest import ORDER
from tests.handlers.sales.conftest import NOW, SARAH, TODAY

RUG = Line(text="Tapis", quantity=Decimal(2), unit="pièce", unit_price=Decimal(80))


def run(database: Database, handler: Any, given: Any, key: str = "1:a:h") -> Any:
    with database.transaction() as session:
        context = HandlerContext(
            session=session, actor=SARAH, business_key=NUMBER, attempt=1, idempotency_key=key, now=NOW, starter="sarah"
        )
        return handler.run(given, context)


def plan(database: Database, key: str = "1:a:h") -> str:
    number: str = run(database, d.plan_delivery, OrderToDeliver(order_number=NUMBER, today=TODAY), key).delivery_number
    run(database, d.reserve, DeliveryRef(delivery_number=number))
    return number


def prepare(database: Database, number: str, picked: str) -> Any:
    return run(database, d.prepare, Picked(delivery_number=number, picked=picked, prepared_by="bruno"))


def ship(database: Database, number: str) -> Any:
    return run(database, d.ship_delivery, Shipment(delivery_number=number, shipped_by="bruno", today=TODAY))


def draft(database: Database, what: str = "remaining", percent: Decimal | None = None) -> int:
    with database.transaction() as session:
        wanted = Asked(what=what, percent=percent)
        return making.draft(session, NUMBER, wanted, key=None, asked_by="camille", now=NOW, by="camille").id


def refused(database: Database, changes: dict[int, dict[str, Any]], *new: Line, **more: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refusal:
        revise(database, changes, *new, **more)
    return {each.field: each.code for each in refusal.value.fields}


def test_quantities_prices_and_lines_change_before_anything_is_prepared(order: Database) -> None:
    number, before = plan(order), view(order)
    changes = {DESKS: {"quantity": Decimal(7)}, CHAIRS: {"quantity": Decimal(0)}, FITTING: {"unit_price": Decimal(50)}}
    answer = revise(order, changes, RUG, extras=replace(ORDER.extras, discount=Decimal(10)))
    assert answer == Revised(version=2, is_new=True, to_replan=(number,))
    now = view(order)
    assert [each.id for each in now.lines[:4]] == [each.id for each in before.lines], "every line is who it was"
    assert [each.line.quantity for each in now.lines] == [1, 7, 0, 3, 2]
    assert (now.version, now.data.extras.discount, now.lines[3].line.unit_price) == (2, Decimal(10), Decimal(50))
    with order.reading() as session:
        row = session.execute(text("SELECT net, tax, total FROM business.sales_order")).one()
    assert (row.net, row.tax, row.total) == (now.totals.net, now.totals.tax, now.totals.total)
    assert now.totals.lines == Decimal(7 * 690 + 150 + 160)


def test_what_it_said_before_is_kept_for_ever(order: Database) -> None:
    first = view(order)
    revise(order, {DESKS: {"quantity": Decimal(7)}})
    second = view(order)
    revise(order, {CHAIRS: {"discount": Decimal("12.5")}}, RUG, key="form-2")
    with order.reading() as session:
        ended = queries.ended_versions(session, NUMBER)
    assert [(each.version, each.total, each.changed_by) for each in ended] == [
        (1, first.totals.total, "sarah"),
        (2, second.totals.total, "sarah"),
    ]
    assert [each.lines for each in ended] == [first.lines, second.lines]
    assert [each.extras for each in ended] == [first.data.extras, second.data.extras]
    for statement in ("UPDATE business.order_version SET changed_by = 'x'", "DELETE FROM business.order_version"):
        with pytest.raises(IntegrityError, match="does not change"), order.transaction() as session:
            session.execute(text(statement))


def test_old_and_new_values_stand_in_the_history(order: Database) -> None:
    revise(order, {DESKS: {"quantity": Decimal(7)}})
    with order.reading() as session:
        entry = recorded.history(session, KIND, NUMBER, limit=1)[0]
    assert (entry.type, entry.command, entry.actor) == ("order:revised", "orders.revise_order", "sarah")
    assert set(entry.fields) == {"line 2", "net", "tax", "total"}
    assert [str(each["quantity"]) for each in (entry.fields["line 2"].old, entry.fields["line 2"].new)] == [
        "5.0000",
        "7",
    ]
    assert entry.facts["version"] == 2


def test_sent_twice_it_changes_once(order: Database) -> None:
    given = ReviseOrder(
        number=NUMBER,
        version=1,
        lines=asked(view(order), {DESKS: {"quantity": Decimal(7)}}),
        extras=ORDER.extras,
        is_acknowledged=False,
        key="same",
    )
    answers = [records.execute(order, revise_order, given, SARAH, now=NOW).answer for _ in range(2)]
    assert [(each.version, each.is_new) for each in answers] == [(2, True), (2, False)]
    assert view(order).version == 2


def test_who_looked_at_an_older_version_is_told(order: Database) -> None:
    revise(order, {DESKS: {"quantity": Decimal(7)}})
    with pytest.raises(Conflict, match="record_changed_meanwhile"):
        revise(order, {DESKS: {"quantity": Decimal(8)}}, key="form-2", version=1)
    assert view(order).lines[DESKS].line.quantity == 7


def test_nothing_changed_is_no_new_version(order: Database) -> None:
    assert revise(order, {}) == Revised(version=1, is_new=False)
    with order.reading() as session:
        assert queries.ended_versions(session, NUMBER) == ()


@pytest.mark.parametrize("role", ["warehouse", "accounting", "purchasing_admin", "auditor"])
def test_others_may_not(order: Database, role: str) -> None:
    with pytest.raises(NotAllowed):
        revise(order, {DESKS: {"quantity": Decimal(7)}}, actor=Actor(login="x", name="X", roles=frozenset({role})))


def test_what_was_sold_stays_what_it_is(order: Database) -> None:
    for name, value in (("text", "Bureau hêtre"), ("article", "CHA"), ("vat", "reduced"), ("unit", "lot")):
        assert refused(order, {DESKS: {name: value}}) == {f"lines.{DESKS}.{name}": "order_line_fixed"}
    assert refused(order, {0: {"text": "Tables"}}) == {"lines.0.text": "order_line_fixed"}
    assert refused(order, {DESKS: {"quantity": Decimal(-1)}}) == {f"lines.{DESKS}.quantity": "line_quantity_invalid"}
    gone = {place: {"quantity": Decimal(0)} for place in (DESKS, CHAIRS, FITTING)}
    assert refused(order, gone) == {"lines": "order_left_empty"}
    assert refused(order, {}, replace(RUG, quantity=Decimal(0))) == {"lines.4.quantity": "line_quantity_invalid"}
    assert refused(order, {}, replace(RUG, article="NO")) == {"lines.4.article": "article_unknown"}
    found = view(order)
    given = ReviseOrder(
        number=NUMBER, version=1, lines=asked(found, {})[1:], extras=ORDER.extras, is_acknowledged=True, key="k"
    )
    with pytest.raises(InvalidInput) as refusal:
        records.execute(order, revise_order, given, SARAH, now=NOW)
    assert [each.code for each in refusal.value.fields] == ["order_lines_missing"]


def test_once_something_is_prepared_quantities_only_grow(order: Database) -> None:
    number = plan(order)
    prepare(order, number, "1 : 5\n2 : 1")
    assert refused(order, {DESKS: {"quantity": Decimal(4)}}) == {f"lines.{DESKS}.quantity": "order_line_below_started"}
    assert refused(order, {CHAIRS: {"unit_price": Decimal(1)}}) == {
        f"lines.{CHAIRS}.unit_price": "order_line_price_started"
    }
    assert refused(order, {}, RUG) == {"lines.4.text": "order_line_new_started"}
    assert refused(order, {}, extras=Extras()) == {"shipping": "order_extras_started"}
    answer = revise(order, {DESKS: {"quantity": Decimal(6)}, FITTING: {"quantity": Decimal(4)}})
    assert answer == Revised(version=2, is_new=True)
    assert ship(order, number).is_complete is False, "three chairs and a desk remain"
    rest = plan(order, "1:b:h")
    with order.reading() as session:
        carried = session.execute(
            text(
                "SELECT line.quantity FROM business.delivery_line line JOIN business.delivery d ON d.id = delivery_id"
                " WHERE d.number = :number ORDER BY place"
            ),
            {"number": rest},
        ).scalars()
        assert [int(each) for each in carried] == [1, 3]


def test_never_below_what_is_invoiced_drafts_counted(order: Database) -> None:
    draft(order, "percent", Decimal(40))
    assert refused(order, {DESKS: {"quantity": Decimal("1.9999")}}) == {
        f"lines.{DESKS}.quantity": "order_line_below_invoiced"
    }
    assert refused(order, {DESKS: {"unit_price": Decimal(700)}}) == {
        f"lines.{DESKS}.unit_price": "order_line_price_invoiced"
    }
    assert refused(order, {}, extras=Extras()) == {"shipping": "order_extras_invoiced"}
    least = {DESKS: Decimal(2), CHAIRS: Decimal("1.6"), FITTING: Decimal("1.2")}
    revise(order, {place: {"quantity": each} for place, each in least.items()})
    with order.reading() as session:
        total = session.execute(text("SELECT sum(total) FROM business.invoice")).scalar_one()
    assert view(order).totals.total == total, "cut down to what is invoiced, to the cent"


def test_what_is_over_does_not_change(order: Database) -> None:
    with order.transaction() as session:
        session.execute(
            text("UPDATE business.sales_order SET status = 'closed', closed_at = now(), closed_because = 'x'")
        )
    with pytest.raises(WrongState, match="order_not_confirmed"):
        revise(order, {DESKS: {"quantity": Decimal(7)}})


def test_the_rest_follows_from_the_documents(order: Database) -> None:
    read = Order(order_number=NUMBER)
    total = view(order).totals.total
    expected = Rest(total=total, goods_left=True, is_added=False, bills_left=True, is_waiting=False)
    assert run(order, read_rest, read) == expected, "the order's own case has not planned it yet"
    number = plan(order)
    assert run(order, read_rest, read) == replace(expected, goods_left=False, is_waiting=True)
    prepare(order, number, "1 : 5\n2 : 4")
    ship(order, number)
    draft(order)
    assert run(order, read_rest, read) == replace(expected, goods_left=False, bills_left=False)
    revise(order, {DESKS: {"quantity": Decimal(6)}})
    now = run(order, read_rest, read)
    assert now == replace(expected, total=view(order).totals.total, is_added=True)
    assert now.total > total
    with order.reading() as session:
        assert invoices.invoiced(session, NUMBER)[view(order).lines[DESKS].id].quantity == 5
    again = plan(order, "1:b:h")
    run(order, d.cancel_delivery, Cancellation(delivery_number=again, reason="Pas de camion"))
    assert run(order, read_rest, read).is_added is False, "a task takes up again what somebody gave up"


def closes_by(database: Database, rule: str) -> None:
    with database.transaction() as session:
        seed_company(session)
        for said in ("DISABLE", "ENABLE"):  # its rule does not change any more; each test wants another
            session.execute(text(f"ALTER TABLE business.sales_order {said} TRIGGER USER"))
            if said == "DISABLE":
                session.execute(text("UPDATE business.sales_order SET closing_rule = :rule"), {"rule": rule})


def reach(database: Database, reached: str) -> str:
    """What becomes of the order when its case says that it has come so far."""
    status: str = run(database, note_reached, Reached(order_number=NUMBER, reached=reached)).order_status
    return status


def test_shipped_closes_it_once_nothing_is_carried_by_anybody_any_more(order: Database) -> None:
    closes_by(order, "shipped")
    first = plan(order)
    run(order, d.cancel_delivery, Cancellation(delivery_number=first, reason="Pas de camion"))
    by_hand = plan(order, "2:asked:h")  # somebody begins it while the case of the order asks whether to resume
    assert reach(order, "shipped") == "confirmed", "what somebody else carries has not left"
    prepare(order, by_hand, "1 : 5\n2 : 3")
    ship(order, by_hand)
    assert reach(order, "shipped") == "confirmed", "a chair is left"
    last = plan(order, "2:again:h")
    prepare(order, last, "1 : 1")
    ship(order, last)
    assert reach(order, "invoiced") == "confirmed", "that is not its rule"
    assert reach(order, "shipped") == "closed"
    assert reach(order, "shipped") == "closed"


def test_invoiced_closes_it_once_no_draft_waits(order: Database) -> None:
    closes_by(order, "invoiced")
    assert reach(order, "invoiced") == "confirmed", "nothing is invoiced: it was told of the order as it was"
    made = draft(order)
    assert reach(order, "invoiced") == "confirmed", "a draft may be dropped"
    validate(order, made)
    assert reach(order, "shipped") == "confirmed", "that is not its rule"
    assert reach(order, "invoiced") == "closed"


@pytest.mark.parametrize("rule", ["both", "paid"])
def test_other_rules_close_it_at_the_end_of_its_case(order: Database, rule: str) -> None:
    closes_by(order, rule)
    number = plan(order)
    prepare(order, number, "1 : 5\n2 : 4")
    ship(order, number)
    validate(order, draft(order))
    for each in ("shipped", "invoiced"):
        assert reach(order, each) == "confirmed"


BEHIND: tuple[tuple[str, str], ...] = (
    ("UPDATE business.order_line SET quantity = 9, amount = 9 * unit_price WHERE article = 'BUR'", "frozen"),
    ("UPDATE business.sales_order SET version = 2", "not kept"),
    ("UPDATE business.sales_order SET discount = 5", "frozen"),
    ("DELETE FROM business.order_line", "frozen"),
)
INSERT = """
INSERT INTO business.order_version (order_id, version, changed_at, changed_by, form_key)
SELECT id, version, now(), 'x', 'x' FROM business.sales_order;
UPDATE business.sales_order SET version = version + 1;
"""
NEW_LINE = """
INSERT INTO business.order_line
    (order_id, place, kind, text, quantity, unit, unit_price, discount, vat, product_type, amount)
SELECT id, 99, 'item', 'x', 1, '', 1, 0, 'normal', 'product', 1 FROM business.sales_order
"""
SLY = (
    "UPDATE business.order_line SET text = 'x' WHERE article = 'BUR'",
    "UPDATE business.order_line SET unit_price = 1, amount = quantity WHERE article = 'CHA'",
    "UPDATE business.order_line SET quantity = 1, amount = unit_price WHERE article = 'CHA'",
)


@pytest.mark.parametrize(("statement", "why"), BEHIND)
def test_nothing_changes_without_the_version_being_kept(order: Database, statement: str, why: str) -> None:
    with pytest.raises(IntegrityError, match=why), order.transaction() as session:
        session.execute(text(statement))


@pytest.mark.parametrize("statement", SLY)
def test_the_database_knows_what_is_free(order: Database, statement: str) -> None:
    draft(order, "percent", Decimal(40))
    with order.transaction() as session:
        session.execute(text(INSERT))
        with pytest.raises(IntegrityError, match="does not change so"):
            session.execute(text(statement))
        session.rollback()
    number = plan(order)
    prepare(order, number, "1 : 5")
    with order.transaction() as session:
        session.execute(text(INSERT))
        with pytest.raises(IntegrityError, match="does not change so"):
            session.execute(text(NEW_LINE))
        session.rollback()
