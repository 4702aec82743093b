"""Timers: each is queued once, however many promoters there are."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from engine import clock
from engine.database.session import Database
from engine.instances.commands import start_instance
from engine.instances.runtime import Runtime
from engine.timers import store
from engine.timers.promoter import promote
from engine.timers.store import TimerRow
from tests.engine.processes import parcels
from tests.engine.processes.parcels import CLERK

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def runtime(database: Database) -> Runtime:
    return parcels.prepare(database)


def a_case(runtime: Runtime) -> int:
    with clock.frozen(NOW):
        return start_instance(runtime, CLERK, "parcel", {"article": "hat", "worth": "1"}).instance_id


def test_several_promoters_queue_each_timer_once(runtime: Runtime) -> None:
    instance = a_case(runtime)
    with runtime.database.transaction() as session:
        waits = {f"w{n}": TimerRow(element_id="late", due_at=NOW) for n in range(100, 400)}
        store.save(session, instance, set_=waits, ended=[])
    begin = threading.Barrier(4)
    promoted: list[int] = []

    def promoter() -> None:
        begin.wait()
        while True:
            with runtime.database.transaction() as session:
                count = promote(session, NOW, batch=7)
            promoted.append(count)
            if not count:
                return

    threads = [threading.Thread(target=promoter) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert sum(promoted) == 300
    with runtime.database.reading() as session:
        jobs = session.execute(text("SELECT count(*), count(DISTINCT args) FROM jobs.procrastinate_jobs")).one()
        assert tuple(jobs) == (300, 300)


def test_the_next_round_of_a_cycle_is_due_again(runtime: Runtime) -> None:
    instance = a_case(runtime)
    with runtime.database.transaction() as session:
        session.execute(text("DELETE FROM engine.timer"))
        store.save(session, instance, set_={"w9": TimerRow(element_id="late", due_at=NOW)}, ended=[])
    with runtime.database.transaction() as session:
        assert promote(session, NOW) == 1
        # the same wait, ended and set again in one step
        later = TimerRow(element_id="late", due_at=NOW + timedelta(hours=1))
        store.save(session, instance, set_={"w9": later}, ended=["w9"])
    with runtime.database.transaction() as session:
        assert promote(session, NOW) == 0
        assert promote(session, NOW + timedelta(hours=1)) == 1
        store.save(session, instance, set_={}, ended=["w9"])
        assert session.execute(text("SELECT count(*) FROM engine.timer")).scalar_one() == 0
