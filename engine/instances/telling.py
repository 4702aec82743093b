"""A record command that cases are told of: what it changes and the message about it are committed together, or neither is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from engine import clock, records
from engine.database.session import Database
from engine.errors import CommandRejected
from engine.handler import Actor
from engine.history import refusals
from engine.messages import store as messages
from engine.messages.store import OutgoingMessage
from engine.record import RecordCommand
from engine.records import Recorded

Given = TypeVar("Given")


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What the case that waits for message ``name`` with ``key`` is told: that there is something to read."""

    name: str
    key: str


def execute(
    database: Database,
    command: RecordCommand[Given],
    given: Given,
    actor: Actor,
    news: News,
    *,
    now: datetime | None = None,
) -> Recorded:
    """``records.execute``, with ``news`` sent in the same transaction. Raises what that raises; nothing is sent then."""
    moment = now or clock.now()
    try:
        with database.transaction() as session:
            done = records.apply(session, command, given, actor, now=moment)
            messages.send(
                session, [OutgoingMessage(name=news.name, key=news.key, payload={})], moment, sender=actor.login
            )
            return done
    except CommandRejected as refusal:
        about = {"kind": command.kind, "key": command.key_of(given)}
        refusals.note(database, refusal, actor.login, moment, act=command.name, about=about)
        raise
