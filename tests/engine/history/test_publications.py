"""The history of a process: what was published, chained, verified in the database and by the one-file verifier."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from engine.database.session import Database
from engine.errors import NotFound
from engine.history import publication_export, publications, verifier
from engine.history.verification import verify_all
from tests import publishing
from tests.engine.processes import parcels
from tests.engine.processes.parcels import HANDLERS, OWNER

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
FIRST = "SELECT process_key FROM engine.definition_event LIMIT 1"


def changed(limit: int) -> dict[str, bytes]:
    files = parcels.files()
    return files | {"parcel.bpmn": files["parcel.bpmn"].replace(b"weight &gt; 20", f"weight &gt; {limit}".encode())}


@pytest.fixture
def published(database: Database) -> Database:
    """Three publications."""
    parcels.prepare(database)
    for limit in (5, 6):
        publishing.publish(database, OWNER, changed(limit), HANDLERS, f"limit {limit} \u2028 « é »")
    return database


def exported(database: Database) -> bytes:
    with database.reading() as session:
        return publication_export.bundle(session, "parcel", NOW)


def codes(database: Database) -> list[str]:
    with database.reading() as session:
        return [each.code for each in verify_all(session).findings]


def test_publications_are_told_and_whole(published: Database) -> None:
    with published.reading() as session:
        report = verify_all(session)
        assert (report.findings, report.publications) == ((), 3)
        assert publication_export.told(session) == ("parcel",)
        rows = session.execute(text("SELECT actor, record FROM engine.definition_event ORDER BY sequence")).all()
    record = json.loads(rows[1].record)
    assert (rows[1].actor, record["type"], record["version"]) == ("olga", publications.PUBLISHED, 2)
    assert record["note"] == "limit 5 \u2028 « é »"
    assert [each["soundness"] for each in record["verdicts"]] == ["sound"]
    assert [(each["form"], each["form_before"]) for each in (json.loads(row.record) for row in rows)] == [
        ("diagram", None),
        ("diagram", "diagram"),
        ("diagram", "diagram"),
    ]
    assert "Publications computed again: 3." in report.lines("en")[0]


def test_a_change_of_form_is_told_and_held_against_the_files(published: Database) -> None:
    written = {
        "process.yaml": b"key: parcel\ntitle: {fr: Colis, en: Parcel}\nprocess: parcel\n",
        "parcel.yaml": b"process: parcel\ntitle: {fr: Colis, en: Parcel}\nsteps: [{step: a}]\n",
    }
    for files in (written, changed(7)):
        publishing.publish_unexamined(published, OWNER, files, HANDLERS)
    lines = dict(verifier.unpack(exported(published)) or ())[verifier.EVENTS].decode().rstrip("\n").split("\n")
    told = [json.loads(line)["record"] for line in lines]
    assert [(each["form"], each["form_before"]) for each in told[-2:]] == [("text", "diagram"), ("diagram", "text")]
    assert codes(published) == []
    with published.transaction() as session:
        # as if the version had always been drawn
        session.execute(
            text("""
            UPDATE engine.definition_file SET path = 'parcel.bpmn'
            WHERE path = 'parcel.yaml'
        """)
        )
    assert "history_publication_differs" in codes(published)


def test_the_chain_is_the_documented_one(published: Database) -> None:
    """An implementation of docs/history-format.md of its own."""
    with published.reading() as session:
        rows = session.execute(text("SELECT * FROM engine.definition_event ORDER BY sequence")).all()
    reached = hashlib.sha256(b"bordereau/history/1/process\nparcel").digest()
    for row in rows:
        content = {
            "actor": row.actor,
            "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "process": "parcel",
            "record": json.loads(row.record),
            "sequence": row.sequence,
        }
        written = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        reached = hashlib.sha256(b"bordereau/history/1/event\n" + reached + written).digest()
        assert bytes(row.hash) == reached
    # golden: a chain once written stays verifiable
    content_of_one = verifier.named_content("process", ["parcel"], 1, "2026-11-22T09:00:00.000000+00:00", "olga", "{}")
    link = verifier.chain_link(verifier.named_begin("process", "parcel"), content_of_one)
    assert link.hex() == "41cd0806927a303984ea886a1a4308c4044ed815b41486628841637d0f2f5718"


TAMPERINGS: tuple[tuple[str, set[str]], ...] = (
    ("UPDATE engine.definition_event SET actor = 'zoe' WHERE sequence = 2", {"changed", "differs"}),
    ("UPDATE engine.definition_event SET record = replace(record, 'limit 5', 'limit 9')", {"changed", "differs"}),
    ("UPDATE engine.definition_event SET record = '7' WHERE sequence = 2", {"changed", "untold"}),
    ("UPDATE engine.definition_event SET type = 'other' WHERE sequence = 2", {"changed"}),
    ("DELETE FROM engine.definition_event WHERE sequence = 2", {"missing", "untold"}),
    ("DELETE FROM engine.definition_event WHERE sequence = 3", {"end", "untold"}),
    ("DELETE FROM engine.definition_event", {"end", "untold"}),
    ("DELETE FROM engine.definition_chain", {"end"}),
    ("DELETE FROM engine.definition_chain; DELETE FROM engine.definition_event", {"untold"}),
    ("UPDATE engine.definition_chain SET hash = sha256(hash)", {"head"}),
    ("UPDATE engine.definition_version SET reason = 'of course' WHERE number = 2", {"differs"}),
    ("UPDATE engine.definition_version SET note = 'nothing' WHERE number = 2", {"differs"}),
    ("UPDATE engine.definition_version SET published_by = 'zoe' WHERE number = 2", {"differs"}),
    ("UPDATE engine.definition_version SET verdicts = NULL WHERE number = 2", {"differs"}),
    ("UPDATE engine.definition_version SET verdicts = 'x' WHERE number = 2", {"differs"}),
    ("UPDATE engine.definition_version SET number = 7 WHERE number = 3", {"differs", "untold"}),
)


def test_what_was_changed_in_the_database_is_found(published: Database) -> None:
    found = []
    with published.transaction() as session:
        session.execute(text("ALTER TABLE engine.definition_event DISABLE TRIGGER USER"))
        for statements, _ in TAMPERINGS:
            undone = session.begin_nested()
            for each in statements.split(";"):
                session.execute(text(each))
            codes_found = {each.code for each in verify_all(session).findings if "publication" in each.code}
            found.append((statements, {each.removeprefix("history_publication").lstrip("s_") for each in codes_found}))
            undone.rollback()
        session.execute(text("ALTER TABLE engine.definition_event ENABLE ALWAYS TRIGGER definition_event_only_grows"))
    assert found == list(TAMPERINGS)


def test_nobody_changes_it_by_the_way(published: Database) -> None:
    for statement in ("DELETE FROM engine.definition_event", "TRUNCATE engine.definition_event"):
        with published.engine.connect() as connection:
            connection.execute(text("SET session_replication_role = replica"))
            with pytest.raises(IntegrityError, match="only grows"):
                connection.execute(text(statement))


def test_versions_from_before_are_no_finding(published: Database) -> None:
    """As they stand after the migration: neither verdicts nor events, and those that follow are told."""
    with published.transaction() as session:
        session.execute(
            text("""
            INSERT INTO engine.definition_version (process_key, number, content_hash, title_fr, title_en, note, start_roles, lane_roles,
                start_messages, published_at, published_by)
            SELECT 'older', number, content_hash, title_fr, title_en, note, start_roles, lane_roles, start_messages, published_at,
                published_by FROM engine.definition_version
        """)
        )
    assert codes(published) == []


def test_the_bundle_verifies_alone(published: Database) -> None:
    made = exported(published)
    assert made == exported(published)
    verdict = verifier.verify(made)
    assert (verdict.problems, verdict.events, verdict.case["process"]) == ([], 3, "parcel")
    said = "\n".join(verifier.report("p.zip", verdict, verifier.sayer("en")))
    assert "Process parcel, 3 publications" in said
    assert "process.json" in said
    publishing.publish(published, OWNER, changed(7), HANDLERS)
    assert verifier.compare(verifier.verify(exported(published)), verdict) == []
    assert verifier.compare(verdict, verifier.verify(exported(published)))[0].code == "older_longer"
    with published.reading() as session, pytest.raises(NotFound):
        publication_export.bundle(session, "nothing", NOW)


def test_every_single_byte_of_the_bundle_counts(published: Database) -> None:
    made = exported(published)
    script = dict(verifier.unpack(made) or ())["verifier.py"]
    begin = made.index(script)
    for at in [*range(0, begin, 3), *range(begin + len(script), len(made), 3)]:
        changed_bundle = bytearray(made)
        changed_bundle[at] ^= 0x20
        assert not verifier.verify(bytes(changed_bundle)).is_whole, at


def test_a_bundle_of_a_process_is_told_from_that_of_a_case(published: Database) -> None:
    members = dict(verifier.unpack(exported(published)) or ())
    with_model = verifier.verify(verifier.pack(sorted((members | {"model/a.bpmn": b""}).items())))
    assert ("member_added", "model/a.bpmn") in {(each.code, each.member) for each in with_model.problems}
    both = verifier.verify(verifier.pack(sorted((members | {"case.json": b"{}"}).items())))
    assert not both.is_whole
    for process in ("other", "\ud800", 7):
        described = json.loads(members[verifier.PROCESS]) | {"process": process}
        forged = members | {verifier.PROCESS: json.dumps(described, sort_keys=True).encode()}
        assert not verifier.verify(verifier.pack(sorted(forged.items()))).is_whole
