"""The history grows, is chained, and only grows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from engine.database.session import Database
from engine.errors import InvariantBroken
from engine.history import store, verifier
from engine.history.queries import timeline
from engine.history.store import ChainHead
from engine.model import bundle
from engine.protocol.events import Event, FlowTaken, VariableWritten

NOW = datetime(2026, 11, 21, 9, 0, 0, 5, tzinfo=UTC)
MakeCase = Callable[[int], int]


def test_the_chain_is_what_the_document_says() -> None:
    """An implementation of docs/history-format.md of its own, and golden hashes: a chain once written stays verifiable."""
    content = bundle.content_hash({"a.bpmn": b"<x/>"})
    begin = hashlib.sha256(b"bordereau/history/1/begin\n" + bytes.fromhex(content)).digest()
    covered = json.dumps(
        {
            "actor": "zoé",
            "at": "2026-11-21T09:00:00.000005+00:00",
            "instance": 7,
            "record": {"type": "t", "n": 1},
            "sequence": 1,
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()
    assert covered == verifier.event_content(7, 1, store.moment_text(NOW), "zoé", '{"n":1,"type":"t"}')
    link = hashlib.sha256(b"bordereau/history/1/event\n" + begin + covered).digest()
    assert link == verifier.chain_link(store.begin(content).hash, covered)
    assert begin.hex() == "a5225bd4f7570bbb0a67c16a807ea6968ec74b12305944196e4021227f8dbb13"
    assert link.hex() == "cf24ebb33572cb58e48a06db0ef884b882aac5d7108bd53b83f0bebcf9cb48db"


def test_the_verifier_names_contents_as_the_model_does() -> None:
    files = {"b/é.yaml": b"\0\xff", "a.bpmn": b"", "": b"x"}
    assert verifier.content_hash(files) == bundle.content_hash(files)
    assert verifier.content_hash({}) == bundle.content_hash({})


def test_events_come_back_as_they_were(database: Database) -> None:
    events: list[Event | dict[str, Any]] = [
        FlowTaken(flow="f1", scope="s"),
        VariableWritten(scope="s", name="total", value=Decimal("10.50"), previous=None),
        {"type": "case:noted", "text": "ok"},
    ]
    paris = timezone(timedelta(hours=1))
    with database.transaction() as session:
        head = store.append(session, 7, store.begin("00" * 32), NOW.astimezone(paris), "zoé", events)
    assert head.sequence == 3
    with database.reading() as session:
        entries = timeline(session, 7)
    assert [(each.sequence, each.type, each.actor, each.at) for each in entries] == [
        (1, "flow:taken", "zoé", NOW),
        (2, "variable:written", "zoé", NOW),
        (3, "case:noted", "zoé", NOW),
    ]
    assert entries[1].record["value"] == Decimal("10.50")
    assert entries[2].hash == head.hash


def test_appending_is_one_statement_and_nothing_is_none(database: Database) -> None:
    statements: list[str] = []
    sqlalchemy_event.listen(
        database.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: statements.append(statement)
    )
    begin = store.begin("00" * 32)
    with database.transaction() as session:
        assert store.append(session, 7, begin, NOW, "zoé", []) == begin
        assert statements == []
        store.append(session, 7, begin, NOW, "zoé", [{"type": "a"}] * 50)
    assert len(statements) == 1


def test_pages_follow_each_other(database: Database, make_case: MakeCase) -> None:
    case = make_case(10)
    with database.reading() as session:
        whole = timeline(session, case)
        first = timeline(session, case, limit=4)
        second = timeline(session, case, after=first[-1].sequence, limit=4)
        last = timeline(session, case, after=second[-1].sequence, limit=4)
        assert first + second + last == whole
        assert timeline(session, case, after=10) == []
        assert timeline(session, case + 1) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE engine.event SET actor = 'nobody'",
        "UPDATE engine.event SET record = record",
        "DELETE FROM engine.event",
        "TRUNCATE engine.event",
        "TRUNCATE engine.event CASCADE",
    ],
)
@pytest.mark.parametrize("role", ["origin", "replica"])
def test_the_table_only_grows(database: Database, make_case: MakeCase, change: str, role: str) -> None:
    case = make_case(2)
    with database.transaction() as session:
        session.execute(text(f"SET LOCAL session_replication_role = {role}"))
        with pytest.raises(DBAPIError, match="only grows"), session.begin_nested():
            session.execute(text(change))
        assert len(timeline(session, case)) == 2


def test_a_chain_cannot_fork(database: Database) -> None:
    begin = store.begin("00" * 32)
    with database.transaction() as session:
        store.append(session, 7, begin, NOW, "a", [{"type": "one"}])
        with pytest.raises(IntegrityError), session.begin_nested():
            store.append(session, 7, begin, NOW, "b", [{"type": "other"}])


@pytest.mark.parametrize("record", [{}, {"type": ""}, {"type": 3}])
def test_an_event_has_a_type(database: Database, record: dict[str, object]) -> None:
    with database.transaction() as session, pytest.raises(InvariantBroken):
        store.append(session, 7, store.begin("00" * 32), NOW, "a", [record])


@pytest.mark.parametrize("value", [1.5, object(), {1, 2}])
def test_what_is_no_value_of_a_process_is_not_recorded(database: Database, value: object) -> None:
    with database.transaction() as session, pytest.raises((TypeError, ValueError)):
        store.append(session, 7, store.begin("00" * 32), NOW, "a", [{"type": "t", "value": value}])


def test_a_moment_needs_a_zone(database: Database) -> None:
    with database.transaction() as session, pytest.raises(ValueError, match="zone"):
        store.append(session, 7, store.begin("00" * 32), NOW.replace(tzinfo=None), "a", [{"type": "t"}])


def test_a_head_is_a_value() -> None:
    assert ChainHead(sequence=0, hash=bytes(32)) == ChainHead(sequence=0, hash=bytes(32))
