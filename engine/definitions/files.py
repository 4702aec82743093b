"""The files of versions, of drafts and of what is being examined, stored once for each content."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import text
from sqlalchemy.orm import Session

_KEEP = text("""
    INSERT INTO engine.definition_file (content_hash, path, content)
    SELECT :content_hash, f.path, f.content FROM unnest(CAST(:paths AS text[]), CAST(:contents AS bytea[])) AS f(path, content)
    ON CONFLICT DO NOTHING
""")

_READ = text("SELECT path, content FROM engine.definition_file WHERE content_hash = :content_hash ORDER BY path")

_PATHS = text("SELECT content_hash, path FROM engine.definition_file WHERE content_hash = ANY(:hashes)")

_FORGET = text("""
    DELETE FROM engine.definition_file
    WHERE content_hash = :content_hash
      AND NOT EXISTS (SELECT FROM engine.definition_version v WHERE v.content_hash = :content_hash)
      AND NOT EXISTS (SELECT FROM engine.definition_draft d WHERE d.content_hash = :content_hash)
      AND NOT EXISTS (SELECT FROM engine.examination e
                      WHERE e.content_hash = :content_hash AND e.state IN ('waiting', 'running'))
""")

# Keeping and forgetting one content wait for each other: nothing is forgotten that somebody has just begun to need.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('content ' || :content_hash, 0))")


def keep(session: Session, content_hash: str, files: Mapping[str, bytes]) -> None:
    """Store ``files`` unless they are here already."""
    session.execute(_LOCK, {"content_hash": content_hash})
    paths = sorted(files)
    session.execute(_KEEP, {"content_hash": content_hash, "paths": paths, "contents": [files[path] for path in paths]})


def read(session: Session, content_hash: str) -> dict[str, bytes]:
    """The files of ``content_hash`` by path; empty if it is not stored."""
    return {row.path: bytes(row.content) for row in session.execute(_READ, {"content_hash": content_hash})}


def paths(session: Session, content_hashes: Collection[str]) -> dict[str, list[str]]:
    """The paths of the files of each of these contents that is stored."""
    found: dict[str, list[str]] = {}
    for row in session.execute(_PATHS, {"hashes": list(content_hashes)}):
        found.setdefault(row.content_hash, []).append(row.path)
    return found


def forget_unused(session: Session, content_hash: str) -> None:
    """Drop the files of ``content_hash`` if no version, no draft and no examination under way has this content."""
    session.execute(_LOCK, {"content_hash": content_hash})
    session.execute(_FORGET, {"content_hash": content_hash})
