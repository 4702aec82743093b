"""What people are told by mail: once each, as they chose, from what was recorded, and only while it is still worth telling."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, text

from engine import clock
from engine.calendar import WorkingCalendar
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed
from engine.handler import SYSTEM, Actor
from engine.history import keeping
from engine.identity import people
from engine.inbox.absences import AnnounceAbsence, EndAbsence, announce_absence, end_absence
from engine.inbox.commands import claim, delegate
from engine.instances.commands import complete_task
from engine.instances.operators import OPERATORS
from engine.instances.runtime import Runtime
from engine.mail import letters
from engine.mail.letters import Posted
from engine.mail.settings import SetPlan, set_plan
from engine.notices import choices, composing, telling, wording
from engine.notices.choices import ChooseNotices, choose
from engine.records import execute, queries
from tests.conftest import cloned
from tests.engine.inbox.cast import hire, open_task
from tests.engine.processes import parcels
from tests.engine.processes.parcels import BOTH, CHIEF, CLERK, OWNER, PACKER, PACKERS

COLLEAGUE = PACKERS[1]
NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)
"""A Monday; in Paris it is noon."""
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def office_url(template_url: str) -> Iterator[str]:
    """A template of these tests: the parcels, their people with addresses, and marks that were made at eleven."""
    with cloned(template_url, "notices") as url:
        database = Database(url)
        made = parcels.prepare(database)
        with database.transaction() as session:
            hire(session, (PACKER, COLLEAGUE, CLERK, CHIEF, BOTH, OWNER))
            session.execute(text("UPDATE engine.person SET email = login || '@prost.example'"))
            # a parcel is due tomorrow: most tests are not about that
            session.execute(text("INSERT INTO engine.notice_choice SELECT login, 'due', 'off' FROM engine.person"))
        with clock.frozen(NOON - timedelta(hours=1)):
            plan = SetPlan(site="https://b.example", digest_at=time(8), checkpoint_to=())
            execute(database, set_plan, plan, SYSTEM)
            tell(made)
        database.dispose()
        yield url


@pytest.fixture
def runtime(office_url: str) -> Iterator[Runtime]:
    with cloned(office_url) as url, clock.frozen(NOON):
        database = Database(url)
        yield Runtime(database=database, handlers=parcels.HANDLERS)
        database.dispose()


def tell(runtime: Runtime, after: timedelta = timedelta()) -> list[Posted]:
    """What was written to people by then, the oldest first."""
    keeping.number_all(runtime.database)
    telling.tell(runtime.database, runtime.calendar, OPERATORS, clock.now() + after, is_demonstration=True)
    with runtime.database.reading() as session:
        return list(reversed(letters.page(session)))


def choose_for(runtime: Runtime, actor: Actor, **modes: str) -> None:
    with runtime.database.reading() as session:
        found = people.find_actor(session, actor.login)
    assert found is not None
    execute(runtime.database, choose, ChooseNotices(login=actor.login, modes=modes), found)


def sent(found: list[Posted]) -> list[tuple[str | None, str]]:
    return [(each.to_login, each.subject) for each in found]


def test_an_offered_task_is_told_once_as_each_chose(runtime: Runtime) -> None:
    choose_for(runtime, PACKER, offered="now")
    choose_for(runtime, BOTH, offered="off")
    task = open_task(runtime)
    assert tell(runtime) == []
    assert tell(runtime, timedelta(seconds=59)) == []
    (at_once,) = tell(runtime, MINUTE)
    assert at_once.to_login == "pack0"
    assert at_once.body is not None
    assert at_once.html is not None
    assert f"https://b.example/tasks/{task}" in at_once.body
    assert f'<a href="https://b.example/tasks/{task}">' in at_once.html
    assert "https://b.example/account/notices" in at_once.body
    # the colleague hears of it in the morning of the next working day, and nobody twice
    assert len(tell(runtime, timedelta(hours=19))) == 1
    assert [each.to_login for each in tell(runtime, timedelta(hours=20, minutes=1))] == ["pack0", "pack1"]
    assert len(tell(runtime, timedelta(hours=20, minutes=30))) == 2


def test_nothing_is_told_of_what_is_done_taken_or_ones_own(runtime: Runtime) -> None:
    for actor in (PACKER, COLLEAGUE, BOTH):
        choose_for(runtime, actor, offered="now", assigned="now")
    done, taken = open_task(runtime), open_task(runtime)
    tell(runtime)
    complete_task(runtime, PACKER, done, {"weight": "5"})
    claim(runtime.database, COLLEAGUE, taken)
    assert [each for each in tell(runtime, MINUTE) if each.to_login in ("pack0", "pack1")] == []
    # passed on: only whom it was passed to hears of it
    delegate(runtime.database, COLLEAGUE, taken, "pack0")
    tell(runtime, MINUTE)
    told = [each for each in tell(runtime, 20 * MINUTE) if each.to_login in ("pack0", "pack1")]
    assert [each.to_login for each in told] == ["pack0"]
    assert told[0].subject.startswith("Pour vous")


def test_much_at_once_is_one_letter_and_the_next_one_waits(runtime: Runtime) -> None:
    choose_for(runtime, PACKER, offered="now")
    first = [open_task(runtime) for _ in range(3)]
    tell(runtime)
    (letter,) = tell(runtime, MINUTE)
    assert letter.subject == "3 nouvelles dans Bordereau"
    assert letter.body is not None
    assert all(f"/tasks/{each}\n" in letter.body for each in first)
    open_task(runtime)
    assert len(tell(runtime, 5 * MINUTE)) == 1
    assert len(tell(runtime, 12 * MINUTE)) == 2


def test_who_stands_in_hears_of_it_and_of_the_tasks_and_who_is_away_does_not(runtime: Runtime) -> None:
    choose_for(runtime, PACKER, offered="now")
    choose_for(runtime, CLERK, offered="now")
    away = AnnounceAbsence(
        person="pack0",
        substitute="clea",
        first_day=date(2026, 11, 23),
        last_day=date(2026, 11, 27),
        zone="Europe/Paris",
    )
    execute(runtime.database, announce_absence, away, PACKER)
    open_task(runtime)  # by Cléa herself: only others hear of that
    tell(runtime)
    (letter,) = tell(runtime, MINUTE)
    assert (letter.to_login, letter.subject) == ("clea", "Vous remplacez Packer 0")
    assert letter.body is not None
    assert "du 23 nov. 2026 au 27 nov. 2026" in letter.body
    assert [each.to_login for each in tell(runtime, timedelta(days=1))].count("pack0") == 0


def test_an_absence_that_is_over_is_not_told(runtime: Runtime) -> None:
    away = AnnounceAbsence(
        person="pack0",
        substitute="clea",
        first_day=date(2026, 11, 23),
        last_day=date(2026, 11, 27),
        zone="Europe/Paris",
    )
    number = execute(runtime.database, announce_absence, away, PACKER).answer
    tell(runtime)
    execute(runtime.database, end_absence, EndAbsence(absence=number), PACKER)
    assert tell(runtime, MINUTE) == []


def test_a_stand_in_reads_for_whom_and_in_their_language(runtime: Runtime) -> None:
    with runtime.database.transaction() as session:
        session.execute(text("UPDATE engine.person SET locale = 'en' WHERE login = 'chan'"))
    choose_for(runtime, CHIEF, offered="now", absence="off")
    away = AnnounceAbsence(
        person="pack0",
        substitute="chan",
        first_day=date(2026, 11, 23),
        last_day=date(2026, 11, 27),
        zone="Europe/Paris",
    )
    execute(runtime.database, announce_absence, away, PACKER)
    open_task(runtime)
    tell(runtime)
    (letter,) = [each for each in tell(runtime, MINUTE) if each.to_login == "chan"]
    assert letter.subject.startswith("Task offered: ")
    assert letter.body is not None
    assert "for Packer 0, who is away" in letter.body
    assert "Hello Chan," in letter.body


def test_due_dates_are_told_before_and_after(runtime: Runtime) -> None:
    choose_for(runtime, PACKER, offered="off", due="now")
    task = open_task(runtime)
    with runtime.database.transaction() as session:
        due = NOON + timedelta(days=3)
        session.execute(
            text("UPDATE engine.task SET due_at = :due, sort_at = :due WHERE id = :task"), {"due": due, "task": task}
        )
    assert tell(runtime, timedelta(days=1, hours=23)) == []
    with clock.frozen(NOON + timedelta(days=2, seconds=1)):
        tell(runtime)
        found = tell(runtime, MINUTE)
    assert sent(found) == [("pack0", found[0].subject)]
    assert found[0].subject.startswith("Échéance proche")
    with clock.frozen(NOON + timedelta(days=3, seconds=1)):
        tell(runtime)
        late = [each for each in tell(runtime, MINUTE) if each.to_login == "pack0"]
    assert [each.subject.split("\N{NO-BREAK SPACE}:")[0] for each in late] == ["Échéance proche", "En retard"]


def test_operators_hear_of_incidents_but_not_of_letters_that_did_not_go(runtime: Runtime) -> None:
    with runtime.database.transaction() as session:
        for code, job in (("job_gave_up", "deliver_message"), ("letter_not_sent", "send_letter")):
            session.execute(
                text("""INSERT INTO engine.incident (code, place, facts, job_name, job_arguments, raised_at)
                        VALUES (:code, 'job', '{}', :job, '{}', :now)"""),
                {"code": code, "job": job, "now": NOON},
            )
    tell(runtime)
    (letter,) = tell(runtime, MINUTE)
    assert (letter.to_login, letter.subject) == ("olga", "Incident\N{NO-BREAK SPACE}: Travail de fond arrêté")
    assert letter.body is not None
    assert "https://b.example/operations" in letter.body
    assert len(tell(runtime, timedelta(hours=1))) == 1


def test_without_a_server_nothing_is_noted_and_no_flood_comes_later(runtime: Runtime) -> None:
    choose_for(runtime, PACKER, offered="now")
    open_task(runtime)
    keeping.number_all(runtime.database)
    telling.tell(runtime.database, runtime.calendar, OPERATORS, NOON, is_demonstration=False)
    tell(runtime)
    assert tell(runtime, 2 * MINUTE) == []


def test_the_number_of_statements_does_not_grow(runtime: Runtime) -> None:
    for actor in (PACKER, COLLEAGUE, BOTH):
        choose_for(runtime, actor, offered="off")

    def statements() -> int:
        count = 0

        def seen(*_: Any) -> None:
            nonlocal count
            count += 1

        keeping.number_all(runtime.database)
        engine = runtime.database._engine
        event.listen(engine, "before_cursor_execute", seen)
        telling.tell(runtime.database, runtime.calendar, OPERATORS, clock.now(), is_demonstration=True)
        event.remove(engine, "before_cursor_execute", seen)
        return count

    open_task(runtime)
    few = statements()
    for _ in range(4):
        open_task(runtime)
    assert statements() == few


def test_a_task_of_a_step_that_commits_late_is_told_too(runtime: Runtime) -> None:
    choose_for(runtime, PACKER, offered="now")
    with runtime.database.transaction() as session:
        # a step that is not done yet: its task has a lower number than the one that commits first
        held = session.execute(text("SELECT nextval(pg_get_serial_sequence('engine.task', 'id'))")).scalar_one()
        later = open_task(runtime)
        tell(runtime)
        tell(runtime, MINUTE)
    assert later > held
    with runtime.database.transaction() as session:
        session.execute(
            text("SELECT setval(pg_get_serial_sequence('engine.task', 'id'), :held, false)"), {"held": held}
        )
    assert open_task(runtime) == later  # the newest by number; the one just made is ``held``
    tell(runtime)
    found = [each.body or "" for each in tell(runtime, 20 * MINUTE) if each.to_login == "pack0"]
    assert [f"/tasks/{number}\n" in body for number, body in zip((later, held), found, strict=True)] == [True, True]


def test_four_workers_at_once_tell_it_once(runtime: Runtime) -> None:
    choose_for(runtime, PACKER, offered="now")
    tasks = [open_task(runtime) for _ in range(3)]
    keeping.number_all(runtime.database)

    def work(after: timedelta) -> None:
        telling.tell(runtime.database, runtime.calendar, OPERATORS, NOON + after, is_demonstration=True)

    with ThreadPoolExecutor(4) as workers:
        for after in (timedelta(), MINUTE):
            list(workers.map(work, [after] * 4))
    (letter,) = [each for each in tell(runtime, MINUTE) if each.to_login == "pack0"]
    assert letter.body is not None
    assert [letter.body.count(f"/tasks/{each}\n") for each in tasks] == [1, 1, 1]


def test_a_worker_that_dies_before_its_commit_has_told_nothing(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose_for(runtime, PACKER, offered="now")
    open_task(runtime)

    def die(*_: Any, **__: Any) -> tuple[int, ...]:
        raise KeyboardInterrupt

    tell(runtime)
    with monkeypatch.context() as patched:
        patched.setattr(composing, "write", die)
        with pytest.raises(KeyboardInterrupt):
            tell(runtime, MINUTE)
    assert [each.to_login for each in tell(runtime, MINUTE)] == ["pack0"]


def test_people_choose_for_themselves_only(runtime: Runtime) -> None:
    choose_for(runtime, PACKER, offered="now", absence="off")
    with runtime.database.reading() as session:
        assert choices.chosen(session, "pack0") == {
            **choices.DEFAULTS,
            "offered": "now",
            "due": "off",
            "absence": "off",
        }
        (entry,) = queries.history(session, choices.RECORD, "pack0")
        actor = people.find_actor(session, "pack0")
    assert {name: (each.old, each.new) for name, each in entry.fields.items()} == {
        "offered": ("digest", "now"),
        "absence": ("now", "off"),
    }
    assert actor is not None
    for modes in ({"offered": "always"}, {"everything": "off"}):
        with pytest.raises(InvalidInput):
            execute(runtime.database, choose, ChooseNotices(login="pack0", modes=modes), actor)
    with pytest.raises(NotAllowed):
        execute(runtime.database, choose, ChooseNotices(login="pack1", modes={"offered": "off"}), actor)


def test_digests_go_on_working_days_at_the_hour_of_the_company() -> None:
    calendar = WorkingCalendar(zone=ZoneInfo("Europe/Paris"))
    for now, expected in (
        (datetime(2026, 11, 23, 6, 59, tzinfo=UTC), datetime(2026, 11, 23, 7, tzinfo=UTC)),  # Monday before eight
        (datetime(2026, 11, 23, 7, tzinfo=UTC), datetime(2026, 11, 24, 7, tzinfo=UTC)),
        (datetime(2026, 11, 27, 9, tzinfo=UTC), datetime(2026, 11, 30, 7, tzinfo=UTC)),  # Friday to Monday
        (datetime(2026, 5, 13, 9, tzinfo=UTC), datetime(2026, 5, 15, 6, tzinfo=UTC)),  # Ascension Day between
        (datetime(2026, 3, 28, 9, tzinfo=UTC), datetime(2026, 3, 30, 6, tzinfo=UTC)),  # the clocks go forward
    ):
        assert telling.moments(calendar, time(8), now).digest == expected, now


def test_what_others_wrote_cannot_become_html_or_a_header() -> None:
    told = wording.Told(
        kind="assigned",
        about=7,
        title="<script>\r\nBcc: x@y.example",
        process='"P" & <i>',
        business_key="DA-1",
        due_at=NOON,
    )
    said = wording.letter([told] * 30, name="<b>", locale="fr", site="https://b.example", zone=ZoneInfo("Europe/Paris"))
    assert "<script>" not in said.html
    assert "&lt;script&gt;" in said.html
    assert "… et 5 autres." in said.body
    assert "échéance 23 nov. 2026" in said.body
    mail = EmailMessage()
    mail.set_content(said.body)
    mail.add_alternative(said.html, subtype="html")
