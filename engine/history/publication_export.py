"""The publications of a process as a file that leaves the house and proves itself (``docs/history-format.md``)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.history import verifier
from engine.history.export import proof, sealed
from engine.history.kinds import PUBLICATIONS
from engine.history.store import moment_text
from engine.texts import say

_HEAD = text("""
    SELECT chain.sequence, chain.hash, version.title_fr, version.title_en
    FROM engine.definition_chain chain JOIN engine.definition_version version ON version.process_key = chain.process_key
    WHERE chain.process_key = :process ORDER BY version.number DESC LIMIT 1
""")
_EVENTS = text("""
    SELECT sequence, at, actor, record, hash FROM engine.definition_event WHERE process_key = :process ORDER BY sequence
""")
_TOLD = text("SELECT process_key FROM engine.definition_chain ORDER BY process_key")


def told(session: Session) -> tuple[str, ...]:
    """The keys of the processes that have a history."""
    return tuple(session.scalars(_TOLD))


def bundle(session: Session, process_key: str, now: datetime, *, checkpoint: int | None = None) -> bytes:
    """The bundle of a process as it stands: the same bytes for the same state and ``now``, on every machine.

    ``session`` should see one moment (``Database.reading``). Nothing is repaired or left out. Raises NotFound
    (``history_process_not_found``). ``checkpoint``: as of the bundle of a case.
    """
    head = session.execute(_HEAD, {"process": process_key}).one_or_none()
    if head is None:
        raise NotFound("history_process_not_found", process=process_key[:100])
    members = {
        "LISEZ-MOI.txt": say("history_process_readme", "fr", process=process_key, title=head.title_fr).encode(),
        "README.txt": say("history_process_readme", "en", process=process_key, title=head.title_en).encode(),
        verifier.EVENTS: _events(session, process_key),
        "verifier.py": Path(verifier.__file__).read_bytes(),
        **proof(session, PUBLICATIONS, process_key, checkpoint),
    }
    description = {
        "format": verifier.PROCESS_FORMAT,
        "head": {"hash": bytes(head.hash).hex(), "sequence": head.sequence},
        "process": process_key,
        "stated": {"exported_at": moment_text(now), "title": {"en": head.title_en, "fr": head.title_fr}},
    }
    members[verifier.PROCESS] = sealed(description, members)
    return verifier.pack(sorted(members.items()))


def _events(session: Session, process_key: str) -> bytes:
    """One line an event; the record goes in as it is stored."""
    lines = []
    for row in session.execute(_EVENTS, {"process": process_key}):
        about = {"actor": row.actor, "at": moment_text(row.at), "hash": bytes(row.hash).hex(), "process": process_key}
        lines.append(f'{verifier.canonical(about)[:-1]},"record":{row.record},"sequence":{row.sequence}}}\n')
    return "".join(lines).encode()
