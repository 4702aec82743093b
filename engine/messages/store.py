"""The rows of ``engine.subscription`` and ``engine.message``.

A message is kept until somebody receives it or its time to live is over. Whoever opens a subscription looks for messages that wait for it,
and whoever delivers a message looks for subscriptions; both hold the *meeting lock* of the name and key while they look and until they
commit, so that the two cannot miss each other. The order of locks is: instance row, then meeting lock; delivery takes the meeting lock
only in a transaction that locks no instance.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import from_canonical, to_canonical
from engine.feel import Value
from engine.jobs import queue

TIME_TO_LIVE: Final = timedelta(days=7)

_SEPARATOR: Final = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRow:
    """A wait of an instance for a message."""

    element_id: str
    name: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """A message to be sent. ``key`` None reaches only a process that starts by it; ``idempotency_key`` makes a second try harmless."""

    name: str
    key: str | None
    payload: Mapping[str, Value]
    idempotency_key: str | None = None


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


_SAVE = text("""
    WITH ended AS (
        DELETE FROM engine.subscription WHERE instance_id = :instance AND wait = ANY(CAST(:ended AS text[]))
    )
    INSERT INTO engine.subscription (instance_id, wait, element_id, name, correlation_key, opened_at)
    SELECT :instance, s.wait, s.element_id, s.name, s.correlation_key, :now
    FROM unnest(CAST(:waits AS text[]), CAST(:elements AS text[]), CAST(:names AS text[]), CAST(:keys AS text[]))
        AS s(wait, element_id, name, correlation_key)
    ON CONFLICT (instance_id, wait) DO UPDATE
        SET name = EXCLUDED.name, correlation_key = EXCLUDED.correlation_key, opened_at = EXCLUDED.opened_at
""")

# Sorted, so that two steps that open the same subscriptions take their locks in one order.
_MEET = text("""
    SELECT pg_advisory_xact_lock(hashtextextended(meeting, 0))
    FROM (SELECT DISTINCT meeting FROM unnest(CAST(:meetings AS text[])) AS meeting ORDER BY meeting) AS ordered
""")

_WAITING_MESSAGES = text("""
    SELECT message.id FROM engine.message
    JOIN unnest(CAST(:names AS text[]), CAST(:keys AS text[])) AS s(name, correlation_key)
        ON message.name = s.name AND message.correlation_key = s.correlation_key
    WHERE message.received_at IS NULL AND message.expires_at > :now
    ORDER BY message.id
""")

_SEND = text("""
    INSERT INTO engine.message
        (name, correlation_key, payload, idempotency_key, sent_at, expires_at, sent_by, sender_instance_id)
    SELECT m.name, m.correlation_key, m.payload, m.idempotency_key, :now, :expires, :sender, :instance
    FROM unnest(CAST(:names AS text[]), CAST(:keys AS text[]), CAST(:payloads AS text[]), CAST(:idempotency_keys AS text[]))
        AS m(name, correlation_key, payload, idempotency_key)
    ON CONFLICT (idempotency_key) DO NOTHING
    RETURNING id
""")

_FIND = text("""
    SELECT id, name, correlation_key, payload, sent_at, sent_by, expires_at FROM engine.message
    WHERE id = :id AND received_at IS NULL AND expires_at > :now
""")

_WHO_WAITS = text("""
    SELECT instance_id, wait FROM engine.subscription WHERE name = :name AND correlation_key = :key
    ORDER BY opened_at, instance_id LIMIT 1
""")

_LOCK_MESSAGE = text("SELECT id FROM engine.message WHERE id = :id AND received_at IS NULL FOR UPDATE")

_RECEIVED = text("""
    UPDATE engine.message SET received_at = :now, receiver_instance_id = :receiver WHERE id = :id AND received_at IS NULL
    RETURNING id
""")


def save_subscriptions(
    session: Session, instance_id: int, now: datetime, *, opened: Mapping[str, SubscriptionRow], ended: Collection[str]
) -> None:
    """Write the subscriptions of a step, by wait; queue the delivery of messages that already wait for the new ones."""
    gone = [wait for wait in ended if wait not in opened]
    if not opened and not gone:
        return
    names, keys = [row.name for row in opened.values()], [row.key for row in opened.values()]
    session.execute(
        _SAVE,
        {
            "instance": instance_id,
            "now": now,
            "ended": gone,
            "waits": list(opened),
            "elements": [row.element_id for row in opened.values()],
            "names": names,
            "keys": keys,
        },
    )
    if opened:
        meet(session, *zip(names, keys, strict=True))
        found = session.execute(_WAITING_MESSAGES, {"names": names, "keys": keys, "now": now}).scalars().all()
        queue.defer(session, queue.DELIVER_MESSAGE, *({"message_id": each} for each in dict.fromkeys(found)))


def meet(session: Session, *meetings: tuple[str, str]) -> None:
    """Take the meeting locks of these names and keys until the transaction ends."""
    session.execute(_MEET, {"meetings": [f"{name}{_SEPARATOR}{key}" for name, key in meetings]})


def send(
    session: Session,
    messages: Sequence[OutgoingMessage],
    now: datetime,
    *,
    sender: str,
    instance_id: int | None = None,
    time_to_live: timedelta = TIME_TO_LIVE,
) -> tuple[int, ...]:
    """Keep ``messages`` and queue their delivery; gives the ids of those that were not sent before."""
    if not messages:
        return ()
    found = session.execute(
        _SEND,
        {
            "now": now,
            "expires": now + time_to_live,
            "sender": sender,
            "instance": instance_id,
            "names": [each.name for each in messages],
            "keys": [each.key for each in messages],
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
    """Who has waited longest for ``message``. The caller holds the meeting lock."""
    if message.key is None:
        return None
    row = session.execute(_WHO_WAITS, {"name": message.name, "key": message.key}).one_or_none()
    return None if row is None else Waiting(instance_id=row.instance_id, wait=row.wait)


def lock(session: Session, message_id: int) -> bool:
    """Lock the message until the transaction ends; False if somebody has received it."""
    return session.execute(_LOCK_MESSAGE, {"id": message_id}).first() is not None


def mark_received(session: Session, message_id: int, receiver: int, now: datetime) -> bool:
    """Give the message to one receiver; False if somebody else has it."""
    return session.execute(_RECEIVED, {"id": message_id, "receiver": receiver, "now": now}).first() is not None
