"""Personal values: in the chain only as salted hashes, apart where they can be erased; and who may erase them, when."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from engine import clock, records
from engine.data import to_canonical
from engine.database.session import Database
from engine.errors import CommandRejected, InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import SYSTEM, Actor
from engine.history import export, keeping, personal, verifier
from engine.history import queries as history
from engine.history.personal import Erased, Sealer
from engine.history.verification import verify_all
from engine.identity import people
from engine.identity.person_commands import (
    AddPerson,
    ChangePerson,
    DeactivatePerson,
    add_person,
    change_person,
    deactivate_person,
)
from engine.instances import archive, commands, erasing, held, papers, queries
from engine.instances.erasing import (
    ConfirmErasure,
    ErasePersonal,
    SetErasing,
    WithdrawErasure,
    confirm_erasure,
    erase_personal,
    set_erasing,
    withdraw_erasure,
)
from engine.instances.runtime import Runtime
from engine.kernel import fold, from_record
from engine.letter import Letter, ToAddress
from engine.letter import write as write_letter
from engine.mail import outbox
from engine.records import chain
from engine.records import queries as record_queries
from tests.engine.history.test_verifier import members_of, remade
from tests.engine.instances.conftest import CLERK, HANDLERS, NOW, OWNER
from tests.engine.instances.drawing import bundle_files, plain, say, user, write
from tests.publishing import publish_unexamined

ADA = Actor(login="ada", name="Ada", person_id=uuid4(), roles=frozenset({"admin"}))
ABE = Actor(login="abe", name="Abe", person_id=uuid4(), roles=frozenset({"admin"}))
FORM = b"""id: answer
title: {fr: Repondre, en: Answer}
fields:
  - {name: customer, type: text, personal: true, label: {fr: Client, en: Customer}}
  - {name: total, type: integer, label: {fr: Total, en: Total}}
