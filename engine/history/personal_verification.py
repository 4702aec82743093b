"""Verifying the personal values that stand apart: each opens the hash that is in the chain, and none is gone without a word."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.history import personal, verifier
from engine.history.finding import Finding

_SEALED = text(f"""
    SELECT * FROM (
        SELECT 'case' AS kind, CAST(instance_id AS text) AS chain, sequence, record FROM engine.event
        UNION ALL SELECT 'record', kind || '/' || key, sequence, record FROM engine.record_event
    ) event WHERE strpos(record, '{personal.MARK}') > 0
""")  # noqa: S608 - composed of constants
_ROWS = text("""
    SELECT kind, chain, commitment, value, salt, erasure_id FROM engine.personal_value WHERE commitment = ANY(:commitments)
""")
# an erasure stands in the history of its subject: as its own chain, or as the end of a case whose retention is over
_UNTOLD = text("""
    SELECT erasure.kind, erasure.chain FROM engine.erasure WHERE erasure.done_at IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM engine.record_event told
            WHERE told.kind = 'erasure' AND told.at = erasure.done_at AND told.actor = erasure.done_by
                AND told.key = CASE erasure.kind WHEN 'case' THEN 'case/' || erasure.chain ELSE erasure.chain END)
        AND NOT EXISTS (
            SELECT FROM engine.event told
            WHERE erasure.kind = 'case' AND told.instance_id = CAST(CASE erasure.kind WHEN 'case' THEN erasure.chain END AS bigint)
                AND told.type = 'case:removed' AND told.at = erasure.done_at)
    ORDER BY erasure.id
""")
_BATCH = 1_000


def verify(session: Session) -> Iterator[Finding]:
    """What does not agree. Reads a thousand events at a time."""
    events = session.execute(_SEALED, execution_options={"yield_per": _BATCH})
    for batch in events.partitions(_BATCH):
        yield from _batch(session, batch)
    for row in session.execute(_UNTOLD):
        yield Finding(code="history_erasure_untold", case=None, facts={"chain": f"{row.kind} {row.chain}"})


def _batch(session: Session, events: Sequence[Any]) -> Iterator[Finding]:
    sealed = {
        (row.kind, row.chain, each): row.sequence for row in events for each in personal.commitments(_read(row.record))
    }
    wanted = [bytes.fromhex(each) for _, _, each in sealed]
    found = {
        (row.kind, row.chain, bytes(row.commitment).hex()): row
        for row in session.execute(_ROWS, {"commitments": wanted})
    }
    for where, sequence in sealed.items():
        kind, chain, commitment = where
        row, facts = found.get(where), {"chain": f"{kind} {chain}", "event": sequence}
        if row is None:
            yield Finding(code="history_personal_missing", case=None, facts=facts)
        elif row.value is not None and verifier.commitment(bytes(row.salt), row.value).hex() != commitment:
            yield Finding(code="history_personal_changed", case=None, facts=facts)


def _read(record: str) -> Any:
    try:
        return json.loads(record)
    except ValueError:  # the chain itself says so
        return None
