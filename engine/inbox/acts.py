"""What people do to a task besides completing it, written into the history of its case.

The head of the chain stands in the row of the case, so every act locks that row first, as a step does: claims, steps and comments of one
case follow each other, and nobody forks its chain. The kernel's state is not touched: who has a task is no business of tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.handler import Actor
from engine.history import store as history
from engine.history.personal import Sealer
from engine.history.store import ChainHead


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedTask:
    """A task whose case this transaction has locked. What the lock was waited for may have changed the task: read it again."""

    id: int
    instance_id: int
    activity: str
    element_id: str
    head: ChainHead


_LOCK = text("""
    SELECT task.id, task.instance_id, task.activity, task.element_id, instance.chain_sequence, instance.chain_hash
    FROM engine.task JOIN engine.instance ON instance.id = task.instance_id
    WHERE task.id = :task FOR UPDATE OF instance
""")

_HEAD = text("UPDATE engine.instance SET chain_sequence = :sequence, chain_hash = :hash WHERE id = :instance")


def lock(session: Session, task_id: int) -> LockedTask:
    """Lock the case of the task until the transaction ends. Raises NotFound."""
    row = session.execute(_LOCK, {"task": task_id}).one_or_none()
    if row is None:
        raise NotFound("task_not_found", task=task_id)
    return LockedTask(
        id=row.id,
        instance_id=row.instance_id,
        activity=row.activity,
        element_id=row.element_id,
        head=ChainHead(sequence=row.chain_sequence, hash=bytes(row.chain_hash)),
    )


def record(session: Session, task: LockedTask, actor: Actor, now: datetime, kind: str, **facts: Any) -> None:
    """Write one act into the history of the task's case: a record of the type ``kind`` that names the task's activity and element."""
    record_of_case(
        session,
        task.instance_id,
        task.head,
        actor,
        now,
        {"type": kind, "activity": task.activity, "element": task.element_id, **facts},
    )


_FOR = text("UPDATE engine.task SET closed_for = :absent WHERE id = :task RETURNING activity, element_id")


def stand_in(  # noqa: PLR0917 - as a step has them at hand
    session: Session, task_id: int, instance_id: int, head: ChainHead, actor: Actor, now: datetime, absent: str
) -> ChainHead:
    """Note that the step to come does the task for ``absent``; gives the head that the step goes on from.

    The case is locked, and the step writes its new head.
    """
    row = session.execute(_FOR, {"task": task_id, "absent": absent}).one()
    told = {"type": "task:substituted", "activity": row.activity, "element": row.element_id, "for": absent}
    return history.append(session, instance_id, head, now, actor.login, [told])


def record_of_case(  # noqa: PLR0917 - what happened where, by whom, when
    session: Session, instance_id: int, head: ChainHead, actor: Actor, now: datetime, told: Mapping[str, Any]
) -> ChainHead:
    """Write one act into the history of a case that this transaction has locked, after ``head``; the new head."""
    reached = history.append(
        session, instance_id, head, now, actor.login, [told], Sealer(()) if "note" in told else None
    )
    session.execute(_HEAD, {"sequence": reached.sequence, "hash": reached.hash, "instance": instance_id})
    return reached
