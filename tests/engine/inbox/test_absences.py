"""Standing in: for the days and the processes that were named, for what was there and what comes, and never past four eyes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from engine import clock
from engine.database.session import Database
from engine.errors import CommandRejected, Conflict, InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import Actor
from engine.history.queries import timeline
from engine.history.verification import verify_all
from engine.identity import people
from engine.inbox.absences import AnnounceAbsence, EndAbsence, absences, announce_absence, end_absence
from engine.inbox.commands import claim, delegate, release
from engine.instances import queries as cases
from engine.instances.commands import complete_task
from engine.instances.runtime import Runtime
from engine.records import execute
from engine.records.queries import history
from tests.engine.inbox.cast import figures, hire, open_task, tasks
from tests.engine.processes import parcels
from tests.engine.processes.parcels import BOTH, CHIEF, CLERK, OWNER, PACKER, PACKERS

ADMIN = Actor(login="ada", name="Ada", roles=frozenset({"admin"}))
COLLEAGUE = PACKERS[1]
NEWCOMER = Actor(login="nora", name="Nora", roles=frozenset())
MONDAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)

OTHER_PROCESS = """
    INSERT INTO engine.definition_version
        (process_key, number, content_hash, title_fr, title_en, note, start_roles, lane_roles, start_messages, published_at, published_by)
    SELECT 'other', 1, content_hash, title_fr, title_en, note, start_roles, lane_roles, start_messages, published_at, published_by
    FROM engine.definition_version
