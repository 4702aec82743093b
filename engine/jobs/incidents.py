"""A job that gave up: an incident that names the job, so that an operator can queue it again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import to_canonical
from engine.errors import Facts
from engine.jobs.queue import JobArguments

_RAISE = text("""
    INSERT INTO engine.incident (instance_id, activity, element_id, code, place, facts, job_name, job_arguments, raised_at)
    VALUES ((SELECT id FROM engine.instance WHERE id = :instance), :activity, :element, :code, :place, :facts, :name, :arguments, :now)
    RETURNING id
""")


def raise_for_job(
    session: Session,
    name: str,
    arguments: JobArguments,
    *,
    code: str,
    facts: Facts,
    now: datetime,
    activity: str | None = None,
    element_id: str | None = None,
) -> int:
    """Record that the job gave up; gives the incident's id. ``arguments["instance_id"]``, if it has one, says whose case stopped, and the
    last two where in it.
    """
    raised = session.execute(
        _RAISE,
        {
            "instance": arguments.get("instance_id"),
            "activity": activity,
            "element": element_id,
            "code": code,
            "place": f"job {name}",
            "facts": to_canonical(facts),
            "name": name,
            "arguments": to_canonical(dict(arguments)),
            "now": now,
        },
    )
    return int(raised.scalar_one())
