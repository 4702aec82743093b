"""A job that gave up: an incident that names the job, so that an operator can queue it again.

That it gave up, and who queued it again, are events of a chain of the incident's own (a record of the kind ``incident``): whoever raises
one may hold the row of a case, or of none, and no case's chain is written past whoever has its head in hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import to_canonical
from engine.errors import Facts
from engine.handler import SYSTEM
from engine.jobs.queue import JobArguments
from engine.records import chain

KIND: Final = "incident"
"""Of the record, in the history; its key is the incident's number."""

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
    incident = int(raised.scalar_one())
    gave_up(session, incident, name, arguments.get("instance_id"), code, now)
    return incident


def gave_up(  # noqa: PLR0917 - what is told
    session: Session, incident: int, name: str, case: str | int | None, code: str, now: datetime
) -> None:
    """Note in the history that a job did, of which case if of any."""
    _tell(session, incident, SYSTEM.login, now, {"type": "job:gave_up", "job": name, "case": case, "code": code})


def tried_again(  # noqa: PLR0917 - what is told
    session: Session, incident: int, name: str, case: int | None, actor: str, now: datetime
) -> None:
    """Note in the history who queued the job again."""
    _tell(session, incident, actor, now, {"type": "job:retried", "job": name, "case": case})


def _tell(session: Session, incident: int, actor: str, now: datetime, event: Mapping[str, str | int | None]) -> None:
    head = chain.lock(session, KIND, str(incident))
    chain.append(session, head, now, actor, event, is_deleted=False)