"""


@pytest.fixture
def runtime(database: Database) -> Iterator[Runtime]:
    made = parcels.prepare(database)
    with database.transaction() as session:
        people.add_role(session, "admin", "admin", "admin")
        hire(session, (PACKER, COLLEAGUE, CLERK, CHIEF, BOTH, OWNER, ADMIN, NEWCOMER))
    with clock.frozen(NOON):
        yield made


def away(
    runtime: Runtime,
    who: Actor,
    substitute: Actor,
    first: date = MONDAY,
    days: int = 5,
    *,
    by: Actor | None = None,
    processes: tuple[str, ...] | None = None,
) -> int:
    asked = AnnounceAbsence(
        person=who.login,
        substitute=substitute.login,
        first_day=first,
        last_day=first + timedelta(days=days - 1),
        zone="Europe/Paris",
        process_keys=processes,
    )
    return int(execute(runtime.database, announce_absence, asked, by or who).answer)


def test_who_stands_in_sees_and_does_what_waits_and_what_comes(runtime: Runtime) -> None:
    before = open_task(runtime)
    with runtime.database.reading() as session:
        assert figures(session, CLERK) == (0, 0, 0)
    away(runtime, PACKER, CLERK)
    after = open_task(runtime)
    with runtime.database.reading() as session:
        assert [each.id for each in tasks(session, CLERK, "absent")] == [before, after]
        assert figures(session, CLERK) == (0, 0, 2)
        details = cases.task(session, CLERK, before)
        assert (details.may_complete, details.may_claim, details.may_delegate, details.is_mine) == (
            True,
            True,
            True,
            False,
        )
        assert details.absent is not None
        assert (details.absent.login, details.absent.last_day) == ("pack0", date(2026, 11, 27))
    claim(runtime.database, CLERK, before)
    with runtime.database.reading() as session:
        assert [each.id for each in tasks(session, PACKER, "mine")] == [before]
        assert cases.task(session, CLERK, before).is_mine
    with pytest.raises(Conflict):
        complete_task(runtime, COLLEAGUE, before, {"weight": "1"})
    release(runtime.database, CLERK, before)
    claim(runtime.database, PACKER, before)
    complete_task(runtime, CLERK, before, {"weight": "1"})
    with runtime.database.reading() as session:
        entries = [each for each in timeline(session, 1) if each.type.startswith("task:")]
        told = [(each.type, each.actor, each.record.get("for")) for each in entries]
        assert told == [
            ("task:created", "clea", None),
            ("task:claimed", "clea", "pack0"),
            ("task:released", "clea", "pack0"),
            ("task:claimed", "pack0", None),
            ("task:substituted", "clea", "pack0"),
            ("task:completed", "clea", None),
        ]
        assert verify_all(session).is_whole
    delegate(runtime.database, CLERK, after, "pack1")


def test_who_stands_in_sees_the_cases_as_long(runtime: Runtime) -> None:
    open_task(runtime)
    with runtime.database.reading() as session, pytest.raises(NotFound):
        cases.case(session, NEWCOMER, 1)
    away(runtime, PACKER, NEWCOMER)
    with runtime.database.reading() as session:
        assert cases.case(session, NEWCOMER, 1).row.id == 1
    with clock.frozen(NOON + timedelta(days=7)), runtime.database.reading() as session, pytest.raises(NotFound):
        cases.case(session, NEWCOMER, 1)


def test_it_begins_and_ends_at_midnight_of_the_company(runtime: Runtime) -> None:
    task = open_task(runtime)
    away(runtime, PACKER, CLERK, first=date(2026, 11, 24), days=2)
    for moment, is_seen in (
        ("2026-11-23T22:59:59", False),
        ("2026-11-23T23:00:00", True),
        ("2026-11-25T22:59:59", True),
        ("2026-11-25T23:00:00", False),
    ):
        with clock.frozen(datetime.fromisoformat(f"{moment}+00:00")):
            with runtime.database.reading() as session:
                assert ([each.id for each in tasks(session, CLERK, "absent")] == [task]) is is_seen
            if not is_seen:
                with pytest.raises(NotAllowed):
                    claim(runtime.database, CLERK, task)
                with pytest.raises(NotAllowed):
                    complete_task(runtime, CLERK, task, {"weight": "1"})


def test_only_in_the_processes_that_were_named(runtime: Runtime) -> None:
    task = open_task(runtime)
    with runtime.database.transaction() as session:
        session.execute(text(OTHER_PROCESS))
    away(runtime, PACKER, CLERK, processes=("other",))
    with runtime.database.reading() as session:
        assert tasks(session, CLERK, "absent") == ()
    with pytest.raises(NotAllowed):
        complete_task(runtime, CLERK, task, {"weight": "1"})
    away(runtime, PACKER, CLERK, processes=("parcel",))
    complete_task(runtime, CLERK, task, {"weight": "1"})


def test_nobody_stands_in_for_a_stand_in(runtime: Runtime) -> None:
    task = open_task(runtime)
    away(runtime, PACKER, CHIEF)
    away(runtime, CHIEF, CLERK)
    with pytest.raises(NotAllowed):
        complete_task(runtime, CLERK, task, {"weight": "1"})
    complete_task(runtime, CHIEF, task, {"weight": "1"})


def test_four_eyes_see_through_desks(runtime: Runtime) -> None:
    """Who stands in may not approve what they, or whom they stand in for, asked for; nor may that person afterwards."""
    away(runtime, BOTH, CHIEF)
    mine = open_task(runtime)
    complete_task(runtime, CHIEF, mine, {"weight": "99"})  # for Bo
    approval = open_task(runtime, start=False)
    for each in (CHIEF, BOTH):
        with pytest.raises(NotAllowed):
            complete_task(runtime, each, approval, {"remark": "true"})
        with pytest.raises(NotAllowed):
            claim(runtime.database, each, approval)
    with runtime.database.reading() as session:
        assert tasks(session, CHIEF) == ()
        assert tasks(session, CHIEF, "absent") == ()
        assert tasks(session, BOTH) == ()
    asked = open_task(runtime)
    complete_task(runtime, BOTH, asked, {"weight": "99"})
    second = open_task(runtime, start=False)
    with pytest.raises(NotAllowed) as refused:
        complete_task(runtime, CHIEF, second, {"remark": "true"})
    assert (refused.value.code, refused.value.facts["name"]) == ("task_four_eyes_absent", "Bo")
    with runtime.database.reading() as session:
        assert tasks(session, CHIEF) == ()
    with clock.frozen(NOON + timedelta(days=7)):
        complete_task(runtime, CHIEF, second, {"remark": "true"})


def test_who_may_note_an_absence_and_what_is_refused(runtime: Runtime) -> None:
    def problems(**changes: object) -> list[tuple[str, str]]:
        usual: dict[str, object] = {
            "person": "pack0",
            "substitute": "clea",
            "first_day": MONDAY,
            "last_day": MONDAY,
            "zone": "Europe/Paris",
        }
        with pytest.raises(InvalidInput) as refused:
            execute(runtime.database, announce_absence, AnnounceAbsence(**(usual | changes)), ADMIN)  # type: ignore[arg-type]
        return [(each.field, each.code) for each in refused.value.fields]

    assert problems(person="nobody", substitute="no one") == [
        ("person", "person_unknown_here"),
        ("substitute", "person_unknown_here"),
    ]
    assert problems(substitute="pack0") == [("substitute", "absence_of_oneself")]
    assert problems(last_day=MONDAY - timedelta(days=1)) == [("last_day", "absence_days_turned")]
    assert problems(first_day=date(2026, 11, 2), last_day=date(2026, 11, 22)) == [("last_day", "absence_is_over")]
    assert problems(last_day=MONDAY + timedelta(days=401)) == [("last_day", "absence_too_long")]
    assert problems(process_keys=()) == [("processes", "absence_without_process")]
    assert problems(process_keys=("parcel", "unknown")) == [("processes", "process_unknown_here")]
    with pytest.raises(NotAllowed):
        away(runtime, PACKER, CLERK, by=CLERK)
    made = away(runtime, PACKER, CLERK, by=ADMIN)
    with pytest.raises(Conflict):
        away(runtime, PACKER, CHIEF, first=MONDAY + timedelta(days=4))
    away(runtime, PACKER, CHIEF, first=MONDAY + timedelta(days=5))
    with runtime.database.reading() as session:
        (entry,) = history(session, "absence", str(made))
        shown = absences(session, clock.now(), login="clea")
        assert absences(session, clock.now(), login="pack1") == ()
        assert len(absences(session, clock.now())) == 2
    assert (entry.type, entry.actor, entry.fields["substitute"].new) == ("absence:announced", "ada", "clea")
    assert [(each.person, each.state) for each in shown] == [("pack0", "now")]


def test_coming_back_earlier(runtime: Runtime) -> None:
    task = open_task(runtime)
    made = away(runtime, PACKER, CLERK)
    for who, error in ((CLERK, NotAllowed), (COLLEAGUE, NotFound)):
        with pytest.raises(error):
            execute(runtime.database, end_absence, EndAbsence(absence=made), who)
    execute(runtime.database, end_absence, EndAbsence(absence=made), PACKER)
    with pytest.raises(NotAllowed):
        claim(runtime.database, CLERK, task)
    with pytest.raises(WrongState):
        execute(runtime.database, end_absence, EndAbsence(absence=made), PACKER)
    with pytest.raises(NotFound):
        execute(runtime.database, end_absence, EndAbsence(absence=999), ADMIN)
    away(runtime, PACKER, CLERK)


def test_an_absence_that_never_began_covers_no_day(runtime: Runtime) -> None:
    """Cancelled before its first day: other days may be noted across it, and nobody is told to end what no list shows."""
    made = away(runtime, PACKER, CLERK, MONDAY + timedelta(days=2))
    execute(runtime.database, end_absence, EndAbsence(absence=made), PACKER)
    away(runtime, PACKER, CLERK)


def test_the_absent_person_the_stand_in_and_a_colleague_at_once(runtime: Runtime) -> None:
    away(runtime, PACKER, CLERK)
    for _ in range(3):
        task = open_task(runtime)
        outcomes: list[str] = []
        begin = threading.Barrier(3)

        def one(person: Actor, task: int = task, begin: threading.Barrier = begin, found: list[str] = outcomes) -> None:
            begin.wait()
            try:
                with clock.frozen(NOON):
                    complete_task(runtime, person, task, {"weight": "1"})
                found.append("done")
            except CommandRejected as reason:
                found.append(reason.code)

        threads = [threading.Thread(target=one, args=(person,)) for person in (PACKER, CLERK, COLLEAGUE)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
        assert sorted(outcomes) == ["done", "task_closed", "task_closed"]


def test_two_absences_of_one_person_at_once(runtime: Runtime) -> None:
    outcomes: list[str] = []
    begin = threading.Barrier(4)

    def one() -> None:
        begin.wait()
        try:
            with clock.frozen(NOON):
                away(runtime, PACKER, CLERK)
            outcomes.append("done")
        except Conflict as reason:
            outcomes.append(reason.code)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert sorted(outcomes) == [*["absence_overlaps"] * 3, "done"]
