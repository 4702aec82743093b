"""The rows of ``engine.subscription`` and ``engine.message``.

A message with a key goes to one that waits for this key, else to one that waits without a key: that one takes any message of the name
(plain BPMN knows no keys). A message without a key goes to one that waits without. Exactly one receives it: who has waited longest.

A wait can ask to be the only one for its name and key (``is_unique``): while one is there, another that asks for it too is refused, and the
caller says so. A start of a case can ask that its key means one case at a time: see ``lock_beginning``.

A message is kept until somebody receives it or its time to live is over. Whoever opens a subscription looks for messages that wait for it,
and whoever delivers a message looks for subscriptions; both hold the *meeting lock* of the name and key (of the whole name, where there
is no key) while they look and until they commit, so that the two cannot miss each other. The order of locks is: instance row, then
meeting locks, of names, then of keys; delivery takes them only in a transaction that locks no instance and does nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import from_canonical, to_canonical
from engine.feel import Value
from engine.jobs import queue

TIME_TO_LIVE: Final = timedelta(days=7)
"""Of a message whose sender says nothing else (``model.time_to_live``)."""

NO_KEY: Final = ""
"""The correlation key of a wait without one."""

_SEPARATOR: Final = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRow:
    """A wait of an instance for a message (``key`` may be ``NO_KEY``) or a signal."""

    kind: Literal["message", "signal"]
    element_id: str
    name: str
    key: str = NO_KEY
    is_unique: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """A message to be sent; an ``idempotency_key`` makes a second try harmless. ``time_to_live`` None: the usual one."""

    name: str
    key: str | None
    payload: Mapping[str, Value]
    idempotency_key: str | None = None
    time_to_live: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it is kept."""

    id: int
    name: str
    key: str | None
    payload: Mapping[str, Value]
    sent_at: datetime
    sent_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Who waits for a message."""

    instance_id: int
    wait: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A wait that was not written down: ``holder`` waits for the same name and key already (None: another wait of the same step)."""

    wait: str
    row: SubscriptionRow
    holder: str | None


# Who asks to be the only one is left out where somebody is there already: the meeting locks are held, so nobody comes in between.
_SAVE = text("""
    WITH ended AS (
        DELETE FROM engine.subscription WHERE instance_id = :instance AND wait = ANY(CAST(:ended AS text[]))
    ), freed AS (
        UPDATE engine.incident SET resolved_at = :now, resolved_by = 'system'
        WHERE instance_id = :instance AND resolved_at IS NULL AND job_name = 'await_message' AND activity = ANY(CAST(:ended AS text[]))
    )
    INSERT INTO engine.subscription (instance_id, wait, kind, element_id, name, correlation_key, opened_at, is_unique)
    SELECT :instance, s.wait, s.kind, s.element_id, s.name, s.correlation_key, :now, s.is_unique
    FROM (SELECT *, is_unique AND row_number() OVER (PARTITION BY is_unique, name, correlation_key ORDER BY position) > 1 AS is_second
          FROM unnest(CAST(:waits AS text[]), CAST(:kinds AS text[]), CAST(:elements AS text[]), CAST(:names AS text[]),
                      CAST(:keys AS text[]), CAST(:unique AS boolean[])) WITH ORDINALITY
              AS given(wait, kind, element_id, name, correlation_key, is_unique, position)) AS s
    WHERE NOT s.is_second AND NOT (s.is_unique AND EXISTS (
        SELECT FROM engine.subscription other
        WHERE other.kind = 'message' AND other.is_unique AND other.name = s.name AND other.correlation_key = s.correlation_key
          AND hashtextextended(other.correlation_key, 0) = hashtextextended(s.correlation_key, 0)
          AND NOT (other.instance_id = :instance AND (other.wait = s.wait OR other.wait = ANY(CAST(:ended AS text[]))))))
    ON CONFLICT (instance_id, wait) DO UPDATE
        SET name = EXCLUDED.name, correlation_key = EXCLUDED.correlation_key, opened_at = EXCLUDED.opened_at,
            is_unique = EXCLUDED.is_unique
    RETURNING wait
""")

