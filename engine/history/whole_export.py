"""The whole history as a file that leaves the house: every numbered event in its order, with the checkpoints where they were made.

One line each, canonical JSON (``docs/history-format.md``); ``verifier.py`` holds it against checkpoints that were kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.history import checkpoints, order, verifier
from engine.history.checkpoints import Checkpoint
from engine.history.kinds import CASES, ChainKind
from engine.history.store import moment_text

_UNNUMBERED = text("SELECT coalesce(sum(last - first + 1), 0) FROM engine.history_pending")
_VERSIONS = text("""
    SELECT instance.id, version.content_hash
    FROM engine.instance JOIN engine.definition_version version ON version.id = coalesce(instance.first_version_id, instance.version_id)
    WHERE instance.id = ANY(:ids)
""")
_BATCH = 1_000


def lines(session: Session, now: datetime) -> Iterator[bytes]:
    """The file, line by line. ``session`` must see one moment (``Database.reading``). Nothing is repaired or left out."""
    upto = order.last_number(session)
    waiting = int(session.execute(_UNNUMBERED).scalar_one())
    yield _line(
        {"format": verifier.HISTORY_FORMAT, "stated": {"exported_at": moment_text(now), "not_yet_numbered": waiting}}
    )
    left = checkpoints.since(session, 0)[::-1]
    count = 0
    for batch in _batches(order.events(session, 0, upto)):
        begun = [row.instance for kind, row in batch if kind is CASES and row.sequence == 1]
        versions = {row.id: row.content_hash for row in session.execute(_VERSIONS, {"ids": begun})} if begun else {}
        for kind, row in batch:
            yield from _checkpoints(left, row.number - 1)
            yield _event(kind, row, versions)
            count += 1
    yield from _checkpoints(left, None)
    yield _line({"end": {"events": count}})


def _checkpoints(left: list[Checkpoint], size: int | None) -> Iterator[bytes]:
    """Those that stand before the next event; all that are left at the end."""
    while left and (size is None or left[-1].size <= size):
        yield _line({"checkpoint": left.pop().said})


def _event(kind: ChainKind, row: Row[Any], versions: dict[int, str]) -> bytes:
    """The record goes in as it is stored: what is not canonical there must not become so here."""
    told: dict[str, str] = {
        "actor": verifier.canonical(row.actor),
        "at": verifier.canonical(moment_text(row.at)),
        "hash": f'"{bytes(row.hash).hex()}"',
        "number": str(row.number),
        "record": row.record,
        "sequence": str(row.sequence),
    }
    told |= {member: verifier.canonical(getattr(row, member)) for member in kind.members}
    if kind is CASES and row.sequence == 1:
        told["version_hash"] = verifier.canonical(versions.get(row.instance, ""))
    return ("{" + ",".join(f'"{name}":{told[name]}' for name in sorted(told)) + "}\n").encode()


def _line(value: Any) -> bytes:
    return f"{verifier.canonical(value)}\n".encode()


def _batches(
    rows: Iterator[tuple[ChainKind, Row[Any]]],
) -> Iterator[list[tuple[ChainKind, Row[Any]]]]:
    batch = []
    for each in rows:
        batch.append(each)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
