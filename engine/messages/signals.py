"""The rows of ``engine.signal``: what was thrown, and which cases are still to hear of it.

A signal reaches every other case that waits for it *when it is thrown*, that is, whose subscription is committed by then; a case that
begins to wait later does not get it, and nothing is kept for anybody (BPMN 10.5.5, "Signal"). Each receiver is told in a transaction of
its own (one job each), in the order in which the signals were thrown; between receivers there is no order. A receiver that meanwhile
waits for it no more is passed over. Exactly once: the row that names the receiver is deleted in the very step that receives the signal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.data import from_canonical, to_canonical
from engine.feel import Value
from engine.jobs import queue


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingSignal:
    """A signal to be thrown."""

    name: str
    payload: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A signal that was thrown."""

    id: int
    name: str
    payload: Mapping[str, Value]
    thrown_by: str


_THROW = text("""
    WITH thrown AS (
        INSERT INTO engine.signal (name, payload, thrown_at, thrown_by, sender_instance_id)
        SELECT s.name, s.payload, :now, :sender, :instance
        FROM unnest(CAST(:names AS text[]), CAST(:payloads AS text[])) WITH ORDINALITY AS s(name, payload, position)
        ORDER BY s.position
        RETURNING id, name
    ), receivers AS (
        INSERT INTO engine.signal_receiver (instance_id, signal_id)
        SELECT DISTINCT subscription.instance_id, thrown.id
        FROM thrown JOIN engine.subscription ON subscription.kind = 'signal' AND subscription.name = thrown.name
        WHERE subscription.instance_id IS DISTINCT FROM CAST(:instance AS bigint)
        RETURNING instance_id, signal_id
    )
    SELECT thrown.id, thrown.name, receivers.instance_id FROM thrown LEFT JOIN receivers ON receivers.signal_id = thrown.id
    ORDER BY thrown.id, receivers.instance_id
""")

_TAKE = text("""
    WITH next AS (
        DELETE FROM engine.signal_receiver
        WHERE instance_id = :instance
          AND signal_id = (SELECT min(signal_id) FROM engine.signal_receiver WHERE instance_id = :instance)
        RETURNING signal_id
    )
    SELECT signal.id, signal.name, signal.payload, signal.thrown_by FROM engine.signal JOIN next ON next.signal_id = signal.id
""")

_FIND = text("SELECT id, name, payload, thrown_by FROM engine.signal WHERE id = :id")


def throw(
    session: Session,
    signals: Sequence[OutgoingSignal],
    now: datetime,
    *,
    sender: str,
    instance_id: int | None = None,
) -> dict[int, str]:
    """Keep ``signals`` and queue a job for each case that waits for one of them now; gives their names by id.

    The case ``instance_id``, which throws them, has heard of them already.
    """
    if not signals:
        return {}
    rows = session.execute(
        _THROW,
        {
            "now": now,
            "sender": sender,
            "instance": instance_id,
            "names": [each.name for each in signals],
            "payloads": [to_canonical(each.payload) for each in signals],
        },
    ).all()
    receivers = ({"instance_id": row.instance_id} for row in rows if row.instance_id is not None)
    queue.defer(session, queue.DELIVER_SIGNAL, *receivers)
    return {row.id: row.name for row in rows}


def take(session: Session, instance_id: int) -> Signal | None:
    """The oldest signal that the case is still to hear of; with this transaction, it has. The caller has locked the instance."""
    row = session.execute(_TAKE, {"instance": instance_id}).one_or_none()
    return None if row is None else _signal(row)


def find(session: Session, signal_id: int) -> Signal | None:
    """A signal that was thrown."""
    row = session.execute(_FIND, {"id": signal_id}).one_or_none()
    return None if row is None else _signal(row)


def _signal(row: Row[tuple[int, str, str, str]]) -> Signal:
    return Signal(id=row.id, name=row.name, payload=from_canonical(row.payload), thrown_by=row.thrown_by)
