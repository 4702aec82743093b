"""Finished cases in the archive: what lists and steps need no more moves out of the tables that they read into one row a case.

The row of the case stays, with the head of its chain and what it is searched by; its history is where it was. State, tasks and incidents
stand in ``engine.case_archive`` as PostgreSQL's own JSON of their rows, compressed by it, and come back as rows of the same tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

BATCH: Final = 50
"""Cases that are archived in one transaction: a few milliseconds, and no lock that anybody waits for."""
DAYS: Final = 30
"""How long a finished case stays at hand where nothing else is set (``retention``)."""

_DUE = text("""
    SELECT instance.id FROM engine.instance LEFT JOIN engine.retention USING (process_key)
    WHERE instance.archived_at IS NULL AND instance.ended_at IS NOT NULL
        -- what called it may be about to read what it gave
        AND NOT EXISTS (SELECT FROM engine.instance caller WHERE caller.id = instance.parent_instance_id AND caller.status = 'active')
        AND instance.ended_at < CAST(:now AS timestamptz) - make_interval(days => coalesce(retention.archive_days, :days))
    ORDER BY instance.ended_at LIMIT :most FOR UPDATE OF instance SKIP LOCKED
""")
_KEEP = text("""
    INSERT INTO engine.case_archive (instance_id, archived_at, snapshot, tasks, incidents)
    SELECT instance.id, :now, instance.snapshot,
        (SELECT coalesce(jsonb_agg(to_jsonb(task) ORDER BY task.id), '[]') FROM engine.task WHERE task.instance_id = instance.id),
        (SELECT coalesce(jsonb_agg(to_jsonb(incident) ORDER BY incident.id), '[]') FROM engine.incident
         WHERE incident.instance_id = instance.id)
    FROM engine.instance WHERE instance.id = ANY(:cases)
""")
_LEAVE = text("""
    WITH tasks AS (DELETE FROM engine.task WHERE instance_id = ANY(:cases)),
         incidents AS (DELETE FROM engine.incident WHERE instance_id = ANY(:cases)),
         timers AS (DELETE FROM engine.timer WHERE instance_id = ANY(:cases)),
         subscriptions AS (DELETE FROM engine.subscription WHERE instance_id = ANY(:cases)),
         effects AS (DELETE FROM engine.effect WHERE instance_id = ANY(:cases)),
         parked AS (DELETE FROM engine.parked_job WHERE instance_id = ANY(:cases)),
         -- a case that has ended is moved back by nobody
         former AS (UPDATE engine.migration_item SET former = NULL WHERE instance_id = ANY(:cases) AND former IS NOT NULL),
         submissions AS (DELETE FROM engine.submission WHERE instance_id = ANY(:cases))
    UPDATE engine.instance SET snapshot = '', archived_at = :now WHERE id = ANY(:cases)
""")
_READ = text(
    "SELECT snapshot, tasks::text AS tasks, incidents::text AS incidents FROM engine.case_archive WHERE instance_id = :case"
)
_REPLACE = text("""
    UPDATE engine.case_archive SET snapshot = :snapshot, tasks = CAST(:tasks AS jsonb), incidents = CAST(:incidents AS jsonb)
    WHERE instance_id = :case
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the archive has of a case: its state (``kernel.State.to_text``), its tasks and incidents as JSON of their rows."""

    snapshot: bytes
    tasks: str
    incidents: str


def archive(session: Session, now: datetime, most: int = BATCH) -> int:
    """Archive finished cases whose time at hand is over, the oldest first; how many. Three statements, however many there are.

    A case that somebody has locked is left for the next time.
    """
    cases = list(session.scalars(_DUE, {"now": now, "days": DAYS, "most": most}))
    if cases:
        session.execute(_KEEP, {"cases": cases, "now": now})
        session.execute(_LEAVE, {"cases": cases, "now": now})
    return len(cases)


def read(session: Session, instance_id: int) -> Kept | None:
    """What the archive has of a case; None where it has nothing (any more)."""
    row = session.execute(_READ, {"case": instance_id}).one_or_none()
    return None if row is None else Kept(snapshot=bytes(row.snapshot), tasks=row.tasks, incidents=row.incidents)


def replace(session: Session, instance_id: int, *, snapshot: bytes, tasks: str, incidents: str) -> None:
    """Keep others: without what was erased."""
    given = {"case": instance_id, "snapshot": snapshot, "tasks": tasks, "incidents": incidents}
    session.execute(_REPLACE, given)
