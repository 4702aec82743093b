"""The ledger on the real database: figures follow from movements and reservations, whatever happens and whoever comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.database.session import Database
from engine.errors import NotFound, WrongState
from engine.handler import BusinessError
from handlers.catalogue.commands import columns
from handlers.catalogue.tables import Article
from handlers.catalogue.types import ArticleData
from handlers.stock import ledger
from handlers.stock.ledger import Reserved, Wanted
from handlers.stock.rules import Level, available, is_short, shortage
from handlers.stock.tables import Reservation, Stock, StockMovement, Warehouse
from tests.conftest import cloned

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
DESK, LAMP = "BUR", "LAM"
WHO: dict[str, Any] = {"by": "bruno", "now": NOW}


@pytest.fixture(scope="module")
def shop(template_url: str) -> Iterator[Database]:
    """Two articles, a service, and a second warehouse, which may be negative."""
    with cloned(template_url) as url:
        database = Database(url)
        with database.transaction() as session:
            for reference, kind in ((DESK, "product"), (LAMP, "product"), ("MON", "service")):
                told = ArticleData(name=reference, unit="pièce", kind=kind)
                session.add(Article(reference=reference, **columns(reference, told)))
            session.add(Warehouse(code="VAN", name="Camionnette", is_default=False, may_be_negative=True))
        yield database
        database.dispose()


@pytest.fixture
def session(shop: Database) -> Iterator[Session]:
    """A transaction that is never committed."""
    with shop.engine.connect() as connection, Session(connection) as found:
        yield found
        found.rollback()


def want(*lines: tuple[int, str, str]) -> tuple[Wanted, ...]:
    return tuple(Wanted(line=line, article=article, quantity=Decimal(quantity)) for line, article, quantity in lines)


def stocked(session: Session, desks: str = "3", lamps: str = "5", warehouse: str = "") -> None:
    ledger.receive(session, "CF-1", warehouse, want((1, DESK, desks), (2, LAMP, lamps)), **WHO)


def number() -> str:
    return "TR-1"


def figures(session: Session, article: str, warehouse: str = "") -> tuple[Any, Any]:
    level = ledger.availability(session, [article], warehouse)[article]
    return level.on_hand, level.reserved


def promised(found: tuple[Reserved, ...]) -> list[tuple[Any, ...]]:
    return [(each.line, each.reserved, each.missing) for each in found]


def test_lines_share_what_there_is_and_asking_again_changes_nothing(session: Session) -> None:
    stocked(session)
    lines = want((1, DESK, "2"), (2, LAMP, "1"), (3, DESK, "2"))
    for _ in range(2):
        found = ledger.reserve(session, "BL-1", "", lines, **WHO)
        assert promised(found) == [(1, 2, 0), (2, 1, 0), (3, 1, 1)]
        assert (figures(session, DESK), figures(session, LAMP)) == ((3, 3), (5, 1))
    other = ledger.reserve(session, "BL-2", "", want((9, DESK, "1")), **WHO)
    assert promised(other) == [(9, 0, 1)]
    assert ledger.availability(session, [DESK, LAMP, "MON", "NIX"]) == {
        DESK: Level(on_hand=Decimal(3), reserved=Decimal(3), reorder_level=Decimal(0), missing=Decimal(2)),
        LAMP: Level(on_hand=Decimal(5), reserved=Decimal(1), reorder_level=Decimal(0)),
    }


def test_a_smaller_wish_another_article_and_a_release_give_back(session: Session) -> None:
    stocked(session)
    ledger.reserve(session, "BL-1", "", want((1, DESK, "3"), (2, LAMP, "4")), **WHO)
    ledger.reserve(session, "BL-1", "", want((1, DESK, "1")), **WHO)
    assert (figures(session, DESK), figures(session, LAMP)) == ((3, 1), (5, 4))
    ledger.reserve(session, "BL-1", "", want((1, LAMP, "1")), **WHO)
    assert (figures(session, DESK), figures(session, LAMP)) == ((3, 0), (5, 5))
    ledger.reserve(session, "BL-1", "", want((2, LAMP, "0")), **WHO)
    assert figures(session, LAMP) == (5, 1)
    ledger.reserve(session, "BL-2", "", want((1, DESK, "2")), **WHO)
    ledger.release(session, ["BL-1", "BL-2"])
    assert figures(session, DESK) == (3, 0)
    assert figures(session, LAMP) == (5, 0)
    assert session.scalar(select(func.count()).select_from(Reservation)) == 0


def test_begun_anew_nothing_is_promised_beyond_what_was_counted(session: Session) -> None:
    stocked(session)
    ledger.reserve(session, "BL-1", "", want((1, DESK, "1"), (2, DESK, "2"), (3, LAMP, "2")), **WHO)
    ledger.count(session, "", DESK, Decimal(2), reason="Inventaire", **WHO)
    lines = want((1, DESK, "1"), (2, DESK, "2"), (3, LAMP, "2"))
    assert promised(ledger.reserve(session, "BL-1", "", lines, **WHO)) == [(1, 1, 0), (2, 2, 0), (3, 2, 0)]
    assert promised(ledger.reserve(session, "BL-1", "", lines, anew=True, **WHO)) == [(1, 1, 0), (2, 1, 1), (3, 2, 0)]
    assert (figures(session, DESK), figures(session, LAMP)) == ((2, 2), (5, 2))


def test_what_a_document_lacks_makes_the_article_short_until_it_comes(session: Session) -> None:
    def level() -> Level:
        return ledger.availability(session, [DESK], "")[DESK]

    stocked(session)
    ledger.reserve(session, "BL-1", "", want((1, DESK, "5")), **WHO)
    assert [level().missing, is_short(level()), shortage(level())] == [2, True, 2]
    ledger.receive(session, "CF-2", "", want((1, DESK, "2")), **WHO)
    ledger.ship(session, "BL-1", "", want((1, DESK, "4")), **WHO)
    assert [level().on_hand, level().reserved, level().missing] == [1, 0, 1], "of five, four have left: one is missing"
    ledger.reserve(session, "BL-1", "", want((1, DESK, "1")), **WHO)
    assert [level().missing, is_short(level())] == [0, False]


def test_what_leaves_uses_up_what_was_promised(session: Session) -> None:
    stocked(session)
    ledger.reserve(session, "BL-1", "", want((1, DESK, "2")), **WHO)
    ledger.reserve(session, "BL-2", "", want((9, DESK, "1")), **WHO)
    with pytest.raises(BusinessError, match="stock_insufficient") as refused:
        ledger.ship(session, "BL-1", "", want((1, DESK, "3")), **WHO)
    assert refused.value.facts == {"article": DESK, "available": "2"}
    ledger.ship(session, "BL-1", "", want((1, DESK, "1"), (2, LAMP, "5")), **WHO)
    assert (figures(session, DESK), figures(session, LAMP)) == ((2, 2), (0, 0)), "the rest stays promised"
    ledger.receive(session, "BR-1", "", want((1, DESK, "1")), kind="return", **WHO)
    moved = session.execute(
        select(StockMovement.kind, StockMovement.quantity, StockMovement.document).order_by(StockMovement.id)
    ).all()
    assert [tuple(each) for each in moved] == [
        ("receipt", 3, "CF-1"),
        ("receipt", 5, "CF-1"),
        ("shipment", -1, "BL-1"),
        ("shipment", -5, "BL-1"),
        ("return", 1, "BR-1"),
    ]


def test_a_line_of_a_document_moves_once(session: Session) -> None:
    stocked(session)
    with pytest.raises(IntegrityError, match="document_line_kind"):
        stocked(session)


def test_what_was_counted_away_is_not_shipped(session: Session) -> None:
    """Promised to both, then lost: the first who ships gets what is there."""
    stocked(session)
    ledger.reserve(session, "BL-1", "", want((1, DESK, "2")), **WHO)
    ledger.reserve(session, "BL-2", "", want((2, DESK, "1")), **WHO)
    before, after = ledger.count(session, "", DESK, Decimal(2), reason="Casse", **WHO)
    assert [before.on_hand, after.on_hand, available(after)] == [3, 2, -1]
    ledger.ship(session, "BL-1", "", want((1, DESK, "2")), **WHO)
    with pytest.raises(BusinessError, match="stock_insufficient"):
        ledger.ship(session, "BL-2", "", want((2, DESK, "1")), **WHO)


def test_only_a_warehouse_that_may_be_negative_is(session: Session) -> None:
    found = ledger.reserve(session, "BL-1", "VAN", want((1, DESK, "2"), (2, DESK, "1")), **WHO)
    assert promised(found) == [(1, 2, 0), (2, 1, 0)]
    ledger.ship(session, "BL-1", "VAN", want((1, DESK, "2")), **WHO)
    assert figures(session, DESK, "VAN") == (-2, 1)
    with pytest.raises(BusinessError, match="stock_insufficient"):
        ledger.ship(session, "BL-1", "", want((1, DESK, "2")), **WHO)
    session.execute(text("UPDATE business.warehouse SET may_be_negative = false"))
    with pytest.raises(IntegrityError, match="stock_negative"):
        ledger.transfer(session, number, DESK, Decimal(-1), source="DEPOT", target="VAN", reason="", **WHO)


def test_a_transfer_takes_what_nobody_was_promised(session: Session) -> None:
    stocked(session)
    ledger.reserve(session, "BL-1", "", want((1, DESK, "2")), **WHO)
    with pytest.raises(BusinessError, match="stock_insufficient"):
        ledger.transfer(session, number, DESK, Decimal(2), source="", target="VAN", reason="", **WHO)
    ledger.transfer(session, number, DESK, Decimal(1), source="", target="VAN", reason="Tournée", **WHO)
    assert (figures(session, DESK), figures(session, DESK, "VAN")) == ((2, 2), (1, 0))
    assert ledger.availability(session, [DESK])[DESK].on_hand == 3


def test_what_is_no_stock_is_refused_by_name(session: Session) -> None:
    with pytest.raises(WrongState, match="service_has_no_stock"):
        ledger.reserve(session, "BL-1", "", want((1, "MON", "1")), **WHO)
    with pytest.raises(NotFound, match="article_unknown"):
        ledger.receive(session, "BL-1", "", want((1, "NIX", "1")), **WHO)
    with pytest.raises(NotFound, match="warehouse_unknown"):
        ledger.ship(session, "BL-1", "MARS", want((1, DESK, "1")), **WHO)
    for wrong in (want((1, DESK, "1"), (1, LAMP, "1")), want((1, DESK, "-1"))):
        with pytest.raises(ValueError, match="line 1"):
            ledger.reserve(session, "BL-1", "", wrong, **WHO)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE business.stock SET on_hand = 7", "follows from movements"),
        ("UPDATE business.stock SET reserved = 2", "follows from movements"),
        ("UPDATE business.stock SET missing = 1", "follows from movements"),
        (
            (
                "INSERT INTO business.stock (article_id, warehouse_id, on_hand, reserved, missing, reorder_level)"
                " SELECT id, 1, 5, 0, 0, 0 FROM business.article WHERE reference = 'MON'"
            ),
            "follows from",
        ),
        ("UPDATE business.stock_movement SET quantity = 7", "never changed"),
        ("DELETE FROM business.stock_movement", "never changed"),
        ("UPDATE business.reservation SET quantity = 0", "something_wanted"),
        ("UPDATE business.warehouse SET is_default = true", "is_default"),
    ],
)
def test_the_database_keeps_the_figures(session: Session, statement: str, said: str) -> None:
    stocked(session)
    ledger.reserve(session, "BL-1", "", want((1, DESK, "1")), **WHO)
    with pytest.raises(IntegrityError, match=said):
        session.execute(text(statement))


def test_reservations_changed_by_hand_stay_the_sum(session: Session) -> None:
    """The trigger follows every way of writing them, also those that the ledger does not go."""
    stocked(session)
    ledger.reserve(session, "BL-1", "", want((1, DESK, "3"), (2, LAMP, "2")), **WHO)
    session.execute(text("UPDATE business.reservation SET quantity = quantity - 1"))
    assert (figures(session, DESK), figures(session, LAMP)) == ((3, 2), (5, 1))


def test_five_hundred_lines_take_no_more_statements_than_two(shop: Database, session: Session) -> None:
    stocked(session, "1000", "1000")
    acts: tuple[Callable[[tuple[Wanted, ...]], Any], ...] = (
        lambda lines: ledger.reserve(session, "BL-1", "", lines, **WHO),
        lambda lines: ledger.ship(session, "BL-1", "", lines, **WHO),
        lambda lines: ledger.receive(session, "BR-1", "", lines, kind="return", **WHO),
        lambda _lines: ledger.release(session, ["BL-1"]),
        lambda lines: ledger.availability(session, [each.article for each in lines]),
    )
    counts: list[list[int]] = []
    for first, size in ((0, 2), (2, 500)):
        lines = want(*((first + place, (DESK, LAMP)[place % 2], "1") for place in range(size)))
        said: list[str] = []

        def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any, said: list[str] = said) -> None:
            said.append(statement)

        event.listen(shop.engine, "before_cursor_execute", hear)
        counts.append([])
        for act in acts:
            said.clear()
            act(lines)
            counts[-1].append(len(said))
        event.remove(shop.engine, "before_cursor_execute", hear)
    assert counts == [[5, 6, 4, 2, 1]] * 2


def _last_piece(database: Database, acts: list[Callable[[Session], None]]) -> list[str]:
    """Do these at the same time, each in a transaction of its own: what became of each."""
    ready = threading.Barrier(len(acts))
    ends: dict[int, str] = {}

    def run(place: int) -> None:
        try:
            with database.transaction() as session:
                session.execute(text("SELECT 1"))
                ready.wait(10)
                acts[place](session)
            ends[place] = "done"
        except BusinessError as refused:
            ends[place] = refused.code

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    return sorted(ends.values())


def test_two_who_want_the_last_piece_come_one_after_the_other(database: Database) -> None:
    """Sixteen at once, each with its articles in another order: nobody waits for ever, one gets the last piece."""
    with database.transaction() as session:
        for reference in (DESK, LAMP):
            told = ArticleData(name=reference, unit="pièce")
            session.add(Article(reference=reference, **columns(reference, told)))
        session.flush()
        ledger.receive(session, "CF-1", "", want((1, DESK, "1"), (2, LAMP, "16")), **WHO)
    gets: list[Decimal] = []

    def order(number: int) -> Callable[[Session], None]:
        lines = want((1, DESK, "1"), (2, LAMP, "1"))

        def act(session: Session) -> None:
            found = ledger.reserve(session, f"BL-{number}", "", lines[:: 1 if number % 2 else -1], **WHO)
            gets.append(next(each.reserved for each in found if each.article == DESK))

        return act

    assert _last_piece(database, [order(number) for number in range(16)]) == ["done"] * 16
    assert sorted(gets) == [0] * 15 + [1]
    with database.transaction() as session:
        assert (figures(session, DESK), figures(session, LAMP)) == ((1, 1), (16, 16))
        ledger.release(session, [f"BL-{gets.index(Decimal(1))}"])
        ledger.release(session, [f"BL-{number}" for number in range(16)])

    def leave(number: int) -> Callable[[Session], None]:
        return lambda session: ledger.ship(session, f"BL-{number}", "", want((1, DESK, "1")), **WHO)

    assert _last_piece(database, [leave(1), leave(2)]) == ["done", "stock_insufficient"]
    with database.reading() as session:
        assert figures(session, DESK) == (0, 0)


QUANTITIES = st.sampled_from([Decimal(each) for each in ("0", "0.0001", "1", "2.5", "3", "7")])
LINES = st.lists(
    st.builds(Wanted, line=st.integers(1, 4), article=st.sampled_from([DESK, LAMP]), quantity=QUANTITIES),
    max_size=4,
    unique_by=lambda each: each.line,
)
ACTS = st.tuples(
    st.sampled_from(["reserve", "ship", "receive", "release", "count", "transfer"]),
    st.sampled_from(["BL-1", "BL-2"]),
    st.sampled_from(["", "VAN"]),
    LINES,
)


Act = tuple[str, str, str, list[Wanted]]


def _act(session: Session, place: int, act: Act) -> None:
    """One thing that happens; receipts and transfers have documents of their own."""
    what, document, warehouse, lines = act
    if what == "reserve":
        before = {each: available(ledger.availability(session, [each], warehouse)[each]) for each in (DESK, LAMP)}
        found = ledger.reserve(session, document, warehouse, lines, anew=place % 2 == 0, **WHO)
        assert all(each.reserved >= 0 <= each.missing for each in found)
        after = {each: available(ledger.availability(session, [each], warehouse)[each]) for each in (DESK, LAMP)}
        assert warehouse or all(after[each] >= min(before[each], Decimal(0)) for each in after)
    elif what == "ship":
        moved = [each for each in lines if not _has_moved(session, document, each.line, warehouse)]
        ledger.ship(session, document, warehouse, moved, **WHO)
    elif what == "receive":
        ledger.receive(session, f"CF-{place}", warehouse, lines, **WHO)
    elif what == "release":
        ledger.release(session, [document])
    elif what == "count":
        for each in lines:
            ledger.count(session, warehouse, each.article, each.quantity, reason="Inventaire", **WHO)
    else:
        for each in lines:
            source, target = ("", "VAN") if warehouse else ("VAN", "")
            ledger.transfer(
                session, number, each.article, each.quantity, source=source, target=target, reason="", **WHO
            )


def _has_moved(session: Session, document: str, line: int, warehouse: str) -> bool:
    store = ledger.store_of(session, warehouse).id
    asked = select(StockMovement.id).where(
        StockMovement.document == document, StockMovement.line == line, StockMovement.warehouse_id == store
    )
    return session.scalar(asked) is not None


def _check(session: Session) -> None:
    moved = select(
        StockMovement.article_id, StockMovement.warehouse_id, func.sum(StockMovement.quantity).label("quantity")
    ).group_by(StockMovement.article_id, StockMovement.warehouse_id)
    kept = select(
        Reservation.article_id,
        Reservation.warehouse_id,
        func.sum(Reservation.quantity),
        func.sum(Reservation.missing),
    ).group_by(Reservation.article_id, Reservation.warehouse_id)
    sums = [{(row[0], row[1]): tuple(row[2:]) for row in session.execute(each)} for each in (moved, kept)]
    asked = select(Stock, Warehouse.may_be_negative).join(Warehouse).execution_options(populate_existing=True)
    for row, may_be_negative in session.execute(asked):
        assert (row.on_hand,) == sums[0].pop((row.article_id, row.warehouse_id), (0,))
        assert (row.reserved, row.missing) == sums[1].pop((row.article_id, row.warehouse_id), (0, 0))
        assert may_be_negative or row.on_hand >= 0
    assert sums == [{}, {}]


def _happen(shop: Database, acts: list[Act]) -> None:
    with shop.engine.connect() as connection, Session(connection) as session:
        for place, each in enumerate(acts):
            # the only refusal there is
            with suppress(BusinessError), session.begin_nested():
                _act(session, place, each)
        _check(session)
        session.rollback()


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=3, max_size=10))
def test_figures_are_the_sums_whatever_happens(shop: Database, acts: list[Act]) -> None:
    _happen(shop, acts)


@pytest.mark.long(minutes=1)
@settings(max_examples=500)
@given(acts=st.lists(ACTS, min_size=3, max_size=25))
def test_figures_are_the_sums_whatever_happens_many_times(shop: Database, acts: list[Act]) -> None:
    _happen(shop, acts)
