"""Examinations by jobs: one a content, again after a crash, of that content only; and the order in which the gate asks."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from engine import clock
from engine.database.session import Database
from engine.definitions import drafts, entrances, examination, examining, store
from engine.definitions import files as stored_files
from engine.definitions.examination import ATTEMPTS, Examination, ask, forget_all, forget_old, perform
from engine.definitions.examining import Progress, examine
from engine.definitions.findings import examined_of, problems_of, text_of
from engine.definitions.fingerprint import fingerprint
from engine.errors import CommandRejected, Conflict, DefinitionError, NotAllowed, NotFound
from engine.handler import SYSTEM, HandlerTable
from engine.history.verification import verify_all
from engine.instances import commands, overview, queries, work
from engine.instances.runtime import Runtime
from engine.jobs import queue
from engine.jobs.reaper import reap
from engine.model.bundle import content_hash, read_bundle
from engine.second_opinion import Agreement, Figures, Obstacle, Opinion, figures
from engine.second_opinion.comparing import Difference
from engine.stories import Story
from engine.texts import say
from engine.worker import run_pending
from tests import publishing
from tests.engine.processes import parcels
from tests.engine.processes.parcels import CHIEF, CLERK, HANDLERS, OWNER

ROOT = Path(__file__).parents[3]
STORY = """title: {fr: "Un colis", en: "A parcel"}
process: parcel
start: {at: 2026-11-24T09:00, by: clea, answers: {article: hat, worth: 1}}
steps:
  - {handler: record, returns: {number: P1}}
