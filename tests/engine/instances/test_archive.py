"""Finished cases go to the archive and come back on the page; when their retention is over, a tombstone and a whole chain are left."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from engine import clock
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import SYSTEM
from engine.history import export, keeping, verifier
from engine.history import queries as history
from engine.history.personal import Erased
from engine.history.verification import verify_all
from engine.instances import archive, commands, held, operations, operators, papers, queries, retention
from engine.instances.erasing import ErasePersonal, erase_personal
from engine.instances.retention import SetRetention, set_retention
from engine.instances.runtime import Runtime
from engine.jobs import parking
from engine.messages import forgetting
from tests.engine.instances.conftest import CLERK, NOW, OWNER
from tests.engine.instances.test_personal import NAME, do, publish, runtime, visited

__all__ = ["runtime"]
DAY = timedelta(days=1)


def clear(runtime: Runtime, at: datetime) -> tuple[int, int]:
    done = retention.clear_away(runtime.database, at)
    return done.archived, done.removed


def case_of(runtime: Runtime, case: int) -> queries.Case:
    with runtime.database.reading() as session:
        return queries.case(session, OWNER, case)


def rows(runtime: Runtime, table: str) -> int:
    with runtime.database.reading() as session:
        return int(session.execute(text(f"SELECT count(*) FROM engine.{table}")).scalar_one())


def whole(runtime: Runtime) -> None:
    keeping.number_all(runtime.database)
    with runtime.database.reading() as session:
        report = verify_all(session)
    assert report.is_whole, report.lines("en")


def test_a_finished_case_goes_to_the_archive_and_its_page_says_the_same(runtime: Runtime) -> None:
    publish(runtime)
    case, running = visited(runtime), None
    with clock.frozen(NOW):
        running = commands.start_instance(runtime, CLERK, "visit").instance_id
    before = case_of(runtime, case)
    assert clear(runtime, NOW + 30 * DAY) == (0, 0)
    assert clear(runtime, NOW + 31 * DAY) == (1, 0)
    assert clear(runtime, NOW + 31 * DAY) == (0, 0)
    after = case_of(runtime, case)
    assert (after.variables, after.tasks, after.incidents) == (before.variables, before.tasks, before.incidents)
    assert (after.timeline, after.path, after.stages) == (before.timeline, before.path, before.stages)
    assert after.row.archived_at == NOW + 31 * DAY
    assert rows(runtime, "task") == 1  # of the running one
    assert case_of(runtime, running).row.archived_at is None
    with runtime.database.reading() as session:
        found = queries.cases(session, OWNER, search="Dupont").cases
        assert [each.id for each in found] == [case]
    whole(runtime)


def test_who_acts_on_an_archived_case_hears_what_they_always_heard(runtime: Runtime) -> None:
    publish(runtime)
    case = visited(runtime)
    codes = []
    for _ in range(2):
        with pytest.raises(WrongState) as raised, runtime.database.transaction() as session:
            operators.suspend(runtime, session, OWNER, case, "why", NOW)
        codes.append((type(raised.value), str(raised.value)))
        clear(runtime, NOW + 31 * DAY)
    assert codes[0] == codes[1]


def test_personal_values_are_erased_in_the_archive_too(runtime: Runtime) -> None:
    publish(runtime, listed="personal: [greeting]\n")
    case = visited(runtime)
    clear(runtime, NOW + 31 * DAY)
    do(runtime, erase_personal, ErasePersonal(subject=f"case/{case}", because="asked"))
    with runtime.database.reading() as session:
        kept = archive.read(session, case)
        assert held.search(session, "dupont") == ()
    assert kept is not None
    assert "Dupont" not in kept.snapshot.decode()
    assert case_of(runtime, case).variables["customer"] is None
    whole(runtime)


def test_when_the_retention_is_over_a_tombstone_is_left(runtime: Runtime) -> None:
    publish(runtime, listed="personal: [greeting]\n")
    cases = [visited(runtime) for _ in range(3)]
    with clock.frozen(NOW):
        papers.comment(runtime.database, OWNER, cases[0], "He called.")
    do(runtime, set_retention, SetRetention(process="visit", months=12, archive_days=1))
    assert clear(runtime, NOW + 364 * DAY) == (3, 0)
    with runtime.database.reading() as session:
        older = export.bundle(session, cases[0], NOW)
    assert clear(runtime, NOW + 366 * DAY) == (0, 3)
    assert clear(runtime, NOW + 366 * DAY) == (0, 0)
    assert [rows(runtime, each) for each in ("case_archive", "case_words", "case_field", "task")] == [0, 0, 0, 0]
    with runtime.database.reading() as session:
        bodies = session.scalars(text("SELECT body FROM engine.comment")).all()
        last = history.timeline(session, cases[0])[-1]
        held_now = session.execute(
            text("SELECT count(*) FROM engine.personal_value WHERE value IS NOT NULL")
        ).scalar_one()
        newer = export.bundle(session, cases[0], NOW)
        values = held.values(session, f"case/{cases[0]}")
    assert (bodies, held_now) == ([None], 0)
    assert (last.type, last.actor, last.record["months"]) == ("case:removed", SYSTEM.login, 12)
    assert {each.because for each in values} == {"case:removed"}
    found = case_of(runtime, cases[0])
    assert found.row.removed_at == NOW + 366 * DAY
    assert (found.variables, found.tasks) == ({}, ())
    written = [each.record["value"] for each in found.timeline if each.type == "variable:written"]
    assert any(isinstance(each, Erased) for each in written)
    verdict = verifier.verify(newer)
    assert verdict.problems == verifier.compare(verdict, verifier.verify(older)) == []
    assert "Dupont" in older.decode("utf-8", "replace")
    assert "Dupont" not in newer.decode("utf-8", "replace")
    whole(runtime)
    with pytest.raises(NotFound), runtime.database.transaction() as session:
        operators.suspend(runtime, session, OWNER, cases[0], "why", NOW)


def test_the_law_comes_first(runtime: Runtime) -> None:
    publish(runtime, retention_days=3650)

    def refused(months: int | None, days: int = 30) -> list[str]:
        with pytest.raises(InvalidInput) as raised:
            do(runtime, set_retention, SetRetention(process="visit", months=months, archive_days=days))
        return [each.code for each in raised.value.fields]

    assert refused(119) == ["retention_below_law"]
    assert refused(0) == ["retention_not_between"]
    assert refused(1201) == ["retention_not_between"]
    assert refused(None, 0) == ["retention_not_between"]
    assert refused(None, 3651) == ["retention_not_between"]
    do(runtime, set_retention, SetRetention(process="visit", months=120, archive_days=30))
    visited(runtime)
    assert clear(runtime, NOW + 3649 * DAY) == (1, 0)
    assert clear(runtime, NOW + 3655 * DAY) == (0, 1)
    with pytest.raises(NotAllowed):
        do(runtime, set_retention, SetRetention(process="visit", months=None, archive_days=30), CLERK)
    with pytest.raises(NotFound):
        do(runtime, set_retention, SetRetention(process="unknown", months=None, archive_days=30))


def test_a_version_that_asked_for_more_keeps_its_cases_longer(runtime: Runtime) -> None:
    """The setting was made when a later version asked for less."""
    publish(runtime, retention_days=3650)
    visited(runtime)
    publish(runtime)
    visited(runtime)
    do(runtime, set_retention, SetRetention(process="visit", months=1, archive_days=1))
    assert clear(runtime, NOW + 60 * DAY) == (2, 1)
    assert clear(runtime, NOW + 3651 * DAY) == (0, 1)


def test_a_locked_case_is_left_and_nobody_waits(runtime: Runtime) -> None:
    publish(runtime)
    first, _ = visited(runtime), visited(runtime)
    with runtime.database.transaction() as session:
        session.execute(text("SELECT 1 FROM engine.instance WHERE id = :id FOR UPDATE"), {"id": first})
        assert clear(runtime, NOW + 31 * DAY) == (1, 0)
    assert clear(runtime, NOW + 31 * DAY) == (1, 0)


def test_a_batch_sends_so_many_statements_however_large_it_is(runtime: Runtime) -> None:
    publish(runtime)
    do(runtime, set_retention, SetRetention(process="visit", months=1, archive_days=1))
    counts = []
    for count in (1, 6):
        for _ in range(count):
            visited(runtime)
        with runtime.database.reading() as session:
            ((version, months),) = retention.limited(session)
        told: list[str] = []

        def tell(*given: Any, told: list[str] = told) -> None:
            told.append(given[2])

        with runtime.database.transaction() as session:
            sqlalchemy_event.listen(session.connection(), "before_cursor_execute", tell)
            assert archive.archive(session, NOW + 60 * DAY) == count
            archived = len(told)
            assert retention.remove(session, version, months, NOW + 60 * DAY) == count
            sqlalchemy_event.remove(session.connection(), "before_cursor_execute", tell)
        counts.append((archived, len(told)))
    assert counts[0][0] == counts[1][0] == 3
    assert counts[1][1] <= counts[0][1]


def test_going_back_a_release_puts_everything_back(runtime: Runtime, database: Database) -> None:
    """The statements of the migration's way back, on a case that is in the archive."""
    publish(runtime)
    case = visited(runtime)
    with database.reading() as session:
        before = session.execute(text("SELECT to_jsonb(task) FROM engine.task")).scalars().all()
    clear(runtime, NOW + 31 * DAY)
    with database.transaction() as session:
        session.execute(
            text("""
            INSERT INTO engine.task OVERRIDING SYSTEM VALUE
            SELECT task.* FROM engine.case_archive, jsonb_populate_recordset(CAST(NULL AS engine.task), tasks) task
        """)
        )
        assert session.execute(text("SELECT to_jsonb(task) FROM engine.task")).scalars().all() == before
    assert case_of(runtime, case).row.business_key == NAME


