"""Secrets for one sign-in: what an administrator gives to somebody new, or to somebody who forgot their password.

Sixteen signs of an alphabet without look-alikes (79 bits), made here, shown once, kept as a SHA-256, good for three days and for one
sign-in, after which a password has to be set (OWASP ASVS 5.0, 6.4.1). Giving one out closes what opened the account before: password,
earlier secret and sessions.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from engine.identity.tables import person, web_session

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH, GROUP = 16, 4
GOOD_FOR = timedelta(days=3)
_LONGEST = 64


def give(session: Session, person_id: UUID, now: datetime) -> str:
    """A new secret for a person; their password, their earlier secret and their sessions open nothing any more."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    session.execute(
        update(person)
        .where(person.c.id == person_id)
        .values(password_hash=None, secret_hash=_hash(drawn), secret_until=now + GOOD_FOR, must_set_password=True)
    )
    session.execute(delete(web_session).where(web_session.c.person_id == person_id))
    return "-".join(drawn[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def is_right(kept: bytes | None, until: datetime | None, typed: str, now: datetime) -> bool:
    """Whether ``typed`` is the secret of ``kept``, and still good. Capitals, blanks and hyphens do not matter."""
    if kept is None or until is None or until <= now or len(typed) > _LONGEST:
        return False
    return hmac.compare_digest(bytes(kept), _hash(typed))


def use(session: Session, login: str, typed: str) -> bool:
    """Use up the secret; False when it was used meanwhile."""
    used = session.execute(
        update(person)
        .where(person.c.login == login, person.c.secret_hash == _hash(typed))
        .values(secret_hash=None, secret_until=None)
        .returning(person.c.id)
    ).scalar()
    return used is not None


def _hash(typed: str) -> bytes:
    plain = "".join(each for each in typed.upper() if each.isalnum())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).digest()
