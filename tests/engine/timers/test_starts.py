"""Cases that a timer begins: planned when the version is published, begun once each, ended by the next version."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from engine import clock
from engine.database.session import Database
from engine.definitions.store import Version
from engine.handler import HandlerTable
from engine.instances import work
from engine.instances.runtime import Runtime
from engine.jobs import queue
from engine.timers import starts
from tests.engine.processes import parcels
from tests.engine.processes.parcels import OWNER
from tests.publishing import publish

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
YAML = b"key: nightly\ntitle: {fr: Chaque nuit, en: Every night}\nprocess: nightly\n"
BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    id="d" targetNamespace="http://bordereau.test">
  <bpmn:process id="nightly" isExecutable="true">
    <bpmn:startEvent id="night"><bpmn:outgoing>f</bpmn:outgoing><bpmn:timerEventDefinition id="t">
      <bpmn:{kind} xsi:type="bpmn:tFormalExpression">{when}</bpmn:{kind}></bpmn:timerEventDefinition></bpmn:startEvent>
    <bpmn:sequenceFlow id="f" sourceRef="night" targetRef="done" />
    <bpmn:endEvent id="done"><bpmn:incoming>f</bpmn:incoming></bpmn:endEvent>
  </bpmn:process>
</bpmn:definitions>
"""


@pytest.fixture
def runtime(database: Database) -> Runtime:
    return parcels.prepare(database)


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def published(runtime: Runtime, kind: str, when: str) -> Version:
    files = {"process.yaml": YAML, "nightly.bpmn": BPMN.format(kind=kind, when=when).encode()}
    version = publish(runtime.database, OWNER, files, HandlerTable.of([], []))
    run_jobs(runtime)
    return version


def run_jobs(runtime: Runtime, times: int = 1) -> list[str]:
    """Run what is in the queue, each job ``times`` times."""
    with runtime.database.transaction() as session:
        jobs = session.execute(text("DELETE FROM jobs.procrastinate_jobs RETURNING task_name, args")).all()
    for name, arguments in jobs:
        for _ in range(times):
            work.perform(runtime, name, arguments, 1)
    return [name for name, _ in jobs]


def planned(runtime: Runtime) -> list[tuple[int, datetime, int | None]]:
    with runtime.database.reading() as session:
        rows = session.execute(text("SELECT version_id, due_at, remaining FROM engine.start_timer"))
        return [tuple(row) for row in rows]


def pass_time(runtime: Runtime, moment: datetime) -> int:
    with clock.frozen(moment):
        with runtime.database.transaction() as session:
            count = starts.promote(session, moment, PARIS)
        run_jobs(runtime, times=2)
    return count


def begun(runtime: Runtime) -> list[tuple[int, str, str]]:
    with runtime.database.reading() as session:
        rows = session.execute(text("SELECT version_id, status, started_by FROM engine.instance ORDER BY id"))
        return [tuple(row) for row in rows]


def test_a_cycle_begins_a_case_each_day_and_only_once(runtime: Runtime) -> None:
    version = published(runtime, "timeCycle", "R/P1D")
    assert planned(runtime) == [(version.id, NOW + timedelta(days=1), None)]
    assert pass_time(runtime, NOW + timedelta(hours=23)) == 0
    for day in (1, 2):
        assert pass_time(runtime, NOW + timedelta(days=day)) == 1
    assert begun(runtime) == [(version.id, "completed", "system")] * 2
    assert planned(runtime) == [(version.id, NOW + timedelta(days=3), None)]


def test_after_a_down_time_one_case_begins_and_the_grid_stays(runtime: Runtime) -> None:
    version = published(runtime, "timeCycle", "R5/PT1H")
    assert pass_time(runtime, NOW + timedelta(hours=3, minutes=10)) == 1
    assert len(begun(runtime)) == 1
    assert planned(runtime) == [(version.id, NOW + timedelta(hours=4), 4)]


def test_a_date_begins_one_case(runtime: Runtime) -> None:
    published(runtime, "timeDate", "2026-12-01T08:00:00")
    assert [due for _, due, _ in planned(runtime)] == [datetime(2026, 12, 1, 7, tzinfo=UTC)], "eight in Paris"
    assert pass_time(runtime, datetime(2026, 12, 1, 7, tzinfo=UTC)) == 1
    assert planned(runtime) == []
    assert pass_time(runtime, datetime(2026, 12, 2, 7, tzinfo=UTC)) == 0
    assert len(begun(runtime)) == 1


def test_a_new_version_ends_the_schedule_of_the_old_one(runtime: Runtime) -> None:
    published(runtime, "timeCycle", "R/P1D")
    second = published(runtime, "timeCycle", "R/PT6H")
    assert planned(runtime) == [(second.id, NOW + timedelta(hours=6), None)]
    assert pass_time(runtime, NOW + timedelta(hours=6)) == 1
    assert begun(runtime) == [(second.id, "completed", "system")]


def test_planning_late_for_a_version_that_is_no_longer_in_force_does_nothing(runtime: Runtime) -> None:
    first = published(runtime, "timeCycle", "R/P1D")
    second = published(runtime, "timeCycle", "R/PT6H")
    work.perform(runtime, queue.PLAN_STARTS, {"version_id": first.id}, 1)
    assert [version for version, _, _ in planned(runtime)] == [second.id]


def test_what_is_no_moment_becomes_an_incident(runtime: Runtime) -> None:
    files = {"process.yaml": YAML, "nightly.bpmn": BPMN.format(kind="timeCycle", when='= "every night"').encode()}
    version = publish(runtime.database, OWNER, files, HandlerTable.of([], []))
    work.perform(runtime, queue.PLAN_STARTS, {"version_id": version.id}, 99)
    with runtime.database.reading() as session:
        found = session.execute(text("SELECT code, job_name FROM engine.incident")).one()
    assert tuple(found) == ("job_gave_up", "plan_starts")
