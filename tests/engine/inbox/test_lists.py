"""Lists: every order and filter goes on page by page without a gap, stops where it must, and walks indexes however much there is."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import text

from engine import clock
from engine.database.session import Database
from engine.errors import InvalidInput
from engine.handler import Actor
from engine.inbox import lists
from engine.inbox.lists import COUNT_CAP, WINDOW, Criteria
from engine.instances.commands import complete_task, start_instance
from engine.instances.runtime import Runtime
from engine.texts.words import MOST_WORDS, query_of, words_of
from tests.engine.inbox.cast import desk, figures, open_task
from tests.engine.inbox.test_acts import statements
from tests.engine.processes import parcels
from tests.engine.processes.parcels import BOTH, CLERK, PACKER

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MANY = 2_500

FILL = """
    INSERT INTO engine.task
        (instance_id, activity, element_id, process_key, title_fr, title_en, role, created_at, due_at, sort_at, priority, follow_up_at)
    SELECT 1, 'many' || n, 'weigh', 'parcel', 'Peser', 'Weigh', CASE n % 2 WHEN 0 THEN 'packer' ELSE 'chief' END, :now,
           CAST(:now AS timestamptz) + n * interval '1 minute', CAST(:now AS timestamptz) + n * interval '1 minute',
           CASE WHEN n % 500 = 0 THEN 80 ELSE 50 END, CASE WHEN n % 3 = 0 THEN CAST(:now AS timestamptz) + interval '1 day' END
    FROM generate_series(1, :many) AS n
