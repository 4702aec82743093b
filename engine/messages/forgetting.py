"""Messages that were received long ago say nothing any more: what they carried is in the history of whoever received them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

BATCH: Final = 500
AFTER: Final = timedelta(days=1)
"""How long a received message keeps what it carried, for whoever looks into a fault."""

_FORGET = text("""
    UPDATE engine.message SET payload = '{}' WHERE id = ANY (ARRAY(
        SELECT id FROM engine.message WHERE received_at < :before AND payload <> '{}' ORDER BY received_at LIMIT :most
        FOR UPDATE SKIP LOCKED
    ))
""")


def forget_payloads(session: Session, now: datetime, most: int = BATCH) -> int:
    """Forget what received messages carried, the oldest first; how many."""
    return int(session.execute(_FORGET, {"before": now - AFTER, "most": most}).rowcount)  # type: ignore[attr-defined]
