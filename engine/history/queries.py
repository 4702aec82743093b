"""Reading the history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Integer, bindparam, select
from sqlalchemy.orm import Session

from engine.data import from_canonical
from engine.history import personal
from engine.history.kinds import CASES
from engine.history.tables import event


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event as it was recorded. ``record`` has its values back: decimals, dates, durations (``engine.data``)."""

    sequence: int
    at: datetime
    actor: str
    type: str
    record: dict[str, Any]
    hash: bytes


_TIMELINE: Final = (
    select(event)
    .where(event.c.instance_id == bindparam("case"), event.c.sequence > bindparam("after"))
    .order_by(event.c.sequence)
    .limit(bindparam("limit", type_=Integer))
)
"""Made once; no limit is null."""


def timeline(session: Session, instance_id: int, *, after: int = 0, limit: int | None = None) -> list[Entry]:
    """The events of an instance in their order: at most ``limit`` of those that come after number ``after``.

    The next page is asked for with the last entry's ``sequence``; it costs the same on every page. Personal values are in their places, as
    far as they were not erased (``personal.Erased``).
    """
    rows = session.execute(_TIMELINE, {"case": instance_id, "after": after, "limit": limit}).all()
    records = [from_canonical(row.record) for row in rows]
    if any(personal.may_be_sealed(row.record) for row in rows):
        records = personal.opened(session, CASES.word, str(instance_id), records)
    return [
        Entry(sequence=row.sequence, at=row.at, actor=row.actor, type=row.type, record=record, hash=bytes(row.hash))
        for row, record in zip(rows, records, strict=True)
    ]
