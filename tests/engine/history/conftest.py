"""Cases with a history, without the engine that would make them: rows and events put there by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from engine.database.session import Database
from engine.history import store
from engine.history.store import ChainHead
from engine.model.bundle import content_hash

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
FILES = {
    "approval.bpmn": "<definitions>Prüfung é</definitions>".encode(),
    "forms/ask.yaml": b"id: ask\n",
    "empty.dmn": b"",
}

MakeCase = Callable[[int], int]
MoreEvents = Callable[[int, int], ChainHead]

_VERSION = text("""
    INSERT INTO engine.definition_version (process_key, number, content_hash, title_fr, title_en, note, start_roles, lane_roles,
        start_messages, published_at, published_by)
    VALUES ('approval', 3, :hash, 'Approbation', 'Approval', '', '{}', '{}', '{}', :now, 'olivia') RETURNING id
""")
_FILE = text("INSERT INTO engine.definition_file (content_hash, path, content) VALUES (:hash, :path, :content)")
_INSTANCE = text("""
    INSERT INTO engine.instance (process_key, version_id, business_key, status, snapshot, revision, chain_sequence, chain_hash, summary,
        started_at, started_by)
    VALUES ('approval', :version, 'DA-2026-0042', 'active', '', 1, 0, :hash, '[]', :now, 'camille') RETURNING id
""")
_HEAD = text("UPDATE engine.instance SET chain_sequence = :sequence, chain_hash = :hash WHERE id = :id")


def record(number: int) -> dict[str, Any]:
    """An event with one of everything that a record may hold."""
    return {
        "type": "variable:written",
        "scope": "s1",
        "name": f"amount_{number}",
        "value": {
            "money": Decimal("1234.50"),
            "on": date(2026, 11, 21),
            "text": "« é \u2028 \U0001f4e6 \t\"' »",
            "none": None,
        },
        "is_new": True,
        "list": [number, True, -1, "x"],
    }


def add_events(database: Database, instance_id: int, head: ChainHead, count: int) -> ChainHead:
    """``count`` more events, in steps of three."""
    with database.transaction() as session:
        for first in range(0, count, 3):
            events = [record(head.sequence + 1 + each) for each in range(min(3, count - first))]
            at = NOW + timedelta(minutes=head.sequence, microseconds=7)
            head = store.append(session, instance_id, head, at, "camille" if first else "zoé", events)
        session.execute(_HEAD, {"sequence": head.sequence, "hash": head.hash, "id": instance_id})
    return head


@pytest.fixture
def version_id(database: Database) -> int:
    hashed = content_hash(FILES)
    with database.transaction() as session:
        session.execute(_FILE, [{"hash": hashed, "path": path, "content": each} for path, each in FILES.items()])
        return int(session.execute(_VERSION, {"hash": hashed, "now": NOW}).scalar_one())


@pytest.fixture
def make_case(database: Database, version_id: int) -> MakeCase:
    """A function that makes a case with so many events; gives its number."""

    def make(count: int) -> int:
        head = store.begin(content_hash(FILES))
        with database.transaction() as session:
            made = session.execute(_INSTANCE, {"version": version_id, "hash": head.hash, "now": NOW}).scalar_one()
        add_events(database, made, head, count)
        return int(made)

    return make


@pytest.fixture
def more_events(database: Database) -> Callable[[int, int], ChainHead]:
    """A function that lets a case go on."""

    def more(instance_id: int, count: int) -> ChainHead:
        with database.reading() as session:
            found = session.execute(
                text("SELECT chain_sequence, chain_hash FROM engine.instance WHERE id = :id"), {"id": instance_id}
            ).one()
        head = ChainHead(sequence=found.chain_sequence, hash=bytes(found.chain_hash))
        return add_events(database, instance_id, head, count)

    return more
