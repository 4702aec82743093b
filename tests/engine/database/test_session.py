"""Transactions commit whole or not at all; reading is one moment and cannot write."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InternalError
from sqlalchemy.orm import Session

from engine.database.session import Database
from engine.errors import Unavailable


def role_count(database: Database) -> int:
    with database.reading() as session:
        return int(session.execute(text("SELECT count(*) FROM engine.role")).scalar_one())


ADD = text("INSERT INTO engine.role (key, title_fr, title_en) VALUES (:key, 'Achats', 'Purchasing')")


def add_and_fail(session: Session, key: str) -> None:
    session.execute(ADD, {"key": key})
    raise RuntimeError


def test_commits_at_the_end_of_the_block(database: Database) -> None:
    with database.transaction() as session:
        session.execute(ADD, {"key": "a"})
        assert role_count(database) == 0  # nobody else sees it before
    assert role_count(database) == 1


def test_rolls_everything_back_when_the_block_raises(database: Database) -> None:
    with pytest.raises(RuntimeError), database.transaction() as session:
        add_and_fail(session, "a")
    assert role_count(database) == 0


def test_a_savepoint_undoes_only_itself(database: Database) -> None:
    with database.transaction() as session:
        session.execute(ADD, {"key": "a"})
        with pytest.raises(RuntimeError), session.begin_nested():
            add_and_fail(session, "b")
    assert role_count(database) == 1


def test_reading_cannot_write(database: Database) -> None:
    with pytest.raises(InternalError, match="read-only"), database.reading() as session:
        session.execute(ADD, {"key": "a"})
    with database.transaction() as session:  # the same pooled connection may write again
        session.execute(ADD, {"key": "a"})


def test_reading_sees_one_moment(database: Database) -> None:
    count = text("SELECT count(*) FROM engine.role")
    with database.reading() as session:
        before = session.execute(count).scalar()
        with database.transaction() as other:
            other.execute(ADD, {"key": "a"})
        assert session.execute(count).scalar() == before
    with database.transaction() as session:
        assert session.execute(count).scalar() == 1
        with database.transaction() as other:
            other.execute(ADD, {"key": "b"})
        assert session.execute(count).scalar() == 2  # a step sees what others committed


def test_unqualified_names_are_those_of_the_job_queue(database: Database) -> None:
    with database.reading() as session:
        assert session.execute(text("SHOW search_path")).scalar() == "jobs,public"
        assert session.execute(text("SHOW timezone")).scalar() == "UTC"


def test_an_error_of_the_database_does_not_tell_what_was_written(database: Database) -> None:
    with pytest.raises(DBAPIError) as found, database.transaction() as session:
        session.execute(text("SELECT :typed, 1 / :zero"), {"typed": "what a person typed", "zero": 0})
    assert "what a person typed" not in str(found.value)


def test_a_connection_that_the_server_closed_is_not_used(database: Database) -> None:
    with database.reading() as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    other = Database(database.url)
    with other.transaction() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    other.dispose()
    with database.transaction() as session:
        assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() != pid


def test_patience_with_a_server_that_is_not_there_ends(database: Database) -> None:
    nowhere = Database("postgresql+psycopg://nobody@/nothing?host=/nonexistent", connect_patience=0.2)
    with pytest.raises(Unavailable, match="database_unavailable"), nowhere.reading() as session:
        session.execute(text("SELECT 1"))
    nowhere.dispose()


def test_a_database_that_does_not_exist_is_said_at_once(database: Database) -> None:
    unknown = Database(f"{database.url}".replace("bordereau_test", "unknown"), connect_patience=60)
    with pytest.raises(Unavailable, match="does not exist"), unknown.reading() as session:
        session.execute(text("SELECT 1"))
    unknown.dispose()


END = text("SELECT pg_terminate_backend(:pid, 5000)")


def backend(session: Session) -> int:
    return int(session.execute(text("SELECT pg_backend_pid()")).scalar_one())


def end(database: Database, pid: int) -> None:
    with database.transaction() as session:
        session.execute(END, {"pid": pid})


def test_a_connection_lost_on_the_way_is_told_as_nothing_recorded(database: Database) -> None:
    def write_and_lose(session: Session) -> None:
        session.execute(ADD, {"key": "a"})
        end(database, backend(session))
        session.execute(text("SELECT 1"))

    with pytest.raises(Unavailable, match="database_unavailable"), database.transaction() as session:
        write_and_lose(session)
    assert role_count(database) == 0


def test_a_connection_lost_in_the_commit_leaves_the_outcome_open(database: Database) -> None:
    def write_and_end(session: Session) -> None:
        session.execute(ADD, {"key": "a"})
        end(database, backend(session))

    with pytest.raises(Unavailable, match="database_outcome_unknown"), database.transaction() as session:
        write_and_end(session)


def test_a_lock_that_is_not_had_in_time_is_told_as_busy(database: Database) -> None:
    hurried = Database(database.url, busy_after=0.2)
    with database.transaction() as session:
        session.execute(ADD, {"key": "a"})
        with pytest.raises(Unavailable, match="database_busy"), hurried.transaction() as other:
            other.execute(ADD, {"key": "a"})
    with pytest.raises(Unavailable, match="database_busy"), hurried.reading() as session:
        session.execute(text("SELECT pg_sleep(5)"))
    hurried.dispose()


def test_what_the_database_refuses_stays_its_own_error(database: Database) -> None:
    with pytest.raises(DBAPIError, match="division by zero"), database.transaction() as session:
        session.execute(text("SELECT 1 / 0"))


def test_a_server_notices_that_a_machine_is_gone_long_before_its_own_two_hours(database: Database) -> None:
    with database.transaction() as session:
        set_by_us = session.execute(
            text("SELECT name, source FROM pg_settings WHERE name LIKE 'tcp_keepalives%' ORDER BY name")
        ).all()
    assert [tuple(each) for each in set_by_us] == [
        (f"tcp_keepalives_{name}", "client") for name in ("count", "idle", "interval")
    ]
