"""Finding things in the whole history: every filter, pages that neither repeat nor leave out, a constant number of statements."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from engine.database.session import Database
from engine.errors import NotAllowed, NotFound
from engine.history import refusals, search, store, topics
from engine.history.search import Asked, Position, Step
from tests.engine.history.conftest import NOW, MakeCase, MoreEvents
from tests.engine.history.whole import live, number_all, publish, signer_in


@pytest.fixture
def steps(database: Database, make_case: MakeCase, more_events: MoreEvents) -> list[Step]:
    """Everything there is, the newest first."""
    first, second = make_case(7), make_case(5)
    more_events(first, 4)
    publish(database, "parcel")
    refusals.note(database, NotAllowed("not_yours"), "camille", NOW + timedelta(hours=2), act="x", about={})
    with database.transaction() as session:
        head = store.begin("11" * 32)
        for at, kind in enumerate(
            ("instance:started", "task:completed", "task:claimed", "incident:raised", "timer:fired")
        ):
            head = store.append(
                session, 900 + at, store.begin("11" * 32), NOW + timedelta(days=at), "gabriel", [{"type": kind}]
            )
        store.append(
            session, second + 1000, head, NOW, "system", [{"type": "instance:suspended"}, {"type": "task:completed"}]
        )
    number_all(database)
    found = everything(database, Asked(), limit=1000)
    assert len(found) == 3 + 2 + 2 + 1 + 1 + 6
    return found


def everything(database: Database, asked: Asked, limit: int) -> list[Step]:
    found: list[Step] = []
    after: Position | None = None
    with database.reading() as session:
        while True:
            page = search.search(session, asked, after=after, limit=limit)
            found += page.steps
            assert len(page.steps) <= limit
            if page.next is None:
                return found
            after = page.next


def test_the_newest_first_and_pages_that_fit_together(database: Database, steps: list[Step]) -> None:
    assert steps == sorted(steps, key=lambda each: (each.at, each.first), reverse=True)
    assert sorted(number for each in steps for number in range(each.first, each.last + 1)) == list(
        range(1, sum(each.last - each.first + 1 for each in steps) + 1)
    )
    for limit in (1, 2, 5, 14, 15, 16):
        assert everything(database, Asked(), limit) == steps


def test_topics(database: Database, steps: list[Step]) -> None:
    assert {each.topic for each in steps} <= set(topics.TOPICS)
    by_actor = {each.topic for each in steps if each.actor == "gabriel"}
    assert by_actor == {"start", "task", "handling", "incident", "automatic"}
    assert [each.topic for each in steps if each.actor == "system"] == ["operator"], "the weightiest counts"
    assert {each.topic for each in steps if each.kind != "case"} == {"publication", "refusal"}


def test_every_filter_and_all_of_them_together(database: Database, steps: list[Step]) -> None:
    actors = [None, "camille", "gabriel", "zoé", "nobody"]
    processes = [None, "approval", "parcel"]
    spans = [(None, None), (NOW + timedelta(minutes=2), None), (None, NOW + timedelta(hours=3)), (NOW, NOW)]
    for actor, process, topic, (since, before) in product(
        actors, processes, [None, "automatic", "refusal", "task"], spans
    ):
        asked = Asked(actor=actor, process_key=process, topic=topic, since=since, before=before)
        expected = [
            each
            for each in steps
            if actor in (None, each.actor)
            and process in (None, each.process_key)
            and topic in (None, each.topic)
            and (since is None or each.at >= since)
            and (before is None or each.at < before)
        ]
        assert everything(database, asked, 4) == expected


def test_a_case_by_its_number_or_business_key(database: Database, steps: list[Step]) -> None:
    case = next(each for each in steps if each.business_key is not None).case
    by_number = everything(database, Asked(case=str(case)), 2)
    assert by_number == [each for each in steps if each.case == case]
    assert len(everything(database, Asked(case="DA-2026-0042"), 2)) == 7, "both have this key here"
    for nothing in ("DA-1", "9" * 40, "²", "' OR true --", "\u0669"):
        assert everything(database, Asked(case=nothing), 2) == []


def test_one_step_with_its_events(
    database: Database, make_case: MakeCase, more_events: MoreEvents, tmp_path: Path
) -> None:
    live(database, make_case, more_events, signer_in(tmp_path), rounds=2)
    with database.reading() as session:
        newest = search.search(session, Asked(), limit=1000).steps
        for each in newest:
            told = search.step(session, each.first)
            assert told.step == each
            assert [event.number for event in told.events] == list(range(each.first, each.last + 1))
            assert told.events[0].sequence == each.sequence
        assert {search.step(session, each.first).checkpoint for each in newest} == {1, 2, None}
        with pytest.raises(NotFound):
            search.step(session, 10**30)


def test_the_number_of_statements_is_constant(database: Database, steps: list[Step]) -> None:
    statements: list[str] = []
    with database.reading() as session:
        sqlalchemy_event.listen(
            database.engine, "before_cursor_execute", lambda _c, _cursor, said, *_rest: statements.append(said)
        )
        search.search(session, Asked(), limit=1)
        search.search(session, Asked(actor="camille"), limit=1000)
    assert len(statements) == 6


def test_each_filter_has_its_index(database: Database, steps: list[Step]) -> None:
    """The plan never sorts: the rows come from an index in the order in which they are shown."""
    with database.transaction() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        session.execute(text("SET LOCAL enable_bitmapscan = off"))
        for names in (
            ["actor"],
            ["process_key"],
            ["topic"],
            ["actor", "topic"],
            ["process_key", "topic"],
            ["actor", "process_key"],
            [],
        ):
            said = search._statement(frozenset([*names, "since", "before", "after"])).text
            given = dict.fromkeys(names, "x") | {
                "since": NOW,
                "before": NOW,
                "after_at": NOW,
                "after_first": 1,
                "limit": 50,
            }
            plan = "\n".join(session.scalars(text(f"EXPLAIN {said}"), given))
            assert "Sort" not in plan, plan
