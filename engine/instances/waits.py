"""Waits for a message that asked to be the only one with their key, and are not.

A person whose act leads there is refused, and nothing has happened; in a job it is an incident of the wait, which goes on once it is tried
again and the other one has stopped waiting. The case waits meanwhile, and no message reaches it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.errors import Conflict, Facts
from engine.jobs import incidents, queue
from engine.messages.store import Refused


def taken(refused: Refused) -> Conflict:
    """What the person is told."""
    return Conflict("message_key_taken", **_facts(refused))


_IS_NOTED = text("""
    SELECT EXISTS (SELECT FROM engine.incident
                   WHERE instance_id = :instance AND resolved_at IS NULL AND job_name = :job AND activity = :wait)
""")


def note(session: Session, instance_id: int, refused: Refused, now: datetime) -> None:
    """Write it down as an incident of the case, which is locked; once, however often a job runs."""
    given = {"instance": instance_id, "job": queue.AWAIT_MESSAGE, "wait": refused.wait}
    if session.execute(_IS_NOTED, given).scalar_one():
        return
    incidents.raise_for_job(
        session,
        queue.AWAIT_MESSAGE,
        {"instance_id": instance_id, "wait": refused.wait},
        code="message_key_taken",
        facts=_facts(refused),
        now=now,
        activity=refused.wait,
        element_id=refused.row.element_id,
    )


def _facts(refused: Refused) -> Facts:
    return {"message": refused.row.name, "case": refused.holder or "–"}
