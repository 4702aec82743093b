"""Whom somebody stands in for now: read once for a page, and what lists of tasks ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.handler import Actor
from engine.inbox.offers import HELD, IN_FORCE

_STANDING_IN = text(f"""
    SELECT away.login, away.name, absence.last_day, absence.process_keys,
           ARRAY(SELECT held.role_key FROM engine.person_role held WHERE held.person_id = away.id AND {HELD} ORDER BY 1) AS roles
    FROM engine.absence JOIN engine.person away ON away.login = absence.person_login
    WHERE absence.substitute_login = :login AND {IN_FORCE} AND away.is_active
    ORDER BY absence.last_day, absence.id
""")  # noqa: S608 - composed of constants

SEPARATOR: Final = "\x1f"
"""Between what is packed into one text for SQL: no login, role or process has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """``login`` is away until ``last_day``, and somebody stands in; ``process_keys`` None: in all processes."""

    login: str
    name: str
    roles: frozenset[str]
    last_day: date
    process_keys: tuple[str, ...] | None


def standing_in(session: Session, actor: Actor, now: datetime) -> tuple[StandIn, ...]:
    """Whom ``actor`` stands in for at ``now``; who comes back first, first."""
    return tuple(
        StandIn(
            login=row.login,
            name=row.name,
            roles=frozenset(row.roles),
            last_day=row.last_day,
            process_keys=None if row.process_keys is None else tuple(row.process_keys),
        )
        for row in session.execute(_STANDING_IN, {"login": actor.login, "now": now})
    )


def barred(actor: Actor, absent: Sequence[StandIn]) -> list[str]:
    """Whose earlier tasks four eyes count as the actor's: logins, and logins with a process (``SEPARATOR``), as ``lists`` asks."""
    found = [actor.login]
    for each in absent:
        if each.process_keys is None:
            found.append(each.login)
        else:
            found += [f"{each.login}{SEPARATOR}{key}" for key in each.process_keys]
    return found
