"""Writing the history: each event once, chained to the one before, in the transaction of the step that made it happen (architecture §4).

The hash of an event covers its instance, number, time, actor and record, and through the hash before it all that came earlier, back to the
content of the version that the case runs (``docs/history-format.md``). The head of the chain stands in the row of the instance, which the
step has locked: two steps cannot fork it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import to_canonical
from engine.database.together import Together, Writing
from engine.errors import InvariantBroken
from engine.history import verifier
from engine.history.kinds import CASES
from engine.history.personal import KEEP, Sealer
from engine.protocol.events import Event, to_record, words_text

# Lines and not arrays: the driver escapes every quotation mark of an array in Python, and records are full of them; that alone took a
# quarter of the processor time of a step. Canonical JSON has no line end of its own.
# The note for the sequencer (``history.order``) is written by the same statement.
_EVENTS = """
    noted AS (
        INSERT INTO engine.history_pending (kind, chain, first, last, at, actor, types)
        VALUES ('case', CAST(CAST(:instance AS bigint) AS text), :first, :last, :at, :actor, :types)
    ), happened AS (
        INSERT INTO engine.event (instance_id, sequence, at, actor, type, record, hash)
        SELECT :instance, :first + position - 1, :at, :actor, kind, record, decode(hash, 'hex')
        FROM unnest(string_to_array(:kinds, chr(10)), string_to_array(:records, chr(10)), string_to_array(:hashes, chr(10)))
            WITH ORDINALITY AS new(kind, record, hash, position)
    )
"""
_WRITE = Writing(_EVENTS)
_WRITE_AND_KEEP = Writing(f"{KEEP}, {_EVENTS}")

_INSERT_EACH = text("""
    WITH given AS (
        SELECT * FROM unnest(CAST(:instances AS bigint[]), CAST(:sequences AS integer[]), CAST(:hashes AS text[]))
            AS head(instance_id, sequence, hash)
    ), noted AS (
        INSERT INTO engine.history_pending (kind, chain, first, last, at, actor, types)
        SELECT 'case', CAST(instance_id AS text), sequence, sequence, :at, :actor, :type FROM given ORDER BY instance_id
    )
    INSERT INTO engine.event (instance_id, sequence, at, actor, type, record, hash)
    SELECT instance_id, sequence, :at, :actor, :type, :record, decode(hash, 'hex') FROM given
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead:
    """Where a chain ends: the number of its last event (0 before the first) and that event's hash (32 bytes)."""

    sequence: int
    hash: bytes


def begin(content_hash: str) -> ChainHead:
    """The head of a case's chain before its first event. ``content_hash``: of the version that the case starts with."""
    return ChainHead(sequence=0, hash=verifier.chain_begin(content_hash))


def moment_text(at: datetime) -> str:
    """The one form of a moment in the chain: UTC, microseconds. Raises ValueError for a moment without a zone."""
    if at.tzinfo is None:
        raise ValueError("a moment of the history needs a zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def append(  # noqa: PLR0917 - as ``add``
    session: Session,
    instance_id: int,
    head: ChainHead,
    at: datetime,
    actor_login: str,
    events: Sequence[Event | Mapping[str, Any]],
    sealer: Sealer | None = None,
) -> ChainHead:
    """Write ``events`` after ``head``, in one statement; otherwise as ``add``."""
    if not events:
        return head
    together = Together()
    head = add(together, instance_id, head, at, actor_login, events, sealer)
    together.send(session)
    return head


def add(  # noqa: PLR0917 - in the order of the columns
    together: Together,
    instance_id: int,
    head: ChainHead,
    at: datetime,
    actor_login: str,
    events: Sequence[Event | Mapping[str, Any]],
    sealer: Sealer | None = None,
) -> ChainHead:
    """``events`` after ``head``, to be written; the new head, which belongs into the row of the instance.

    ``sealer`` puts personal values apart; without one, nothing of these events is personal.

    An event that is no kernel event is a record with its ``type``. Raises InvariantBroken (``history_event_without_type``); TypeError or
    ValueError for values that are none of a process.
    """
    moment, reached = moment_text(at), head.hash
    kinds: list[str] = []
    records: list[str] = []
    hashes: list[str] = []
    for sequence, event in enumerate(events, head.sequence + 1):
        kind, canonical = _told(event, sequence, instance_id, sealer)
        reached = verifier.chain_link(
            reached, verifier.event_content(instance_id, sequence, moment, actor_login, canonical)
        )
        kinds.append(kind)
        records.append(canonical)
        hashes.append(reached.hex())
    kept = {} if sealer is None else sealer.given(CASES.word, str(instance_id))
    together.add(
        _WRITE_AND_KEEP if kept else _WRITE,
        kept
        | {
            "instance": instance_id,
            "first": head.sequence + 1,
            "last": head.sequence + len(records),
            "types": ",".join(set(kinds)),
            "at": at,
            "actor": actor_login,
            "kinds": "\n".join(kinds),
            "records": "\n".join(records),
            "hashes": "\n".join(hashes),
        },
    )
    return ChainHead(sequence=head.sequence + len(events), hash=reached)


def _told(event: Event | Mapping[str, Any], sequence: int, instance_id: int, sealer: Sealer | None) -> tuple[str, str]:
    """The type and the text of an event, with what is personal put apart."""
    if isinstance(event, Event) and (words := words_text(event)) is not None:
        return event.tag, words  # nothing that could be personal
    record = to_record(event) if isinstance(event, Event) else event
    kind = record.get("type")
    if not isinstance(kind, str) or not kind:
        raise InvariantBroken("history_event_without_type", case=instance_id, event=sequence)
    return kind, to_canonical(record if sealer is None else sealer.event(sequence, record))


def append_to_each(
    session: Session, heads: Mapping[int, ChainHead], at: datetime, actor_login: str, record: Mapping[str, Any]
) -> dict[int, ChainHead]:
    """Write the same ``record`` after the head of each of these cases, in one statement; the new heads."""
    canonical, moment = to_canonical(record), moment_text(at)
    reached: dict[int, ChainHead] = {}
    for instance_id, head in heads.items():
        content = verifier.event_content(instance_id, head.sequence + 1, moment, actor_login, canonical)
        reached[instance_id] = ChainHead(sequence=head.sequence + 1, hash=verifier.chain_link(head.hash, content))
    given = {
        "instances": list(reached),
        "sequences": [each.sequence for each in reached.values()],
        "hashes": [each.hash.hex() for each in reached.values()],
    }
    session.execute(
        _INSERT_EACH, {**given, "at": at, "actor": actor_login, "type": record["type"], "record": canonical}
    )
    return reached


def type_of(record: str) -> str | None:
    """The type that the canonical text of a record names; None when it is no such text."""
    try:
        found = json.loads(record)
    except ValueError:
        return None
    kind = found.get("type") if isinstance(found, dict) else None
    return kind if isinstance(kind, str) else None