"""
NAME = "Jérôme Dupont-Öztürk"


@pytest.fixture
def runtime(database: Database) -> Runtime:
    with database.transaction() as session:
        for role in ("clerk", "process_owner", "admin"):
            people.add_role(session, role, role, role)
        session.execute(text("CREATE TABLE business.note (id bigserial PRIMARY KEY, said text, key text UNIQUE)"))
    return Runtime(database=database, handlers=HANDLERS)


def publish(runtime: Runtime, *, retention_days: int = 0, listed: str = "", form: bytes = FORM) -> None:
    drawn = plain(
        "visit",
        user("ask", form="answer"),
        say("tell", "customer"),
        write("again", "copy", "[customer, total]"),
        write("greet", "greeting", '"Dear " + customer'),
        flows="start -> ask -> tell -> again -> greet -> end",
    )
    files = bundle_files("visit", drawn) | {"forms/answer.yaml": form}
    more = f"retention_days: {retention_days}\n" if retention_days else ""
    more += (
        "summary: [{label: {fr: Client, en: Customer}, value: customer, type: text}]\nbusiness_key: customer\n" + listed
    )
    files["process.yaml"] += more.encode()
    publish_unexamined(runtime.database, SYSTEM, files, HANDLERS)


def visited(runtime: Runtime, name: str = NAME) -> int:
    """A case in which somebody wrote a name down; it has ended."""
    with clock.frozen(NOW):
        case = commands.start_instance(runtime, CLERK, "visit").instance_id
        with runtime.database.reading() as session:
            task = queries.case(session, OWNER, case).tasks[0].id
        commands.complete_task(runtime, CLERK, task, {"customer": name, "total": "3"})
    return case


def events_text(runtime: Runtime) -> str:
    with runtime.database.reading() as session:
        found = session.scalars(
            text("SELECT record FROM engine.event UNION ALL SELECT record FROM engine.record_event")
        ).all()
    return "\n".join(found)


def whole(runtime: Runtime) -> bool:
    keeping.number_all(runtime.database)
    with runtime.database.reading() as session:
        report = verify_all(session)
    assert report.is_whole, report.lines("en")
    return True


def bundle_of(runtime: Runtime, case: int) -> bytes:
    with runtime.database.reading() as session:
        return export.bundle(session, case, NOW)


def do(runtime: Runtime, command: Any, given: Any, actor: Actor = ADA, now: datetime = NOW) -> Any:
    return records.execute(runtime.database, command, given, actor, now=now)


def refused(kind: type[CommandRejected], runtime: Runtime, command: Any, given: Any, actor: Actor = ADA) -> str:
    with pytest.raises(kind) as raised:
        do(runtime, command, given, actor)
    return raised.value.code


# -- sealing ------------------------------------------------------------------------------------------------------------------


def test_a_personal_answer_is_in_no_event(runtime: Runtime) -> None:
    """Nor where it stands under another name: what a handler was given, an item of a list."""
    publish(runtime)
    case = visited(runtime)
    told = events_text(runtime)
    assert told.count('"@personal"') > 4
    assert told.replace(f"Dear {NAME}", "").count(NAME) == 0  # what a formula makes of it is another text: docs say so
    with runtime.database.reading() as session:
        entries = history.timeline(session, case)
        found = queries.case(session, OWNER, case)
    written = {each.record["name"]: each.record["value"] for each in entries if each.type == "variable:written"}
    assert written["customer"] == NAME
    assert [str(each) for each in written["copy"]] == [NAME, "3"]
    events = [from_record(each.record) for each in entries]
    assert fold(found.definition.bundle.model, events).root_variables == found.variables
    assert whole(runtime)


def test_what_process_yaml_lists_is_sealed_too(runtime: Runtime) -> None:
    publish(runtime, listed="personal: [greeting]\n")
    visited(runtime)
    assert NAME not in events_text(runtime)


def test_a_step_with_personal_values_sends_no_statement_more(runtime: Runtime) -> None:
    publish(runtime)

    def statements(run: Any) -> int:
        told: list[str] = []

        def tell(*given: Any) -> None:
            told.append(given[2])

        engine = runtime.database._engine
        sqlalchemy_event.listen(engine, "before_cursor_execute", tell)
        run()
        sqlalchemy_event.remove(engine, "before_cursor_execute", tell)
        return len(told)

    visited(runtime)
    sealed = statements(lambda: visited(runtime))
    publish(runtime, form=FORM.replace(b"personal: true, ", b""))
    visited(runtime)
    assert sealed == statements(lambda: visited(runtime))


def test_the_same_value_twice_has_two_hashes(runtime: Runtime) -> None:
    """Nobody sees in the chain that two cases are about one person, or finds a name by trying names."""
    publish(runtime)
    visited(runtime)
    visited(runtime)
    with runtime.database.reading() as session:
        rows = session.execute(text("SELECT commitment, value, salt FROM engine.personal_value")).all()
    named = [row for row in rows if row.value == to_canonical(NAME)]
    assert len({bytes(row.salt) for row in rows}) == len(rows)
    assert len(named) > 1
    for row in rows:
        assert verifier.commitment(bytes(row.salt), row.value) == bytes(row.commitment)


def test_a_sealed_value_of_another_case_is_not_opened(runtime: Runtime) -> None:
    publish(runtime)
    first, second = visited(runtime), visited(runtime)
    with runtime.database.reading() as session:
        hashed = session.execute(
            text("SELECT encode(commitment, 'hex') FROM engine.personal_value WHERE chain = :case LIMIT 1"),
            {"case": str(first)},
        ).scalar_one()
        record = {"type": "x", "value": {"@personal": hashed}}
        assert personal.opened(session, "case", str(second), [record])[0]["value"] == Erased(
            at=None, by=None, because=None
        )
        assert personal.opened(session, "case", str(first), [record])[0]["value"] != record["value"]


def test_names_of_the_engine_are_never_taken_for_values() -> None:
    """A variable may be called like a member of an event."""
    record = {
        "type": "variable:written",
        "name": "name",
        "scope": "s1",
        "value": {"name": "x", "n": [1]},
        "previous": None,
    }
    sealed = Sealer({"name", "type", "scope"}).event(1, record)
    assert {key: sealed[key] for key in ("type", "name", "scope", "previous")} == {
        key: record[key] for key in ("type", "name", "scope", "previous")
    }
    assert set(sealed["value"]) == {"@personal"}


# -- people -------------------------------------------------------------------------------------------------------------------


def test_names_and_addresses_of_people_are_sealed_and_come_back(runtime: Runtime) -> None:
    with runtime.database.transaction() as session:
        people.add_person(session, login="ada", name="Ada", email="", password=None, roles=("admin",), locale="fr")
    do(runtime, add_person, AddPerson(login="zoe", name="Zoé Martin", email="zoe@example.org", locale="fr"))
    do(
        runtime,
        change_person,
        ChangePerson(login="zoe", name="Zoé Morel", email="zoe@example.org", locale="fr", memberships=()),
    )
    told = events_text(runtime)
    assert "Zoé" not in told
    assert "example.org" not in told
    with runtime.database.reading() as session:
        last, first = record_queries.history(session, "person", "zoe")
    assert (last.fields["name"].old, last.fields["name"].new) == ("Zoé Martin", "Zoé Morel")
    assert first.fields["email"].new == "zoe@example.org"
    # of somebody whose account is open, what was replaced can go, and nothing else
    asked = ErasePersonal(subject="person/zoe", because="asked")
    do(runtime, erase_personal, asked)
    with runtime.database.reading() as session:
        last, first = record_queries.history(session, "person", "zoe")
    gone = Erased(at=NOW, by="ada", because="asked")
    assert (last.fields["name"].old, last.fields["name"].new, first.fields["name"].new) == (gone, "Zoé Morel", gone)
    assert first.fields["email"].new == "zoe@example.org"
    assert refused(WrongState, runtime, erase_personal, asked) == "erasure_person_active"
    do(runtime, deactivate_person, DeactivatePerson(login="zoe"))
    do(runtime, erase_personal, ErasePersonal(subject="person/zoe", because="asked by letter"))
    with runtime.database.reading() as session:
        person = people.find_person(session, "zoe")
        last, first = record_queries.history(session, "person", "zoe", limit=3)[1:]
    assert person is not None
    assert (person.name, person.email) == ("zoe", "")
    assert first.fields["email"].new == Erased(at=NOW, by="ada", because="asked by letter")
    assert whole(runtime)


# -- finding and erasing ------------------------------------------------------------------------------------------------------


def test_what_is_held_about_somebody_is_found(runtime: Runtime) -> None:
    publish(runtime)
    case = visited(runtime)
    visited(runtime, "Somebody Else")
    with runtime.database.reading() as session:
        found = held.search(session, "dupont jerome")
        assert [each.subject for each in found] == [f"case/{case}"]
        assert found[0].business_key == NAME
        assert "customer" in found[0].names
        values = held.values(session, f"case/{case}")
        assert NAME in [each.value for each in values]
        assert held.search(session, "nobody") == held.search(session, "  ' & ") == ()


def test_erasing_keeps_the_proof(runtime: Runtime) -> None:
    publish(runtime, listed="personal: [greeting]\n")
    case = visited(runtime)
    before = bundle_of(runtime, case)
    done = do(runtime, erase_personal, ErasePersonal(subject=f"case/{case}", because=" asked by letter "))
    assert done.is_changed
    with runtime.database.reading() as session:
        left = session.execute(text("SELECT count(*) FROM engine.personal_value WHERE value IS NOT NULL")).scalar_one()
        state = bytes(session.execute(text("SELECT snapshot FROM engine.instance")).scalar_one()).decode()
        found = queries.case(session, OWNER, case)
        entries = history.timeline(session, case)
        assert held.search(session, "dupont") == ()
        words = session.execute(text("SELECT count(*) FROM engine.case_words")).scalar_one()
    assert (left, words) == (0, 0)
    assert "Dupont" not in state
    assert found.row.business_key is None
    assert found.variables["customer"] is None
    gone = Erased(at=NOW, by="ada", because="asked by letter")
    assert gone in [each.record["value"] for each in entries if each.type == "variable:written"]
    assert whole(runtime)

    after = bundle_of(runtime, case)
    assert "Dupont" in before.decode("utf-8", "replace")
    assert "Dupont" not in after.decode("utf-8", "replace")
    older, newer = verifier.verify(before), verifier.verify(after)
    assert (older.problems, newer.problems) == ([], [])
    assert newer.hashes == older.hashes  # not one hash has changed
    assert (older.apart.shown, newer.apart.shown) == (older.apart.sealed, 0)
    report = "\n".join(verifier.report("case.zip", newer, verifier.sayer("en")))
    assert "erased on 2026-11-23T09:00:00.000000+00:00, by ada, because: asked by letter" in report
    assert "tells nobody" in report
    told = "\n".join(verifier.report("case.zip", newer, verifier.sayer("fr")))
    assert "effacée le" in told
    assert (
        refused(NotFound, runtime, erase_personal, ErasePersonal(subject=f"case/{case}", because="x"))
        == "erasure_nothing_held"
    )


def letters_to(runtime: Runtime) -> list[tuple[Any, ...]]:
    rows = text("SELECT to_address, subject, body, code FROM engine.letter ORDER BY id")
    with runtime.database.reading() as session:
        return [tuple(each) for each in session.execute(rows)]


def posted(runtime: Runtime, key: str, **changes: Any) -> int:
    """A letter that went."""
    given: dict[str, Any] = {"kind": "process", "to": ToAddress(address="Jerome@dupont.example"), "locale": "fr"}
    with runtime.database.transaction() as session:
        wanted = Letter(**given | {"key": key, "subject": "Cher Jérôme", "body": "Bonjour Jérôme"} | changes)
        (number,) = write_letter(session, wanted, NOW, "engine")
        outbox.sent(session, number, "smtp", "250 <Jerome@dupont.example> ok", NOW)
    return number


def test_erasing_a_case_takes_what_speaks_of_people_beside_its_chain(runtime: Runtime) -> None:
    publish(runtime)
    case, other = visited(runtime), visited(runtime, "Zoé Morel")
    with clock.frozen(NOW):
        papers.comment(runtime.database, OWNER, case, "He called.")
        file = papers.attach(runtime.database, OWNER, case, "Jérôme.txt", b"his letter")
        papers.attach(runtime.database, OWNER, other, "same.txt", b"his letter")
    posted(runtime, f"{case}:a1:post.mail")
    posted(runtime, f"{case}1:a1:post.mail", subject="of another case")
    with runtime.database.transaction() as session:
        session.execute(
            text(
                "UPDATE engine.task SET title_fr = title_fr || ' – ' || :name, given_note = 'he again' WHERE instance_id = :case"
            ),
            {"name": NAME, "case": case},
        )
    done = do(runtime, erase_personal, ErasePersonal(subject=f"case/{case}", because="asked"))
    assert done.is_changed
    with runtime.database.reading() as session:
        (entry,) = record_queries.history(session, erasing.KIND, f"case/{case}")
        tasks = session.execute(
            text("SELECT title_fr, given_note, why FROM engine.task WHERE instance_id = :c"), {"c": case}
        )
        assert [tuple(each) for each in tasks] == [("ask – –", None, None)]
        assert session.scalars(text("SELECT body FROM engine.comment")).all() == [None]
        names = session.execute(text("SELECT name, hash IS NULL FROM engine.attachment ORDER BY id")).all()
        assert [tuple(each) for each in names] == [("–", True), ("same.txt", False)]
        assert session.execute(text("SELECT count(*) FROM engine.file_content")).scalar_one() == 1
    assert {name: entry.facts[name] for name in ("comments", "files", "letters")} == dict.fromkeys(
        ("comments", "files", "letters"), 1
    )
    assert letters_to(runtime) == [
        ("", "", None, "letter_erased"),
        ("Jerome@dupont.example", "of another case", "Bonjour Jérôme", None),
    ]
    assert whole(runtime)
    # what came afterwards can be taken away too, although no value is held any more
    with clock.frozen(NOW):
        papers.comment(runtime.database, OWNER, case, "He called again.")
    do(runtime, erase_personal, ErasePersonal(subject=f"case/{case}", because="asked again"))
    assert file
    asked = ErasePersonal(subject=f"case/{case}", because="x")
    assert refused(NotFound, runtime, erase_personal, asked) == "erasure_nothing_held"


def test_in_the_archive_titles_and_notes_are_without_the_name_too(runtime: Runtime) -> None:
    publish(runtime)
    case = visited(runtime)
    with runtime.database.transaction() as session:
        session.execute(
            text("UPDATE engine.task SET title_en = :name, given_note = 'he again'"), {"name": f"Call {NAME}!"}
        )
        assert archive.archive(session, NOW + timedelta(days=40)) == 1
    do(runtime, erase_personal, ErasePersonal(subject=f"case/{case}", because="asked"), now=NOW + timedelta(days=41))
    with runtime.database.reading() as session:
        kept = archive.read(session, case)
        (task,) = queries.case(session, OWNER, case).tasks
    assert kept is not None
    assert "he again" not in kept.tasks
    assert task.title["en"] == "Call –!"


def test_a_value_that_was_changed_apart_is_found(runtime: Runtime) -> None:
    publish(runtime)
    members = members_of(bundle_of(runtime, visited(runtime)))
    lines = members[verifier.PERSONAL_FILE].splitlines(keepends=True)

    def codes(*changed: bytes) -> list[str]:
        data = remade(members | {verifier.PERSONAL_FILE: b"".join(changed)})
        return [each.code for each in verifier.verify(data).problems]

    assert codes(*lines) == []
    assert codes(*lines[1:]) == []  # kept apart: the report counts it among what is not shown
    first = json.loads(lines[0])

    def line(**changes: Any) -> bytes:
        return f"{verifier.canonical(first | changes)}\n".encode()

    assert codes(line(value='"Somebody Else"'), *lines[1:]) == ["personal_changed"]
    assert codes(line(salt="00" * 32), *lines[1:]) == ["personal_changed"]
    assert codes(line(commitment="00" * 32), *lines[1:]) == ["personal_of_nothing"]
    assert codes(lines[0], *lines) == ["personal_of_nothing"]
    assert codes(line(more=1), *lines[1:]) == ["personal_unreadable"]
    assert codes(line(salt="zz"), *lines[1:]) == ["personal_unreadable"]
    assert codes(*lines[:-1], lines[-1][:-1]) == ["personal_unreadable"]


def test_verification_finds_values_that_were_changed_or_taken_without_a_word(runtime: Runtime) -> None:
    publish(runtime)
    visited(runtime)
    keeping.number_all(runtime.database)

    def found(sql: str) -> list[str]:
        codes: list[str] = []
        try:
            with runtime.database.transaction() as session:
                session.execute(text(sql))
                codes = sorted({each.code for each in verify_all(session).findings})
                raise LookupError
        except LookupError:
            return codes

    assert found("SELECT 1") == []
    assert found("UPDATE engine.personal_value SET value = '\"Else\"'") == ["history_personal_changed"]
    assert found("DELETE FROM engine.personal_value") == ["history_personal_missing"]
    forged = """
        WITH made AS (
            INSERT INTO engine.erasure (kind, chain, because, asked_at, asked_by, done_at, done_by)
            VALUES ('case', '1', 'x', now(), 'ada', now(), 'ada') RETURNING id
        )
        UPDATE engine.personal_value SET value = NULL, salt = NULL, words = NULL, erasure_id = made.id FROM made
    """
    assert found(forged) == ["history_erasure_untold"]


def test_a_running_case_and_one_that_the_law_keeps_are_not_erased(runtime: Runtime) -> None:
    publish(runtime, retention_days=3650)
    case = visited(runtime)
    subject = f"case/{case}"
    assert (
        refused(WrongState, runtime, erase_personal, ErasePersonal(subject=subject, because="x"))
        == "erasure_kept_by_law"
    )
    later = NOW + timedelta(days=3651)
    assert do(runtime, erase_personal, ErasePersonal(subject=subject, because="x"), now=later).is_changed
    with clock.frozen(NOW):
        running = commands.start_instance(runtime, CLERK, "visit").instance_id
    with runtime.database.transaction() as session:
        session.execute(text("UPDATE engine.personal_value SET chain = :chain"), {"chain": str(running)})
        session.execute(
            text("UPDATE engine.personal_value SET value = '1', salt = commitment, words = '', erasure_id = NULL")
        )
    given = ErasePersonal(subject=f"case/{running}", because="x")
    assert refused(WrongState, runtime, erase_personal, given) == "erasure_case_running"


def test_who_may_and_what_must_be_said(runtime: Runtime) -> None:
    publish(runtime)
    subject = f"case/{visited(runtime)}"
    for actor in (CLERK, OWNER):
        given = ErasePersonal(subject=subject, because="x")
        assert refused(NotAllowed, runtime, erase_personal, given, actor) == "record_not_allowed"
    for because in ("", "  ", "x" * 501):
        with pytest.raises(InvalidInput):
            do(runtime, erase_personal, ErasePersonal(subject=subject, because=because))
    for hostile in (
        "case/x",
        "case/-1",
        "case/99999999999999999999",
        "case/",
        "person/nobody",
        "nothing",
        "case/999999",
    ):
        assert (
            refused(NotFound, runtime, erase_personal, ErasePersonal(subject=hostile, because="x"))
            == "erasure_nothing_held"
        )


def test_four_eyes(runtime: Runtime) -> None:
    publish(runtime)
    subject = f"case/{visited(runtime)}"
    do(runtime, set_erasing, SetErasing(four_eyes=True))
    do(runtime, erase_personal, ErasePersonal(subject=subject, because="asked by letter"))
    with runtime.database.reading() as session:
        assert erasing.four_eyes(session)
        assert [(each.subject, each.asked_by) for each in held.waiting(session)] == [(subject, "ada")]
        assert held.search(session, "dupont")
    assert (
        refused(WrongState, runtime, erase_personal, ErasePersonal(subject=subject, because="x"))
        == "erasure_asked_already"
    )
    assert refused(NotAllowed, runtime, confirm_erasure, ConfirmErasure(subject=subject)) == "erasure_four_eyes"
    do(runtime, withdraw_erasure, WithdrawErasure(subject=subject))
    assert refused(NotFound, runtime, confirm_erasure, ConfirmErasure(subject=subject), ABE) == "erasure_not_asked"
    do(runtime, erase_personal, ErasePersonal(subject=subject, because="asked by letter"))
    do(runtime, confirm_erasure, ConfirmErasure(subject=subject), ABE)
    with runtime.database.reading() as session:
        assert not held.waiting(session)
        assert not held.search(session, "dupont")
        values = held.values(session, subject)
        last = record_queries.history(session, erasing.KIND, subject)[0]
    assert {(each.erased_by, each.because) for each in values} == {("abe", "asked by letter")}
    assert (last.actor, last.facts["asked_by"], last.facts["values"]) == ("abe", "ada", len(values))
    assert whole(runtime)


def test_old_events_without_seals_are_read_as_ever(runtime: Runtime) -> None:
    """What was recorded before names were sealed stands in the chain, and stays: the page of the administrator says so."""
    record = {
        "type": "person:added",
        "command": "x",
        "became": "created",
        "fields": {"name": {"old": None, "new": "Zoé"}},
        "facts": {},
    }
    with runtime.database.transaction() as session:
        head = chain.lock(session, "person", "zoe")
        chain.append(session, head, datetime(2026, 11, 1, tzinfo=UTC), "ada", record, is_deleted=False)
    with runtime.database.reading() as session:
        assert record_queries.history(session, "person", "zoe")[0].fields["name"].new == "Zoé"
    assert whole(runtime)
