"""Jobs whose worker died go back into the queue: Procrastinate does not recover them by itself (architecture §5).

One statement, so that several reapers at once do no harm: it changes a job only while it is still held by the very worker that was found
dead. What is found is deliberately read without a lock: a locking read would give the row as another reaper (and a new worker that the
statement cannot see yet) has just left it, and take a running job away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.jobs import incidents

STALLED_SECONDS: Final = 10
RESCUES: Final = 20

# Heartbeats are the database's own time, written and compared by it alone, so that no clock of a machine matters.
_REAP = text("""
    WITH stalled AS MATERIALIZED (
        SELECT job.id, job.worker_id
        FROM jobs.procrastinate_jobs job
        WHERE job.status = 'doing'
          AND NOT EXISTS (
              SELECT FROM jobs.procrastinate_workers worker
              WHERE worker.id = job.worker_id
                AND worker.last_heartbeat >= clock_timestamp() - make_interval(secs => :stalled_seconds))
    ), reaped AS (
        UPDATE jobs.procrastinate_jobs job
        SET status = CASE WHEN job.attempts + 1 >= :rescues THEN 'failed' ELSE 'todo' END::jobs.procrastinate_job_status,
            attempts = job.attempts + 1, worker_id = NULL, abort_requested = false, scheduled_at = NULL
        FROM stalled
        WHERE job.id = stalled.id AND job.status = 'doing' AND job.worker_id IS NOT DISTINCT FROM stalled.worker_id
        RETURNING job.id, job.status, job.task_name, job.args, job.attempts
    ), given_up AS (
        INSERT INTO engine.incident (instance_id, code, place, facts, job_name, job_arguments, raised_at)
        SELECT instance.id, 'job_worker_died', 'job ' || reaped.task_name, jsonb_build_object('attempts', reaped.attempts)::text,
               reaped.task_name, reaped.args::text, :now
        FROM reaped LEFT JOIN engine.instance ON instance.id = CAST(reaped.args ->> 'instance_id' AS bigint)
        WHERE reaped.status = 'failed' RETURNING id, instance_id, job_name, code
    )
    SELECT NULL AS incident, NULL AS instance_id, NULL AS job_name, NULL AS code, count(*) AS rescued FROM reaped WHERE status = 'todo'
    UNION ALL SELECT id, instance_id, job_name, code, 0 FROM given_up
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaped:
    """How many jobs went back into the queue, and how many had been rescued too often and became incidents."""

    rescued: int
    given_up: int


def reap(session: Session, now: datetime, *, stalled_seconds: int = STALLED_SECONDS, rescues: int = RESCUES) -> Reaped:
    """Take every job from workers without a heartbeat for ``stalled_seconds``."""
    found = session.execute(_REAP, {"now": now, "stalled_seconds": stalled_seconds, "rescues": rescues}).all()
    given_up = sorted((row for row in found if row.incident is not None), key=lambda row: row.incident)
    for row in given_up:
        incidents.gave_up(session, row.incident, row.job_name, row.instance_id, row.code, now)
    return Reaped(rescued=sum(row.rescued for row in found), given_up=len(given_up))
