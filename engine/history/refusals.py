"""Acts that were refused: who tried what, and why not; a chain for each person, so that nobody waits for anybody.

What was typed is never part of it: an act is named, what it was about is named by number or key, and the reason by its code.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from engine import log
from engine.data import to_canonical
from engine.database.session import Database
from engine.errors import CommandRejected, EngineError, InvalidInput
from engine.history import verifier
from engine.history.store import moment_text

REFUSED: Final = "act:refused"
"""The type of the one kind of event."""
MOST_SHOWN: Final = 100
"""Characters of a key: what somebody types into an address may be long."""

_log = log.get(__name__)

# One statement makes the row of a person who was never refused, locks it, and reads it: the update changes nothing.
_HEAD = text("""
    INSERT INTO engine.refusal_chain AS chain (refused, sequence, hash) VALUES (:refused, 0, :hash)
    ON CONFLICT (refused) DO UPDATE SET refused = EXCLUDED.refused RETURNING chain.sequence, chain.hash
""")
_APPEND = text("""
    WITH moved AS (UPDATE engine.refusal_chain SET sequence = :sequence, hash = :hash WHERE refused = :refused)
    INSERT INTO engine.refusal_event (refused, sequence, at, actor, type, record, hash)
    VALUES (:refused, :sequence, :at, :refused, :type, :record, :hash)
""")


def append(session: Session, login: str, at: datetime, record: Mapping[str, Any]) -> None:
    """Write ``record``, which has a ``type``, into the chain of the person of this login. Two statements."""
    head = session.execute(_HEAD, {"refused": login, "hash": verifier.named_begin("refusal", login)}).one()
    sequence, canonical = head.sequence + 1, to_canonical(record)
    content = verifier.named_content("refusal", [login], sequence, moment_text(at), login, canonical)
    session.execute(
        _APPEND,
        {
            "refused": login,
            "sequence": sequence,
            "at": at,
            "type": record["type"],
            "record": canonical,
            "hash": verifier.chain_link(bytes(head.hash), content),
        },
    )


def note(
    database: Database,
    refusal: CommandRejected,
    login: str,
    at: datetime,
    *,
    act: str,
    about: Mapping[str, str | int | None],
) -> None:
    """Remember that the person of this login was refused ``act``, once; after the act's own transaction was rolled back.

    ``about``: what it was about, by number or key. What a form does not accept (``InvalidInput``) is no refused act: nobody was kept
    from anything, and the person is told beside the field. Never raises: who is refused is told why, whatever becomes of this note.
    """
    if refusal.is_noted or isinstance(refusal, InvalidInput):
        return
    shown = {name: value[:MOST_SHOWN] if isinstance(value, str) else value for name, value in about.items()}
    record = {"type": REFUSED, "act": act, "about": shown, "code": refusal.code, "kind": type(refusal).__name__}
    try:
        with database.transaction() as session:
            append(session, login, at, record)
    except (EngineError, SQLAlchemyError):
        _log.exception("refusal_not_recorded", act=act, code=refusal.code)
    refusal.is_noted = True
