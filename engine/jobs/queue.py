"""Jobs enter the queue in the transaction that wants them: they exist if, and only if, it commits (architecture §5).

Two Procrastinate apps, on purpose. This one only *defers*, on the session's own psycopg connection, and never opens a pool: an app whose
asynchronous pool is open answers synchronous calls with its asynchronous connector, which cannot use our connection. The other one
(``engine.worker``) only *runs*. Jobs are named by text, so that whoever defers need not import what runs.

No job has a Procrastinate ``lock``: a finished job wakes nobody, and a future one blocks its lock. The instance's row lock serialises.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from procrastinate import App, SyncPsycopgConnector
from sqlalchemy import text
from sqlalchemy.orm import Session

FIRE_TIMER: Final = "fire_timer"
RUN_EFFECT: Final = "run_effect"
FINISH_EFFECT: Final = "finish_effect"
DELIVER_MESSAGE: Final = "deliver_message"
PLAN_STARTS: Final = "plan_starts"
START_BY_TIMER: Final = "start_by_timer"
DELIVER_SIGNAL: Final = "deliver_signal"
START_BY_SIGNAL: Final = "start_by_signal"
EXAMINE: Final = "examine"
RUN_BATCH: Final = "run_batch"
RUN_MIGRATION: Final = "run_migration"
AWAIT_MESSAGE: Final = "await_message"
BEGIN_CALL: Final = "begin_call"
ANSWER_CALL: Final = "answer_call"
WITHDRAW_CALL: Final = "withdraw_call"
SEND_LETTER: Final = "send_letter"
LIST_ERASURES: Final = "list_erasures"

JobArguments = Mapping[str, Any]
"""What a job is told: ids (texts and whole numbers), never business data, which is read when the job runs."""

_QUEUED = text("""
    SELECT EXISTS (SELECT FROM jobs.procrastinate_jobs
                   WHERE task_name = :name AND args = CAST(:job AS jsonb) AND status IN ('todo', 'doing'))
""")

_DEFERRING: Final = App(connector=SyncPsycopgConnector())


def defer(session: Session, name: str, *jobs: JobArguments, at: datetime | None = None) -> None:
    """Put one job ``name`` for each of ``jobs`` into the queue, in one statement of the session's transaction.

    ``at`` delays them (a retry; what waits for long stands in ``engine.timer``, not here).
    """
    if not jobs:
        return
    connection = session.connection().connection.driver_connection
    deferrer = _DEFERRING.configure_task(name, schedule_at=at, connection=connection)
    deferrer.batch_defer(*({**job} for job in jobs))


def is_queued(session: Session, name: str, job: JobArguments) -> bool:
    """Whether the queue holds this very job, waiting or being done."""
    return bool(session.execute(_QUEUED, {"name": name, "job": json.dumps({**job})}).scalar_one())