_HOLDER = text("""
    SELECT coalesce(instance.business_key, 'n° ' || instance.id) FROM engine.subscription
    JOIN engine.instance ON instance.id = subscription.instance_id
    WHERE kind = 'message' AND is_unique AND name = :name AND hashtextextended(correlation_key, 0) = hashtextextended(:key, 0)
      AND correlation_key = :key
""")

# Sorted, so that two steps that open the same subscriptions take their locks in one order: names first.
_MEET = text("""
    SELECT CASE WHEN is_shared THEN pg_advisory_xact_lock_shared(hashtextextended(meeting, 0))
                ELSE pg_advisory_xact_lock(hashtextextended(meeting, 0)) END
    FROM (
        SELECT meeting, is_shared FROM unnest(CAST(:meetings AS text[]), CAST(:shared AS boolean[])) WITH ORDINALITY
            AS m(meeting, is_shared, position)
        ORDER BY position
    ) AS ordered
""")

# Who waits without a key can take any message of the name, but only one: as many as wait for that name are enough for everybody.
_WAITING_MESSAGES = text("""
    SELECT DISTINCT found.id
    FROM unnest(CAST(:names AS text[]), CAST(:keys AS text[])) AS s(name, correlation_key)
    CROSS JOIN LATERAL (
        (SELECT message.id FROM engine.message
         WHERE s.correlation_key <> '' AND message.name = s.name AND message.correlation_key = s.correlation_key
           AND hashtextextended(message.correlation_key, 0) = hashtextextended(s.correlation_key, 0)
           AND message.received_at IS NULL AND message.expires_at > :now)
        UNION ALL
        (SELECT message.id FROM engine.message
         WHERE s.correlation_key = '' AND message.name = s.name
           AND message.received_at IS NULL AND message.expires_at > :now
         ORDER BY message.id
         LIMIT (SELECT count(*) FROM engine.subscription other WHERE other.kind = 'message' AND other.name = s.name))
    ) AS found
    ORDER BY found.id
""")

_SEND = text("""
    INSERT INTO engine.message
        (name, correlation_key, payload, idempotency_key, sent_at, expires_at, sent_by, sender_instance_id)
    SELECT m.name, m.correlation_key, m.payload, m.idempotency_key, :now, m.expires_at, :sender, :instance
    FROM unnest(CAST(:names AS text[]), CAST(:keys AS text[]), CAST(:payloads AS text[]), CAST(:idempotency_keys AS text[]),
                CAST(:expire AS timestamptz[])) AS m(name, correlation_key, payload, idempotency_key, expires_at)
    ON CONFLICT (idempotency_key) DO NOTHING
    RETURNING id
""")

_FIND = text("""
    SELECT id, name, correlation_key, payload, sent_at, sent_by, expires_at FROM engine.message
    WHERE id = :id AND received_at IS NULL AND expires_at > :now
""")

_WHO_WAITS = text("""
    SELECT instance_id, wait FROM engine.subscription
    WHERE kind = 'message' AND name = :name AND correlation_key IN (:key, '')
      AND hashtextextended(correlation_key, 0) IN (hashtextextended(:key, 0), hashtextextended('', 0))
    ORDER BY correlation_key = '', opened_at, instance_id, length(wait), wait LIMIT 1
""")

_IS_AWAITED = text("""
    SELECT FROM engine.subscription
    WHERE kind = 'message' AND name = :name AND correlation_key = :key
      AND hashtextextended(correlation_key, 0) = hashtextextended(:key, 0) LIMIT 1
""")

_IS_ON_ITS_WAY = text("""
    SELECT FROM engine.message
    WHERE name = :name AND correlation_key = :key AND hashtextextended(correlation_key, 0) = hashtextextended(:key, 0)
      AND received_at IS NULL AND expires_at > :now LIMIT 1
""")

