"""Throwing a signal: to the cases that wait for it, and to the processes that it begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from engine.definitions import store as definitions
from engine.jobs import queue
from engine.messages import signals as store
from engine.messages.signals import OutgoingSignal


def throw(
    session: Session,
    signals: Sequence[OutgoingSignal],
    now: datetime,
    *,
    sender: str,
    instance_id: int | None = None,
) -> None:
    """Throw ``signals`` in their order; all of it happens if the transaction commits, each part in a job of its own.

    Every case but ``instance_id`` that waits for one when it is thrown hears of it (``engine.messages.signals``: who exactly, in which
    order), and every process whose version in force begins with it begins a case, one for each of its start events.
    """
    thrown = store.throw(session, signals, now, sender=sender, instance_id=instance_id)
    begun = {name: definitions.started_by_signal(session, name) for name in dict.fromkeys(thrown.values())}
    starts = (
        {"signal_id": signal_id, "version_id": version.id}
        for signal_id, name in thrown.items()
        for version in begun[name]
    )
    queue.defer(session, queue.START_BY_SIGNAL, *starts)
