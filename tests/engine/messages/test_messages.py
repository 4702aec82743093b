"""Messages: one receiver, none lost, whoever comes first; and processes that begin with one."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from engine import clock
from engine.database.session import Database
from engine.definitions.store import read_folder
from engine.handler import SYSTEM
from engine.instances import work
from engine.instances.runtime import Runtime
from engine.jobs import queue
from engine.messages import store
from engine.messages.store import OutgoingMessage
from engine.worker import run_pending
from tests.engine.processes import parcels
from tests.publishing import publish

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def runtime(database: Database) -> Runtime:
    made = parcels.prepare(database)
    publish(database, SYSTEM, read_folder(parcels.FOLDER.parent / "ping"), parcels.HANDLERS)
    return made


def send(runtime: Runtime, name: str, ball: str, key: str | None = None) -> int:
    with runtime.database.transaction() as session:
        message = OutgoingMessage(name=name, key=key, payload={"ball": ball})
        (sent,) = store.send(session, [message], clock.now(), sender="test")
        return sent


def rows(runtime: Runtime, sql: str) -> list[Any]:
    with runtime.database.reading() as session:
        return [tuple(row) for row in session.execute(text(sql))]


def clear_queue(runtime: Runtime) -> None:
    with runtime.database.transaction() as session:
        session.execute(text("DELETE FROM jobs.procrastinate_jobs"))


def test_a_message_begins_a_case_of_the_latest_version(runtime: Runtime) -> None:
    send(runtime, "ping", "red")
    run_pending(runtime)
    assert rows(runtime, "SELECT process_key, business_key, started_by, status FROM engine.instance") == [
        ("ping", "red", "test", "active")
    ]
    send(runtime, "pong", "red", key="red")
    run_pending(runtime)
    assert rows(runtime, "SELECT status FROM engine.instance") == [("completed",)]


def test_the_job_of_a_start_run_twice_begins_one_case(runtime: Runtime) -> None:
    message = send(runtime, "ping", "red")
    begin = threading.Barrier(4)

    def deliver() -> None:
        begin.wait()
        work.perform(runtime, queue.DELIVER_MESSAGE, {"message_id": message}, 1)

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert rows(runtime, "SELECT count(*) FROM engine.instance") == [(1,)]


def test_two_messages_and_one_who_waits_for_one(runtime: Runtime) -> None:
    send(runtime, "ping", "red")
    run_pending(runtime)
    messages = [send(runtime, "pong", "red", key="red") for _ in range(4)]
    clear_queue(runtime)
    begin = threading.Barrier(4)

    def deliver(message: int) -> None:
        begin.wait()
        work.perform(runtime, queue.DELIVER_MESSAGE, {"message_id": message}, 1)

    threads = [threading.Thread(target=deliver, args=(each,)) for each in messages]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert rows(runtime, "SELECT count(*) FROM engine.message WHERE name = 'pong' AND received_at IS NOT NULL") == [
        (1,)
    ]
    assert rows(runtime, "SELECT status FROM engine.instance") == [("completed",)]


def test_who_begins_to_wait_while_the_message_is_delivered_gets_it(runtime: Runtime) -> None:
    """Forty times at the same moment: the message that looks for somebody, and the case that begins to wait."""
    for ball in range(40):
        ping = send(runtime, "ping", str(ball))
        pong = send(runtime, "pong", str(ball), key=str(ball))
        clear_queue(runtime)
        begin = threading.Barrier(2)

        def deliver(message: int, begin: threading.Barrier = begin) -> None:
            begin.wait()
            work.perform(runtime, queue.DELIVER_MESSAGE, {"message_id": message}, 1)

        threads = [threading.Thread(target=deliver, args=(each,)) for each in (ping, pong)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
        for name, arguments in rows(runtime, "SELECT task_name, args FROM jobs.procrastinate_jobs"):
            work.perform(runtime, name, arguments, 1)
    assert rows(runtime, "SELECT count(*) FROM engine.instance WHERE status = 'completed'") == [(40,)]


def test_a_message_out_of_time_reaches_nobody(runtime: Runtime) -> None:
    with clock.frozen(NOW):
        message = send(runtime, "pong", "red", key="red")
    with runtime.database.reading() as session:
        end = NOW + store.TIME_TO_LIVE
        assert store.find(session, message, end - timedelta(seconds=1)) is not None
        assert store.find(session, message, end) is None


def test_a_message_without_key_waits_for_nobody(runtime: Runtime) -> None:
    message = send(runtime, "pong", "red")
    work.perform(runtime, queue.DELIVER_MESSAGE, {"message_id": message}, 1)
    assert rows(runtime, "SELECT received_at FROM engine.message") == [(None,)]