"""


@pytest.fixture
def runtime(database: Database) -> Runtime:
    made = parcels.prepare(database)
    with clock.frozen(NOW):
        open_task(made)
    with database.transaction() as session:
        session.execute(text(FILL), {"now": NOW, "many": MANY})
        session.execute(
            text("UPDATE engine.task SET is_open = false, closed_at = :now, outcome = 'cancelled' WHERE id = 1"),
            {"now": NOW},
        )
        session.execute(text("ANALYZE engine.task"))
    return made


def walk(runtime: Runtime, actor: Actor, limit: int = 50, **narrowed: Any) -> tuple[list[tuple[Any, ...]], int, int]:
    """All tasks of a list by pages (priority, minutes until due), how many pages, and how many of them were cut short."""
    found: list[tuple[Any, ...]] = []
    after, pages, cut = None, 0, 0
    with clock.frozen(NOW), runtime.database.reading() as session:
        while True:
            asked = desk(session, actor, **narrowed)
            page = lists.page(session, asked, after=after, limit=limit)
            found += [
                (each.priority, int((each.due_at - NOW).total_seconds() // 60)) for each in page.tasks if each.due_at
            ]
            after, pages, cut = page.next, pages + 1, cut + page.is_cut
            if after is None:
                return found, pages, cut


def test_every_order_goes_through_all_of_two_roles_once(runtime: Runtime) -> None:
    by_due, pages, cut = walk(runtime, BOTH, limit=400)
    assert [each[1] for each in by_due] == list(range(1, MANY + 1))
    assert (pages, cut) == (7, 0)
    by_priority, _, _ = walk(runtime, BOTH, limit=400, sort="priority")
    assert by_priority == sorted(by_due, key=lambda each: (-each[0], each[1]))


def test_a_rare_filter_stops_and_goes_on_without_a_gap(runtime: Runtime) -> None:
    urgent, pages, cut = walk(runtime, BOTH, criteria=Criteria(is_urgent=True))
    assert urgent == [(80, 500 * n) for n in range(1, 6)]
    assert pages == 2
    assert cut == 1
    ready, _, _ = walk(runtime, PACKER, criteria=Criteria(is_ready=True))
    assert [each[1] for each in ready] == [n for n in range(2, MANY + 1, 2) if n % 3]
    soon, _, _ = walk(runtime, PACKER, criteria=Criteria(due_before=NOW + timedelta(minutes=11)))
    assert [each[1] for each in soon] == [2, 4, 6, 8, 10]
    assert walk(runtime, PACKER, criteria=Criteria(process="other"))[0] == []


def test_counts_stop_and_say_so(runtime: Runtime) -> None:
    with clock.frozen(NOW), runtime.database.reading() as session:
        assert figures(session, BOTH) == (COUNT_CAP, 0, 0)
        everything = lists.count(session, desk(session, BOTH))
        assert (everything.number, everything.is_more) == (COUNT_CAP, True)
        few = lists.count(session, desk(session, BOTH, criteria=Criteria(search="hat")))
        assert few.number == COUNT_CAP
        nothing = lists.count(session, desk(session, BOTH, criteria=Criteria(search="zebra")))
        assert (nothing.number, nothing.is_more) == (0, False)


def test_a_page_walks_indexes_and_costs_as_many_statements_with_much_as_with_little(runtime: Runtime) -> None:
    with clock.frozen(NOW), runtime.database.reading() as session:
        asked = desk(session, BOTH)
        with statements(runtime) as seen:
            first = lists.page(session, asked, limit=50)
            lists.page(session, asked, after=first.next, limit=50)
        assert len(seen) == 2
        for sort, way in itertools.product(get_args(lists.Sort), get_args(lists.Way)[:2]):
            given = lists._given(asked, 51) | lists._read_cursor(None, sort) | {"limit": 51}
            plan = "\n".join(
                row[0]
                for row in session.execute(text(f"EXPLAIN (ANALYZE, TIMING OFF) {lists._PAGES[sort, way]}"), given)
            )
            scans = [each for each in plan.splitlines() if "Scan" in each and "never executed" not in each]
            assert not [each for each in scans if "Seq Scan on task" in each], plan
            assert f"task_inbox_{'role' if sort == 'due' else 'priority'}" in plan, plan
            assert "actual rows=1250" not in plan, plan


NEVER_GIVEN = (
    *("", "x", "_", "1_2", "2026-01-01_1", "\0_1"),
    "2026-01-01T00:00:00+00:00_-1",
    "1_2026-01-01T00:00:00+00:00_1",
)


def test_a_page_that_nobody_gave(database: Database) -> None:
    with database.reading() as session:
        for after in NEVER_GIVEN:
            with pytest.raises(InvalidInput):
                lists.page(session, desk(session, PACKER), after=after)


def test_what_is_searched_is_what_the_case_shows_now(database: Database) -> None:
    made = parcels.prepare(database)
    started = start_instance(made, CLERK, "parcel", {"article": "hat", "worth": "1"})
    with database.reading() as session:
        fields = {row.name: row for row in session.execute(text("SELECT * FROM engine.case_field"))}
        assert fields["article"].text_value == "hat"
        assert fields["weight"].number_value is None
        task = lists.page(session, desk(session, PACKER, criteria=Criteria(search="P1 ha"))).tasks[0]
    complete_task(made, PACKER, task.id, {"weight": "12"})
    with database.reading() as session:
        assert session.execute(text("SELECT number_value FROM engine.case_field WHERE name = 'weight'")).scalar() == 12
        assert session.execute(text("SELECT count(*) FROM engine.case_words")).scalar() == 1
    assert started.business_key == "P1"


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["Bureau CHÊNE, 160 cm"], ["bureau", "chene", "160", "cm"]),
        (["DA-2026-00012", "da"], ["da", "2026", "00012"]),
        (["Cœur d’été", "Straße"], ["coeur", "d", "ete", "strasse"]),
        (["' & | ! :* <-> \0 ()"], []),
        (["x" * 100], ["x" * 60]),
    ],
)
def test_words(texts: list[str], words: list[str]) -> None:
    assert words_of(texts) == words


def test_words_are_bounded_and_queries_are_safe() -> None:
    assert len(words_of([" ".join(str(n) for n in range(1_000))])) == MOST_WORDS
    assert query_of("L'été : * & !x") == "'l':* & 'ete':* & 'x':*"
    assert query_of(" ' ") is None
    assert WINDOW >= COUNT_CAP
