"""The crash matrix: random processes on the real engine, while workers are killed with ``kill -9`` and connections are lost at random
statements and COMMITs. ``make crash N=…`` takes as many processes as wanted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from engine.database.session import Database
from engine.handler import SYSTEM
from engine.history import signing
from engine.identity import people as identity
from engine.instances.runtime import Runtime
from tests.crash.deeds import HANDLERS, TABLES
from tests.crash.drawn import ROLE, drawn
from tests.crash.judging import judge, judge_signatures
from tests.crash.people import People
from tests.crash.proxy import proxied
from tests.crash.workers import keeping
from tests.publishing import publish_unexamined

ROOT = Path(__file__).parents[2]
FEW = int(os.environ.get("CRASH_FEW", "50"))
MANY = int(os.environ.get("CRASH", "300"))
FIRST = int(os.environ.get("CRASH_FROM", str(time.time_ns() % 1_000_000)))


STANDSTILL = 90
"""Seconds without an event after which a storm is stuck: however slow a machine is, workers are replaced and jobs rescued in less."""


@contextmanager
def closed_at_the_end(database: Database) -> Iterator[Database]:
    """``database``, disposed of whatever happens."""
    try:
        yield database
    finally:
        database.dispose()


@contextmanager
def process(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A helper that ends when its input does. The end of what it complained of is shown when the test fails."""
    command = [sys.executable, "-m", f"tests.crash.{module}", *arguments]
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True
        ) as found,
    ):
        try:
            yield found
        except BaseException:
            complaints.seek(0)
            print(complaints.read()[-20000:])
            raise
        finally:
            found.kill()


def ended(helper: subprocess.Popen[str]) -> dict[str, int]:
    """End it; what it did."""
    said, _ = helper.communicate(timeout=30)
    return dict(json.loads(said))


def storm(database: Database, database_url: str, first: int, count: int, most: int = 14) -> None:
    """``count`` processes from the seed ``first`` on, each with one case."""
    print(f"CRASH_FROM={first}")
    chance = Random(first)
    processes = {each.key: each for each in (drawn(seed, most) for seed in range(first, first + count))}
    with database.transaction() as session:
        identity.add_role(session, ROLE, ROLE, ROLE)
        session.execute(text(TABLES))
    for each in processes.values():
        publish_unexamined(database, SYSTEM, each.files, HANDLERS)
    with (
        tempfile.TemporaryDirectory(prefix="bordereau-proxy-") as folder,
        tempfile.TemporaryDirectory(prefix="bordereau-kept-") as kept,
    ):
        url, signed_to = proxied(Path(folder), database_url), keeping(Path(kept))
        signing.ensure_key(signed_to.key_file)
        with process("proxy", folder, database_url, str(first)) as proxy:
            assert proxy.stdout is not None
            assert proxy.stdout.readline() == "listening\n"
            with process("workers", url, database_url, str(first), kept) as workers:
                began = time.monotonic()
                with closed_at_the_end(Database(url)) as through_the_door:
                    runtime = Runtime(database=through_the_door, handlers=HANDLERS)
                    people = People(runtime=runtime, direct=database, drawn=processes, chance=chance)
                    people.begin()
                    _play(people)
                    _settle(database)
                killed = ended(workers)
            lost = ended(proxy)
        print(f"{count} processes in {time.monotonic() - began:.1f} s; workers: {killed}; connections lost: {lost}")
        print(f"asked again after a loss: {people.lost}, after a failure: {people.failed}")
        print(f"incidents retried: {people.retried}; suspended: {people.suspended} times")
        judge(people, database, processes)
        judge_signatures(database, signed_to)


def _play(people: People) -> None:
    """Until every case has ended. Raises AssertionError when nothing has been told of any case for ``STANDSTILL`` seconds, or when things
    go on and on without an end.
    """
    told, since = 0, time.monotonic()
    end = since + 60 + 4 * len(people.drawn)
    while left := people.act():
        if (now_told := people.told()) != told:
            told, since = now_told, time.monotonic()
        stands_still = time.monotonic() - since > STANDSTILL
        assert not stands_still, f"{left} cases have not ended and nothing happens: {people.left()}"
        assert time.monotonic() < end, f"{left} cases have not ended: {people.left()}"
        time.sleep(0.05)


def _settle(database: Database) -> None:
    """Until the queue is empty: a job whose case ended may still be there."""
    end = time.monotonic() + 30
    while True:
        with database.reading() as session:
            if not session.scalar(
                text("SELECT count(*) FROM jobs.procrastinate_jobs WHERE status IN ('todo', 'doing')")
            ):
                return
        assert time.monotonic() < end, "jobs are left"
        time.sleep(0.05)


@pytest.mark.timeout(400)
def test_random_processes_survive(database: Database, database_url: str) -> None:
    storm(database, database_url, FIRST, FEW, most=6)


@pytest.mark.long(minutes=8)
@pytest.mark.timeout(1800)
def test_many_random_processes_survive(database: Database, database_url: str) -> None:
    storm(database, database_url, FIRST, MANY)