_LOCK_MESSAGE = text("SELECT id FROM engine.message WHERE id = :id AND received_at IS NULL FOR UPDATE")

_RECEIVED = text("""
    UPDATE engine.message SET received_at = :now, receiver_instance_id = :receiver WHERE id = :id AND received_at IS NULL
    RETURNING id
""")


_REVIVE = text("""
    UPDATE engine.message SET expires_at = GREATEST(expires_at, :until)
    WHERE id = ANY(CAST(:ids AS bigint[])) AND received_at IS NULL
""")


def save_subscriptions(
    session: Session, instance_id: int, now: datetime, *, opened: Mapping[str, SubscriptionRow], ended: Collection[str]
) -> tuple[Refused, ...]:
    """Write the subscriptions of a step, by wait; queue the delivery of messages that already wait for the new ones.

    Gives those that asked to be the only one and are not: they are not written, and no message reaches them.
    """
    gone = [wait for wait in ended if wait not in opened]
    if not opened and not gone:
        return ()
    rows = list(opened.values())
    awaited = [(row.name, row.key) for row in rows if row.kind == "message"]
    if awaited:
        meet(session, *awaited)
    saved = session.execute(
        _SAVE,
        {
            "instance": instance_id,
            "now": now,
            "ended": gone,
            "waits": list(opened),
            "kinds": [row.kind for row in rows],
            "elements": [row.element_id for row in rows],
            "names": [row.name for row in rows],
            "keys": [row.key for row in rows],
            "unique": [row.is_unique for row in rows],
        },
    )
    written = set(saved.scalars())
    if awaited:
        names, keys = zip(*awaited, strict=True)
        given = {"names": list(names), "keys": list(keys), "now": now}
        found = session.execute(_WAITING_MESSAGES, given).scalars().all()
        queue.defer(session, queue.DELIVER_MESSAGE, *({"message_id": each} for each in found))
    return tuple(
        Refused(
            wait=wait, row=row, holder=session.execute(_HOLDER, {"name": row.name, "key": row.key}).scalars().first()
        )
        for wait, row in opened.items()
        if wait not in written
    )


def meet(session: Session, *meetings: tuple[str, str]) -> None:
    """Take the meeting locks of these names and keys until the transaction ends. Once in a transaction.

    Whoever has a key shares the name with others that have one; who has none (``NO_KEY``) meets them all.
    """
    whole = {name for name, key in meetings if key == NO_KEY}
    names = [(name, name not in whole) for name in sorted({name for name, _ in meetings})]
    keys = sorted({(name, key) for name, key in meetings if name not in whole})
    locks = [*names, *((f"{name}{_SEPARATOR}{key}", False) for name, key in keys)]
    session.execute(_MEET, {"meetings": [each for each, _ in locks], "shared": [shared for _, shared in locks]})


def send(
    session: Session,
    messages: Sequence[OutgoingMessage],
    now: datetime,
    *,
    sender: str,
    instance_id: int | None = None,
) -> tuple[int, ...]:
    """Keep ``messages`` and queue their delivery; gives the ids of those that were not sent before."""
    if not messages:
        return ()
    found = session.execute(
        _SEND,
        {
            "now": now,
            "expire": [now + (each.time_to_live or TIME_TO_LIVE) for each in messages],
            "sender": sender,
            "instance": instance_id,
            "names": [each.name for each in messages],
            "keys": [each.key or None for each in messages],
            "payloads": [to_canonical(each.payload) for each in messages],
            "idempotency_keys": [each.idempotency_key for each in messages],
        },
    )
    ids = tuple(found.scalars())
    queue.defer(session, queue.DELIVER_MESSAGE, *({"message_id": each} for each in ids))
    return ids


