"""Many tasks at once, and many people at many tasks: each task has one winner, each item its own result, nobody meets a lock."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from sqlalchemy import text

from engine.database.session import Database
from engine.errors import CommandRejected
from engine.handler import Actor
from engine.history.verification import verify_all
from engine.inbox.commands import claim
from engine.inbox.lists import chosen
from engine.instances.bulk import claim_many, complete_many, may_be_answered_together
from engine.instances.commands import complete_task
from engine.instances.runtime import Runtime
from tests.engine.inbox.cast import open_task
from tests.engine.processes import parcels
from tests.engine.processes.parcels import PACKER, PACKERS, STRANGER


@pytest.fixture
def runtime(database: Database) -> Runtime:
    return parcels.prepare(database)


def test_each_task_has_its_own_result(runtime: Runtime) -> None:
    tasks = [open_task(runtime) for _ in range(4)]
    claim(runtime.database, PACKERS[1], tasks[0])
    complete_task(runtime, PACKER, tasks[1], {"weight": "1"})
    with runtime.database.reading() as session:
        assert [each.id for each in chosen(session, PACKER, (), [*tasks, 999])] == [tasks[0], *tasks[2:]]
        assert chosen(session, STRANGER, (), tasks) == ()
    found = claim_many(runtime, PACKER, [*tasks, tasks[3], 999])
    codes = [None if each.error is None else each.error.code for each in found]
    assert codes == ["task_taken", "task_closed", None, None, "task_not_found"]
    done = complete_many(runtime, PACKER, tasks, {"weight": "2"})
    assert [each.error is None for each in done] == [False, False, True, True]
    refused = complete_many(runtime, PACKERS[1], tasks[:1], {"weight": "heavy"})
    assert [each.error.code for each in refused if each.error] == ["invalid_input"]


def test_what_a_form_asks_of_the_case_is_asked_one_by_one(runtime: Runtime) -> None:
    task = open_task(runtime)
    with runtime.database.reading() as session:
        (row,) = chosen(session, PACKER, (), [task])
    assert row.form == "weight"
    assert may_be_answered_together(None)


def race(runtime: Runtime, count: int, each_in: int) -> Counter[str]:
    """Eight people claim and complete the same tasks, each in an order of their own; what they were told."""
    tasks = [open_task(runtime) for _ in range(count)]
    told: Counter[str] = Counter()
    begin = threading.Barrier(len(PACKERS))
    failures: list[BaseException] = []

    def work(person: Actor, shift: int) -> None:
        begin.wait()
        mine = tasks[shift:] + tasks[:shift] if shift % 2 else list(reversed(tasks[shift:] + tasks[:shift]))
        for task in mine:
            for act in ("claim", "complete"):
                try:
                    if act == "claim":
                        claim(runtime.database, person, task)
                    else:
                        complete_task(runtime, person, task, {"weight": "1"})
                    told[f"{act} done"] += 1
                except CommandRejected as reason:
                    told[f"{act} {reason.code}"] += 1
                except BaseException as error:
                    failures.append(error)
                    raise

    threads = [threading.Thread(target=work, args=(person, number * each_in)) for number, person in enumerate(PACKERS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(600)
    assert not failures
    with runtime.database.reading() as session:
        assert verify_all(session).is_whole
        done = session.execute(text("SELECT count(*) FROM engine.task WHERE outcome = 'completed'")).scalar_one()
        sent = session.execute(text("SELECT count(*) FROM engine.event WHERE type = 'task:completed'")).scalar_one()
        parcels_sent = session.execute(text("SELECT count(*) FROM business.parcel WHERE weight = 1")).scalar_one()
        queued = session.execute(text("SELECT count(*) FROM jobs.procrastinate_jobs")).scalar_one()
    assert (done, sent, parcels_sent, queued) == (count, count, count, count)
    assert told["complete done"] == count
    assert set(told) <= {
        *("claim done", "claim task_taken", "claim task_closed"),
        *("complete done", "complete task_taken", "complete task_closed"),
    }
    return told


def test_eight_people_claim_and_complete_the_same_tasks(runtime: Runtime) -> None:
    told = race(runtime, 8, 1)
    assert sum(told.values()) == 2 * 8 * 8


@pytest.mark.long
@pytest.mark.timeout(900)
def test_eight_people_claim_and_complete_the_same_two_hundred_tasks(runtime: Runtime) -> None:
    told = race(runtime, 200, 25)
    assert sum(told.values()) == 2 * 8 * 200
