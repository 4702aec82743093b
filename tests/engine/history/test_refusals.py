"""Refused acts: a chain for each person, proven like everything; never what was typed."""

from __future__ import annotations

import json
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from engine.database.session import Database
from engine.errors import Conflict, FieldProblem, InvalidInput, NotAllowed
from engine.history import refusals
from engine.history.verification import verify_all
from tests.engine.history.conftest import NOW
from tests.engine.history.whole import Told, number_all


def rows(database: Database) -> list[tuple[str, int, dict[str, object]]]:
    with database.reading() as session:
        found = session.execute(text("SELECT refused, sequence, record FROM engine.refusal_event ORDER BY 1, 2"))
        return [(each.refused, each.sequence, json.loads(each.record)) for each in found]


def test_who_tried_what_and_why_not(database: Database) -> None:
    refusals.note(database, NotAllowed("not_yours", name="x"), "camille", NOW, act="task.claim", about={"task": 7})
    refusals.note(
        database, Conflict("too_late"), "camille", NOW, act="task.claim", about={"key": "k" * 500, "none": None}
    )
    refusals.note(database, NotAllowed(), "zoé", NOW, act="page", about={})
    told = rows(database)
    assert [each[:2] for each in told] == [("camille", 1), ("camille", 2), ("zoé", 1)]
    assert told[0][2] == {
        "type": "act:refused",
        "act": "task.claim",
        "about": {"task": 7},
        "code": "not_yours",
        "kind": "NotAllowed",
    }
    assert told[1][2]["about"] == {"key": "k" * 100, "none": None}
    number_all(database)
    with database.reading() as session:
        report = verify_all(session)
    assert report.is_whole
    assert report.whole is not None
    assert (report.whole.events, report.whole.chains) == (3, 2)


def test_once_and_nothing_of_forms(database: Database) -> None:
    refusal = NotAllowed("not_yours")
    for _ in range(2):
        refusals.note(database, refusal, "camille", NOW, act="task.claim", about={})
    problem = FieldProblem(field="password", code="too_short")
    refusals.note(database, InvalidInput((problem,)), "camille", NOW, act="x", about={})
    assert len(rows(database)) == 1


def test_a_refusal_is_told_even_if_it_cannot_be_written_down(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "_log", told := Told())
    with database.transaction() as session:
        session.execute(text("DROP TABLE engine.refusal_event"))
    refusals.note(database, NotAllowed("not_yours"), "camille", NOW, act="x", about={})
    assert told == ["refusal_not_recorded"]


def test_two_statements_and_no_waiting_for_others(database: Database) -> None:
    statements: list[str] = []
    sqlalchemy_event.listen(
        database.engine, "before_cursor_execute", lambda _c, _cursor, said, *_rest: statements.append(said)
    )
    with database.transaction() as session:
        refusals.append(session, "camille", NOW, {"type": "act:refused"})
        # camille's chain is locked; others are refused meanwhile
        refusals.note(database, NotAllowed("not_yours"), "monique", NOW, act="x", about={})
    assert len(statements) == 5
    assert [each[0] for each in rows(database)] == ["camille", "monique"]


def test_many_at_once_make_one_chain(database: Database) -> None:
    def refuse(first: int) -> None:
        for number in range(10):
            at = NOW + timedelta(hours=first + number)
            refusals.note(database, NotAllowed("not_yours"), "camille", at, act="x", about={"task": first + number})

    threads = [Thread(target=refuse, args=(first,)) for first in (0, 10, 20, 30)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each[1] for each in rows(database)] == list(range(1, 41))
    number_all(database)
    with database.reading() as session:
        assert verify_all(session).is_whole


def hammer(database: Database, times: int, seconds: int = 0, task: int = 7) -> None:
    at = NOW + timedelta(seconds=seconds)
    for _ in range(times):
        refusals.note(database, NotAllowed("not_yours"), "camille", at, act="task.claim", about={"task": task})


def test_who_hammers_leaves_one_row_a_minute_with_a_counter(database: Database) -> None:
    hammer(database, 50)
    assert len(rows(database)) == 1
    hammer(database, 5, seconds=59)
    assert len(rows(database)) == 1
    hammer(database, 3, seconds=61)
    told = [each[2] for each in rows(database)]
    assert [each.get("repeats") for each in told] == [None, 54, None]
    assert told[1]["last_at"] == {"@datetime": (NOW + timedelta(seconds=59)).isoformat()}
    with database.transaction() as session:
        assert refusals.settle(session, NOW + timedelta(seconds=62)) == 0
        assert refusals.settle(session, NOW + timedelta(seconds=121)) == 1
        assert refusals.settle(session, NOW + timedelta(seconds=121)) == 0
    assert [each[2].get("repeats") for each in rows(database)] == [None, 54, None, 2]
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM engine.refusal_repeat")).scalar_one() == 0
    number_all(database)
    with database.reading() as session:
        assert verify_all(session).is_whole


def test_who_hammers_many_doors_is_counted_too(database: Database) -> None:
    tried = refusals.MOST_DIFFERENT + 80
    for task in range(tried):
        hammer(database, 1, task=task)
    told = [each[2] for each in rows(database)]
    assert len(told) == refusals.MOST_DIFFERENT + 1
    assert told[-1]["act"] == ""
    with database.transaction() as session:
        assert refusals.settle(session, NOW + timedelta(seconds=61)) == 1
    assert rows(database)[-1][2]["repeats"] == tried - refusals.MOST_DIFFERENT - 1
    hammer(database, 1, seconds=62, task=99)
    assert rows(database)[-1][2]["about"] == {"task": 99}


def test_events_without_a_number_are_verified_and_said(database: Database) -> None:
    hammer(database, 1)
    hammer(database, 1, task=8)
    with database.reading() as session:
        report = verify_all(session)
    assert report.is_whole
    assert any("2 events have no number yet" in each for each in report.lines("en"))
    for change, event in (
        ("actor = 'zoe' WHERE sequence = 1", 1),
        ("record = replace(record, '8', '9') WHERE sequence = 2", 2),
    ):
        with database.transaction() as session:
            session.execute(text("ALTER TABLE engine.refusal_event DISABLE TRIGGER USER"))
            session.execute(text(f"UPDATE engine.refusal_event SET {change}"))
        with database.reading() as session:
            found = [(each.code, each.facts["event"]) for each in verify_all(session).findings]
        assert ("history_waiting_event_changed", event) in found
