"""The worker as a process: it runs what is queued, fires timers, ends when asked, and dies without doing harm."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from engine import clock
from engine.database.session import Database
from engine.inbox import queries as inbox
from engine.instances.commands import complete_task, start_instance
from engine.instances.runtime import Runtime
from engine.jobs.reaper import reap
from engine.jobs.retries import ATTEMPTS
from engine.worker import run_pending
from tests.engine.processes import parcels
from tests.engine.processes.parcels import CLERK, PACKER

ROOT = Path(__file__).parents[3]


@pytest.fixture
def runtime(database: Database) -> Runtime:
    return parcels.prepare(database)


@contextmanager
def worker(url: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.engine.jobs.worker_script", url, *more]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def weighed(runtime: Runtime) -> int:
    """A case whose effect waits in the queue."""
    instance = start_instance(runtime, CLERK, "parcel", {"article": "hat", "worth": "1"}).instance_id
    with runtime.database.reading() as session:
        (task,) = inbox.of_instance(session, instance)
    complete_task(runtime, PACKER, task.id, {"weight": "1"})
    return instance


def count(runtime: Runtime, table: str) -> int:
    with runtime.database.reading() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_what_is_queued_runs_and_leaves_nothing_behind(runtime: Runtime) -> None:
    for _ in range(5):
        weighed(runtime)
    run_pending(runtime)
    assert count(runtime, "business.letter") == 5
    assert count(runtime, "engine.subscription") == 5
    assert count(runtime, "jobs.procrastinate_jobs") == 0


def test_a_job_that_fails_waits_for_its_next_attempt(runtime: Runtime) -> None:
    weighed(runtime)
    with runtime.database.transaction() as session:
        session.execute(text("ALTER TABLE business.letter RENAME TO lost"))
    run_pending(runtime)
    with runtime.database.transaction() as session:
        job = session.execute(text("SELECT status::text, attempts, scheduled_at FROM jobs.procrastinate_jobs")).one()
        assert (job.status, job.attempts) == ("todo", 1)
        assert job.scheduled_at > clock.now() - timedelta(seconds=5)
        session.execute(
            text("UPDATE jobs.procrastinate_jobs SET attempts = :before, scheduled_at = NULL"), {"before": ATTEMPTS - 1}
        )
    run_pending(runtime)
    assert count(runtime, "jobs.procrastinate_jobs") == 0
    assert count(runtime, "engine.incident") == 1


def test_the_worker_works_and_ends_when_asked(runtime: Runtime, database_url: str) -> None:
    with worker(database_url) as process:
        weighed(runtime)
        eventually(lambda: count(runtime, "business.letter") == 1)
        start_instance(runtime, CLERK, "parcel", {"article": "hat", "worth": "1"})
        with runtime.database.transaction() as session:
            session.execute(text("UPDATE engine.timer SET due_at = :due"), {"due": clock.now()})
        eventually(lambda: count(runtime, "business.letter") == 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    assert count(runtime, "jobs.procrastinate_workers") == 0


def test_a_worker_killed_in_the_middle_of_an_effect_leaves_it_to_the_next(runtime: Runtime, database_url: str) -> None:
    weighed(runtime)
    with worker(database_url, "slow") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        process.kill()
        process.wait(5)
    assert count(runtime, "business.letter") == 0
    with runtime.database.transaction() as session:
        # the server notices the broken connection when it wants; the worker's heartbeat is old at once
        session.execute(text("UPDATE jobs.procrastinate_workers SET last_heartbeat = now() - interval '1 minute'"))
    with runtime.database.transaction() as session:
        assert reap(session, clock.now()).rescued == 1
    run_pending(runtime)
    assert count(runtime, "business.letter") == 1


def test_a_worker_without_its_database_ends_with_an_error(runtime: Runtime, database_url: str) -> None:
    with worker(database_url) as process:
        eventually(lambda: count(runtime, "jobs.procrastinate_workers") == 1)
        name = runtime.database.engine.url.database
        runtime.database.dispose()
        other = Database(str(database_url).replace(f"/{name}", "/postgres"))
        with other.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name}
            )
            try:
                assert process.wait(30) == 1
            finally:
                connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
        other.dispose()
