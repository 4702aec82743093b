"""Tasks that went back by themselves: whoever had taken them lost the role, or the account (triggers of the tables of people).

The triggers note them; here they are written into the histories of their cases, by every worker, a few at a time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.handler import SYSTEM
from engine.history.store import ChainHead
from engine.inbox import acts

BATCH: Final = 50

_TAKE = text("""
    DELETE FROM engine.claim_lost WHERE id = ANY (ARRAY(
        SELECT id FROM engine.claim_lost ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
    )) RETURNING id, instance_id, activity, element_id, login
""")
# in the order of their ids, as whoever locks several
_LOCK = text("""
    SELECT id, chain_sequence, chain_hash FROM engine.instance WHERE id = ANY(:instances) ORDER BY id FOR UPDATE
""")


def record(session: Session, now: datetime, most: int = BATCH) -> int:
    """Write what the triggers noted into the histories; how many tasks it was."""
    lost = sorted(session.execute(_TAKE, {"most": most}).all(), key=lambda row: row.id)
    if not lost:
        return 0
    instances = sorted({row.instance_id for row in lost})
    heads = {
        row.id: ChainHead(sequence=row.chain_sequence, hash=bytes(row.chain_hash))
        for row in session.execute(_LOCK, {"instances": instances})
    }
    for row in lost:
        told = {"type": "task:released", "activity": row.activity, "element": row.element_id, "lost_by": row.login}
        if row.instance_id in heads:
            reached = acts.record_of_case(session, row.instance_id, heads[row.instance_id], SYSTEM, now, told)
            heads[row.instance_id] = reached
    return len(lost)