def test_received_messages_forget_what_they_carried(runtime: Runtime) -> None:
    publish(runtime)
    case = visited(runtime)
    with runtime.database.transaction() as session:
        session.execute(
            text("""
            INSERT INTO engine.message (name, payload, sent_at, expires_at, sent_by, received_at, receiver_instance_id)
            VALUES ('old', '{"who":"x"}', :now, :now, 'x', :now, :case), ('waiting', '{"who":"x"}', :now, :now, 'x', NULL, NULL)
            """),
            {"now": NOW, "case": case},
        )
    clear(runtime, NOW + timedelta(hours=23))
    clear(runtime, NOW + timedelta(hours=25))
    with runtime.database.reading() as session:
        found = {row.name: row.payload for row in session.execute(text("SELECT name, payload FROM engine.message"))}
    assert found == {"old": "{}", "waiting": '{"who":"x"}'}
    clear(runtime, NOW + timedelta(days=29))
    assert payload(runtime, "waiting") == '{"who":"x"}'
    clear(runtime, NOW + timedelta(days=31))
    assert payload(runtime, "waiting") == "{}"
    with runtime.database.reading() as session:
        (shown,) = operations.undelivered(session).messages
    assert (shown.name, shown.expires_at) == ("waiting", NOW)


def test_what_is_parked_for_a_case_that_stands_still_keeps_what_it_carries(runtime: Runtime) -> None:
    publish(runtime)
    case = visited(runtime)
    with runtime.database.transaction() as session:
        message = session.execute(
            text("""
            INSERT INTO engine.message (name, payload, sent_at, expires_at, sent_by)
            VALUES ('parked', '{"who":"x"}', :now, :now, 'x') RETURNING id
            """),
            {"now": NOW},
        ).scalar_one()
        parking.park(session, case, "deliver_message", {"message_id": message}, NOW)
        forgetting.forget_payloads(session, NOW + timedelta(days=40))
    assert payload(runtime, "parked") == '{"who":"x"}'


def payload(runtime: Runtime, name: str) -> str:
    with runtime.database.reading() as session:
        found = session.execute(text("SELECT payload FROM engine.message WHERE name = :name"), {"name": name})
        return str(found.scalar_one())
