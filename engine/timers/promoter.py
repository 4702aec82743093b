"""The promoter: each second, in each worker, what is due goes from ``engine.timer`` into the queue (architecture §5)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.jobs import queue

BATCH: Final = 200

_PROMOTE = text("""
    WITH due AS (
        SELECT instance_id, wait FROM engine.timer
        WHERE promoted_at IS NULL AND due_at <= :now
        ORDER BY due_at LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    UPDATE engine.timer SET promoted_at = :now FROM due
    WHERE timer.instance_id = due.instance_id AND timer.wait = due.wait
    RETURNING timer.instance_id, timer.wait
""")


def promote(session: Session, now: datetime, *, batch: int = BATCH) -> int:
    """Queue one job for each timer that is due, ``batch`` at most; gives how many.

    Several promoters share the work: a row that one has locked, the others skip. The mark and the job commit together, so a timer is
    neither lost nor queued twice; its row stays until the instance has taken it.
    """
    due = session.execute(_PROMOTE, {"now": now, "batch": batch}).all()
    queue.defer(session, queue.FIRE_TIMER, *({"instance_id": row.instance_id, "wait": row.wait} for row in due))
    return len(due)
