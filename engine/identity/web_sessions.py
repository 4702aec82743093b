"""Open sessions of the browser: a random token in its cookie, only the token's SHA-256 here.

A session ends 8 hours after it was last used and 24 hours after it was opened, whichever comes first; when its person is deactivated; and
when it is closed. Roles are read at every use: what is taken away is gone at the next click.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.errors import NotAllowed
from engine.handler import Actor
from engine.identity.people import actor_of, with_roles
from engine.identity.tables import person, web_session

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(hours=24)
SEEN_EVERY = timedelta(minutes=1)
"""How exactly "last used" is known: one write a minute instead of one a click."""


def open(session: Session, actor: Actor, now: datetime) -> str:  # noqa: A001 - web_sessions.open(...) is what it does
    """Begin a session of ``actor``; the token to hand to the browser. Sessions that have ended are swept away.

    Raises NotAllowed (``sign_in_refused``) for an actor that is no person.
    """
    if actor.person_id is None:
        raise NotAllowed("sign_in_refused")
    table = web_session
    session.execute(delete(table).where(or_(table.c.seen_at <= now - IDLE, table.c.opened_at <= now - ABSOLUTE)))
    token = secrets.token_urlsafe(32)
    session.execute(
        insert(table).values(token_hash=_hash(token), person_id=actor.person_id, opened_at=now, seen_at=now)
    )
    return token


def find(session: Session, token: str, now: datetime) -> Actor | None:
    """Whose session ``token`` opens; None when there is none, or when it has ended. One statement, and a write once a minute."""
    table = web_session
    found = session.execute(
        with_roles()
        .add_columns(table.c.seen_at)
        .join_from(table, person)
        .where(
            table.c.token_hash == _hash(token),
            table.c.seen_at > now - IDLE,
            table.c.opened_at > now - ABSOLUTE,
            person.c.is_active,
        )
    ).first()
    if found is None:
        return None
    if found.seen_at <= now - SEEN_EVERY:
        session.execute(update(table).where(table.c.token_hash == _hash(token)).values(seen_at=now))
    return actor_of(found)


def close(session: Session, token: str) -> None:
    """End the session of ``token``; nothing happens when there is none."""
    session.execute(delete(web_session).where(web_session.c.token_hash == _hash(token)))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
