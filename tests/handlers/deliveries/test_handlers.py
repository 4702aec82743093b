"""Deliveries on the real database: quantities that follow from documents, whatever happens and whoever comes first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as example
from hypothesis import strategies as st
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.database.session import Database
from engine.errors import InvalidInput, NotFound, WrongState
from engine.handler import BusinessError
from handlers.deliveries import commands as c
from handlers.deliveries import handlers as h
from handlers.deliveries import queries
from handlers.deliveries.steps import Arrival, Cancellation, OrderOver, OrderToDeliver
from handlers.deliveries.tables import Delivery, DeliveryLine
from handlers.orders import commands as orders
from handlers.sales.types import Line
from handlers.stock import ledger
from handlers.stock.rules import Level
from handlers.stock.warehouses import AddWarehouse, WarehouseData, add_warehouse
from tests.conftest import cloned
from tests.handlers.deliveries.conftest import (
    context,
    place,
    plan,
    prepare,
    record_context,
    reserve,
    ship,
    stock,
)
from tests.handlers.orders.conftest import NUMBER, ORDER
from tests.handlers.sales.conftest import NOW, SARAH, TODAY, open_shop


def figures(session: Session) -> list[tuple[Any, ...]]:
    """Planned, delivered and outstanding of each line of goods."""
    found = queries.progress(session, NUMBER).values()
    return [(each.planned, each.delivered, each.outstanding) for each in found]


def levelled(level: Level) -> tuple[Any, ...]:
    return level.on_hand, level.reserved, level.missing


def back(session: Session, number: str, key: str = "k", *, again: bool = False, **quantities: str) -> str:
    """The number of a return of some places (``p1="2"``)."""
    lines = tuple(c.Returned(place=int(each[1:]), quantity=Decimal(count)) for each, count in quantities.items())
    given = c.RecordReturn(number=number, lines=lines, reason="Rayé", is_redelivered=again, key=key, today=TODAY)
    answer: str = c.record_return.run(given, record_context(session)).answer
    return answer


def test_an_order_leaves_in_two_waves_and_what_is_not_picked_goes_with_the_second(session: Session) -> None:
    stock(session, BUR=5, CHA=1)
    first = plan(session)
    assert plan(session) == first, "a step that is repeated plans nothing again"
    found = reserve(session, first)
    assert found.readiness == "some"
    assert found.to_pick == "1. 5 pièces · BUR Bureau chêne\n2. 1 lot · CHA Chaise Nuage\n3. 1 pièce · Tapis sur mesure"
    assert found.missing == "2. 1,5 lot · CHA Chaise Nuage"
    ready = prepare(session, first, "1 : 3\n3 : 1")
    assert ready.to_ship == "1. 3 pièces · BUR Bureau chêne\n3. 1 pièce · Tapis sur mesure"
    assert ready.address is None
    assert figures(session) == [(3, 0, 5), (0, 0, Decimal("2.5")), (1, 0, 1)]
    assert not ship(session, first)
    stock(session, "RC-2", CHA=2)
    second = plan(session, "2:a:h")
    assert reserve(session, second).readiness == "all"
    with pytest.raises(BusinessError, match="nothing_to_deliver"):
        plan(session, "3:a:h")
    prepare(session, second, "1 : 2\n2 : 2.5")
    assert ship(session, second)
    assert queries.delivered(session, NUMBER) == {
        line: each.ordered for line, each in queries.progress(session, NUMBER).items()
    }
    levels = ledger.availability(session, ["BUR", "CHA"])
    assert [levelled(each) for each in levels.values()] == [
        (0, 0, 0),
        (Decimal("0.5"), 0, 0),
    ]


def test_what_cannot_be_is_refused(session: Session) -> None:
    with pytest.raises(BusinessError, match="order_unknown"):
        plan(session, order="CC-1999-00001")
    stock(session, BUR=2)
    number = plan(session)
    reserve(session, number)
    for picked, code in (
        ("1 : 6", "picked_too_much"),
        ("1 : 3", "picked_too_much"),  # it was ordered, but is not there
        ("4 : 1", "picked_unclear"),
        ("1 : 0", "picked_nothing"),
        ("", "picked_nothing"),
        ("?", "picked_unclear"),
    ):
        with pytest.raises(BusinessError, match=code), session.begin_nested():
            prepare(session, number, picked)
    h.cancel_delivery.run(Cancellation(delivery_number=number, reason="Non"), context(session))
    h.cancel_delivery.run(Cancellation(delivery_number=number, reason="Encore"), context(session))
    assert reserve(session, number).readiness == "none"
    for act in (lambda: prepare(session, number, "1 : 1"), lambda: ship(session, number)):
        with pytest.raises(BusinessError, match="delivery_closed"):
            act()
    assert session.scalars(select(Delivery)).one().closed_because == "Non"
    assert figures(session)[0] == (0, 0, 5)


def test_counted_stock_is_reserved_anew(session: Session) -> None:
    stock(session, BUR=5, CHA=3)
    number = plan(session)
    reserve(session, number)
    prepare(session, number, "1 : 5\n2 : 2.5")
    ledger.count(session, "", "BUR", Decimal(2), reason="Inventaire", by="bruno", now=NOW)
    with pytest.raises(BusinessError, match="stock_insufficient"), session.begin_nested():
        ship(session, number)
    found = reserve(session, number)
    assert (found.readiness, found.quantities, found.missing) == (
        "some",
        "1 : 2\n2 : 2,5",
        "1. 3 pièces · BUR Bureau chêne",
    )
    prepare(session, number, found.quantities)
    assert not ship(session, number)


def test_what_was_planned_leaves_the_warehouse_that_was_the_default_then(session: Session) -> None:
    stock(session, BUR=5, CHA=3)
    number = plan(session)
    reserve(session, number)
    south = AddWarehouse(code="SUD", warehouse=WarehouseData(name="Sud", is_default=True))
    buyer = replace(SARAH, roles=frozenset({"purchasing_manager", "admin"}))
    add_warehouse.run(south, replace(record_context(session), actor=buyer))
    stock(session, "RC-2", BUR=9, CHA=9)
    prepare(session, number, "1 : 5\n2 : 2.5\n3 : 1")
    ship(session, number)
    assert session.scalar(text("SELECT count(*) FROM business.reservation")) == 0
    south_has, first_has = (ledger.availability(session, ["BUR"], each)["BUR"] for each in ("SUD", "DEPOT"))
    assert (levelled(south_has), levelled(first_has)) == ((9, 0, 0), (0, 0, 0))
    back(session, number, p1="1")
    assert levelled(ledger.availability(session, ["BUR"], "DEPOT")["BUR"]) == (1, 0, 0)


def test_an_order_that_is_over_drops_what_has_not_left(session: Session) -> None:
    stock(session, BUR=2)
    first = plan(session)
    reserve(session, first)
    prepare(session, first, "1 : 1")
    second = plan(session, "2:a:h")
    reserve(session, second)
    waiting = h.list_waiting.run(Arrival(article="BUR"), context(session))
    assert waiting.deliveries == (second,)
    assert h.list_waiting.run(Arrival(article="NIX"), context(session)).deliveries == ()
    given = OrderOver(order_number=NUMBER, reason="Le client renonce")
    assert h.drop_deliveries.run(given, context(session)).dropped == (first, second)
    assert h.drop_deliveries.run(given, context(session)).dropped == ()
    assert session.scalar(text("SELECT count(*) FROM business.reservation")) == 0
    assert figures(session)[0] == (0, 0, 5)


def test_what_comes_back_lies_there_again_and_goes_again_only_if_it_is_to(session: Session) -> None:
    stock(session, BUR=5, CHA=3)
    number = plan(session)
    reserve(session, number)
    with pytest.raises(WrongState, match="delivery_not_shipped"):
        back(session, number, p1="1")
    prepare(session, number, "1 : 5\n2 : 2.5\n3 : 1")
    assert ship(session, number)
    first = back(session, number, p1="2")
    assert back(session, number, p1="2") == first, "the same page, sent twice"
    assert queries.is_delivered(session, NUMBER), "nothing has to go again"
    second = back(session, number, "other", again=True, p1="1", p3="1")
    assert [each.number for each in queries.deliveries_of(session, NUMBER)] == [number, first, second]
    assert figures(session) == [(0, 2, 1), (0, Decimal("2.5"), 0), (0, 0, 1)]
    wrongs: tuple[dict[str, Any], ...] = ({"p1": "3"}, {"p9": "1"}, {"p1": "0"}, {"p1": "-1"}, {})
    for wrong in wrongs:
        with pytest.raises(InvalidInput):
            back(session, number, "third", **wrong)
    with pytest.raises(WrongState):
        back(session, first, "third", p1="1")
    with pytest.raises(NotFound):
        back(session, "BL-1999-00001", p1="1")
    following = plan(session, "2:a:h")
    assert reserve(session, following).quantities == "1 : 1\n2 : 1"
    view = queries.find_delivery(session, number)
    assert view is not None
    assert view.returns == (first, second)
    assert [int(each.returned) for each in view.lines] == [3, 0, 1]
    assert levelled(ledger.availability(session, ["BUR"])["BUR"]) == (3, 1, 0)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM business.delivery",
        "UPDATE business.delivery SET carrier = 'Moi'",
        "UPDATE business.delivery SET status = 'prepared', shipped_at = NULL, shipped_on = NULL, shipped_by = NULL",
        "UPDATE business.delivery_line SET quantity = 1",
        "DELETE FROM business.delivery_line",
    ],
)
def test_what_has_left_is_frozen(session: Session, statement: str) -> None:
    stock(session, BUR=5)
    number = plan(session)
    reserve(session, number)
    prepare(session, number, "1 : 5")
    ship(session, number)
    with pytest.raises(IntegrityError):
        session.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE business.delivery_line SET quantity = 6 WHERE place = 1",
        "UPDATE business.delivery SET order_id = order_id + 1",
        "UPDATE business.delivery SET status = 'shipped', shipped_at = now(), shipped_on = now(), shipped_by = 'x'",
        "UPDATE business.delivery SET status = 'cancelled'",
        "UPDATE business.delivery SET kind = 'return'",
    ],
)
def test_what_contradicts_the_order_is_refused_by_the_database_too(session: Session, statement: str) -> None:
    plan(session)
    with pytest.raises(IntegrityError):
        session.execute(text(statement))


ACTS = st.lists(
    st.tuples(
        st.sampled_from(("come", "plan", "reserve", "pick", "ship", "cancel", "return", "count")),
        st.integers(0, 3),
        st.integers(0, 5),
        st.booleans(),
    ),
    max_size=16,
)


def _do(session: Session, at: int, act: tuple[str, int, int, bool]) -> None:
    what, which, count, again = act
    numbers = session.scalars(select(Delivery.number).where(Delivery.kind == "delivery").order_by(Delivery.id)).all()
    if what == "come":
        stock(session, f"RC-{at}", BUR=count + 1, CHA=which + 1)
    elif what == "count":
        ledger.count(session, "", "BUR", Decimal(count), reason="Inventaire", by="bruno", now=NOW)
    elif what == "plan":
        plan(session, f"{at}:a:h")
    elif numbers:
        number = numbers[which % len(numbers)]
        if what == "reserve":
            reserve(session, number)
        elif what == "pick":
            prepare(session, number, f"1 : {count}\n2 : {which / 2}\n3 : 1")
        elif what == "ship":
            ship(session, number)
        elif what == "cancel":
            h.cancel_delivery.run(Cancellation(delivery_number=number, reason="Non"), context(session))
        else:
            back(session, number, str(at), again=again, p1=str(count), p2=str(which / 2))


def _go_through(shop: Database, acts: list[tuple[str, int, int, bool]]) -> None:
    """Whatever is tried in whatever order: what is refused changes nothing, and the figures hold after each step."""
    with shop.engine.connect() as connection, Session(connection) as session:
        for at, act in enumerate(acts):
            try:
                with session.begin_nested():
                    _do(session, at, act)
            except (BusinessError, WrongState, InvalidInput, IntegrityError):  # by us, or else by the database
                session.expire_all()
            for each in queries.progress(session, NUMBER).values():
                assert 0 <= each.delivered <= each.ordered
                assert each.planned + each.shipped - each.returned <= each.ordered
                assert each.shipped + each.planned - each.again + each.remaining == each.ordered
            assert session.execute(text("SELECT coalesce(min(on_hand), 0) FROM business.stock")).scalar_one() >= 0
            idle = select(func.count()).select_from(Delivery).where(Delivery.status.in_(("shipped", "cancelled")))
            promised = idle.where(
                text("EXISTS (SELECT FROM business.reservation r WHERE r.document = delivery.number)")
            )
            assert session.scalar(promised) == 0, "nothing is promised to what has left, or never will"
        session.rollback()


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(acts=ACTS)
def test_quantities_hold_whatever_is_tried(shop: Database, acts: list[tuple[str, int, int, bool]]) -> None:
    _go_through(shop, acts)


@pytest.mark.long(minutes=1)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(acts=ACTS)
def test_quantities_hold_whatever_is_tried_many_times(shop: Database, acts: list[tuple[str, int, int, bool]]) -> None:
    _go_through(shop, acts)


@pytest.fixture
def yard(template_url: str) -> Iterator[Database]:
    """Two orders of the same goods, of which there are enough for one."""
    with cloned(template_url, "yard") as url:
        database = Database(url)
        open_shop(database)
        place(database)
        place(database, "CC-2026-00002")
        with database.transaction() as session:
            stock(session, BUR=6, CHA=3)
        yield database
        database.dispose()


def test_whoever_plans_and_reserves_at_the_same_time_nothing_is_carried_or_promised_twice(yard: Database) -> None:
    def begin(at: int) -> str:
        order = NUMBER if at % 2 else "CC-2026-00002"
        try:
            with yard.transaction() as session:
                number = plan(session, f"{at}:a:h", order)
            with yard.transaction() as session:
                return str(reserve(session, number).readiness)
        except BusinessError as refused:
            return refused.code

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(begin, range(8)))
    assert found.count("nothing_to_deliver") == 6, "each order is carried once"
    assert found in (["all"] + ["nothing_to_deliver"] * 6 + ["some"], ["nothing_to_deliver"] * 6 + ["some", "some"])
    with yard.reading() as session:
        level = ledger.availability(session, ["BUR"])["BUR"]
        numbers = session.scalars(select(Delivery.number).order_by(Delivery.number)).all()
    assert levelled(level) == (6, 6, 4)
    assert list(numbers) == ["BL-2026-00001", "BL-2026-00002"], "no number is lost"


def _drop(session: Session) -> None:
    h.drop_deliveries.run(OrderOver(order_number=NUMBER, reason="Non"), context(session))


def _leave_out_the_chairs(session: Session) -> None:
    prepare(session, "BL-2026-00001", "1 : 2\n3 : 1")


def test_whoever_gives_goods_back_says_which_of_them_another_delivery_lacks(yard: Database) -> None:
    with yard.transaction() as session:
        first, other = plan(session), plan(session, "2:a:h", "CC-2026-00002")
        reserve(session, first)  # of six desks five, of three chairs two and a half
        assert reserve(session, other).missing == "1. 4 pièces · BUR Bureau chêne\n2. 2 lots · CHA Chaise Nuage"
        assert prepare(session, first, "1 : 5\n2 : 2.5").freed == ()
        assert prepare(session, first, "1 : 3\n2 : 2.5").freed == ("BUR",)
        assert reserve(session, other).missing == "1. 2 pièces · BUR Bureau chêne\n2. 2 lots · CHA Chaise Nuage"
        given = Cancellation(delivery_number=first, reason="Non")
        assert h.cancel_delivery.run(given, context(session)).freed == ("BUR", "CHA")
        assert h.cancel_delivery.run(given, context(session)).freed == ()
        assert reserve(session, other).readiness == "all"
    with yard.transaction() as session:
        following = plan(session, "3:a:h")
        assert reserve(session, following).missing == "1. 4 pièces · BUR Bureau chêne\n2. 2 lots · CHA Chaise Nuage"
        over = OrderOver(order_number="CC-2026-00002", reason="Non")
        dropped = h.drop_deliveries.run(over, context(session))
        assert (dropped.dropped, dropped.freed) == ((other,), ("BUR", "CHA"))


@pytest.mark.parametrize("act", [_drop, _leave_out_the_chairs])
def test_whatever_gives_goods_back_locks_them_in_the_order_of_whoever_reserves(
    yard: Database, act: Callable[[Session], Any]
) -> None:
    """Somebody counts the desks; meanwhile one waits for them to reserve, and then one to give chairs and desks back."""
    with yard.transaction() as session:
        stock(session, "RC-2", BUR=10, CHA=10)
        first = plan(session)
        reserve(session, first)
        if act is _drop:  # the chairs alone, and then the desks alone
            prepare(session, first, "2 : 2.5")
            reserve(session, plan(session, "2:a:h"))
        other = plan(session, "3:a:h", "CC-2026-00002")

    def run(what: Callable[[Session], Any]) -> None:
        with yard.transaction() as session:
            what(session)

    with ThreadPoolExecutor(2) as pool:
        with yard.transaction() as session:
            ledger.lock(session, "", "BUR")
            ends = []
            for place, each in enumerate((lambda session: reserve(session, other), act), 1):
                ends.append(pool.submit(run, each))
                _wait_until_as_many_wait(yard, place)
        for end in ends:
            end.result(20)


def _wait_until_as_many_wait(database: Database, wanted: int) -> None:
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with database.reading() as session:
            if session.scalar(text(asked)) == wanted:
                return
        time.sleep(0.01)
    raise AssertionError(f"{wanted} do not wait")


def test_as_many_statements_for_sixty_lines_as_for_two(session: Session) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, given: Any, _context: Any, is_many: bool) -> None:
        asked.extend([statement] * (len(given) if is_many and isinstance(given, list) else 1))

    def count(order: str, key: str) -> list[int]:
        found = []
        for act in (
            lambda: plan(session, key, order),
            lambda: reserve(session, _last(session)),
            lambda: queries.find_delivery(session, _last(session)),
            lambda: reserve(session, _last(session)),
            lambda: prepare(session, _last(session), "\n".join(f"{at} : 1" for at in range(2, lines + 1))),
            lambda: ship(session, _last(session)),
        ):
            asked.clear()
            act()
            found.append(len(asked))
        return found

    stock(session, BUR=500)
    event.listen(session.connection(), "before_cursor_execute", note)
    sizes = []
    for lines in (2, 60):
        wanted = orders.AddOrder(
            customer="CL-2026-00001",
            order=ORDER,
            lines=tuple(Line(article="BUR", text="Bureau", quantity=Decimal(2), unit="pièce") for _ in range(lines)),
            today=TODAY,
        )
        number = orders.add_order.run(wanted, record_context(session)).answer
        session.execute(
            text(
                "UPDATE business.sales_order SET status = 'confirmed', confirmed_at = now(), confirmed_by = 'x' WHERE number = :number"
            ),
            {"number": number},
        )
        sizes.append(count(number, f"{lines}:a:h"))
    assert sizes[0] == sizes[1]
    assert session.scalar(select(func.count()).select_from(DeliveryLine)) == 60, "the first line of each was left out"


def _last(session: Session) -> str:
    return session.scalars(select(Delivery.number).order_by(Delivery.id.desc()).limit(1)).one()


def test_nothing_is_planned_of_an_order_that_is_not_confirmed(session: Session) -> None:
    wanted = orders.AddOrder(customer="CL-2026-00001", order=ORDER, lines=(Line(text="Tapis"),), today=TODAY)
    number = orders.add_order.run(wanted, record_context(session)).answer
    assert number not in {each.value for each in queries.read_orders_to_deliver(session)}
    assert NUMBER in {each.value for each in queries.read_orders_to_deliver(session)}
    with pytest.raises(BusinessError, match="nothing_to_deliver"):
        h.plan_delivery.run(OrderToDeliver(order_number=number), context(session))
    plan(session)
    assert NUMBER not in {each.value for each in queries.read_orders_to_deliver(session)}
