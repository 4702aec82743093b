"""Taking a task and giving it back. Guarded updates: the row changes only if it is still as the rule wants it, so one of many wins."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import clock
from engine.database.session import Database
from engine.errors import Conflict, NotFound, WrongState
from engine.handler import Actor
from engine.inbox import queries
from engine.inbox.rules import refusal
from engine.inbox.store import LOST

_CLAIM = text(f"""
    UPDATE engine.task SET assignee = :login, claimed_at = :now
    WHERE id = :task AND is_open AND (assignee IS NULL OR {LOST}) AND role = ANY(CAST(:roles AS text[]))
      AND NOT EXISTS (
          SELECT FROM engine.task earlier
          WHERE earlier.instance_id = task.instance_id AND earlier.element_id = task.not_same_as AND earlier.closed_by = :login)
    RETURNING id
""")  # noqa: S608 - composed of constants

_RELEASE = text("""
    UPDATE engine.task SET assignee = NULL, claimed_at = NULL
    WHERE id = :task AND is_open AND assignee = :login AND claimed_at IS NOT NULL
    RETURNING id
""")


def claim(database: Database, actor: Actor, task_id: int) -> None:
    """Take the task. Taking what one has is fine; so is taking over from somebody who has lost the role since.

    Raises NotFound; NotAllowed (not offered, four eyes); WrongState (closed); Conflict (a colleague was faster).
    """
    with database.transaction() as session:
        given = {"task": task_id, "login": actor.login, "roles": sorted(actor.roles), "now": clock.now()}
        if session.execute(_CLAIM, given).first() is None:
            _explain_claim(session, actor, task_id)


def _explain_claim(session: Session, actor: Actor, task_id: int) -> None:
    offer = queries.offer(session, task_id)
    if offer is None:
        raise NotFound("task_not_found", task=task_id)
    reason = refusal(offer, actor)
    if reason is not None:
        raise reason
    if offer.assignee != actor.login:
        # a colleague had it and gave it back between our two statements
        raise Conflict("task_changed", task=task_id)


def release(database: Database, actor: Actor, task_id: int) -> None:
    """Give the task back to its role.

    Raises NotFound; NotAllowed (not offered); Conflict (a colleague has it); WrongState (closed, not taken, or given to the person by
    the process, who is then the only one).
    """
    with database.transaction() as session:
        if session.execute(_RELEASE, {"task": task_id, "login": actor.login}).first() is not None:
            return
        offer = queries.offer(session, task_id)
        if offer is None:
            raise NotFound("task_not_found", task=task_id)
        reason = refusal(offer, actor)
        if reason is not None:
            raise reason
        raise WrongState("task_not_claimed", task=task_id)
