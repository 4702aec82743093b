"""Open sessions of the browser: a random token in its cookie, only the token's SHA-256 here.

A session ends 8 hours after it was last used and 24 hours after it was opened, whichever comes first; when its person is deactivated; and
when it is closed. Roles are read at every use: what is taken away is gone at the next click.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.errors import NotAllowed
from engine.handler import Actor
from engine.identity.browsers import browser_of
from engine.identity.people import actor_of, with_roles
from engine.identity.tables import person, web_session

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(hours=24)
SEEN_EVERY = timedelta(minutes=1)
"""How exactly "last used" is known: one write a minute instead of one a click."""

_LONGEST = 200
"""Characters that are kept of what a browser says of itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session as its person, or an administrator, sees it. ``agent``: what the browser says of itself."""

    id: int
    opened_at: datetime
    seen_at: datetime
    address: str
    agent: str

    @property
    def browser(self) -> str:
        """What people call it: Firefox · Linux."""
        return browser_of(self.agent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whose session it is. ``must_set_password``: they came in with a secret for one sign-in, and may do nothing else before."""

    actor: Actor
    must_set_password: bool
    session_id: int


def open(  # noqa: A001 - web_sessions.open(...) is what it does
    session: Session, actor: Actor, now: datetime, *, address: str = "", agent: str = ""
) -> str:
    """Begin a session of ``actor``; the token to hand to the browser. Sessions that have ended are swept away.

    ``address`` and ``agent`` are kept as long as the session, so that the person recognises it.
    Raises NotAllowed (``sign_in_refused``) for an actor that is no person.
    """
    if actor.person_id is None:
        raise NotAllowed("sign_in_refused")
    table = web_session
    session.execute(delete(table).where(or_(table.c.seen_at <= now - IDLE, table.c.opened_at <= now - ABSOLUTE)))
    token = secrets.token_urlsafe(32)
    session.execute(
        insert(table).values(
            token_hash=_hash(token),
            person_id=actor.person_id,
            opened_at=now,
            seen_at=now,
            address=address,
            agent="".join(each for each in agent if each.isprintable())[:_LONGEST],
        )
    )
    return token


def find(session: Session, token: str, now: datetime) -> Visitor | None:
    """Whose session ``token`` opens; None when there is none, or when it has ended. One statement, and a write once a minute."""
    table = web_session
    found = session.execute(
        with_roles()
        .add_columns(table.c.seen_at, table.c.id.label("session_id"))
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
    return Visitor(actor=actor_of(found), must_set_password=found.must_set_password, session_id=found.session_id)


def of_person(session: Session, person_id: UUID, now: datetime) -> tuple[OpenSession, ...]:
    """The open sessions of a person, the one last used first."""
    table = web_session
    rows = session.execute(
        select(table)
        .where(table.c.person_id == person_id, table.c.seen_at > now - IDLE, table.c.opened_at > now - ABSOLUTE)
        .order_by(table.c.seen_at.desc(), table.c.id)
    )
    return tuple(
        OpenSession(
            id=row.id,
            opened_at=row.opened_at,
            seen_at=row.seen_at,
            address=row.address,
            agent=row.agent,
        )
        for row in rows
    )


def end(session: Session, person_id: UUID, *, only: int | None = None, but: int | None = None) -> int:
    """End sessions of a person: all, ``only`` the one of this number, all ``but`` the one of this number; how many there were."""
    table = web_session
    asked = delete(table).where(table.c.person_id == person_id).returning(table.c.id)
    if only is not None:
        asked = asked.where(table.c.id == only)
    if but is not None:
        asked = asked.where(table.c.id != but)
    return len(session.execute(asked).all())


def close(session: Session, token: str) -> None:
    """End the session of ``token``; nothing happens when there is none."""
    session.execute(delete(web_session).where(web_session.c.token_hash == _hash(token)))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
