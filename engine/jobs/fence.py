"""The fence of an effect: its key, inserted in the transaction of the effect itself (architecture §5).

Delivery is at least once and completion is not fenced, so one job may run twice, even at the same moment (a worker that froze, and the
one that took over). The second insert of a key waits for the first transaction: if that committed, there is nothing to do any more; if it
rolled back, the second one goes on.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

KEPT_FOR: Final = timedelta(days=30)

_ENTER = text("INSERT INTO engine.job_done (key, done_at) VALUES (:key, :now) ON CONFLICT DO NOTHING RETURNING key")
_LEAVE = text("DELETE FROM engine.job_done WHERE key = :key")
_FORGET = text("DELETE FROM engine.job_done WHERE done_at < :before")


def enter(session: Session, key: str, now: datetime) -> bool:
    """True if the transaction is the one that does ``key``; False if it was done before."""
    return session.execute(_ENTER, {"key": key, "now": now}).first() is not None


def leave(session: Session, key: str) -> None:
    """Take ``key`` back: it ended in a way that may be tried again."""
    session.execute(_LEAVE, {"key": key})


def forget_old(session: Session, now: datetime) -> None:
    """Drop keys that no job of theirs can ask for any more: their activity has long ended, which stops a late job too."""
    session.execute(_FORGET, {"before": now - KEPT_FOR})
