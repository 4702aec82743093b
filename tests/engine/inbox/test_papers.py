"""Comments, files and drafts: with the rights of the case, in its history, and gone for good when they are taken away."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from engine import clock
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from engine.files import kinds, store
from engine.files.store import MOST_BYTES
from engine.handler import Actor
from engine.history.queries import timeline
from engine.history.verification import verify_all
from engine.inbox import drafts
from engine.inbox.commands import claim
from engine.instances import papers
from engine.instances.commands import complete_task
from engine.instances.runtime import Runtime
from tests.engine.inbox.cast import hire, open_task
from tests.engine.processes import parcels
from tests.engine.processes.parcels import AUDITOR, CLERK, OWNER, PACKER, PACKERS, STRANGER

PDF = b"%PDF-1.7 a quote"


@pytest.fixture
def runtime(database: Database) -> Runtime:
    made = parcels.prepare(database)
    with database.transaction() as session:
        hire(session, (PACKER, PACKERS[1]))
    return made


@pytest.fixture
def case(runtime: Runtime) -> int:
    open_task(runtime)
    return 1


def told(runtime: Runtime, case: int) -> list[tuple[str, str, dict[str, Any]]]:
    with runtime.database.reading() as session:
        assert verify_all(session).is_whole
        return [
            (each.type, each.actor, {name: value for name, value in each.record.items() if name != "type"})
            for each in timeline(session, case)
            if each.type.startswith(("comment:", "file:"))
        ]


def read(runtime: Runtime, actor: Actor, case: int) -> papers.Papers:
    with runtime.database.reading() as session:
        return papers.papers(session, actor, case)


def test_a_comment_is_proven_by_the_history_and_can_be_taken_away_for_good(runtime: Runtime, case: int) -> None:
    made = papers.comment(runtime.database, PACKER, case, "  Attention,\nfragile \0 ")
    ((kind, actor, facts),) = told(runtime, case)
    assert (kind, actor, facts["comment"]) == ("comment:added", "pack0", made)
    with runtime.database.reading() as session:
        row = session.execute(text("SELECT body, salt FROM engine.comment")).one()
    assert row.body == "Attention,\nfragile"
    assert hashlib.sha256(bytes(row.salt) + row.body.encode()).hexdigest() == facts["salted_sha256"]
    (shown,) = read(runtime, CLERK, case).comments
    assert (shown.text, shown.author, shown.may_remove) == ("Attention,\nfragile", "pack0", False)
    with pytest.raises(NotAllowed):
        papers.remove_comment(runtime.database, CLERK, made)
    with pytest.raises(NotFound):
        papers.remove_comment(runtime.database, STRANGER, made)
    assert papers.remove_comment(runtime.database, PACKER, made) == case
    (shown,) = read(runtime, CLERK, case).comments
    assert (shown.text, shown.removed_by) == (None, "pack0")
    with runtime.database.reading() as session:
        assert (
            session.execute(text("SELECT count(*) FROM engine.comment WHERE body IS NULL AND salt IS NULL")).scalar()
            == 1
        )
    assert [each[0] for each in told(runtime, case)] == ["comment:added", "comment:removed"]
    with pytest.raises(WrongState):
        papers.remove_comment(runtime.database, OWNER, made, "asked")
    with pytest.raises(NotFound):
        papers.remove_comment(runtime.database, OWNER, 999, "asked")


@pytest.mark.parametrize("body", ["", " \n\0 ", "x" * 5_001])
def test_a_comment_says_something_in_bounds(runtime: Runtime, case: int, body: str) -> None:
    with pytest.raises(InvalidInput):
        papers.comment(runtime.database, PACKER, case, body)


def test_the_rights_are_those_of_the_case(runtime: Runtime, case: int) -> None:
    assert read(runtime, PACKER, case).may_write
    assert not read(runtime, AUDITOR, case).may_write
    with pytest.raises(NotFound):
        read(runtime, STRANGER, case)
    file = papers.attach(runtime.database, CLERK, case, "devis.pdf", PDF)
    with runtime.database.reading() as session:
        assert papers.content(session, AUDITOR, file).content == PDF
        with pytest.raises(NotFound):
            papers.content(session, STRANGER, file)
        with pytest.raises(NotFound):
            papers.content(session, PACKER, 999)
    acts: list[Callable[[Actor], object]] = [
        lambda who: papers.comment(runtime.database, who, case, "x"),
        lambda who: papers.attach(runtime.database, who, case, "a.pdf", PDF),
        lambda who: papers.remove_file(runtime.database, who, file),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act(AUDITOR)
        with pytest.raises(NotFound):
            act(STRANGER)
    assert len(told(runtime, case)) == 1


def test_a_file_is_kept_once_and_goes_with_its_last_case(runtime: Runtime, case: int) -> None:
    open_task(runtime)
    first = papers.attach(runtime.database, PACKER, case, "../devis.exe", PDF)
    second = papers.attach(runtime.database, PACKER, 2, "autre.pdf", PDF)

    def kept() -> int:
        with runtime.database.reading() as session:
            return int(session.execute(text("SELECT count(*) FROM engine.file_content")).scalar_one())

    assert kept() == 1
    (shown,) = read(runtime, PACKER, case).files
    assert (shown.name, shown.size, shown.media_type) == ("devis.exe.pdf", len(PDF), "application/pdf")
    papers.remove_file(runtime.database, PACKER, first)
    assert kept() == 1
    with pytest.raises(WrongState):
        papers.remove_file(runtime.database, PACKER, first)
    papers.remove_file(runtime.database, OWNER, second, "not ours")
    assert kept() == 0
    with runtime.database.reading() as session, pytest.raises(NotFound):
        papers.content(session, PACKER, second)
    copy = papers.attach(runtime.database, PACKER, 2, "imprimé.pdf", PDF)
    with runtime.database.transaction() as session:
        store.put(session, PDF, kinds.PDF, clock.now(), is_kept=True)
    papers.remove_file(runtime.database, PACKER, copy)
    assert kept() == 1  # what the business printed stays, whatever becomes of a copy
    kind, actor, facts = told(runtime, case)[0]
    assert (kind, actor) == ("file:attached", "pack0")
    assert facts == {
        "file": first,
        "sha256": hashlib.sha256(PDF).hexdigest(),
        "size": len(PDF),
        "media_type": "application/pdf",
    }


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"%PDF-" + b"x" * MOST_BYTES, "file_too_large"),
        (b"<html></html>", "file_kind_refused"),
        (b"MZ\0\0", "file_kind_refused"),
    ],
)
def test_what_is_not_taken(runtime: Runtime, case: int, content: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        papers.attach(runtime.database, PACKER, case, "a.pdf", content)
    assert [each.code for each in refused.value.fields] == [code]


def test_one_takes_up_a_content_while_another_lets_it_go(runtime: Runtime, case: int) -> None:
    open_task(runtime)
    for _ in range(5):
        old = papers.attach(runtime.database, PACKER, case, "a.pdf", PDF)
        failures: list[BaseException] = []
        begin = threading.Barrier(2)

        def guarded(act: Any, begin: threading.Barrier = begin, found: list[BaseException] = failures) -> None:
            begin.wait()
            try:
                act()
            except Exception as error:  # noqa: BLE001 - what a thread raises must not get lost
                found.append(error)

        threads = [
            threading.Thread(target=guarded, args=(lambda old=old: papers.remove_file(runtime.database, PACKER, old),)),
            threading.Thread(target=guarded, args=(lambda: papers.attach(runtime.database, CLERK, 2, "b.pdf", PDF),)),
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
        assert not failures
    with runtime.database.reading() as session:
        for file in papers.papers(session, CLERK, 2).files:
            assert papers.content(session, CLERK, file.id).content == PDF


def test_people_comment_while_others_work_on_the_case(runtime: Runtime, case: int) -> None:
    threads = [
        threading.Thread(target=papers.comment, args=(runtime.database, person, case, f"from {person.login}"))
        for person in PACKERS[:6]
    ]
    threads.append(threading.Thread(target=complete_task, args=(runtime, PACKERS[7], 1, {"weight": "1"})))
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert len(told(runtime, case)) == 6


def test_a_draft_is_each_persons_own_and_ends_with_the_task(runtime: Runtime, case: int) -> None:
    drafts.save(runtime.database, PACKER, 1, {"weight": "1"})
    drafts.save(runtime.database, PACKER, 1, {"weight": "12,"})
    with runtime.database.reading() as session:
        found = drafts.find(session, PACKER, 1)
        assert found is not None
        assert found.answers == {"weight": "12,"}
        assert drafts.find(session, PACKERS[1], 1) is None
    drafts.forget(runtime.database, PACKER, 1)
    drafts.forget(runtime.database, PACKER, 1)
    drafts.save(runtime.database, PACKER, 1, {"weight": "3"})
    claim(runtime.database, PACKERS[1], 1)
    with pytest.raises(NotFound):
        drafts.save(runtime.database, PACKER, 999, {})
    with pytest.raises(NotAllowed):
        drafts.save(runtime.database, STRANGER, 1, {})
    with pytest.raises(InvalidInput):
        drafts.save(runtime.database, PACKERS[1], 1, {"weight": "x" * 100_001})
    complete_task(runtime, PACKERS[1], 1, {"weight": "3"})
    with runtime.database.reading() as session:
        assert drafts.find(session, PACKER, 1) is None
    with pytest.raises(WrongState):
        drafts.save(runtime.database, PACKER, 1, {"weight": "3"})
