"""Jobs of cases that stand still: written down under the lock of the instance, and queued again by whoever lets the case go on."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from operator import itemgetter

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import from_canonical, to_canonical
from engine.jobs import queue
from engine.jobs.queue import JobArguments

_PARK = text("""
    INSERT INTO engine.parked_job (instance_id, name, arguments, parked_at) VALUES (:instance, :name, :arguments, :now)
""")
_RELEASE = text("""
    WITH released AS (DELETE FROM engine.parked_job WHERE instance_id = :instance RETURNING id, name, arguments)
    SELECT name, arguments FROM released ORDER BY id
""")


def park(session: Session, instance_id: int, name: str, arguments: JobArguments, now: datetime) -> None:
    """Keep the job for later."""
    given = {"instance": instance_id, "name": name, "arguments": to_canonical(dict(arguments)), "now": now}
    session.execute(_PARK, given)


def release(session: Session, instance_id: int) -> tuple[JobArguments, ...]:
    """Queue every job that waits for the case, in the order in which they came; gives their arguments."""
    found = [(row.name, plain(row.arguments)) for row in session.execute(_RELEASE, {"instance": instance_id})]
    for name, jobs in groupby(found, key=itemgetter(0)):
        queue.defer(session, name, *(arguments for _, arguments in jobs))
    return tuple(arguments for _, arguments in found)


def plain(stored: str) -> dict[str, str | int | None]:
    """Arguments (or facts) as they were: their numbers are whole."""
    found = from_canonical(stored)
    return {key: value if value is None or isinstance(value, str) else int(value) for key, value in found.items()}
