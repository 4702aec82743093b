"""People and their roles: adding, finding, and knowing them by their password.

Passwords are checked here for the sign-in page; nothing else of the product sees one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, Select, func, or_, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, array, insert
from sqlalchemy.orm import Session

from engine import clock
from engine.database.session import Database
from engine.errors import Conflict, FieldProblem, InvalidInput, NotAllowed, NotFound
from engine.handler import SYSTEM, Actor
from engine.identity import memberships, passwords, secrets, throttle
from engine.identity.memberships import Membership
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
    must_set_password: bool
    has_secret: bool


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
    password: str | None,
    roles: Collection[str],
    locale: str,
    may_be_weak: bool = False,
) -> Actor:
    """Let somebody in from now on. ``may_be_weak`` takes any password: for demonstrations, whose passwords are public anyway.

    ``password`` None: nobody comes in as them until a secret is given out (``secrets``). Raises InvalidInput (login, locale or password),
    NotFound (``role_not_defined``), Conflict (``login_taken``).
    """
    key = normal(login)
    problems = [
        FieldProblem(field=field, code=code)
        for field, code, is_wrong in (
            ("login", "login_invalid", not key or len(key) > 64 or not key.isprintable() or " " in key),
            ("login", "login_reserved", key == SYSTEM.login or ":" in key),
            ("locale", "locale_unknown", locale not in LOCALES),
        )
        if is_wrong
    ]
    if password is not None:
        problems += passwords.problems(password, (login, name), may_be_weak=may_be_weak)
    if problems:
        raise InvalidInput(tuple(problems))
    now = clock.now()
    wanted = [Membership(role=each, from_at=now) for each in sorted(set(roles))]
    memberships.require_known(session, wanted)
    kept = None if password is None else passwords.hashed(password)
    made = session.execute(
        insert(person)
        .values(id=uuid4(), login=key, name=name, email=email, locale=locale, password_hash=kept)
        .on_conflict_do_nothing()
        .returning(person.c.id)
    ).scalar()
    if made is None:
        raise Conflict("login_taken", login=key)
    memberships.replace(session, made, wanted, now)
    return Actor(login=key, name=name, person_id=made, roles=frozenset(roles), locale=locale)


def deactivate(session: Session, login: str) -> None:
    """Let somebody in no longer; what they did stays theirs, and their open sessions end.

    What they had taken goes back to its role, in this transaction (a trigger: ``engine_0003``). Raises NotFound (``person_unknown``).
    """
    found = session.execute(
        update(person).where(person.c.login == normal(login)).values(is_active=False).returning(person.c.id)
    ).scalar()
    if found is None:
        raise NotFound("person_unknown", login=login)


def take_role(session: Session, login: str, role_key: str) -> None:
    """Take a role away; not having it is fine. What was taken with it goes back to it. Raises NotFound (``person_unknown``)."""
    found = find_person(session, login)
    if found is None:
        raise NotFound("person_unknown", login=normal(login))
    kept = [each for each in memberships.of_person(session, found.id) if each.role != role_key]
    memberships.replace(session, found.id, kept, clock.now())


def authenticate(database: Database, login: str, password: str, now: datetime, address: str = "") -> Actor:
    """Who ``login`` is, if ``password`` is right: their password, or the secret that an administrator gave them for one sign-in.

    Opens its own transactions: a failure must count even though the caller's work is rolled back, and no connection waits while
    the password is checked. ``address``: where the try comes from. Raises NotAllowed: ``sign_in_refused`` (unknown, inactive or wrong: the
    same words and the same work for each), ``sign_in_throttled`` or ``sign_in_throttled_address`` (fact ``seconds``).
    """
    key = normal(login)
    with database.transaction() as session:
        throttle.count_try(session, key, address, now)
        found = session.execute(
            select(person.c.password_hash, person.c.secret_hash, person.c.secret_until).where(
                person.c.login == _storable(key), person.c.is_active
            )
        ).first()
    kept = found.password_hash if found else None
    is_right = passwords.is_right(kept, password)  # always the same work, whoever it is
    is_secret = (
        found is not None and not is_right and secrets.is_right(found.secret_hash, found.secret_until, password, now)
    )
    if not is_right and not is_secret:
        if address:
            with database.transaction() as session:
                throttle.count_failure(session, address, now)
        raise NotAllowed("sign_in_refused")
    with database.transaction() as session:
        throttle.forget(session, key)
        if is_secret and not secrets.use(session, key, password):  # somebody else has just used it
            raise NotAllowed("sign_in_refused")
        if kept is not None and is_right and passwords.is_outdated(kept):
            session.execute(
                update(person).where(person.c.login == key).values(password_hash=passwords.hashed(password))
            )
        actor = find_actor(session, key)
    if actor is None:  # deactivated while the password was checked
        raise NotAllowed("sign_in_refused")
    return actor


def find_actor(session: Session, login: str) -> Actor | None:
    """The active person of this login, able to act; None when there is none."""
    found = session.execute(with_roles().where(person.c.login == _storable(normal(login)), person.c.is_active)).first()
    return actor_of(found) if found else None


def find_person(session: Session, login: str) -> Person | None:
    """The person of this login, active or not; None when there is none."""
    found = session.execute(with_roles().where(person.c.login == _storable(normal(login)))).first()
    return person_of(found) if found else None


def people(session: Session) -> tuple[Person, ...]:
    """All people, by name."""
    return tuple(person_of(row) for row in session.execute(with_roles().order_by(person.c.name, person.c.login)))


def names(session: Session) -> dict[str, str]:
    """What people are called, by login."""
    return {each.login: each.name for each in people(session)}


def with_roles() -> Select[Any]:
    """People with ``roles``, a sorted array of the role keys that they have now, in one statement. For this package."""
    held = person_role.c
    roles = (
        select(func.array_agg(aggregate_order_by(held.role_key, held.role_key)))
        .where(held.person_id == person.c.id, or_(held.until_at.is_(None), held.until_at > clock.now()))
        .scalar_subquery()
    )
    nothing = array([], type_=person_role.c.role_key.type)
    return select(person, func.coalesce(roles, nothing).label("roles"))


def actor_of(row: Row[Any]) -> Actor:
    """The actor of a row of ``with_roles``. For this package."""
    return Actor(login=row.login, name=row.name, person_id=row.id, roles=frozenset(row.roles), locale=row.locale)


def person_of(row: Row[Any]) -> Person:
    """The person of a row of ``with_roles``. For this package."""
    return Person(
        id=row.id,
        login=row.login,
        name=row.name,
        email=row.email,
        locale=row.locale,
        roles=frozenset(row.roles),
        is_active=row.is_active,
        must_set_password=row.must_set_password,
        has_secret=row.secret_hash is not None,
    )


def normal(login: str) -> str:
    """A login as it is kept: people may type it in capitals."""
    return login.strip().lower()


def _storable(login: str) -> str:
    """PostgreSQL has no text with NUL or half characters; nobody is called so."""
    return login.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
