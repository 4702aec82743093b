"""The sequencer: every committed event of every chain has one number, none is left out, whoever commits late."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Thread

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from engine.database.session import Database
from engine.history import order, publications, store
from engine.history.kinds import KINDS
from engine.history.store import ChainHead
from engine.model.notation import Form
from tests.engine.history.conftest import NOW, record

MakeCase = Callable[[int], int]


def append(database: Database, case: int, head: ChainHead, count: int) -> ChainHead:
    with database.transaction() as session:
        return store.append(session, case, head, NOW, "camille", [record(each) for each in range(count)])


def undone(database: Database, case: int) -> None:
    """An append whose transaction fails."""
    with suppress(ZeroDivisionError), database.transaction() as session:
        store.append(session, case, store.begin("00" * 32), NOW, "camille", [record(1)])
        raise ZeroDivisionError


def publish(database: Database, process: str) -> None:
    with database.transaction() as session:
        publications.append(
            session,
            process,
            NOW,
            "olivia",
            version=1,
            content_hash="00" * 32,
            note="",
            reason="",
            verdicts=[],
            form=Form.DIAGRAM,
            form_before=None,
        )


def number_all(database: Database, most: int = order.BATCH) -> int:
    done = 0
    while True:
        with database.transaction() as session:
            numbered = order.number(session, most)
        done += numbered.events
        if numbered.notes == 0:
            return done


def numbered(database: Database) -> list[tuple[str, object, int]]:
    """The history in its order: kind, chain, place in the chain."""
    with database.reading() as session:
        found = list(order.events(session, 0, order.last_number(session)))
        assert [each.number for _, each in found] == list(range(1, len(found) + 1))
        by_hash = list(order.hashes(session, 0, order.last_number(session)))
        assert by_hash == [(each.number, bytes(each.hash)) for _, each in found]
        return [
            (kind.word, "/".join(str(getattr(each, name)) for name in kind.members), each.sequence)
            for kind, each in found
        ]


def test_all_chains_get_one_order(database: Database) -> None:
    begin = store.begin("00" * 32)
    first = append(database, 7, begin, 3)
    append(database, 8, begin, 1)
    publish(database, "parcel")
    append(database, 7, first, 2)
    assert number_all(database) == 7
    assert numbered(database) == [
        *(("case", "7", each) for each in (1, 2, 3)),
        ("case", "8", 1),
        ("process", "parcel", 1),
        *(("case", "7", each) for each in (4, 5)),
    ]
    assert number_all(database) == 0


def test_what_is_rolled_back_has_no_number_and_leaves_no_gap(database: Database) -> None:
    begin = store.begin("00" * 32)
    append(database, 7, begin, 1)
    undone(database, 8)
    append(database, 9, begin, 1)
    assert number_all(database) == 2
    assert numbered(database) == [("case", "7", 1), ("case", "9", 1)]


def test_who_commits_late_is_not_forgotten(database: Database) -> None:
    """Its events have earlier times, ids and notes than what was numbered meanwhile."""
    begin = store.begin("00" * 32)
    with database.transaction() as slow:
        store.append(slow, 7, begin, NOW, "camille", [record(1), record(2)])
        append(database, 8, begin, 1)
        assert number_all(database) == 1
    append(database, 9, begin, 1)
    assert number_all(database) == 3
    assert numbered(database) == [("case", "8", 1), ("case", "7", 1), ("case", "7", 2), ("case", "9", 1)]


def test_a_chain_keeps_its_order_however_small_the_batches_are(database: Database) -> None:
    heads = dict.fromkeys(range(5), store.begin("00" * 32))
    for at in range(40):
        case = at * 7 % 5
        heads[case] = append(database, case, heads[case], 1 + at % 3)
        if at % 9 == 0:
            number_all(database, most=2)
    assert number_all(database, most=3) > 0
    for case, head in heads.items():
        places = [place for _, chain, place in numbered(database) if chain == str(case)]
        assert places == list(range(1, head.sequence + 1))


def test_one_sequencer_at_a_time(database: Database) -> None:
    append(database, 7, store.begin("00" * 32), 2)
    with database.transaction() as first:
        assert order.number(first).events == 2
        with database.transaction() as second:
            assert order.number(second).notes == 0
    assert number_all(database) == 0


def test_many_writers_and_two_sequencers(database: Database) -> None:
    failures: list[BaseException] = []

    def guarded(act: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            try:
                act()
            except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
                failures.append(error)

        return run

    def write(case: int) -> None:
        head = store.begin("00" * 32)
        for _ in range(25):
            head = append(database, case, head, 2)

    writers = [Thread(target=guarded(lambda case=each: write(case))) for each in range(4)]  # type: ignore[misc]
    is_over = False

    def sequence() -> None:
        while not is_over:
            with database.transaction() as session:
                order.number(session, 7)

    sequencers = [Thread(target=guarded(sequence)) for _ in range(2)]
    for each in [*writers, *sequencers]:
        each.start()
    for each in writers:
        each.join()
    is_over = True
    for each in sequencers:
        each.join()
    assert not failures
    number_all(database)
    places = numbered(database)
    assert len(places) == 4 * 25 * 2
    assert all([p for _, c, p in places if c == str(case)] == list(range(1, 51)) for case in range(4))


def test_it_costs_two_statements_and_one_where_there_is_nothing(database: Database) -> None:
    statements: list[str] = []
    sqlalchemy_event.listen(
        database.engine, "before_cursor_execute", lambda _c, _cursor, said, *_rest: statements.append(said)
    )
    with database.transaction() as session:
        order.number(session)
    assert len(statements) == 1
    append(database, 7, store.begin("00" * 32), 2)
    statements.clear()
    with database.transaction() as session:
        order.number(session)
    assert len(statements) == 2


def test_the_order_only_grows(database: Database) -> None:
    append(database, 7, store.begin("00" * 32), 2)
    number_all(database)
    for statement in (
        "UPDATE engine.history_order SET last = 3",
        "DELETE FROM engine.history_order",
        "TRUNCATE engine.history_order",
    ):
        with pytest.raises(DBAPIError, match="only grows"), database.transaction() as session:
            session.execute(text(statement))


def test_every_kind_names_a_table_that_is_there(database: Database) -> None:
    with database.reading() as session:
        for kind in KINDS:
            assert session.execute(text(kind.heads)).all() == []
            session.execute(text(f"SELECT {', '.join(kind.members.values())}, sequence, hash FROM {kind.table}"))