def find(session: Session, message_id: int, now: datetime) -> Message | None:
    """The message if it still waits for a receiver."""
    row = session.execute(_FIND, {"id": message_id, "now": now}).one_or_none()
    if row is None:
        return None
    return Message(
        id=row.id,
        name=row.name,
        key=row.correlation_key,
        payload=from_canonical(row.payload),
        sent_at=row.sent_at,
        sent_by=row.sent_by,
        expires_at=row.expires_at,
    )


def who_waits(session: Session, message: Message) -> Waiting | None:
    """Who is to receive ``message``. Holds the meeting lock until the transaction ends."""
    key = message.key or NO_KEY
    meet(session, (message.name, key))
    row = session.execute(_WHO_WAITS, {"name": message.name, "key": key}).one_or_none()
    return None if row is None else Waiting(instance_id=row.instance_id, wait=row.wait)


def is_on_its_way(session: Session, name: str, key: str, now: datetime) -> bool:
    """Whether a message of this name and key was sent and nobody has received it yet."""
    return session.execute(_IS_ON_ITS_WAY, {"name": name, "key": key, "now": now}).first() is not None


def is_awaited(session: Session, name: str, key: str) -> bool:
    """Whether a case waits now for message ``name`` with exactly this ``key``. It may end while one looks: no lock is taken."""
    return session.execute(_IS_AWAITED, {"name": name, "key": key}).first() is not None


def lock(session: Session, message_id: int) -> bool:
    """Lock the message until the transaction ends; False if somebody has received it."""
    return session.execute(_LOCK_MESSAGE, {"id": message_id}).first() is not None


def revive(session: Session, jobs: Iterable[Mapping[str, object]], now: datetime) -> None:
    """Let the messages of these delivery jobs live for another day at least: they waited for a case that stood still."""
    ids = [job["message_id"] for job in jobs if "message_id" in job]
    if ids:
        session.execute(_REVIVE, {"ids": ids, "until": now + timedelta(days=1)})


_LOCK_BEGINNING = text("SELECT pg_advisory_xact_lock(hashtextextended(:beginning, 1))")

_IS_BEGUN = text("""
    SELECT EXISTS (SELECT FROM engine.instance
                   WHERE process_key = :process AND begun_by_message = :name AND status = 'active' AND begun_by_key = :key
                     AND hashtextextended(begun_by_key, 0) = hashtextextended(:key, 0))
""")

_FOR_BEGINNING = text("""
    SELECT id FROM engine.message
    WHERE name = :name AND correlation_key = :key AND hashtextextended(correlation_key, 0) = hashtextextended(:key, 0)
      AND received_at IS NULL AND expires_at > :now
    ORDER BY id LIMIT 1
""")


def lock_beginning(session: Session, process_key: str, name: str, key: str) -> None:
    """Let nobody begin or end a case of this process that is the only one for its message and key, until the transaction ends.

    Taken before the meeting locks by who begins one; who ends one opens no subscription.
    """
    beginning = _SEPARATOR.join(("begin", process_key, name, key))
    session.execute(_LOCK_BEGINNING, {"beginning": beginning})


def is_begun(session: Session, process_key: str, name: str, key: str) -> bool:
    """The message began a case with this key that has not ended. Under ``lock_beginning``."""
    given = {"process": process_key, "name": name, "key": key}
    return bool(session.execute(_IS_BEGUN, given).scalar_one())


def begin_next(session: Session, process_key: str, name: str, key: str, now: datetime) -> None:
    """The case that was the only one for its key ends: the oldest message that waited for it is delivered again."""
    lock_beginning(session, process_key, name, key)
    found = session.execute(_FOR_BEGINNING, {"name": name, "key": key, "now": now}).scalars().all()
    queue.defer(session, queue.DELIVER_MESSAGE, *({"message_id": each} for each in found))


def mark_received(session: Session, message_id: int, receiver: int, now: datetime) -> bool:
    """Give the message to one receiver; False if somebody else has it."""
    return session.execute(_RECEIVED, {"id": message_id, "receiver": receiver, "now": now}).first() is not None
