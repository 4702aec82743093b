r"""The history of a record: each change once, chained to the one before, in the transaction that made it.

The chain has the shape of all others (``docs/history-format.md``); it begins with the kind and the key of the record::

    content = canonical JSON of {"actor": login, "at": moment, "key": key, "kind": kind, "record": {"type": …, …}, "sequence": n}
    hash 0  = SHA-256("bordereau/history/1/record\n" ‖ kind ‖ "\n" ‖ key)
    hash n  = SHA-256("bordereau/history/1/event\n" ‖ hash n−1 ‖ content n)

``kind`` holds no line break (a CHECK), so that no two records begin alike. Rows: ``engine.record_event`` (kind, key, sequence, at, actor,
type, record, hash), which only grows; the head (sequence, hash, is_deleted) stands in ``engine.record_chain``. The number of a record's
last event is its *revision*.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import to_canonical
from engine.history.personal import KEEP, Sealer
from engine.history.store import moment_text
from engine.history.verifier import chain_link, named_begin, named_content

CHAIN = "record"
"""The word of ``history.verifier.NAMED`` for these chains."""

# One statement makes the row of a record that has no history yet, locks it, and reads it: the update changes nothing.
_LOCK = text("""
    INSERT INTO engine.record_chain AS chain (kind, key, sequence, hash) VALUES (:kind, :key, 0, :hash)
    ON CONFLICT (kind, key) DO UPDATE SET kind = EXCLUDED.kind
    RETURNING chain.sequence, chain.hash, chain.is_deleted
""")
_WRITE = """
    moved AS (
        UPDATE engine.record_chain SET sequence = :sequence, hash = :hash, is_deleted = :is_deleted
        WHERE kind = :kind AND key = :key
    )
    INSERT INTO engine.record_event (kind, key, sequence, at, actor, type, record, hash)
    VALUES (:kind, :key, :sequence, :at, :actor, :type, :record, :hash)
"""
_APPEND = text(f"WITH {_WRITE}")
_APPEND_AND_KEEP = text(f"WITH {KEEP}, {_WRITE}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the chain of a record ends. ``sequence`` 0: nothing was recorded of it yet. ``is_deleted``: only its tombstone is left."""

    kind: str
    key: str
    sequence: int
    hash: bytes
    is_deleted: bool


def lock(session: Session, kind: str, key: str) -> Head:
    """The head of a record's chain, locked until the transaction ends: nobody else changes the record meanwhile."""
    row = session.execute(_LOCK, {"kind": kind, "key": key, "hash": named_begin(CHAIN, kind, key)}).one()
    return Head(kind=kind, key=key, sequence=row.sequence, hash=bytes(row.hash), is_deleted=row.is_deleted)


def append(
    session: Session,
    head: Head,
    at: datetime,
    actor_login: str,
    event: Mapping[str, Any],
    *,
    is_deleted: bool,
    personal: Collection[str] = (),
) -> int:
    """Write ``event``, which has a ``type``, after ``head``; the record's new revision. Fields of the names ``personal`` are sealed.

    Raises TypeError or ValueError for values that have no place in the history.
    """
    sequence, sealer = head.sequence + 1, Sealer(personal)
    record = to_canonical(sealer.change(sequence, event) if personal else event)
    kept = sealer.given(CHAIN, f"{head.kind}/{head.key}")
    content = named_content(CHAIN, (head.kind, head.key), sequence, moment_text(at), actor_login, record)
    session.execute(
        _APPEND_AND_KEEP if kept else _APPEND,
        kept
        | {
            "kind": head.kind,
            "key": head.key,
            "sequence": sequence,
            "hash": chain_link(head.hash, content),
            "is_deleted": is_deleted,
            "at": at,
            "actor": actor_login,
            "type": event["type"],
            "record": record,
        },
    )
    return sequence
