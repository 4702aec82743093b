"""The whole life of a small process on the real database: people, handlers, effects, timers, messages, incidents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, text
from structlog.testing import capture_logs

from engine import clock
from engine.data import from_canonical
from engine.database.session import Database
from engine.errors import Conflict, Crashed, InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import SYSTEM
from engine.history import queries as history
from engine.inbox import commands as inbox
from engine.inbox import queries as inbox_queries
from engine.instances import driver, queries, work
from engine.instances.commands import complete_task, retry_incident, start_instance
from engine.instances.driver import OnFailure
from engine.instances.runtime import Runtime
from engine.jobs import queue
from engine.jobs.retries import ATTEMPTS, TryAgain
from engine.kernel import State, fold, from_record
from engine.messages import store as messages
from engine.messages.store import OutgoingMessage
from engine.protocol.stimuli import CompleteTask
from engine.texts import say
from engine.timers.promoter import promote
from tests.engine.inbox.cast import figures, tasks
from tests.engine.processes import parcels
from tests.engine.processes.parcels import AUDITOR, BOTH, CHIEF, CLERK, OWNER, PACKER, STRANGER

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)  # a Monday


@pytest.fixture
def runtime(database: Database) -> Runtime:
    return parcels.prepare(database)


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def begin(runtime: Runtime, article: str = "hat") -> int:
    return start_instance(runtime, CLERK, "parcel", {"article": article, "worth": "12,50"}).instance_id


def only_task(runtime: Runtime, instance_id: int) -> int:
    with runtime.database.reading() as session:
        (task,) = [each for each in inbox_queries.of_instance(session, instance_id) if each.is_open]
        return task.id


def rows(runtime: Runtime, sql: str) -> list[Any]:
    with runtime.database.reading() as session:
        return [tuple(row) for row in session.execute(text(sql))]


def jobs(runtime: Runtime) -> list[tuple[str, dict[str, Any]]]:
    return rows(runtime, "SELECT task_name, args FROM jobs.procrastinate_jobs ORDER BY id")


def run_jobs(runtime: Runtime, attempt: int = 1) -> int:
    """Run and remove what is in the queue, as a worker would."""
    done = 0
    while waiting := jobs(runtime):
        with runtime.database.transaction() as session:
            session.execute(text("DELETE FROM jobs.procrastinate_jobs"))
        for name, arguments in waiting:
            work.perform(runtime, name, arguments, attempt)
            done += 1
    return done


def status(runtime: Runtime, instance_id: int) -> str:
    with runtime.database.reading() as session:
        return queries.case(session, AUDITOR, instance_id).row.status


def check_history(runtime: Runtime, instance_id: int) -> None:
    """What the history tells is what the snapshot holds."""
    with runtime.database.reading() as session:
        found = queries.case(session, AUDITOR, instance_id)
        stored = session.execute(
            text("SELECT snapshot, chain_sequence FROM engine.instance WHERE id = :id"), {"id": instance_id}
        ).one()
        events = [from_record(entry.record) for entry in history.timeline(session, instance_id)]
    assert len(events) == stored.chain_sequence
    folded = fold(found.definition.bundle.model, events)
    assert folded == State.from_text(bytes(stored.snapshot))
    assert folded.to_text() == bytes(stored.snapshot)


def test_a_light_parcel_from_request_to_delivery(runtime: Runtime) -> None:
    started = start_instance(runtime, CLERK, "parcel", {"article": "hat", "worth": "12,50"})
    assert started.business_key == "P1"
    assert started.next_task_id is None
    with runtime.database.reading() as session:
        (row,) = tasks(session, PACKER)
        assert (row.title["fr"], row.title["en"]) == ("Peser le colis", "Weigh the parcel")
        assert row.business_key == "P1"
        assert [each.value for each in row.summary] == ["hat", None]
        assert row.due_at == NOW + timedelta(days=1)
        assert tasks(session, CLERK) == ()

    completed = complete_task(runtime, PACKER, row.id, {"weight": "7"})
    assert completed.next_task_id is None
    assert rows(runtime, "SELECT article, worth::text, weight FROM business.parcel") == [("hat", "12.50", 7)]
    assert jobs(runtime) == [
        ("run_effect", {"instance_id": started.instance_id, "activity": jobs(runtime)[0][1]["activity"]})
    ]
    assert rows(runtime, "SELECT * FROM business.letter") == []

    assert run_jobs(runtime) == 1
    assert rows(runtime, "SELECT number, subject FROM business.letter") == [("P1", "sent")]
    assert rows(runtime, "SELECT name, correlation_key FROM engine.subscription") == [("parcel delivered", "P1")]
    assert rows(runtime, "SELECT * FROM engine.timer") == []

    with runtime.database.transaction() as session:
        messages.send(session, [OutgoingMessage(name="parcel delivered", key="P1", payload={})], NOW, sender="post")
    assert run_jobs(runtime) == 1
    assert status(runtime, started.instance_id) == "completed"
    assert rows(runtime, "SELECT receiver_instance_id FROM engine.message") == [(started.instance_id,)]
    assert rows(runtime, "SELECT * FROM engine.subscription") == []
    check_history(runtime, started.instance_id)


def test_what_was_typed_is_checked_on_the_server(runtime: Runtime) -> None:
    with pytest.raises(InvalidInput) as refused:
        start_instance(runtime, CLERK, "parcel", {"article": "elephant", "worth": "x"})
    assert [each.field for each in refused.value.fields] == ["article", "worth"]
    task = only_task(runtime, begin(runtime))
    with pytest.raises(InvalidInput):
        complete_task(runtime, PACKER, task, {"weight": "0"})
    with pytest.raises(InvalidInput):
        complete_task(runtime, PACKER, task, {"weight": "3", "number": "P99"})
    assert rows(runtime, "SELECT is_open FROM engine.task") == [(True,)]


def test_only_who_may_starts(runtime: Runtime) -> None:
    with pytest.raises(NotAllowed):
        start_instance(runtime, CHIEF, "parcel", {"article": "hat", "worth": "1"})
    with pytest.raises(NotFound):
        start_instance(runtime, CLERK, "rocket", {})
    assert rows(runtime, "SELECT count(*) FROM engine.instance") == [(0,)]


def test_a_business_error_takes_its_boundary_event_and_undoes_its_savepoint_only(runtime: Runtime) -> None:
    instance = begin(runtime, "unknown")
    assert status(runtime, instance) == "completed"
    assert rows(runtime, "SELECT * FROM business.parcel") == []
    with runtime.database.reading() as session:
        path = queries.case(session, AUDITOR, instance).path
    assert path.flows == ("f_asked", "f_unknown")
    check_history(runtime, instance)


@pytest.mark.parametrize(
    ("article", "error", "code"),
    [
        ("dear", WrongState, "business_error_uncaught"),
        ("crash", Crashed, "handler_crashed"),
        ("broken", Crashed, "handler_crashed"),
    ],
)
def test_what_nothing_catches_leaves_nothing_and_tells_the_person(
    runtime: Runtime, article: str, error: type[Exception], code: str
) -> None:
    with pytest.raises(error) as refused:
        begin(runtime, article)
    assert refused.value.code == code  # type: ignore[attr-defined]
    for table in ("business.parcel", "engine.instance", "engine.event", "engine.task", "engine.timer"):
        assert rows(runtime, f"SELECT * FROM {table}") == []
    assert jobs(runtime) == []


def test_a_crash_while_completing_leaves_the_task_open(runtime: Runtime) -> None:
    instance = begin(runtime)
    task = only_task(runtime, instance)
    before = rows(runtime, "SELECT snapshot, revision, chain_sequence FROM engine.instance")
    with pytest.raises(Crashed):
        complete_task(runtime, PACKER, task, {"weight": "13"})
    assert rows(runtime, "SELECT snapshot, revision, chain_sequence FROM engine.instance") == before
    complete_task(runtime, PACKER, task, {"weight": "14"})
    check_history(runtime, instance)


def test_completing_twice_is_refused(runtime: Runtime) -> None:
    task = only_task(runtime, begin(runtime))
    complete_task(runtime, PACKER, task, {"weight": "7"})
    with pytest.raises(WrongState) as refused:
        complete_task(runtime, PACKER, task, {"weight": "7"})
    assert refused.value.code == "task_closed"


def test_what_a_colleague_has_taken_is_not_mine(runtime: Runtime) -> None:
    task = only_task(runtime, begin(runtime))
    inbox.claim(runtime.database, parcels.PACKERS[1], task)
    with pytest.raises(Conflict):
        complete_task(runtime, PACKER, task, {"weight": "7"})
    inbox.release(runtime.database, parcels.PACKERS[1], task)
    complete_task(runtime, PACKER, task, {"weight": "7"})


def test_who_is_not_offered_the_task_cannot_do_it(runtime: Runtime) -> None:
    task = only_task(runtime, begin(runtime))
    for actor in (CLERK, CHIEF, STRANGER, AUDITOR):
        with pytest.raises(NotAllowed):
            complete_task(runtime, actor, task, {"weight": "7"})
    with pytest.raises(NotFound):
        complete_task(runtime, PACKER, 10_000, {"weight": "7"})


def test_four_eyes_are_two_people(runtime: Runtime) -> None:
    instance = begin(runtime)
    completed = complete_task(runtime, BOTH, only_task(runtime, instance), {"weight": "70"})
    assert completed.next_task_id is None  # not for Bo, who weighed
    approval = only_task(runtime, instance)
    with runtime.database.reading() as session:
        assert tasks(session, BOTH) == ()
        assert figures(session, BOTH)[0] == 0
        assert [each.id for each in tasks(session, CHIEF)] == [approval]
    for attempt in (
        lambda: complete_task(runtime, BOTH, approval, {}),
        lambda: inbox.claim(runtime.database, BOTH, approval),
    ):
        with pytest.raises(NotAllowed) as refused:
            attempt()
        assert refused.value.code == "task_four_eyes"
    complete_task(runtime, CHIEF, approval, {"remark": "fine"})
    check_history(runtime, instance)


def test_the_next_task_is_offered_to_who_may_do_it(runtime: Runtime) -> None:
    started = start_instance(runtime, PACKER, "parcel", {"article": "hat", "worth": "1"})
    assert started.next_task_id == only_task(runtime, started.instance_id)


def test_an_effect_run_twice_happens_once(runtime: Runtime) -> None:
    instance = begin(runtime)
    complete_task(runtime, PACKER, only_task(runtime, instance), {"weight": "7"})
    ((name, arguments),) = jobs(runtime)
    assert name == queue.RUN_EFFECT
    work.perform(runtime, name, arguments, 1)
    work.perform(runtime, name, arguments, 1)
    assert rows(runtime, "SELECT count(*) FROM business.letter") == [(1,)]
    check_history(runtime, instance)


def test_a_timer_fires_once_it_is_due(runtime: Runtime) -> None:
    instance = begin(runtime)
    assert rows(runtime, "SELECT element_id, due_at FROM engine.timer") == [("late", NOW + timedelta(hours=2))]
    for moment, expected in (
        (NOW + timedelta(minutes=119), 0),
        (NOW + timedelta(hours=2), 1),
        (NOW + timedelta(hours=3), 0),
    ):
        with runtime.database.transaction() as session:
            assert promote(session, moment) == expected
    with clock.frozen(NOW + timedelta(hours=2)):
        assert run_jobs(runtime) == 2  # the timer, then the effect that it leads to
    assert rows(runtime, "SELECT number, subject FROM business.letter") == [("P1", "late")]
    assert rows(runtime, "SELECT * FROM engine.timer") == []
    complete_task(runtime, PACKER, only_task(runtime, instance), {"weight": "7"})
    check_history(runtime, instance)


def test_a_timer_of_a_task_that_is_done_finds_nothing_to_do(runtime: Runtime) -> None:
    instance = begin(runtime)
    with runtime.database.transaction() as session:
        promote(session, NOW + timedelta(hours=2))
    (timer,) = jobs(runtime)
    complete_task(runtime, PACKER, only_task(runtime, instance), {"weight": "7"})
    before = rows(runtime, "SELECT revision FROM engine.instance")
    work.perform(runtime, *timer, 1)
    assert rows(runtime, "SELECT revision FROM engine.instance") == before


def test_an_effect_that_keeps_failing_becomes_an_incident_and_can_be_retried(runtime: Runtime) -> None:
    instance = begin(runtime)
    complete_task(runtime, PACKER, only_task(runtime, instance), {"weight": "7"})
    with runtime.database.transaction() as session:
        session.execute(text("ALTER TABLE business.letter RENAME TO lost"))
    (job,) = jobs(runtime)
    with pytest.raises(TryAgain):
        work.perform(runtime, *job, 1)
    assert rows(runtime, "SELECT * FROM engine.incident") == []
    with capture_logs() as entries:
        work.perform(runtime, *job, ATTEMPTS)
    found = rows(runtime, "SELECT id, code, element_id, reference, facts FROM engine.incident")
    ((incident, code, element, reference, facts),) = found
    assert (code, element) == ("handler_crashed", "tell")
    assert set(from_canonical(facts)) == {"handler", "kind"}
    (entry,) = (each for each in entries if each["event"] == "effect_gave_up")
    assert (entry["activity"], entry["incident"]) == (job[1]["activity"], reference)
    assert "letter" in str(entry["exc_info"].__cause__)
    work.perform(runtime, *job, 1)  # a late duplicate finds the incident and does nothing
    with runtime.database.transaction() as session:
        session.execute(text("ALTER TABLE business.lost RENAME TO letter"))
        session.execute(text("DELETE FROM jobs.procrastinate_jobs"))
    with pytest.raises(NotAllowed):
        retry_incident(runtime, PACKER, incident)
    retry_incident(runtime, OWNER, incident)
    assert run_jobs(runtime) == 1
    assert rows(runtime, "SELECT count(*) FROM business.letter") == [(1,)]
    assert rows(runtime, "SELECT resolved_by FROM engine.incident") == [("olga",)]
    with pytest.raises(WrongState):
        retry_incident(runtime, OWNER, incident)
    check_history(runtime, instance)


def test_a_handler_that_fails_in_the_last_attempt_of_a_job_stops_its_activity_only(runtime: Runtime) -> None:
    instance = begin(runtime)
    task = only_task(runtime, instance)
    with runtime.database.transaction() as session:
        locked, row = driver.lock_by_task(session, task)
        stimulus = CompleteTask(activity=row.activity, actor="pack0", variables={"weight": Decimal(13)})
        with capture_logs() as entries:
            driver.apply(runtime, session, locked, stimulus, SYSTEM, NOW, on_failure=OnFailure.INCIDENT)
    found = rows(runtime, "SELECT id, element_id, reference, facts FROM engine.incident")
    ((first, element, reference, facts),) = found
    assert element == "send"
    assert from_canonical(facts) == {"handler": "parcel.send", "kind": "RuntimeError"}
    # what is written for ever says the kind; what stood in the exception is in the log, found by the incident
    assert rows(runtime, "SELECT count(*) FROM engine.event WHERE record LIKE '%thirteen%'") == [(0,)]
    (entry,) = (each for each in entries if each["event"] == "handler_failed")
    assert (entry["instance"], entry["incident"]) == (instance, reference)
    assert "thirteen" in str(entry["exc_info"])
    # still thirteen: a new incident takes the place of the one that was retried
    retry_incident(runtime, OWNER, first)
    assert rows(runtime, "SELECT resolved_by IS NULL FROM engine.incident ORDER BY id") == [(False,), (True,)]
    check_history(runtime, instance)


def test_a_job_that_gave_up_can_be_queued_again(runtime: Runtime) -> None:
    instance = begin(runtime)
    arguments = {"instance_id": instance, "wait": "w1", "nonsense": 1}
    with pytest.raises(TypeError):
        work.perform(runtime, queue.FIRE_TIMER, arguments, ATTEMPTS - 1)
    with capture_logs() as entries:
        work.perform(runtime, queue.FIRE_TIMER, arguments, ATTEMPTS)
    ((incident, code, name, facts),) = rows(runtime, "SELECT id, code, job_name, facts FROM engine.incident")
    assert (code, name) == ("job_gave_up", "fire_timer")
    assert from_canonical(facts) == {"attempts": ATTEMPTS, "kind": "TypeError"}
    (entry,) = (each for each in entries if each["event"] == "job_gave_up")
    assert entry["incident"] == incident
    with runtime.database.reading() as session:
        found = queries.case(session, AUDITOR, instance)
    assert found.row.open_incidents == 1
    # what everybody reads who may see the case tells nothing of our insides; the log does
    (told,) = (say(each.code, "en", **each.facts) for each in found.incidents)
    assert "TypeError" in told
    assert "nonsense" not in told
    retry_incident(runtime, OWNER, incident)
    assert jobs(runtime) == [("fire_timer", arguments)]
    with pytest.raises(WrongState):
        retry_incident(runtime, OWNER, incident)
    assert [
        (key, actor, from_canonical(record))
        for key, actor, record in rows(
            runtime, "SELECT key, actor, record FROM engine.record_event WHERE kind = 'incident' ORDER BY sequence"
        )
    ] == [
        (
            str(incident),
            "system",
            {"type": "job:gave_up", "job": "fire_timer", "case": instance, "code": "job_gave_up"},
        ),
        (str(incident), OWNER.login, {"type": "job:retried", "job": "fire_timer", "case": instance}),
    ]


def test_a_message_that_came_early_waits_for_who_awaits_it(runtime: Runtime) -> None:
    instance = begin(runtime)
    with runtime.database.transaction() as session:
        early = OutgoingMessage(name="parcel delivered", key="P1", payload={}, idempotency_key="post-1")
        assert len(messages.send(session, [early], NOW, sender="post")) == 1
        assert messages.send(session, [early], NOW, sender="post") == ()
    assert run_jobs(runtime) == 1
    assert rows(runtime, "SELECT received_at FROM engine.message") == [(None,)]
    complete_task(runtime, PACKER, only_task(runtime, instance), {"weight": "7"})
    run_jobs(runtime)
    assert status(runtime, instance) == "completed"


def test_a_message_for_another_key_reaches_nobody(runtime: Runtime) -> None:
    instance = begin(runtime)
    complete_task(runtime, PACKER, only_task(runtime, instance), {"weight": "7"})
    run_jobs(runtime)
    with runtime.database.transaction() as session:
        messages.send(session, [OutgoingMessage(name="parcel delivered", key="P2", payload={})], NOW, sender="post")
    run_jobs(runtime)
    assert status(runtime, instance) == "active"


def test_running_cases_keep_their_version(runtime: Runtime) -> None:
    old = begin(runtime)
    version = parcels.publish_parcel(runtime.database, old="weight &gt; 20", new="weight &gt; 5")
    assert version.number == 2
    new = begin(runtime)
    for instance in (old, new):
        complete_task(runtime, PACKER, only_task(runtime, instance), {"weight": "7"})
    with runtime.database.reading() as session:
        paths = [queries.case(session, AUDITOR, each).path.flows for each in (old, new)]
    assert "f_heavy" not in paths[0]
    assert "f_heavy" in paths[1]


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def test_completing_one_task_and_opening_the_next_takes_few_statements(runtime: Runtime) -> None:
    task = only_task(runtime, begin(runtime))
    with statements(runtime.database) as seen:
        complete_task(runtime, PACKER, task, {"weight": "70"})
    assert len(seen) <= 3, seen
    (written,) = [each for each in seen if "INSERT INTO engine.event" in each]
    assert all(table in written for table in ("engine.instance", "engine.task", "engine.timer"))


def test_details_of_a_task_tell_why(runtime: Runtime) -> None:
    instance = begin(runtime)
    task = only_task(runtime, instance)
    with runtime.database.reading() as session:
        details = queries.task(session, PACKER, task)
        assert details.form is not None
        assert (details.may_claim, details.may_complete, details.may_release, details.refusal) == (
            True,
            True,
            False,
            None,
        )
        assert details.variables["number"] == "P1"
        assert details.why.rule == "role"
        assert [each.element_title["en"] for each in details.why.before] == ["Record"]
        assert [each.status for each in details.stages] == ["done", "current", "ahead"]
        seen_by_clerk = queries.task(session, CLERK, task)
        assert seen_by_clerk.refusal is not None
        assert (seen_by_clerk.may_complete, seen_by_clerk.refusal.code) == (False, "task_not_offered")
        with pytest.raises(NotFound):
            queries.task(session, STRANGER, task)


def test_cases_are_seen_by_who_takes_part(runtime: Runtime) -> None:
    instance = begin(runtime)
    with runtime.database.reading() as session:
        for actor in (CLERK, PACKER, CHIEF, AUDITOR, OWNER):
            assert [each.id for each in queries.cases(session, actor).cases] == [instance]
            assert queries.case(session, actor, instance).row.business_key == "P1"
        assert queries.cases(session, STRANGER).cases == ()
        with pytest.raises(NotFound):
            queries.case(session, STRANGER, instance)


def test_cases_come_in_pages_and_can_be_searched(runtime: Runtime) -> None:
    made = [begin(runtime) for _ in range(5)]
    with runtime.database.reading() as session:
        first = queries.cases(session, AUDITOR, limit=3)
        second = queries.cases(session, AUDITOR, limit=3, after=first.next)
        assert [each.id for each in (*first.cases, *second.cases)] == made[::-1]
        assert second.next is None
        assert [each.id for each in queries.cases(session, AUDITOR, search="p3").cases] == [made[2]]
        assert queries.cases(session, AUDITOR, search="%").cases == ()
        assert queries.cases(session, AUDITOR, status="completed").cases == ()
        assert queries.cases(session, CHIEF, only_mine=True).cases == ()


def test_the_summary_is_stored_with_the_case(runtime: Runtime) -> None:
    begin(runtime)
    ((summary,),) = rows(runtime, "SELECT summary FROM engine.instance")
    assert from_canonical(summary)[0] == {"label": {"fr": "Article", "en": "Article"}, "type": "text", "value": "hat"}
