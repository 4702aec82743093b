"""Why a task came is written down when it comes: the rule, the way, whom it was offered to, what happens without an answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from engine import clock
from engine.database.session import Database
from engine.identity import people
from engine.inbox import queries
from engine.instances.commands import complete_task
from engine.instances.runtime import Runtime
from tests.engine.inbox.cast import hire, open_task
from tests.engine.inbox.test_acts import statements
from tests.engine.processes import parcels
from tests.engine.processes.parcels import BOTH, CHIEF, CLERK, PACKER

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def runtime(database: Database) -> Runtime:
    made = parcels.prepare(database)
    with database.transaction() as session:
        hire(session, (PACKER, CLERK, CHIEF, BOTH))
    return made


def row_of(runtime: Runtime, task: int) -> queries.TaskRow:
    with runtime.database.reading() as session:
        found = queries.find(session, task)
    assert found is not None
    return found


def record(runtime: Runtime, task: int) -> dict[str, Any]:
    found = row_of(runtime, task).why
    assert found is not None
    return dict(found)


def test_the_first_task_of_a_case_and_the_one_that_follows(runtime: Runtime) -> None:
    with clock.frozen(NOW):
        first = open_task(runtime)
        assert record(runtime, first) == {
            "format": 1,
            "rule": {"kind": "task", "role": "packer"},
            "began": {"type": "instance:started", "element": "asked"},
            "path": [
                {"element": "asked", "flow": None},
                {"element": "record", "flow": "f_asked"},
                {"element": "weigh", "flow": "f_recorded"},
            ],
            "if_nobody": [{"element": "late", "at": NOW + timedelta(hours=2), "takes_away": False}],
        }
        complete_task(runtime, PACKER, first, {"weight": "99"})
        second = open_task(runtime, start=False)
    assert record(runtime, second) == {
        "format": 1,
        "rule": {"kind": "task", "role": "chief"},
        "began": {"type": "task:completed", "element": "weigh"},
        "path": [
            {"element": "weigh", "flow": None},
            {"element": "heavy", "flow": "f_weighed"},
            {"element": "approve", "flow": "f_heavy"},
        ],
        "if_nobody": [],
    }
    assert row_of(runtime, first).offered == ["bo", "pack0"]
    assert row_of(runtime, second).offered == ["bo", "chan"]


def test_it_stays_as_it_was(runtime: Runtime) -> None:
    task = open_task(runtime)
    before = row_of(runtime, task)
    with runtime.database.transaction() as session:
        people.deactivate(session, "bo")
    after = row_of(runtime, task)
    assert (after.why, after.offered) == (before.why, ["bo", "pack0"])


def test_a_task_from_before_says_nothing(runtime: Runtime) -> None:
    task = open_task(runtime)
    with runtime.database.transaction() as session:
        session.execute(text("UPDATE engine.task SET why = NULL, offered = NULL"))
    assert (row_of(runtime, task).why, row_of(runtime, task).offered) == (None, None)


def test_a_completion_that_opens_the_next_task_costs_five_statements_at_most(runtime: Runtime) -> None:
    task = open_task(runtime)
    with statements(runtime) as seen:
        complete_task(runtime, PACKER, task, {"weight": "99"})
    own = [each for each in seen if "engine.timer" not in each and "engine.incident" not in each]
    assert len(own) <= 5, own
