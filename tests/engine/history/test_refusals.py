"""Refused acts: a chain for each person, proven like everything; never what was typed."""

from __future__ import annotations

import json
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
    assert len(statements) == 4
    assert [each[0] for each in rows(database)] == ["camille", "monique"]


def test_many_at_once_make_one_chain(database: Database) -> None:
    def refuse() -> None:
        for _ in range(10):
            refusals.note(database, NotAllowed("not_yours"), "camille", NOW, act="x", about={})

    threads = [Thread(target=refuse) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each[1] for each in rows(database)] == list(range(1, 41))
    number_all(database)
    with database.reading() as session:
        assert verify_all(session).is_whole
