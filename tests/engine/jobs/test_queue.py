"""Jobs in our transaction, the fence, the reaper."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from engine.database.session import Database
from engine.handler import Retries, Transient
from engine.jobs import fence, queue
from engine.jobs.reaper import reap

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def waiting(database: Database) -> list[tuple[str, dict[str, object]]]:
    with database.reading() as session:
        rows = session.execute(text("SELECT task_name, args FROM jobs.procrastinate_jobs ORDER BY id"))
        return [(row.task_name, row.args) for row in rows]


def test_jobs_exist_once_the_transaction_has_committed(database: Database) -> None:
    with database.transaction() as session:
        queue.defer(session, queue.FIRE_TIMER, {"instance_id": 1, "wait": "w3"}, {"instance_id": 2, "wait": "w4"})
        queue.defer(session, queue.RUN_EFFECT)
    assert waiting(database) == [
        ("fire_timer", {"instance_id": 1, "wait": "w3"}),
        ("fire_timer", {"instance_id": 2, "wait": "w4"}),
    ]


def test_jobs_leave_with_the_transaction_that_wanted_them(database: Database) -> None:
    with pytest.raises(RuntimeError), database.transaction() as session:  # noqa: PT012 - what rolls back is the block
        queue.defer(session, queue.FIRE_TIMER, {"instance_id": 1, "wait": "w3"})
        raise RuntimeError
    assert waiting(database) == []


def test_no_job_carries_a_lock(database: Database) -> None:
    with database.transaction() as session:
        queue.defer(session, queue.RUN_EFFECT, {"instance_id": 1, "activity": "a2"})
    with database.reading() as session:
        assert session.execute(text("SELECT lock, queueing_lock FROM jobs.procrastinate_jobs")).one() == (None, None)


def test_waits_grow_and_a_transient_may_ask_for_its_own() -> None:
    policy = Retries()
    assert [policy.wait_seconds(attempt) for attempt in range(1, 8)] == [1, 4, 16, 64, 256, 300, 300]
    assert policy.wait_seconds(1, Transient("busy", retry_after_seconds=30)) == 30
    assert policy.wait_seconds(2, Transient("busy")) == 4
    assert [Retries(first_seconds=10, factor=2, longest_seconds=60).wait_seconds(n) for n in (1, 3, 4, 5000)] == [
        10,
        40,
        60,
        60,
    ]


def test_a_key_is_entered_once(database: Database) -> None:
    with database.transaction() as session:
        assert fence.enter(session, "1:a2:mail", NOW)
    with database.transaction() as session:
        assert not fence.enter(session, "1:a2:mail", NOW)
        fence.leave(session, "1:a2:mail")
    with database.transaction() as session:
        assert fence.enter(session, "1:a2:mail", NOW)


def test_the_second_of_two_at_once_waits_and_goes_on_if_the_first_rolls_back(database: Database) -> None:
    answers: list[bool] = []

    def second() -> None:
        with database.transaction() as session:
            answers.append(fence.enter(session, "key", NOW))

    thread = threading.Thread(target=second)
    with pytest.raises(RuntimeError), database.transaction() as session:  # noqa: PT012 - what rolls back is the block
        assert fence.enter(session, "key", NOW)
        thread.start()
        thread.join(0.3)
        assert answers == []
        raise RuntimeError
    thread.join(10)
    assert answers == [True]


def test_the_reaper_takes_jobs_of_dead_workers_only(database: Database) -> None:
    with database.transaction() as session:
        queue.defer(session, queue.RUN_EFFECT, *({"instance_id": 9, "activity": f"a{n}"} for n in range(3)))
        session.execute(
            text("""
            INSERT INTO jobs.procrastinate_workers (last_heartbeat)
            VALUES (now() - interval '1 minute'), (now())
            """)
        )
        session.execute(
            text("""
            UPDATE jobs.procrastinate_jobs job SET status = 'doing', worker_id = worker.id
            FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM jobs.procrastinate_workers) worker
            WHERE worker.n = CASE (job.args ->> 'activity') WHEN 'a0' THEN 1 WHEN 'a1' THEN 2 END
            """)
        )
        # a2 was held by a worker that has said goodbye
        session.execute(text("UPDATE jobs.procrastinate_jobs SET status = 'doing' WHERE args ->> 'activity' = 'a2'"))
    with database.transaction() as session:
        reaped = reap(session, NOW)
    assert (reaped.rescued, reaped.given_up) == (2, 0)
    with database.reading() as session:
        rows = session.execute(text("SELECT args ->> 'activity', status::text FROM jobs.procrastinate_jobs ORDER BY 1"))
        assert [tuple(row) for row in rows] == [("a0", "todo"), ("a1", "doing"), ("a2", "todo")]


def test_a_job_rescued_too_often_becomes_an_incident(database: Database) -> None:
    with database.transaction() as session:
        queue.defer(session, queue.RUN_EFFECT, {"instance_id": 9, "activity": "a1"})
        session.execute(text("UPDATE jobs.procrastinate_jobs SET status = 'doing', attempts = 2"))
    with database.transaction() as session:
        assert reap(session, NOW, rescues=3).given_up == 1
    with database.transaction() as session:
        assert reap(session, NOW, rescues=3).given_up == 0
        found = session.execute(text("SELECT code, job_name, job_arguments, raised_at FROM engine.incident")).one()
        assert (found.code, found.job_name, found.raised_at) == ("job_worker_died", "run_effect", NOW)
        told = session.execute(text("SELECT kind, actor, type FROM engine.record_event")).all()
        assert [tuple(each) for each in told] == [("incident", "system", "job:gave_up")]
        assert '"activity": "a1"' in found.job_arguments


def test_several_reapers_at_once_rescue_each_job_once(database: Database) -> None:
    with database.transaction() as session:
        queue.defer(session, queue.RUN_EFFECT, *({"instance_id": 1, "activity": f"a{n}"} for n in range(60)))
        session.execute(text("UPDATE jobs.procrastinate_jobs SET status = 'doing'"))
    counted: list[int] = []
    begin = threading.Barrier(6)

    def reaper() -> None:
        begin.wait()
        with database.transaction() as session:
            counted.append(reap(session, NOW).rescued)

    threads = [threading.Thread(target=reaper) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert sum(counted) == 60
    with database.reading() as session:
        assert session.execute(text("SELECT DISTINCT attempts FROM jobs.procrastinate_jobs")).scalars().all() == [1]
