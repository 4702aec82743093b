"""What decides who may do a task, read for one person: with the rows as they are, and with those whom the person stands in for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.handler import Actor
from engine.inbox.rules import Absent, Offer
from engine.inbox.store import HOLDER

COMPLETERS: Final = """
    ARRAY(SELECT DISTINCT whoever FROM engine.task earlier, unnest(ARRAY[earlier.closed_by, earlier.closed_for]) AS whoever
          WHERE earlier.instance_id = task.instance_id AND earlier.element_id = task.not_same_as AND whoever IS NOT NULL)
"""
"""SQL: the logins that four eyes exclude from ``task``."""

IN_FORCE: Final = "absence.begins_at <= :now AND absence.ends_at > :now"
"""SQL: somebody is away at ``:now``."""

HELD: Final = "(held.until_at IS NULL OR held.until_at > :now)"
"""SQL: the role of ``held`` has not ended at ``:now``."""

_ABSENT = f"""
    (SELECT coalesce(json_agg(json_build_object(
         'login', away.login, 'name', away.name, 'last_day', absence.last_day,
         'roles', ARRAY(SELECT held.role_key FROM engine.person_role held WHERE held.person_id = away.id AND {HELD})
     ) ORDER BY absence.id), '[]')
     FROM engine.absence JOIN engine.person away ON away.login = absence.person_login
     WHERE absence.substitute_login = :login AND {IN_FORCE} AND away.is_active
       AND (absence.process_keys IS NULL OR task.process_key = ANY(absence.process_keys)))
"""  # noqa: S608 - composed of constants

_OFFER = text(f"""
    SELECT task.id, task.role, {HOLDER} AS assignee, task.claimed_at IS NOT NULL AS is_claimed, task.is_open,
           {COMPLETERS} AS earlier_completers, {_ABSENT} AS absent
    FROM engine.task WHERE task.id = :task
""")  # noqa: S608 - composed of constants


def offer(session: Session, task_id: int, actor: Actor, now: datetime) -> Offer | None:
    """What decides whether ``actor`` may do the task at ``now``; None when there is no such task."""
    row = session.execute(_OFFER, {"task": task_id, "login": actor.login, "now": now}).one_or_none()
    if row is None:
        return None
    return Offer(
        task_id=row.id,
        role=row.role,
        assignee=row.assignee,
        is_claimed=row.is_claimed,
        is_open=row.is_open,
        earlier_completers=row.earlier_completers,
        absent=absent_of(row.absent),
    )


def absent_of(found: Sequence[dict[str, Any]]) -> tuple[Absent, ...]:
    """Those whom somebody stands in for, as PostgreSQL's JSON tells of them."""
    return tuple(
        Absent(
            login=each["login"],
            name=each["name"],
            roles=frozenset(each["roles"]),
            last_day=date.fromisoformat(each["last_day"]),
        )
        for each in found
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """Somebody to whom a task can be passed on. ``away_until``: the last day of an absence that they are in."""

    login: str
    name: str
    away_until: date | None


_TAKERS = text(f"""
    SELECT person.login, person.name,
           (SELECT max(absence.last_day) FROM engine.absence WHERE absence.person_login = person.login AND {IN_FORCE}) AS away_until
    FROM engine.task
    JOIN engine.instance ON instance.id = task.instance_id
    JOIN engine.definition_version version ON version.id = instance.version_id
    JOIN engine.person ON person.is_active AND EXISTS (
        SELECT FROM engine.person_role held
        WHERE held.person_id = person.id AND {HELD}
          AND held.role_key = ANY(CASE WHEN task.role IS NULL THEN version.lane_roles ELSE ARRAY[task.role] END))
    WHERE task.id = :task AND person.login <> ALL({COMPLETERS}) AND person.login IS DISTINCT FROM {HOLDER}
    ORDER BY person.name, person.login LIMIT 500
""")  # noqa: S608 - composed of constants


def takers(session: Session, task_id: int, now: datetime) -> tuple[Taker, ...]:
    """Those to whom the task can be passed on, by name: who may do it, and does not have it yet."""
    rows = session.execute(_TAKERS, {"task": task_id, "now": now})
    return tuple(Taker(login=row.login, name=row.name, away_until=row.away_until) for row in rows)
