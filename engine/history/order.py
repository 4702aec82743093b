"""The order of the whole history: after commit, one sequencer at a time numbers all events, of all chains, without gaps.

A counter inside the steps' transactions would make every step wait for every other (architecture §4). So each append notes in
``engine.history_pending``, in its own transaction, which events it added to which chain; a note is seen exactly when its events are
committed, however late that is, and nothing is ever looked for by its age or number. The sequencer takes notes away and writes
``engine.history_order`` in one statement. It reads no event, so it costs the same with ten million of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.history import topics
from engine.history.kinds import KINDS, ChainKind

BATCH: Final = 5_000
"""Notes that are taken at a time: about so many steps."""

_LOCK: Final = 0x6F726472  # "ordr": any number, the same in every release

# Asked only where there is something to do; whoever does not get it leaves the work to the one who has it.
_MAY = text("SELECT pg_try_advisory_xact_lock(:lock) FROM engine.history_pending LIMIT 1")
_WAIT = text("SELECT pg_advisory_xact_lock(:lock)")
_NUMBER = text(f"""
    WITH taken AS (
        DELETE FROM engine.history_pending
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM engine.history_pending ORDER BY id LIMIT :most))
        RETURNING id, kind, chain, first, last, at, actor, types
    ), counted AS (
        SELECT *, sum(last - first + 1) OVER (ORDER BY id) AS upto FROM taken
    ), reached AS (
        SELECT coalesce((SELECT last FROM engine.history_order ORDER BY first DESC LIMIT 1), 0) AS number
    ), written AS (
        INSERT INTO engine.history_order (first, last, kind, chain, sequence, at, actor, process_key, topic)
        SELECT number + upto - (last - first), number + upto, kind, chain, first, at, actor,
            CASE kind
                WHEN 'process' THEN chain
                WHEN 'case' THEN (SELECT process_key FROM engine.instance WHERE id = CAST(chain AS bigint))
            END,
            {topics.in_sql()}
        FROM counted, reached
        RETURNING last - first + 1 AS events
    )
    SELECT count(*) AS notes, coalesce(sum(events), 0) AS events FROM written
""")  # noqa: S608 - composed of constants
_LAST = text("SELECT last FROM engine.history_order ORDER BY first DESC LIMIT 1")
_PLACED = text("""
    SELECT first, kind FROM engine.history_order WHERE first > :after AND first <= :upto ORDER BY first LIMIT :most
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """What the sequencer did: ``notes`` (appends) and the ``events`` in them."""

    notes: int
    events: int


def number(session: Session, most: int = BATCH) -> Numbered:
    """Number what was committed and has no number yet, at most so many notes; none while somebody else does it.

    The transaction must be READ COMMITTED (``Database.transaction``): what the one before numbered is seen once the lock is had.
    """
    if not session.execute(_MAY, {"lock": _LOCK}).scalar():
        return Numbered(notes=0, events=0)
    done = session.execute(_NUMBER, {"most": most}).one()
    return Numbered(notes=done.notes, events=int(done.events))


def wait_for_turn(session: Session) -> None:
    """Be the only one who numbers or signs, until the transaction ends."""
    session.execute(_WAIT, {"lock": _LOCK})


def last_number(session: Session) -> int:
    """The number of the last event that has one."""
    return int(session.execute(_LAST).scalar() or 0)


def hashes(session: Session, after: int, upto: int) -> Iterator[tuple[int, bytes]]:
    """Number and hash of the events after number ``after`` up to ``upto``, in their order; both must be the end of an append."""
    for each in _stream(session, after, upto, _HASHES):
        yield each.number, bytes(each.hash)


def events(session: Session, after: int, upto: int) -> Iterator[tuple[ChainKind, Row[Any]]]:
    """The same events with all that is stored: ``number``, ``sequence``, ``at``, ``actor``, ``record``, ``hash`` and the members of
    their kind.
    """
    words = {each.word: each for each in KINDS}
    for each in _stream(session, after, upto, _EVENTS):
        yield words[each.word], each


def _statement(kind: ChainKind, columns: str) -> Any:
    return text(f"""
        SELECT placed.first + event.sequence - placed.sequence AS number, {columns}
        FROM engine.history_order placed
        JOIN {kind.table} event ON {kind.joined}
            AND event.sequence BETWEEN placed.sequence AND placed.sequence + (placed.last - placed.first)
        WHERE placed.kind = '{kind.word}' AND placed.first > :after AND placed.first <= :upto ORDER BY 1
    """)  # noqa: S608 - composed of constants


_HASHES: Final = {each.word: _statement(each, "event.hash") for each in KINDS}
_EVENTS: Final = {
    each.word: _statement(
        each,
        f"'{each.word}' AS word, event.sequence, event.at, event.actor, event.record, event.hash, "
        + ", ".join(f"event.{column} AS {member}" for member, column in each.members.items()),
    )
    for each in KINDS
}


def _stream(session: Session, after: int, upto: int, statements: dict[str, Any]) -> Iterator[Row[Any]]:
    """A few thousand appends at a time: one statement for them, and one for each kind that is among them."""
    while placed := session.execute(_PLACED, {"after": after, "upto": upto, "most": BATCH}).all():
        given = {"after": after, "upto": placed[-1].first}
        found = [session.execute(statements[kind], given) for kind in sorted({each.kind for each in placed})]
        yield from merge(*found, key=lambda row: int(row.number))
        after = placed[-1].first
