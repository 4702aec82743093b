"""Guessing passwords is made slow: after a few failures a login has to wait, longer each time.

Kept in PostgreSQL, so that no restart and no second web process gives new tries.
"""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.errors import NotAllowed
from engine.identity.tables import sign_in_failure

FREE_TRIES = 5
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


def wait_after(failures: int) -> timedelta:
    """How long a login waits after that many failures in a row: nothing at first, then 30 s, doubled each time, at most 15 minutes."""
    if failures < FREE_TRIES:
        return timedelta(0)
    doublings = min(failures - FREE_TRIES, 16)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def count_try(session: Session, login: str, now: datetime) -> None:
    """Count one try *before* the password is looked at: a hundred guesses sent at once are counted like a hundred in a row.

    Raises NotAllowed ``sign_in_throttled`` (fact ``seconds``) when the login has to wait; this try is then not counted.
    """
    table = sign_in_failure
    key = _key(login)
    session.execute(delete(table).where(table.c.last_at < now - FORGOTTEN_AFTER))
    session.execute(insert(table).values(login_hash=key, failures=0, last_at=now).on_conflict_do_nothing())
    found = session.execute(select(table).where(table.c.login_hash == key).with_for_update()).one()
    remaining = found.last_at + wait_after(found.failures) - now
    if remaining > timedelta(0):
        raise NotAllowed("sign_in_throttled", seconds=math.ceil(remaining.total_seconds()))
    session.execute(update(table).where(table.c.login_hash == key).values(failures=table.c.failures + 1, last_at=now))


def forget(session: Session, login: str) -> None:
    """The sign-in succeeded: nothing counts against this login any more."""
    session.execute(delete(sign_in_failure).where(sign_in_failure.c.login_hash == _key(login)))


def _key(login: str) -> bytes:
    return hashlib.sha256(login.encode("utf-8", "surrogatepass")).digest()
