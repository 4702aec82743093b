"""Who has which role from when until when, by itself or by a group.

``engine.membership`` is the truth. What holds of it at this moment stands in ``engine.person_role``, which the inbox reads and whose
triggers give back what was taken with a role that is lost. ``settle`` makes the second from the first: in every transaction that changes a
membership, and each minute in the worker, for those that begin or end by themselves. A role that has ended is not read any more from that
very moment on (``person_role.until_at``), even if no worker runs; one that begins waits for the next minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import NotFound, WrongState
from engine.identity.tables import membership, role, role_group

ADMINISTRATOR = "admin"
"""The role that administers people; somebody always has it."""


@data
class Membership:
    """A role (or a group, one of the two) for a time: from ``from_at``, until before ``until_at`` (None: without an end)."""

    from_at: datetime
    until_at: datetime | None = None
    role: str | None = None
    group: str | None = None


_IN_FORCE = """
    SELECT held.person_id, held.role_key,
           CASE WHEN bool_or(held.until_at IS NULL) THEN NULL ELSE max(held.until_at) END AS until_at
    FROM (
        SELECT person_id, role_key, from_at, until_at FROM engine.membership WHERE role_key IS NOT NULL
        UNION ALL
        SELECT membership.person_id, given.role_key, membership.from_at, membership.until_at
        FROM engine.membership JOIN engine.role_group_role given USING (group_key)
    ) held
    WHERE held.from_at <= :now AND (held.until_at IS NULL OR held.until_at > :now)
      AND (CAST(:person AS uuid) IS NULL OR held.person_id = :person)
    GROUP BY held.person_id, held.role_key
"""
_LOCK = text("SELECT pg_advisory_xact_lock(:lock)")
_LOCK_NUMBER = 0x726F6C65  # "role": any number, the same in every release
_GIVE = text(f"""
    INSERT INTO engine.person_role AS known (person_id, role_key, until_at) {_IN_FORCE}
    ON CONFLICT (person_id, role_key) DO UPDATE SET until_at = EXCLUDED.until_at
    WHERE known.until_at IS DISTINCT FROM EXCLUDED.until_at
""")
_TAKE = text(f"""
    DELETE FROM engine.person_role
    WHERE (CAST(:person AS uuid) IS NULL OR person_id = :person)
      AND (person_id, role_key) NOT IN (SELECT person_id, role_key FROM ({_IN_FORCE}) in_force)
""")  # noqa: S608 - made of constants
_ADMINISTRATORS = text("""
    SELECT count(*) FROM engine.person_role JOIN engine.person ON person.id = person_role.person_id
    WHERE person_role.role_key = :role AND person_role.until_at IS NULL AND person.is_active
""")


def lock(session: Session) -> None:
    """One change of who may what at a time, until the transaction ends: two administrators cannot take each other's role at once."""
    session.execute(_LOCK, {"lock": _LOCK_NUMBER})


def settle(session: Session, now: datetime, person_id: UUID | None = None) -> None:
    """Let ``person_role`` say what holds at ``now``, for one person or for everybody; what was taken with a role that is lost goes back."""
    lock(session)
    asked = {"now": now, "person": person_id}
    session.execute(_GIVE, asked)
    session.execute(_TAKE, asked)


def require_administrator(session: Session) -> None:
    """Raises WrongState (``last_administrator``) when nobody active is administrator without an end any more."""
    if not session.execute(_ADMINISTRATORS, {"role": ADMINISTRATOR}).scalar_one():
        raise WrongState("last_administrator")


def of_person(session: Session, person_id: UUID) -> tuple[Membership, ...]:
    """The memberships of a person, past ones and ones to come too, by what they give and when they begin."""
    table = membership
    rows = session.execute(
        select(table)
        .where(table.c.person_id == person_id)
        .order_by(table.c.role_key.nulls_last(), table.c.group_key, table.c.from_at)
    )
    return tuple(
        Membership(from_at=row.from_at, until_at=row.until_at, role=row.role_key, group=row.group_key) for row in rows
    )


def replace(session: Session, person_id: UUID, wanted: Sequence[Membership], now: datetime) -> None:
    """Let ``wanted`` be the memberships of a person. Raises NotFound (``role_not_defined``, ``group_unknown``)."""
    require_known(session, wanted)
    table = membership
    session.execute(delete(table).where(table.c.person_id == person_id))
    if wanted:
        rows = [
            {
                "person_id": person_id,
                "role_key": each.role,
                "group_key": each.group,
                "from_at": each.from_at,
                "until_at": each.until_at,
            }
            for each in wanted
        ]
        session.execute(insert(table), rows)
    settle(session, now, person_id)


def require_known(session: Session, wanted: Sequence[Membership]) -> None:
    """Raises NotFound (``role_not_defined``, ``group_unknown``) for the first role, or group, that does not exist."""
    roles = {each.role for each in wanted if each.role is not None}
    groups = {each.group for each in wanted if each.group is not None}
    unknown = sorted(roles - set(session.scalars(select(role.c.key).where(role.c.key.in_(roles)))))
    if unknown:
        raise NotFound("role_not_defined", role=unknown[0])
    unknown = sorted(groups - set(session.scalars(select(role_group.c.key).where(role_group.c.key.in_(groups)))))
    if unknown:
        raise NotFound("group_unknown", group=unknown[0])
