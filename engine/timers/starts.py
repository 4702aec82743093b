"""Start events with a timer: when the version in force begins its next case by itself.

One row a start event. Publishing ends the schedule of the version before and asks for the new one (``plan_starts``, a job: its expressions
are evaluated with the company's calendar and zone). When a row is due, one promoter queues one job for it and moves the row on to the
next moment of its grid; a schedule that is late begins one case, not one for each moment that was missed, as any cycle
(``model.schedules``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.jobs import queue
from engine.model.schedules import Schedule, next_firing

BATCH: Final = 50

_END = text("DELETE FROM engine.start_timer WHERE process_key = :process")

_PLAN = text("""
    INSERT INTO engine.start_timer (process_key, element_id, version_id, due_at, remaining, period)
    VALUES (:process, :element, :version, :due, :remaining, :period)
""")

_DUE = text("""
    SELECT process_key, element_id, version_id, due_at, remaining, period FROM engine.start_timer
    WHERE due_at <= :now ORDER BY due_at LIMIT :batch FOR UPDATE SKIP LOCKED
""")

_MOVE = text("""
    UPDATE engine.start_timer SET due_at = :due, remaining = :remaining WHERE process_key = :process AND element_id = :element
""")

_LAST = text("DELETE FROM engine.start_timer WHERE process_key = :process AND element_id = :element")


def end(session: Session, process_key: str) -> None:
    """No version of the process begins a case by itself any more."""
    session.execute(_END, {"process": process_key})


def plan(session: Session, process_key: str, version_id: int, schedules: Mapping[str, Schedule]) -> None:
    """The schedule of the version in force, by start event; it takes the place of any other one of the process."""
    end(session, process_key)
    for element_id, schedule in schedules.items():
        session.execute(
            _PLAN,
            {
                "process": process_key,
                "element": element_id,
                "version": version_id,
                "due": schedule.due_at,
                "remaining": schedule.remaining,
                "period": schedule.period,
            },
        )


def promote(session: Session, now: datetime, zone: ZoneInfo, *, batch: int = BATCH) -> int:
    """Queue one job for each start event that is due, ``batch`` at most, and move on its row; gives how many.

    Several promoters share the work, as those of other timers do. ``zone``: a day of a cycle is one of the company's calendar.
    """
    due = session.execute(_DUE, {"now": now, "batch": batch}).all()
    for row in due:
        place = {"process": row.process_key, "element": row.element_id}
        if row.period is None or row.remaining == 1:
            session.execute(_LAST, place)
        else:
            following = next_firing(row.due_at, row.period, now, zone)
            remaining = None if row.remaining is None else row.remaining - 1
            session.execute(_MOVE, {**place, "due": following, "remaining": remaining})
    jobs = ({"version_id": row.version_id, "element_id": row.element_id, "due": row.due_at.isoformat()} for row in due)
    queue.defer(session, queue.START_BY_TIMER, *jobs)
    return len(due)
