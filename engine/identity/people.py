"""People and their roles: adding, finding, and knowing them by their password.

Passwords are checked here for the sign-in page; nothing else of the product sees one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, array, insert
from sqlalchemy.orm import Session

from engine.database.session import Database
from engine.errors import Conflict, FieldProblem, InvalidInput, NotAllowed, NotFound
from engine.handler import Actor
from engine.identity import passwords, throttle
from engine.identity.tables import person, person_role, role

RoleTitles = Mapping[str, Mapping[str, str]]
"""Role key → language → what people call it."""

LOCALES = ("fr", "en")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in."""

    id: UUID
    login: str
    name: str
    email: str
    locale: str
    roles: frozenset[str]
    is_active: bool


def add_role(session: Session, key: str, title_fr: str, title_en: str) -> None:
    """Make a role known; one that exists stays as it is."""
    values = {"key": key, "title_fr": title_fr, "title_en": title_en}
    session.execute(insert(role).values(values).on_conflict_do_nothing())


def role_keys(session: Session) -> frozenset[str]:
    """The keys of all roles."""
    return frozenset(session.scalars(select(role.c.key)))


def role_titles(session: Session) -> RoleTitles:
    """What people call each role, in both languages."""
    rows = session.execute(select(role).order_by(role.c.key))
    return {row.key: {"fr": row.title_fr, "en": row.title_en} for row in rows}


def add_person(
    session: Session,
    *,
    login: str,
    name: str,
    email: str,
    password: str,
    roles: Collection[str],
    locale: str,
    may_be_weak: bool = False,
) -> Actor:
    """Let somebody in from now on. ``may_be_weak`` takes any password: for demonstrations, whose passwords are public anyway.

    Raises InvalidInput (login, locale or password), NotFound (``role_not_defined``), Conflict (``login_taken``).
    """
    key = _normal(login)
    problems = [
        FieldProblem(field=field, code=code)
        for field, code, is_wrong in (
            ("login", "login_invalid", not key or len(key) > 64 or not key.isprintable() or " " in key),
            ("locale", "locale_unknown", locale not in LOCALES),
            ("password", "password_invalid", not 0 < len(password) <= passwords.LONGEST),
            ("password", "password_too_short", not may_be_weak and 0 < len(password) < passwords.SHORTEST),
        )
        if is_wrong
    ]
    if problems:
        raise InvalidInput(tuple(problems))
    unknown = sorted(set(roles) - role_keys(session))
    if unknown:
        raise NotFound("role_not_defined", role=unknown[0])
    made = session.execute(
        insert(person)
        .values(id=uuid4(), login=key, name=name, email=email, locale=locale, password_hash=passwords.hashed(password))
        .on_conflict_do_nothing()
        .returning(person.c.id)
    ).scalar()
    if made is None:
        raise Conflict("login_taken", login=key)
    if roles:
        session.execute(insert(person_role), [{"person_id": made, "role_key": each} for each in sorted(set(roles))])
    return Actor(login=key, name=name, person_id=made, roles=frozenset(roles), locale=locale)


def deactivate(session: Session, login: str) -> None:
    """Let somebody in no longer; what they did stays theirs, and their open sessions end.

    What they had taken goes back to its role, in this transaction (a trigger: ``engine_0003``). Raises NotFound (``person_unknown``).
    """
    found = session.execute(
        update(person).where(person.c.login == _normal(login)).values(is_active=False).returning(person.c.id)
    ).scalar()
    if found is None:
        raise NotFound("person_unknown", login=login)


def take_role(session: Session, login: str, role_key: str) -> None:
    """Take a role away; not having it is fine. What was taken with it goes back to it. Raises NotFound (``person_unknown``)."""
    found = find_person(session, login)
    if found is None:
        raise NotFound("person_unknown", login=_normal(login))
    session.execute(delete(person_role).where(person_role.c.person_id == found.id, person_role.c.role_key == role_key))


def authenticate(database: Database, login: str, password: str, now: datetime) -> Actor:
    """Who ``login`` is, if ``password`` is right.

    Opens its own transactions: a failure must count even though the caller's work is rolled back, and no connection waits while
    the password is checked. Raises NotAllowed: ``sign_in_refused`` (unknown, inactive or wrong: the same words and the same work for each)
    or ``sign_in_throttled`` (fact ``seconds``).
    """
    key = _normal(login)
    with database.transaction() as session:
        throttle.count_try(session, key, now)
        found = session.execute(
            select(person.c.password_hash).where(person.c.login == _storable(key), person.c.is_active)
        ).scalar()
    if not passwords.is_right(found, password):
        raise NotAllowed("sign_in_refused")
    assert found is not None
    with database.transaction() as session:
        throttle.forget(session, key)
        if passwords.is_outdated(found):
            session.execute(
                update(person).where(person.c.login == key).values(password_hash=passwords.hashed(password))
            )
        actor = find_actor(session, key)
    if actor is None:  # deactivated while the password was checked
        raise NotAllowed("sign_in_refused")
    return actor


def find_actor(session: Session, login: str) -> Actor | None:
    """The active person of this login, able to act; None when there is none."""
    found = session.execute(with_roles().where(person.c.login == _storable(_normal(login)), person.c.is_active)).first()
    return actor_of(found) if found else None


def find_person(session: Session, login: str) -> Person | None:
    """The person of this login, active or not; None when there is none."""
    found = session.execute(with_roles().where(person.c.login == _storable(_normal(login)))).first()
    return _person_of(found) if found else None


def people(session: Session) -> tuple[Person, ...]:
    """All people, by name."""
    return tuple(_person_of(row) for row in session.execute(with_roles().order_by(person.c.name, person.c.login)))


def names(session: Session) -> dict[str, str]:
    """What people are called, by login."""
    return {each.login: each.name for each in people(session)}


def with_roles() -> Select[Any]:
    """People with ``roles``, a sorted array of role keys, in one statement. For this package."""
    roles = (
        select(func.array_agg(aggregate_order_by(person_role.c.role_key, person_role.c.role_key)))
        .where(person_role.c.person_id == person.c.id)
        .scalar_subquery()
    )
    nothing = array([], type_=person_role.c.role_key.type)
    return select(person, func.coalesce(roles, nothing).label("roles"))


def actor_of(row: Row[Any]) -> Actor:
    """The actor of a row of ``with_roles``. For this package."""
    return Actor(login=row.login, name=row.name, person_id=row.id, roles=frozenset(row.roles), locale=row.locale)


def _person_of(row: Row[Any]) -> Person:
    return Person(
        id=row.id,
        login=row.login,
        name=row.name,
        email=row.email,
        locale=row.locale,
        roles=frozenset(row.roles),
        is_active=row.is_active,
    )


def _normal(login: str) -> str:
    return login.strip().lower()


def _storable(login: str) -> str:
    """PostgreSQL has no text with NUL or half characters; nobody is called so."""
    return login.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
