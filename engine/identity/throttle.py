"""Guessing passwords is made slow: after a few failures a login has to wait, longer each time; after many, so has their address.

Kept in PostgreSQL, so that no restart and no second web process gives new tries. By login against guesses at one account; by address
against one password tried on many accounts. The second is generous: a whole company may come from one address.
"""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select, update
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
    """Count one try of a login *before* the password is looked at: a hundred guesses sent at once are counted like a hundred in a row.

    ``address``: empty when there is none; its failures count once they are known (``count_failure``): who signs in from it keeps nobody
    else waiting. Raises NotAllowed (``sign_in_throttled``, ``sign_in_throttled_address``; fact ``seconds``) when the login or the address
    has to wait; this try is then not counted.
    """
    session.execute(delete(sign_in_failure).where(sign_in_failure.c.last_at < now - FORGOTTEN_AFTER))
    require_patience(session, address, now)
    _count(session, _login_key(login), FREE_TRIES, "sign_in_throttled", now)


def count_token(session: Session, token: str, address: str, now: datetime) -> None:
    """Count that ``token`` was refused, by itself and for ``address`` (empty: there is none); what it opens, it opens all the same.

    Raises NotAllowed (``token_throttled``; fact ``seconds``) when either has to wait; this refusal is then not counted.
    """
    session.execute(delete(sign_in_failure).where(sign_in_failure.c.last_at < now - FORGOTTEN_AFTER))
    _count(session, _key("token", token), FREE_TRIES, "token_throttled", now)
    if address:
        _count(session, _key("token from", address), FREE_TRIES_OF_ADDRESS, "token_throttled", now)


def require_patience(session: Session, address: str, now: datetime) -> None:
    """Raises NotAllowed (``sign_in_throttled_address``; fact ``seconds``) while the address has to wait; an empty one never has to."""
    if not address:
        return
    table = sign_in_failure
    found = session.execute(select(table).where(table.c.key_hash == _address_key(address))).first()
    if found is not None:
        _wait(found, FREE_TRIES_OF_ADDRESS, "sign_in_throttled_address", now)


def count_failure(session: Session, address: str, now: datetime) -> None:
    """The try from ``address`` failed."""
    table = sign_in_failure
    new = insert(table).values(key_hash=_address_key(address), failures=1, last_at=now)
    session.execute(
        new.on_conflict_do_update(
            index_elements=["key_hash"], set_={"failures": table.c.failures + 1, "last_at": new.excluded.last_at}
        )
    )


def forget(session: Session, login: str) -> None:
    """The sign-in succeeded: nothing counts against this login any more. Against the address it does: who has an account gets no new
    guesses at others by it.
    """
    session.execute(delete(sign_in_failure).where(sign_in_failure.c.key_hash == _login_key(login)))


def _count(session: Session, key: bytes, free: int, code: str, now: datetime) -> None:
    """One more try of what ``key`` stands for. Raises NotAllowed (``code``) when it has to wait."""
    table = sign_in_failure
    # one statement makes the row, locks it, and tells how it was: another sign-in may forget it at any moment
    new = insert(table).values(key_hash=key, failures=0, last_at=now)
    found = session.execute(
        new.on_conflict_do_update(index_elements=["key_hash"], set_={"failures": table.c.failures}).returning(table)
    ).one()
    _wait(found, free, code, now)
    session.execute(update(table).where(table.c.key_hash == key).values(failures=table.c.failures + 1, last_at=now))


def _wait(found: Row[Any], free: int, code: str, now: datetime) -> None:
    wait = wait_after(found.failures, free)
    remaining = found.last_at + wait - now
    # the last try may be later than ``now``: one that was asked for later and counted first
    if wait and remaining > timedelta(0):
        raise NotAllowed(code, seconds=math.ceil(remaining.total_seconds()))


def _login_key(login: str) -> bytes:
    return hashlib.sha256(login.encode("utf-8", "surrogatepass")).digest()


def _address_key(address: str) -> bytes:
    return _key("address", address)


def _key(kind: str, text: str) -> bytes:
    return hashlib.sha256(f"{kind}\n{text}".encode("utf-8", "surrogatepass")).digest()
