"""Workers killed with -9 while they move cases: each case is moved once, wholly or not at all, and put back the same way."""

from __future__ import annotations

import os
import signal
import time
from random import Random

import pytest

from engine.database.session import Database
from engine.identity import people
from engine.instances import migrations
from engine.instances.runtime import Runtime
from tests.engine.instances.drawing import boundary, plain, timer, user
from tests.engine.instances.posting import HANDLERS, OWNER, Post
from tests.engine.instances.test_migrations import snapshot, version, whole

WHY = "the new rule holds for all"


def killed(url: str, migration: int, seconds: float) -> None:
    """A worker that does the job in a process of its own, and is killed after so long."""
    child = os.fork()
    if child == 0:
        try:
            migrations.run(Runtime(database=Database(url), handlers=HANDLERS), migration, seconds=60)
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def moved_under_fire(database_url: str, database: Database, count: int, kills: int, longest: float) -> None:
    post, chance = Post.made(database), Random(7)
    with database.transaction() as session:
        people.add_person(
            session,
            login="olga",
            name="Olga",
            email="olga@example.com",
            password="correct horse battery staple 7",
            roles=["process_owner"],
            locale="en",
        )
    late = boundary("late", "look", timer("timeDuration", "PT1H"), interrupts=False)
    post.publish("one", plain("one", user("look"), flows="start -> look -> end"))
    cases = [post.start("one") for _ in range(count)]
    post.publish("one", plain("one", user("look"), late, flows="start -> look -> end\nlate -> end"))
    before = {case: snapshot(post, case) for case in cases}
    migration = migrations.ask(post.runtime, OWNER, "migration", "one", (1, 2), reason=WHY)
    for _ in range(kills):
        killed(database_url, migration, chance.uniform(0.1, longest))
    began = time.perf_counter()
    left = post.rows("SELECT count(*) FROM engine.migration_item WHERE state = 'waiting'")[0][0]
    post.work()
    print(f"{left} cases moved in {time.perf_counter() - began:.2f} s")
    once = post.rows("SELECT count(*), count(DISTINCT instance_id) FROM engine.event WHERE type = 'instance:migrated'")
    assert once == [(count, count)]
    assert post.rows("SELECT count(*) FROM engine.timer") == [(count,)]
    back = migrations.ask_undo(post.runtime, OWNER, migration, WHY)
    for _ in range(kills):
        killed(database_url, back, chance.uniform(0.1, longest))
    post.work()
    once = post.rows(
        "SELECT count(*), count(DISTINCT instance_id) FROM engine.event WHERE type = 'instance:migration-undone'"
    )
    assert once == [(count, count)]
    assert post.rows("SELECT count(*) FROM engine.timer") == [(0,)]
    for case in cases:
        assert version(post, case) == 1
        assert snapshot(post, case) != before[case]  # the counter of ids has gone on
        whole(post, case)


def test_cases_are_moved_once_whoever_dies(database_url: str, database: Database) -> None:
    moved_under_fire(database_url, database, count=30, kills=2, longest=0.5)


@pytest.mark.long
def test_many_cases_are_moved_once_whoever_dies(database_url: str, database: Database) -> None:
    moved_under_fire(database_url, database, count=300, kills=12, longest=2)
