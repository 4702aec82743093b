"""The contents: each once, under its SHA-256, however many cases it is attached to, and whatever else holds it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.errors import FieldProblem, InvalidInput
from engine.files.kinds import FileKind, kind_of

MOST_BYTES: Final = 10 * 1024 * 1024
"""Of one file."""

_PUT = text("""
    INSERT INTO engine.file_content AS held (hash, size, media_type, content, stored_at, is_kept)
    VALUES (:hash, :size, :media_type, :content, :now, :is_kept)
    ON CONFLICT (hash) DO UPDATE SET is_kept = true WHERE EXCLUDED.is_kept AND NOT held.is_kept
""")
_LOCK = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(hash, 0)) FROM unnest(CAST(:hashes AS text[])) hash ORDER BY hash"
)
_DROP_UNUSED = text("""
    DELETE FROM engine.file_content content WHERE hash = ANY(:hashes) AND NOT is_kept
        AND NOT EXISTS (SELECT FROM engine.attachment WHERE attachment.hash = content.hash)
""")
_GET = text("SELECT media_type, content FROM engine.file_content WHERE hash = :hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A content that is kept."""

    hash: str
    size: int
    kind: FileKind


def check(content: bytes, name: str) -> FileKind:
    """What the file is. Raises InvalidInput (field ``file``): empty, too large, of a kind that is not taken."""
    code = None
    kind = kind_of(content, name) if len(content) <= MOST_BYTES else None
    if not content:
        code = "file_empty"
    elif len(content) > MOST_BYTES:
        code = "file_too_large"
    elif kind is None:
        code = "file_kind_refused"
    if code is not None or kind is None:
        facts: dict[str, str | int | None] = {"most": MOST_BYTES // 1024 // 1024}
        raise InvalidInput((FieldProblem(field="file", code=code or "file_kind_refused", facts=facts),))
    return kind


def put(session: Session, content: bytes, kind: FileKind, now: datetime, *, is_kept: bool = False) -> Stored:
    """Take the content in, if it is not there already. It goes with the last case that has it, unless ``is_kept``: then it stays for good
    (what the business printed, whatever becomes of a copy).
    """
    hashed = hashlib.sha256(content).hexdigest()
    lock(session, hashed)
    given = {"hash": hashed, "size": len(content), "media_type": kind.media_type, "content": content, "now": now}
    session.execute(_PUT, given | {"is_kept": is_kept})
    return Stored(hash=hashed, size=len(content), kind=kind)


def lock(session: Session, *hashes: str) -> None:
    """Until the transaction ends nobody else keeps or drops these contents: the last case could let one go while another takes it up."""
    if hashes:
        session.execute(_LOCK, {"hashes": list(hashes)})


def drop_unused(session: Session, hashes: Sequence[str]) -> None:
    """Drop those of these contents, which this transaction has locked, that no case has any more and that are not kept for good."""
    if hashes:
        session.execute(_DROP_UNUSED, {"hashes": list(hashes)})


def get(session: Session, hashed: str) -> tuple[str, bytes] | None:
    """Media type and content; None when it is not kept (any more)."""
    row = session.execute(_GET, {"hash": hashed}).one_or_none()
    return None if row is None else (row.media_type, bytes(row.content))