expect: {end: {waiting: [weigh]}}
"""


@pytest.fixture
def runtime(database: Database) -> Runtime:
    return parcels.prepare(database)


def changed(*changes: tuple[str, str], **stories: str) -> dict[str, bytes]:
    files = parcels.files()
    drawn = files["parcel.bpmn"].decode()
    for old, new in changes:
        assert old in drawn
        drawn = drawn.replace(old, new)
    told = {f"stories/{name}.yaml": told.encode() for name, told in stories.items()}
    return files | {"parcel.bpmn": drawn.encode()} | told


def asked(runtime: Runtime, files: Mapping[str, bytes]) -> Examination:
    return ask(runtime.database, OWNER, "parcel", files, HANDLERS)


def job(runtime: Runtime, files: Mapping[str, bytes], attempt: int = 1) -> None:
    name = {"content_hash": content_hash(files), "fingerprint": fingerprint(HANDLERS)}
    work.perform(runtime, queue.EXAMINE, name, attempt)


def state(runtime: Runtime, files: Mapping[str, bytes]) -> Examination:
    return examination.report(runtime.database, OWNER, "parcel", content_hash(files), HANDLERS)


def jobs(runtime: Runtime) -> int:
    with runtime.database.reading() as session:
        return int(session.execute(text("SELECT count(*) FROM jobs.procrastinate_jobs")).scalar_one())


def kept(runtime: Runtime, files: Mapping[str, bytes]) -> bool:
    with runtime.database.reading() as session:
        return bool(stored_files.read(session, content_hash(files)))


NEW = changed(("weight &gt; 20", "weight &gt; 5"))


# -- the job ------------------------------------------------------------------------------------------------------------------


def test_it_is_asked_for_done_and_known(runtime: Runtime) -> None:
    assert asked(runtime, NEW).state == "waiting"
    assert kept(runtime, NEW)
    run_pending(runtime)
    done = state(runtime, NEW)
    assert (done.state, jobs(runtime), kept(runtime, NEW)) == ("done", 0, False)
    assert done.found is not None
    assert (done.found.may_publish, done.found.needs_reason) == (True, False)
    assert asked(runtime, NEW) == done
    assert jobs(runtime) == 0
    # of this content only
    with pytest.raises(NotFound):
        state(runtime, changed(("weight &gt; 20", "weight &gt; 6")))
    with pytest.raises(NotFound):
        examination.report(runtime.database, OWNER, "other", done.content_hash, HANDLERS)


def test_only_owners_ask_and_read(runtime: Runtime) -> None:
    with pytest.raises(NotAllowed):
        ask(runtime.database, CHIEF, "parcel", NEW, HANDLERS)
    asked(runtime, NEW)
    with pytest.raises(NotAllowed):
        examination.report(runtime.database, CHIEF, "parcel", content_hash(NEW), HANDLERS)


def test_whoever_asks_at_once_gets_one_job(runtime: Runtime) -> None:
    begin = threading.Barrier(4)
    found: list[Examination] = []

    def one() -> None:
        begin.wait()
        found.append(asked(runtime, NEW))

    threads = [threading.Thread(target=one) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert [each.state for each in found] == ["waiting"] * 4
    assert jobs(runtime) == 1


def test_the_job_finds_nothing_to_do_the_second_time(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(runtime, NEW)
    job(runtime, NEW)
    before = state(runtime, NEW)
    monkeypatch.setattr(examination, "examine", lambda *_: pytest.fail("again"))
    job(runtime, NEW)
    assert state(runtime, NEW) == before


def test_a_lost_job_is_queued_again(runtime: Runtime) -> None:
    asked(runtime, NEW)
    with runtime.database.transaction() as session:
        session.execute(text("DELETE FROM jobs.procrastinate_jobs"))
        session.execute(text("UPDATE engine.examination SET state = 'running' WHERE state = 'waiting'"))
    assert asked(runtime, NEW).state == "waiting"
    assert jobs(runtime) == 1


def test_a_killed_worker_leaves_it_to_the_next(runtime: Runtime, database_url: str) -> None:
    asked(runtime, NEW)
    command = [sys.executable, "-m", "tests.engine.definitions.examiner", database_url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "examining\n"
            assert state(runtime, NEW).state == "running"
            # who asks meanwhile waits for the same job
            assert (asked(runtime, NEW).state, jobs(runtime)) == ("running", 1)
        finally:
            process.kill()
    with runtime.database.transaction() as session:
        session.execute(text("UPDATE jobs.procrastinate_workers SET last_heartbeat = now() - interval '1 minute'"))
    with runtime.database.transaction() as session:
        assert reap(session, clock.now()).rescued == 1
    run_pending(runtime)
    assert state(runtime, NEW).state == "done"


def test_what_kills_every_worker_is_given_up(runtime: Runtime) -> None:
    asked(runtime, NEW)
    with runtime.database.transaction() as session:
        session.execute(text("UPDATE engine.examination SET state = 'running' WHERE state = 'waiting'"))
        session.execute(text("UPDATE jobs.procrastinate_jobs SET attempts = :before"), {"before": ATTEMPTS})
    run_pending(runtime)
    failed = state(runtime, NEW)
    assert (failed.state, failed.now_code, kept(runtime, NEW)) == ("failed", "examination_gave_up", False)
    # asked for again, it begins again
    assert asked(runtime, NEW).state == "waiting"
    run_pending(runtime)
    assert state(runtime, NEW).state == "done"


def test_an_examination_that_breaks_is_tried_again_and_then_says_so(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(runtime, NEW)
    monkeypatch.setattr(examination, "examine", lambda *_: 1 / 0)
    for attempt in range(1, ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            job(runtime, NEW, attempt)
        assert state(runtime, NEW).state == "running"
    job(runtime, NEW, ATTEMPTS)
    assert state(runtime, NEW).now_code == "examination_gave_up"


def test_one_that_takes_too_long_is_given_up_at_once(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(runtime, NEW)
    monkeypatch.setattr(examination, "MOST_SECONDS", 0.0)
    job(runtime, NEW)
    assert state(runtime, NEW).now_code == "examination_gave_up"


def test_a_worker_of_another_release_does_not_answer(runtime: Runtime) -> None:
    asked(runtime, NEW)
    other = HandlerTable(
        handlers={**HANDLERS.handlers, "parcel.send": replace(parcels.send, errors=("new",))}, choices={}
    )
    work.perform(
        Runtime(database=runtime.database, handlers=other),
        queue.EXAMINE,
        {"content_hash": content_hash(NEW), "fingerprint": fingerprint(HANDLERS)},
        1,
    )
    assert (state(runtime, NEW).state, state(runtime, NEW).now_code) == ("failed", "examination_other_release")
    # and what was found with some handlers says nothing of others
    publishing.publish(runtime.database, OWNER, NEW, HANDLERS)
    with runtime.database.reading() as session:
        assert examination.find(session, content_hash(NEW), HANDLERS) is not None
        assert examination.find(session, content_hash(NEW), other) is None


def test_progress_is_told_while_it_runs(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int, int, str]] = []

    def looked(*given: Any) -> Any:
        tell = given[3]

        def told(progress: Progress) -> None:
            tell(progress)
            now = state(runtime, files)
            seen.append((now.state, now.done, now.total, now.now_code))

        bundle, handlers, at, _ = given
        return examine(bundle, handlers, at, told)

    files = changed(("weight &gt; 20", "weight &gt; 5"), one=STORY)
    asked(runtime, files)
    monkeypatch.setattr(examination, "_TELL_SECONDS", 0.0)
    monkeypatch.setattr(examination, "examine", looked)
    job(runtime, files)
    told = ("examination_proving", "examination_playing", "examination_comparing")
    assert seen == [("running", done, 3, code) for done, code in enumerate(told)]


def test_files_stay_while_they_are_needed(runtime: Runtime) -> None:
    saved = drafts.save(runtime.database, OWNER, "parcel", NEW, 1, 0)
    asked(runtime, NEW)
    drafts.save(runtime.database, OWNER, "parcel", parcels.files(), 1, saved.revision)
    assert kept(runtime, NEW)
    run_pending(runtime)
    assert state(runtime, NEW).state == "done"
    assert not kept(runtime, NEW)


def test_old_examinations_are_forgotten_with_their_files(runtime: Runtime) -> None:
    asked(runtime, NEW)
    with runtime.database.transaction() as session:
        forget_old(session, clock.now())
    assert kept(runtime, NEW)
    with runtime.database.transaction() as session:
        forget_old(session, clock.now() + examination.KEPT_FOR + timedelta(seconds=1))
    assert not kept(runtime, NEW)
    perform(runtime.database, HANDLERS, runtime.environment, content_hash(NEW), fingerprint(HANDLERS), 1)
    assert asked(runtime, NEW).state == "waiting"
    with runtime.database.transaction() as session:
        forget_all(session)
    assert not kept(runtime, NEW)
    with pytest.raises(NotFound):
        state(runtime, NEW)


# -- the gate -----------------------------------------------------------------------------------------------------------------


def test_nothing_is_published_unexamined(runtime: Runtime) -> None:
    with pytest.raises(Conflict) as early:
        store.publish(runtime.database, OWNER, NEW, HANDLERS)
    assert (early.value.code, early.value.facts["id"]) == ("examination_running", content_hash(NEW))
    asked(runtime, NEW)
    with pytest.raises(Conflict, match="examination_running"):
        store.publish(runtime.database, OWNER, NEW, HANDLERS)
    run_pending(runtime)
    version = store.publish(runtime.database, OWNER, NEW, HANDLERS, reason="not asked for")
    assert version.reason == ""
    assert version.proved is not None
    assert [each.verdict.is_sound for each in version.proved] == [True]
    assert version.opinions == ()


def test_a_version_from_before_goes_through_the_gate_when_it_is_published_again(runtime: Runtime) -> None:
    publishing.publish(runtime.database, OWNER, NEW, HANDLERS)
    with runtime.database.transaction() as session:
        session.execute(text("DELETE FROM engine.examination"))
        session.execute(text("UPDATE engine.definition_version SET verdicts = NULL"))
    with runtime.database.reading() as session:
        assert [(each.proved, each.opinions) for each in store.versions(session, "parcel")] == [(None, ())] * 2
    with pytest.raises(Conflict, match="examination_running"):
        store.publish(runtime.database, OWNER, parcels.files(), HANDLERS)
    # the one in force stays in force, without a question
    assert store.publish(runtime.database, OWNER, NEW, HANDLERS).number == 2


def test_a_reason_is_text_of_a_bounded_length(runtime: Runtime) -> None:
    with pytest.raises(CommandRejected, match="soundness_reason_too_long"):
        publishing.publish(runtime.database, OWNER, NEW, HANDLERS, reason="x" * 501)


def test_examining_here_leaves_no_files_and_asks_nobody(runtime: Runtime) -> None:
    found = examination.examine_now(runtime.database, SYSTEM, NEW, HANDLERS, runtime.environment)
    assert (found.may_publish, kept(runtime, NEW), jobs(runtime)) == (True, False, 0)
    with pytest.raises(DefinitionError):
        examination.examine_now(runtime.database, SYSTEM, NEW | {"parcel.bpmn": b"<"}, HANDLERS, runtime.environment)


# -- what is found ------------------------------------------------------------------------------------------------------------


def test_findings_come_back_as_they_were_kept(runtime: Runtime) -> None:
    bundle = read_bundle(changed(one=STORY, two=STORY.replace("[weigh]", "[approve]"), three="title: 1"))
    found = examine(bundle, HANDLERS, runtime.environment)
    assert examined_of(text_of(found)) == found
    assert [(each.file, each.passed) for each in found.played] == [
        ("stories/one.yaml", True),
        ("stories/three.yaml", False),
        ("stories/two.yaml", False),
    ]
    assert not found.may_publish
    against = list(problems_of(found, has_reason=False))
    assert {each.file for each in against} == {"stories/two.yaml", "stories/three.yaml"}
    assert [each.place for each in against if each.file == "stories/two.yaml"] == ["expect.end"]
    assert found.covered.elements["weigh"] == 2
    assert 0 in found.covered.flows.values()
    assert 0 < found.covered.percent < 100


DIFFERENCE = Difference(point="only_ours", element="weigh", ours="weigh", variables=("a", "b"), step=2)


def differing(defect: str | None) -> Callable[..., Opinion]:
    """A second engine that goes another way at one element."""

    def compare(told: Story, *_: object, **_named: object) -> Opinion:
        return Opinion(
            process=told.process,
            file=told.file,
            agreement=Agreement.DIFFERENT,
            difference=DIFFERENCE,
            defect=defect,
            element_name="Peser",
        )

    return compare


def test_the_second_engine_is_asked_of_every_story(runtime: Runtime) -> None:
    bundle = read_bundle(changed(one=STORY, two=STORY.replace("[weigh]", "[approve]"), three="title: 1"))
    found = examine(bundle, HANDLERS, runtime.environment)
    kinds = [each.opinion and each.opinion.agreement for each in found.played]
    assert kinds == [Agreement.SAME, Agreement.NOT_COMPARED, Agreement.NOT_COMPARED]
    assert {each.obstacles for each in found.opinions[1:]} == {(Obstacle(reason="failing"),)}
    assert figures(found.opinions) == Figures(total=3, compared=1, explained=0, unexplained=0)


def test_a_difference_that_nothing_explains_stands_against_publishing(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "compare", differing(None))
    found = examine(read_bundle(changed(one=STORY)), HANDLERS, runtime.environment)
    assert (found.may_publish, found.needs_reason, found.played[0].passed) == (False, False, True)
    (problem,) = problems_of(found, has_reason=True)
    assert (problem.code, problem.file) == ("opinion_unexplained_only_ours", "stories/one.yaml")
    assert (problem.element_id, problem.element_name) == ("weigh", "Peser")
    assert "« Peser »" in say(problem.code, "fr", **problem.facts).replace("\xa0", " ")
    assert say(problem.code, "en", **problem.facts) == found.opinions[0].sentence("en")
    assert examined_of(text_of(found)) == found


def test_an_explained_difference_does_not_and_is_kept_with_the_version(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "compare", differing("copies"))
    version = publishing.publish(runtime.database, OWNER, changed(one=STORY), HANDLERS)
    (opinion,) = version.opinions
    assert (opinion.file, opinion.defect, opinion.difference) == ("stories/one.yaml", "copies", DIFFERENCE)
    with runtime.database.reading() as session:
        assert verify_all(session).findings == ()


def test_findings_from_before_the_second_engine_was_asked_are_read(runtime: Runtime) -> None:
    found = examine(read_bundle(changed(one=STORY)), HANDLERS, runtime.environment)
    before = json.loads(text_of(found))
    for each in before["played"]:
        del each["opinion"]
    old = examined_of(json.dumps(before))
    assert (old.opinions, old.played[0].opinion, old.may_publish) == ((), None, True)


def test_the_fingerprint_tells_handlers_apart() -> None:
    table = dict(HANDLERS.handlers)
    one = fingerprint(HANDLERS)
    assert one == fingerprint(HandlerTable(handlers=dict(reversed(table.items())), choices=HANDLERS.choices))
    others = [
        HandlerTable(handlers=table, choices={}),
        HandlerTable(handlers={**table, "x": parcels.send}, choices=HANDLERS.choices),
        HandlerTable(handlers={**table, "parcel.send": replace(parcels.send, errors=("e",))}, choices=HANDLERS.choices),
        HandlerTable(
            handlers={**table, "parcel.send": replace(parcels.send, input_type=parcels.Told)}, choices=HANDLERS.choices
        ),
        HandlerTable(
            handlers={**table, "parcel.send": replace(parcels.send, is_effect=True)}, choices=HANDLERS.choices
        ),
    ]
    assert len({one, *map(fingerprint, others)}) == 6


GLOBAL = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
  id="d" targetNamespace="t">
<globalUserTask id="ask"><extensionElements><zeebe:assignmentDefinition candidateGroups="clerk"/></extensionElements></globalUserTask>
<process id="main" isExecutable="true"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="c"/>
<callActivity id="c"><extensionElements><zeebe:calledElement processId="ask"/></extensionElements></callActivity>
<sequenceFlow id="g" sourceRef="c" targetRef="e"/><endEvent id="e"/></process></definitions>"""


def test_a_global_task_is_examined_and_called_and_begins_nothing(runtime: Runtime) -> None:
    described = "key: calls\nprocess: {}\ntitle: {{fr: Appels, en: Calls}}\nstart: {{roles: [clerk]}}\n"
    files = {"process.yaml": described.format("main").encode(), "main.bpmn": GLOBAL}
    version = publishing.publish(runtime.database, OWNER, files, HANDLERS)
    assert version.proved is not None
    assert {each.verdict.process: each.verdict.is_sound for each in version.proved} == {"ask": True, "main": True}
    with runtime.database.reading() as session:
        assert [each.version.process_key for each in overview.startable(session, CLERK)] == ["calls", "parcel"]
    assert entrances.entrances(read_bundle(files)) == ()
    started = commands.start_instance(runtime, CLERK, "calls").instance_id
    with runtime.database.reading() as session:
        assert [each.element_id for each in queries.case(session, CLERK, started).tasks] == ["ask"]
    alone = files | {"process.yaml": described.format("ask").encode()}
    with pytest.raises(DefinitionError) as refused:
        publishing.publish(runtime.database, OWNER, alone, HANDLERS)
    assert [each.code for each in refused.value.problems if each.severity == "error"] == ["start_without_plain_event"]
