"""A record command that cases are told of: what it changes and the message about it are committed together, or neither is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import clock, records
from engine.database.session import Database
from engine.feel import Value
from engine.handler import Actor
from engine.history import refusals
from engine.messages import store as messages
from engine.messages.store import OutgoingMessage
from engine.record import RecordCommand
from engine.records import Recorded

Given = TypeVar("Given")


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What the case that waits for message ``name`` with ``key`` is told: that there is something to read.

    ``payload``: what a case that begins with it has to know; one that waits knows already. ``is_once``: nothing is sent as long as the same
    news is on its way, so that whoever asks twice begins one case. ``begins``: the process of which a case begins with it where none waits;
    nothing is sent while one whose business key is ``key`` goes on without waiting (held up, in an incident), so that it is never replaced
    by a second one. Such a case has to read for itself, under a lock that the command holds too, before it waits or ends.
    """

    name: str
    key: str
    payload: Mapping[str, Value] = field(default_factory=dict)
    is_once: bool = False
    begins: str | None = None


Told = News | Callable[[Recorded], Sequence[News]]
"""What cases are told, or a function that says it once it is known what was done."""


def is_awaited(session: Session, name: str, key: str) -> bool:
    """Whether a case waits now for message ``name`` with exactly this ``key``; it may end while one looks."""
    return messages.is_awaited(session, name, key)


def execute(
    database: Database,
    command: RecordCommand[Given],
    given: Given,
    actor: Actor,
    news: Told,
    *,
    seen: int | None = None,
    now: datetime | None = None,
) -> Recorded:
    """``records.execute``, with ``news`` sent in the same transaction. Raises what that raises; nothing is sent then."""
    moment = now or clock.now()
    about = {"kind": command.kind, "key": command.key_of(given)}
    with (
        refusals.remembering(database, actor.login, command.name, about, at=moment),
        database.transaction() as session,
    ):
        done = records.apply(session, command, given, actor, seen=seen, now=moment)
        told = [news] if isinstance(news, News) else news(done)
        # who else asks about this record waits for it, so that nobody sends between the look and the sending
        outgoing = [
            OutgoingMessage(name=each.name, key=each.key, payload=each.payload)
            for each in told
            if not (each.is_once and messages.is_on_its_way(session, each.name, each.key, moment))
            and not (each.begins is not None and _is_held_up(session, each.begins, each))
        ]
        messages.send(session, outgoing, moment, sender=actor.login)
        return done


_GOES_ON = text("""
    SELECT FROM engine.instance WHERE process_key = :process AND business_key = :key AND status = 'active' LIMIT 1
""")


def _is_held_up(session: Session, process: str, news: News) -> bool:
    """Whether a case of ``process`` about this key goes on and does not wait for the news now."""
    if messages.is_awaited(session, news.name, news.key):
        return False
    return session.execute(_GOES_ON, {"process": process, "key": news.key}).first() is not None
