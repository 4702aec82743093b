"""Acts that were refused: who tried what, and why not; a chain for each person, so that nobody waits for anybody.

What was typed is never part of it: an act is named, what it was about is named by number or key, and the reason by its code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from engine import clock, log
from engine.data import from_canonical, to_canonical
from engine.database.session import Database
from engine.errors import ActRefused, CommandRejected, DefinitionError, EngineError, InvalidInput
from engine.history import verifier
from engine.history.store import moment_text

REFUSED: Final = "act:refused"
"""The type of the one kind of event."""
REPEATED_WITHIN: Final = timedelta(minutes=1)
"""A refusal that comes again so soon is counted, and follows in the chain as one event with its number of ``repeats``."""
MOST_DIFFERENT: Final = 120
"""Different refusals of one person in that time: more than one act on many tasks brings. Those beyond are counted together, by no name."""
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


# A refusal that is new, or whose minute is over, gives its row back with what was counted before; one to be counted gives none. What is new
# while there are too many already is counted as everything else (what = '').
_COUNT = text("""
    WITH named AS (
        SELECT CASE WHEN EXISTS (SELECT FROM engine.refusal_repeat WHERE refused = :refused AND what = :what)
            OR (SELECT count(*) FROM engine.refusal_repeat WHERE refused = :refused AND since > :ago) < :most
            THEN :what ELSE '' END AS what
    ), before AS (
        SELECT repeat.* FROM engine.refusal_repeat repeat JOIN named USING (what) WHERE repeat.refused = :refused
    ), counted AS (
        INSERT INTO engine.refusal_repeat AS repeat (refused, what, since, last_at, record)
        SELECT :refused, what, :now, :now, CASE what WHEN '' THEN :other ELSE :record END FROM named
        ON CONFLICT (refused, what) DO UPDATE SET
            repeats = CASE WHEN repeat.since > :ago THEN repeat.repeats + 1 ELSE 0 END,
            since = CASE WHEN repeat.since > :ago THEN repeat.since ELSE EXCLUDED.since END,
            last_at = EXCLUDED.last_at
        RETURNING repeats, record
    )
    SELECT counted.repeats = 0 AS is_told, counted.record,
        CASE WHEN counted.repeats = 0 AND before.since <= :ago THEN before.repeats ELSE 0 END AS repeats, before.last_at
    FROM counted LEFT JOIN before ON true
""")
_OVER = text("""
    DELETE FROM engine.refusal_repeat WHERE since <= :ago AND refused IN (
        SELECT DISTINCT refused FROM engine.refusal_repeat WHERE since <= :ago ORDER BY refused LIMIT :most
    ) RETURNING refused, record, repeats, last_at
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


def settle(session: Session, now: datetime, most: int = 50) -> int:
    """Write what was counted into the chains, for at most so many people whose minute is over; how many events that makes."""
    rows = session.execute(_OVER, {"ago": now - REPEATED_WITHIN, "most": most}).all()
    counted = sorted((row for row in rows if row.repeats), key=lambda row: (row.refused, row.last_at, row.record))
    for row in counted:
        append(session, row.refused, now, _repeated(row.record, row.repeats, row.last_at))
    return len(counted)


def note(
    database: Database,
    refusal: CommandRejected | DefinitionError,
    login: str,
    at: datetime,
    *,
    act: str,
    about: Mapping[str, str | int | None],
) -> None:
    """Remember that the person of this login was refused ``act``, once; after the act's own transaction was rolled back.

    ``about``: what it was about, by number or key. What a form does not accept (``InvalidInput`` that is no ``ActRefused``) is no
    refused act: nobody was kept from anything, and the person is told beside the field. Never raises: who is refused is told why,
    whatever becomes of this note.
    """
    if refusal.is_noted or not _is_act(refusal):
        return
    record = record_of(refusal, act, about)
    try:
        with database.transaction() as session:
            _tell(session, login, at, record)
    except (EngineError, SQLAlchemyError):
        _log.exception("refusal_not_recorded", act=act, code=refusal.code)
    refusal.is_noted = True


@contextmanager
def remembering(
    database: Database,
    login: str,
    act: str,
    about: Mapping[str, str | int | None] | Callable[[], Mapping[str, str | int | None]],
    *,
    at: datetime | None = None,
    but: Collection[str] = (),
) -> Iterator[None]:
    """Around an act of a person with its transaction: a refusal that leaves the block is noted. What succeeds costs nothing.

    That includes a definition that does not pass: who wanted to publish it, and what stood against it first.

    ``about``: what it is about, or how to find that out where it costs something; ``but``: codes that only ask to come again.

    Every command that people give is done in such a block, so that a page which tells the refusal itself cannot forget it.
    """
    try:
        yield
    except (CommandRejected, DefinitionError) as refusal:
        if refusal.code not in but:
            told = about() if callable(about) else about
            note(database, refusal, login, at or clock.now(), act=act, about=told)
        raise


def record_of(
    refusal: CommandRejected | DefinitionError, act: str, about: Mapping[str, str | int | None]
) -> dict[str, Any]:
    """The event of a refusal; of what was typed it has the code of what is wrong with it."""
    shown = {name: _shown(value) if isinstance(value, str) else value for name, value in about.items()}
    code = refusal.code
    if isinstance(refusal, InvalidInput) and refusal.fields:
        code = refusal.fields[0].code
    elif isinstance(refusal, DefinitionError) and refusal.problems:
        code = refusal.problems[0].code
    return {"type": REFUSED, "act": act, "about": shown, "code": code, "kind": type(refusal).__name__}


def _is_act(refusal: CommandRejected | DefinitionError) -> bool:
    return isinstance(refusal, ActRefused) or not isinstance(refusal, InvalidInput)


def _shown(value: str) -> str:
    """A key as the history can hold it: somebody may have typed it."""
    return value[:MOST_SHOWN].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _tell(session: Session, login: str, at: datetime, record: Mapping[str, Any]) -> None:
    """Append what is new; count what comes again. Three statements where it is new, one where it is counted."""
    canonical = to_canonical(record)
    given = {
        "refused": login,
        "what": hashlib.sha256(canonical.encode()).hexdigest(),
        "now": at,
        "ago": at - REPEATED_WITHIN,
        "most": MOST_DIFFERENT,
        "record": canonical,
        "other": to_canonical({**record, "about": {}, "act": "", "code": ""}),
    }
    counted = session.execute(_COUNT, given).one()
    if counted.repeats:
        append(session, login, at, _repeated(counted.record, counted.repeats, counted.last_at))
    if counted.is_told:
        append(session, login, at, from_canonical(counted.record))


def _repeated(record: str, repeats: int, last_at: datetime) -> dict[str, Any]:
    return {**from_canonical(record), "repeats": repeats, "last_at": last_at}
