"""Guessing passwords is made slow: after a few failures a login has to wait, longer each time; after many, so has their address.

Kept in PostgreSQL, so that no restart and no second web process gives new tries. By login against guesses at one account; by address
against one password tried on many accounts. The second is generous: a whole company may come from one address.
"""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.errors import NotAllowed
from engine.identity.tables import sign_in_failure

FREE_TRIES = 5
FREE_TRIES_OF_ADDRESS = 50
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


def wait_after(failures: int, free: int = FREE_TRIES) -> timedelta:
    """How long to wait after that many failures: nothing for the ``free`` ones, then 30 s, doubled each time, at most 15 minutes."""
    if failures < free:
        return timedelta(0)
    doublings = min(failures - free, 16)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def count_try(session: Session, login: str, address: str, now: datetime) -> None:
    """Count one try *before* the password is looked at: a hundred guesses sent at once are counted like a hundred in a row.

    ``address``: empty when there is none. Raises NotAllowed (``sign_in_throttled``, ``sign_in_throttled_address``; fact ``seconds``) when
    the login or the address has to wait; this try is then not counted.
    """
    table = sign_in_failure
    session.execute(delete(table).where(table.c.last_at < now - FORGOTTEN_AFTER))
    _wait_or_count(session, _login_key(login), FREE_TRIES, "sign_in_throttled", now)
    if address:
        _wait_or_count(session, _address_key(address), FREE_TRIES_OF_ADDRESS, "sign_in_throttled_address", now)


def forget(session: Session, login: str, address: str) -> None:
    """The sign-in succeeded: nothing counts against this login any more.

    Of the address only this one try is forgiven: who has an account of their own gets no new guesses at others by it.
    """
    table = sign_in_failure
    session.execute(delete(table).where(table.c.key_hash == _login_key(login)))
    if address:
        session.execute(
            update(table)
            .where(table.c.key_hash == _address_key(address))
            .values(failures=func.greatest(table.c.failures - 1, 0))
        )


def _wait_or_count(session: Session, key: bytes, free: int, code: str, now: datetime) -> None:
    table = sign_in_failure
    session.execute(insert(table).values(key_hash=key, failures=0, last_at=now).on_conflict_do_nothing())
    found = session.execute(select(table).where(table.c.key_hash == key).with_for_update()).one()
    remaining = found.last_at + wait_after(found.failures, free) - now
    if remaining > timedelta(0):
        raise NotAllowed(code, seconds=math.ceil(remaining.total_seconds()))
    session.execute(update(table).where(table.c.key_hash == key).values(failures=table.c.failures + 1, last_at=now))


def _login_key(login: str) -> bytes:
    return hashlib.sha256(login.encode("utf-8", "surrogatepass")).digest()


def _address_key(address: str) -> bytes:
    return hashlib.sha256(b"address\n" + address.encode("utf-8", "surrogatepass")).digest()
