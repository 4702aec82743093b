"""Reading what was recorded of a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.data import from_canonical
from engine.history import personal
from engine.record import Noted
from engine.records.chain import CHAIN
from engine.records.tables import record_chain, record_event


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of a record, from what to what."""

    old: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change of a record. ``became``: created, changed or deleted."""

    sequence: int
    at: datetime
    actor: str
    type: str
    command: str
    became: str
    fields: Mapping[str, FieldChange]
    facts: Mapping[str, Any]


def history(session: Session, kind: str, key: str, *, before: int | None = None, limit: int = 50) -> tuple[Entry, ...]:
    """The changes of a record, the newest first: at most ``limit`` of those before number ``before``; each page costs the same."""
    table = record_event
    asked = select(table).where(table.c.kind == kind, table.c.key == key).order_by(table.c.sequence.desc()).limit(limit)
    if before is not None:
        asked = asked.where(table.c.sequence < before)
    rows = session.execute(asked).all()
    records = personal.opened(session, CHAIN, f"{kind}/{key}", [from_canonical(row.record) for row in rows])
    return tuple(_entry(row, record) for row, record in zip(rows, records, strict=True))


def revision(session: Session, kind: str, key: str) -> int:
    """How many changes of the record were recorded: what ``seen`` is held against. 0 for one that was never changed through the door."""
    table = record_chain
    found = session.execute(select(table.c.sequence).where(table.c.kind == kind, table.c.key == key)).scalar()
    return int(found or 0)


def noted(
    session: Session, kind: str, event: str, *, keys: Sequence[str] | None = None, after: str = "", limit: int = 500
) -> tuple[Noted, ...]:
    """See ``engine.record.NotedReader``: along the primary key, so that a piece costs the same however long the history is."""
    table = record_event
    asked = select(table).where(table.c.kind == kind, table.c.type == event).order_by(table.c.key, table.c.sequence)
    asked = asked.where(table.c.key > after).limit(limit) if keys is None else asked.where(table.c.key.in_(keys))
    return tuple(
        Noted(key=row.key, at=row.at, actor=row.actor, facts=from_canonical(row.record)["facts"])
        for row in session.execute(asked)
    )


def is_deleted(session: Session, kind: str, key: str) -> bool:
    """Whether only the tombstone of the record is left."""
    table = record_chain
    return bool(session.execute(select(table.c.is_deleted).where(table.c.kind == kind, table.c.key == key)).scalar())


def _entry(row: Any, record: Mapping[str, Any]) -> Entry:
    return Entry(
        sequence=row.sequence,
        at=row.at,
        actor=row.actor,
        type=row.type,
        command=record["command"],
        became=record["became"],
        fields={name: FieldChange(old=each["old"], new=each["new"]) for name, each in record["fields"].items()},
        facts=record["facts"],
    )
