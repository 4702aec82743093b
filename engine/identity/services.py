"""Service accounts: machines that act by themselves, each with roles like a person, and tokens that open only what they are scoped to.

A token is ``bdr_<prefix>_<secret>``: the first two parts show whose it is in a log or a leak (and let scanners find it), the last are 256
random bits. Only its SHA-256 is kept; it is shown once, ends at most a year later, and can be revoked at any time.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.errors import NotAllowed
from engine.handler import Actor
from engine.identity.tables import service_account, service_token

HISTORY: Final = "history:read"
CASES: Final = "cases:read"
SCOPES = (HISTORY, CASES)
"""What a token may open, each by its name; the roles of the account still decide within. A token that was made when there were more names
keeps them, and they open nothing."""

LONGEST = timedelta(days=366)
LOGIN = "service:"
"""Before the key of an account, this is its login in histories; no person's login has a colon."""

_MARK = "bdr"
_PREFIX_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_PREFIX_LENGTH = 8
_BEGINNING = re.compile(f"{_MARK}_([{_PREFIX_ALPHABET}]{{{_PREFIX_LENGTH}}})_")
_LONGEST_TOKEN = 128
_SEEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as it is listed."""

    prefix: str
    scopes: tuple[str, ...]
    made_at: datetime
    made_by: str
    expires_at: datetime
    revoked_at: datetime | None
    seen_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and self.expires_at > now


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service account with its tokens, the newest first."""

    key: str
    title: str
    roles: tuple[str, ...]
    is_active: bool
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A machine that has shown a good token: who acts, and what the token opens."""

    actor: Actor
    scopes: frozenset[str]
    prefix: str

    def require(self, *scopes: str) -> None:
        """Raises NotAllowed (``token_without_scope``) unless the token opens one of ``scopes``."""
        if self.scopes.isdisjoint(scopes):
            raise NotAllowed("token_without_scope", scope=scopes[0])


def drawn() -> tuple[str, str]:
    """A new token and its prefix."""
    prefix = "".join(secrets.choice(_PREFIX_ALPHABET) for _ in range(_PREFIX_LENGTH))
    return f"{_MARK}_{prefix}_{secrets.token_urlsafe(32)}", prefix


def hashed(token: str) -> bytes:
    """What is kept of a token. 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def authenticate(session: Session, token: str, now: datetime) -> Caller:
    """Who shows ``token``. One statement, and a write every few minutes.

    Raises NotAllowed (``token_refused``): unknown, expired, revoked, or of a closed account; the same words for each.
    """
    if len(token) > _LONGEST_TOKEN:
        raise NotAllowed("token_refused")
    account, kept = service_account, service_token
    found = session.execute(
        select(account, kept.c.prefix, kept.c.scopes, kept.c.seen_at)
        .join_from(kept, account)
        .where(
            kept.c.token_hash == hashed(token),
            kept.c.revoked_at.is_(None),
            kept.c.expires_at > now,
            account.c.is_active,
        )
    ).first()
    if found is None:
        raise NotAllowed("token_refused")
    if found.seen_at is None or found.seen_at <= now - _SEEN_EVERY:
        session.execute(update(kept).where(kept.c.prefix == found.prefix).values(seen_at=now))
    actor = Actor(login=LOGIN + found.key, name=found.title, roles=frozenset(found.roles))
    return Caller(actor=actor, scopes=frozenset(found.scopes), prefix=found.prefix)


def of_prefix(session: Session, token: str) -> tuple[str, str] | None:
    """The login of the account that ``token`` says it is of, and its prefix; None where no account ever had such a one.

    Good for the history of a refusal: it proves nothing about who shows it.
    """
    beginning = _BEGINNING.match(token)
    if beginning is None:
        return None
    key = session.scalar(select(service_token.c.account_key).where(service_token.c.prefix == beginning[1]))
    return None if key is None else (LOGIN + key, beginning[1])


def services(session: Session) -> tuple[Service, ...]:
    """All service accounts by title, without their tokens."""
    table = service_account
    return tuple(
        Service(key=row.key, title=row.title, roles=tuple(row.roles), is_active=row.is_active)
        for row in session.execute(select(table).order_by(table.c.title, table.c.key))
    )


def find(session: Session, key: str) -> Service | None:
    """One service account with its tokens; None when there is none."""
    table = service_account
    row = session.execute(select(table).where(table.c.key == key)).first()
    if row is None:
        return None
    tokens = session.execute(
        select(service_token)
        .where(service_token.c.account_key == key)
        .order_by(service_token.c.made_at.desc(), service_token.c.prefix)
    )
    return Service(
        key=row.key,
        title=row.title,
        roles=tuple(row.roles),
        is_active=row.is_active,
        tokens=tuple(
            Token(
                prefix=each.prefix,
                scopes=tuple(each.scopes),
                made_at=each.made_at,
                made_by=each.made_by,
                expires_at=each.expires_at,
                revoked_at=each.revoked_at,
                seen_at=each.seen_at,
            )
            for each in tokens
        ),
    )
