"""Where the chains of the history end, in a few lines: how many chains and events of each kind, and a hash over all their heads.

A backup keeps them; a restored database must give the same.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_HEADS = {
    "case": (
        "engine.instance",
        "SELECT CAST(id AS text) AS chain, chain_sequence AS sequence, chain_hash AS hash FROM engine.instance ORDER BY id",
    ),
    "process": (
        "engine.definition_chain",
        'SELECT process_key AS chain, sequence, hash FROM engine.definition_chain ORDER BY process_key COLLATE "C"',
    ),
    "record": (
        "engine.record_chain",
        """SELECT kind || '/' || key AS chain, sequence, hash FROM engine.record_chain ORDER BY kind COLLATE "C", key COLLATE "C" """,
    ),
    "refusal": (
        "engine.refusal_chain",
        'SELECT refused AS chain, sequence, hash FROM engine.refusal_chain ORDER BY refused COLLATE "C"',
    ),
}
"""By kind: the table, which an older database may not have, and the query. The order is that of the signs, whatever the server's locale."""

_EXISTS = text("SELECT to_regclass(:name) IS NOT NULL")
_BATCH = 5000


def heads(session: Session) -> dict[str, dict[str, Any]]:
    """The heads of the chains of each kind that this database has (an older one has fewer). Memory does not grow with the history."""
    return {
        kind: _digest(session, query)
        for kind, (table, query) in _HEADS.items()
        if session.execute(_EXISTS, {"name": table}).scalar_one()
    }


def _digest(session: Session, query: str) -> dict[str, Any]:
    chains = events = 0
    digest = hashlib.sha256()
    for row in session.execute(text(query), execution_options={"yield_per": _BATCH}):
        chains, events = chains + 1, events + row.sequence
        digest.update(f"{row.chain}\n{row.sequence}\n".encode() + bytes(row.hash))
    return {"chains": chains, "events": events, "sha256": digest.hexdigest()}
