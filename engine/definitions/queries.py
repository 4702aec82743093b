"""What pages read about processes: which there are, their versions, who may start them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.handler import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRow:
    """A process by its latest version. ``title`` by locale; ``running`` counts active cases of all versions."""

    key: str
    title: Mapping[str, str]
    version_id: int
    number: int
    published_at: datetime
    published_by: str
    running: int
    has_draft: bool
    may_start: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A version in the list of its process; ``running`` counts its active cases."""

    id: int
    number: int
    content_hash: str
    note: str
    published_at: datetime
    published_by: str
    running: int
    cases: int


_PROCESSES = text("""
    SELECT latest.*,
           (SELECT count(*) FROM engine.instance
            WHERE instance.process_key = latest.process_key AND instance.status = 'active') AS running,
           EXISTS (SELECT FROM engine.definition_draft draft WHERE draft.process_key = latest.process_key) AS has_draft
    FROM (
        SELECT DISTINCT ON (process_key) * FROM engine.definition_version
        WHERE CAST(:key AS text) IS NULL OR process_key = :key
        ORDER BY process_key, number DESC
    ) AS latest
    ORDER BY latest.process_key
""")

_VERSIONS = text("""
    SELECT version.*,
           count(instance.id) AS cases, count(instance.id) FILTER (WHERE instance.status = 'active') AS running
    FROM engine.definition_version version LEFT JOIN engine.instance ON instance.version_id = version.id
    WHERE version.process_key = :key GROUP BY version.id ORDER BY version.number DESC
""")


def processes(session: Session, actor: Actor) -> tuple[ProcessRow, ...]:
    """Every process by its latest version, and whether the actor may start it."""
    return tuple(_process(row, actor) for row in session.execute(_PROCESSES, {"key": None}))


def process(session: Session, actor: Actor, process_key: str) -> ProcessRow | None:
    """One process by its latest version."""
    row = session.execute(_PROCESSES, {"key": process_key}).one_or_none()
    return None if row is None else _process(row, actor)


def startable(session: Session, actor: Actor) -> tuple[ProcessRow, ...]:
    """The processes that the actor may start."""
    return tuple(each for each in processes(session, actor) if each.may_start)


def versions(session: Session, process_key: str) -> tuple[VersionRow, ...]:
    """The versions of a process with their cases, newest first."""
    return tuple(
        VersionRow(
            id=row.id,
            number=row.number,
            content_hash=row.content_hash,
            note=row.note,
            published_at=row.published_at,
            published_by=row.published_by,
            running=row.running,
            cases=row.cases,
        )
        for row in session.execute(_VERSIONS, {"key": process_key})
    )


def _process(row: Row[Any], actor: Actor) -> ProcessRow:
    return ProcessRow(
        key=row.process_key,
        title={"fr": row.title_fr, "en": row.title_en},
        version_id=row.id,
        number=row.number,
        published_at=row.published_at,
        published_by=row.published_by,
        running=row.running,
        has_draft=row.has_draft,
        may_start=not actor.roles.isdisjoint(row.start_roles),
    )
