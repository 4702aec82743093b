"""Messages that say nothing any more lose what they carried: those that were received long ago (it is in the history of whoever received
them), and those whose time was over long ago and that nobody received. The message itself stays: that it was sent, and what became of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

BATCH: Final = 500
AFTER: Final = timedelta(days=1)
"""How long a received message keeps what it carried, for whoever looks into a fault."""
UNDELIVERED_AFTER: Final = timedelta(days=30)
"""How long after the end of its time to live one that nobody received keeps it, for whoever asks why."""

_FORGET = text("""
    UPDATE engine.message SET payload = '{}' WHERE id = ANY (ARRAY(
        SELECT id FROM engine.message WHERE received_at < :before AND payload <> '{}' ORDER BY received_at LIMIT :most
        FOR UPDATE SKIP LOCKED
    ))
""")

# One that is parked for a case that stands still is delivered when the case goes on, however late.
_EMPTY = text("""
    UPDATE engine.message SET payload = '{}' WHERE id = ANY (ARRAY(
        SELECT id FROM engine.message
        WHERE received_at IS NULL AND payload <> '{}' AND expires_at < :before AND id NOT IN (
            SELECT CAST(CAST(arguments AS jsonb) ->> 'message_id' AS bigint) FROM engine.parked_job
            WHERE CAST(arguments AS jsonb) ? 'message_id')
        ORDER BY expires_at LIMIT :most FOR UPDATE SKIP LOCKED
    ))
""")


def forget_payloads(session: Session, now: datetime, most: int = BATCH) -> int:
    """Forget what received and undelivered messages carried, the oldest first, at most so many of each; of how many, at the most, of
    one kind: less than ``most`` means that nothing is left.
    """
    received = session.execute(_FORGET, {"before": now - AFTER, "most": most})
    expired = session.execute(_EMPTY, {"before": now - UNDELIVERED_AFTER, "most": most})
    return max(int(each.rowcount) for each in (received, expired))  # type: ignore[attr-defined]
