"""Lists of people, roles and groups, for the pages of whoever administers them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, or_, text, tuple_
from sqlalchemy.orm import Session

from engine.identity.people import Person, person_of, with_roles
from engine.identity.tables import person

_ROLES = text("""
    SELECT role.key, role.title_fr, role.title_en, count(person.id) AS people
    FROM engine.role
    LEFT JOIN engine.person_role ON person_role.role_key = role.key
    LEFT JOIN engine.person ON person.id = person_role.person_id AND person.is_active
    GROUP BY role.key ORDER BY role.key
""")
_GROUPS = text("""
    SELECT role_group.key, role_group.title_fr, role_group.title_en,
           ARRAY(SELECT role_key FROM engine.role_group_role WHERE group_key = role_group.key ORDER BY role_key) AS roles,
           (SELECT count(DISTINCT person_id) FROM engine.membership WHERE group_key = role_group.key) AS people
    FROM engine.role_group ORDER BY role_group.key
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEntry:
    """A role. ``people``: how many active people have it now."""

    key: str
    title: dict[str, str]
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupEntry:
    """A group with the roles that it gives. ``people``: how many were, are or will be in it."""

    key: str
    title: dict[str, str]
    roles: tuple[str, ...]
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage:
    """Some people by name. ``next``: where the next page begins; None on the last one."""

    people: tuple[Person, ...]
    next: tuple[str, str] | None


def people_page(
    session: Session, *, search: str = "", after: tuple[str, str] | None = None, limit: int = 50
) -> PeoplePage:
    """People by name and login, those whose name, login or address holds ``search``; ``after``: the ``next`` of the page before."""
    asked = with_roles().order_by(person.c.name, person.c.login).limit(limit + 1)
    if search:
        wanted = search.lower()
        asked = asked.where(
            or_(
                *(
                    func.strpos(func.lower(column), wanted) > 0
                    for column in (person.c.name, person.c.login, person.c.email)
                )
            )
        )
    if after is not None:
        asked = asked.where(tuple_(person.c.name, person.c.login) > after)
    found = [person_of(row) for row in session.execute(asked)]
    more = len(found) > limit
    found = found[:limit]
    return PeoplePage(people=tuple(found), next=(found[-1].name, found[-1].login) if more else None)


def roles(session: Session) -> tuple[RoleEntry, ...]:
    """All roles by key."""
    return tuple(
        RoleEntry(key=row.key, title={"fr": row.title_fr, "en": row.title_en}, people=row.people)
        for row in session.execute(_ROLES)
    )


def groups(session: Session) -> tuple[GroupEntry, ...]:
    """All groups by key."""
    return tuple(
        GroupEntry(
            key=row.key, title={"fr": row.title_fr, "en": row.title_en}, roles=tuple(row.roles), people=row.people
        )
        for row in session.execute(_GROUPS)
    )
