"""``bordereau history verify`` finds what somebody with all rights did to the database."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.database.session import Database
from engine.errors import NotFound
from engine.history import refusals, verification
from engine.history.verification import Report, verify_all, verify_instance
from tests.engine.history.conftest import NOW, MakeCase, MoreEvents
from tests.engine.history.whole import live, signer_in


def tamper(database: Database, *statements: str) -> None:
    """What an administrator of the database can do, and the triggers cannot prevent."""
    with database.transaction() as session:
        session.execute(text("ALTER TABLE engine.event DISABLE TRIGGER USER"))
        for each in statements:
            session.execute(text(each))
        session.execute(text("ALTER TABLE engine.event ENABLE ALWAYS TRIGGER event_only_grows"))


def verified(database: Database, case: int | None = None) -> Report:
    with database.reading() as session:
        return verify_all(session, case=case)


def found(report: Report) -> list[tuple[str, int | None]]:
    """What concerns cases; the order of everything has findings of its own (below)."""
    return [(each.code, each.case) for each in report.findings if each.code != "history_chain_not_in_order"]


def test_what_nobody_touched_is_whole(database: Database, make_case: MakeCase) -> None:
    cases = [make_case(count) for count in (0, 1, 7, 0, 12, 0)]
    report = verified(database)
    assert replace(report, whole=None) == Report(cases=6, events=20, findings=())
    assert report.is_whole
    assert verified(database, cases[4]) == Report(cases=1, events=12, findings=())
    with database.reading() as session:
        assert verify_instance(session, cases[0]) == Report(cases=1, events=0, findings=())
        with pytest.raises(NotFound):
            verify_instance(session, 999)


def test_an_empty_database_is_whole(database: Database) -> None:
    assert replace(verified(database), whole=None) == Report(cases=0, events=0, findings=())


def test_batches_do_not_matter(database: Database, make_case: MakeCase, monkeypatch: pytest.MonkeyPatch) -> None:
    for count in (3, 0, 5, 4):
        make_case(count)
    for size in (1, 2, 3, 1000):
        monkeypatch.setattr(verification, "_BATCH", size)
        assert replace(verified(database), whole=None) == Report(cases=4, events=12, findings=())


@pytest.mark.parametrize(
    ("statement", "code", "event"),
    [
        (
            "UPDATE engine.event SET record = replace(record, '1234.50', '1234.51') WHERE sequence = 4",
            "event_changed",
            4,
        ),
        ("UPDATE engine.event SET record = record || ' ' WHERE sequence = 4", "event_changed", 4),
        ("UPDATE engine.event SET actor = 'zoé' WHERE sequence = 4", "event_changed", 4),
        ("UPDATE engine.event SET at = at + interval '1 microsecond' WHERE sequence = 4", "event_changed", 4),
        ("UPDATE engine.event SET hash = sha256(hash) WHERE sequence = 4", "event_changed", 4),
        ("UPDATE engine.event SET type = 'flow:taken' WHERE sequence = 4", "type_changed", 4),
        ("DELETE FROM engine.event WHERE sequence = 4", "events_missing", None),
        ("DELETE FROM engine.event WHERE sequence = 1", "events_missing", None),
        ("DELETE FROM engine.event WHERE sequence = 7", "end_differs", None),
        ("DELETE FROM engine.event", "end_differs", None),
        ("UPDATE engine.event SET sequence = 8 WHERE sequence = 7", "events_missing", None),
        ("UPDATE engine.instance SET chain_sequence = 6", "end_differs", None),
        ("UPDATE engine.instance SET chain_hash = sha256(chain_hash)", "head_differs", 7),
        (
            "INSERT INTO engine.event SELECT instance_id, 8, at, actor, type, record, hash FROM engine.event WHERE sequence = 7",
            "event_changed",
            8,
        ),
        (
            """
            UPDATE engine.event SET record = other.record, type = other.type, at = other.at, actor = other.actor, hash = other.hash
            FROM engine.event other WHERE event.sequence + other.sequence = 7 AND event.sequence IN (3, 4)
            """,
            "event_changed",
            3,
        ),
        ("DELETE FROM engine.instance", "case_missing", None),
        (
            "UPDATE engine.definition_file SET content = content || '\\x00' WHERE path = 'forms/ask.yaml'",
            "version_changed",
            None,
        ),
        ("DELETE FROM engine.definition_file WHERE path = 'empty.dmn'", "version_changed", None),
    ],
)
def test_every_change_is_found_and_named(
    database: Database, make_case: MakeCase, statement: str, code: str, event: int | None
) -> None:
    case = make_case(7)
    tamper(database, statement)
    report = verified(database)
    assert not report.is_whole
    first = report.findings[0]
    assert first.code == f"history_{code}"
    assert first.case in {case, None}
    if event is not None:
        assert first.facts["event"] == event
    for locale in ("fr", "en"):
        lines = report.lines(locale)
        assert "…" not in "".join(lines)  # every fact that a sentence names is there
        assert any(first.sentence(locale) in line for line in lines)


def test_only_what_was_touched_is_named(database: Database, make_case: MakeCase) -> None:
    cases = [make_case(7) for _ in range(3)]
    tamper(
        database,
        f"UPDATE engine.event SET actor = 'x' WHERE instance_id = {cases[1]} AND sequence IN (2, 5)",
        f"DELETE FROM engine.event WHERE instance_id = {cases[2]} AND sequence = 7",
    )
    assert found(verified(database)) == [
        ("history_event_changed", cases[1]),
        ("history_event_changed", cases[1]),
        ("history_end_differs", cases[2]),
    ]
    assert verified(database, cases[0]).is_whole
    assert not verified(database, cases[1]).is_whole


def test_a_history_moved_to_another_case_is_found(database: Database, make_case: MakeCase) -> None:
    first, second = make_case(4), make_case(4)
    tamper(
        database,
        f"UPDATE engine.event SET instance_id = -1 WHERE sequence = 2 AND instance_id = {first}",
        f"UPDATE engine.event SET instance_id = {first} WHERE sequence = 2 AND instance_id = {second}",
        f"UPDATE engine.event SET instance_id = {second} WHERE instance_id = -1",
    )
    # the foreign event fits to neither side: what it follows, and what follows it
    assert found(verified(database)) == [("history_event_changed", each) for each in (first, first, second, second)]


def test_events_of_cases_that_do_not_exist_are_found_everywhere(database: Database, make_case: MakeCase) -> None:
    cases = [make_case(3) for _ in range(5)]
    tamper(database, f"DELETE FROM engine.instance WHERE id IN ({cases[0]}, {cases[2]}, {cases[4]})")
    report = verified(database)
    assert found(report) == [("history_case_missing", cases[each]) for each in (0, 2, 4)]
    assert (report.cases, report.events) == (2, 15)


def test_a_long_report_is_cut(database: Database, make_case: MakeCase) -> None:
    make_case(70)
    tamper(database, "UPDATE engine.event SET actor = 'x'")
    report = verified(database)
    assert len(report.findings) == 70
    assert len(report.lines("en")) == 4 + 50 + 1
    assert report.lines("en")[-1].strip() == "… and 20 more"


def of_everything(report: Report) -> list[str]:
    assert report.whole is not None
    return [each.code for each in report.findings] + [each.code for each in report.whole.problems]


def test_the_order_and_the_checkpoints_are_verified_too(
    database: Database, make_case: MakeCase, more_events: MoreEvents, tmp_path: Path
) -> None:
    kept = live(database, make_case, more_events, signer_in(tmp_path), rounds=2)
    with database.reading() as session:
        report = verify_all(session, kept=[dict(kept[0].said)])
    assert of_everything(report) == ["history_publication_differs"] * 2, "the publications of this company are made up"
    assert report.whole is not None
    assert [each.number for each in report.whole.proven] == [1]
    assert report.whole.chains == 4
    assert "checkpoint 1" in "".join(report.lines("en")) or not report.is_whole
    for statement, code in (
        ("DELETE FROM engine.history_order WHERE first > 3", "history_chain_not_in_order"),
        ("UPDATE engine.history_checkpoint SET signature = decode(repeat('00', 64), 'hex')", "checkpoint_not_signed"),
        ("UPDATE engine.history_checkpoint SET root = sha256(root)", "checkpoint_differs"),
        ("DELETE FROM engine.history_checkpoint WHERE number = 1", "checkpoint_out_of_order"),
        ("DELETE FROM engine.definition_event WHERE sequence = 2", "number_differs"),
    ):
        with suppress(Undo), database.transaction() as session:
            for table in ("history_order", "history_checkpoint", "definition_event"):
                session.execute(text(f"ALTER TABLE engine.{table} DISABLE TRIGGER USER"))
            session.execute(text(statement))
            assert code in of_everything(verify_all(session))
            raise Undo


def test_heads_of_other_chains_are_held_against_their_events(database: Database) -> None:
    with database.transaction() as session:
        refusals.append(session, "camille", NOW, {"type": "act:refused", "act": "x", "code": "y"})
    assert verified(database).is_whole
    tamper(database, "UPDATE engine.refusal_chain SET hash = sha256(hash)")
    assert of_everything(verified(database)) == ["history_chain_head_differs"]


class Undo(Exception):
    """Nothing of this was meant."""
