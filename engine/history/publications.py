"""The history of a process: each publication once, chained to the one before, in the transaction that publishes.

Chained as the events of a case are (``history.store``); the chain begins with the key of the process (``docs/history-format.md``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import to_canonical
from engine.history import verifier
from engine.history.store import moment_text
from engine.model.notation import Form

PUBLISHED = "definition:published"
"""The type of the one kind of event."""

_BEGIN = text("""
    INSERT INTO engine.definition_chain (process_key, sequence, hash) VALUES (:process, 0, :hash) ON CONFLICT DO NOTHING
""")
_HEAD = text("SELECT sequence, hash FROM engine.definition_chain WHERE process_key = :process FOR UPDATE")
_INSERT = text("""
    INSERT INTO engine.definition_event (process_key, sequence, at, actor, type, record, hash)
    VALUES (:process, :sequence, :at, :actor, :type, :record, :hash)
""")
_MOVE = text("UPDATE engine.definition_chain SET sequence = :sequence, hash = :hash WHERE process_key = :process")


def append(
    session: Session,
    process_key: str,
    at: datetime,
    actor_login: str,
    *,
    version: int,
    content_hash: str,
    note: str,
    reason: str,
    verdicts: Sequence[Mapping[str, Any]],
    form: Form,
    form_before: Form | None,
) -> None:
    """Write down that the actor published the version of this number; ``verdicts`` are what the version keeps of them.

    ``form``: whether it is written or drawn; ``form_before``: the same of the version before it, None for the first one.

    The head is locked until the transaction ends: the chain cannot fork.
    """
    session.execute(_BEGIN, {"process": process_key, "hash": verifier.named_begin("process", process_key)})
    head = session.execute(_HEAD, {"process": process_key}).one()
    facts = {
        "type": PUBLISHED,
        "version": version,
        "content_hash": content_hash,
        "note": note,
        "reason": reason,
        "verdicts": verdicts,
        "form": form,
        "form_before": form_before,
    }
    sequence, record = head.sequence + 1, to_canonical(facts)
    content = verifier.named_content("process", [process_key], sequence, moment_text(at), actor_login, record)
    hashed = verifier.chain_link(bytes(head.hash), content)
    given = {"process": process_key, "sequence": sequence, "hash": hashed}
    session.execute(_INSERT, {**given, "at": at, "actor": actor_login, "type": PUBLISHED, "record": record})
    session.execute(_MOVE, given)
