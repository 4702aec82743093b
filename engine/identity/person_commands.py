"""What is done to people, as record commands: by an administrator, and by each to their own password and sessions.

The history of a person tells names, addresses, memberships and that a password was set or a secret given out; never a password, a secret,
or anything that could be compared with one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from engine.addresses import is_address
from engine.data import data
from engine.errors import ActRefused, FieldProblem, InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import SYSTEM
from engine.identity import memberships, passwords, people, secrets, web_sessions
from engine.identity.memberships import ADMINISTRATOR, Membership
from engine.identity.tables import person
from engine.record import Change, RecordContext, RecordTable, record_command

KIND = "person"
_ADMINISTRATORS = (ADMINISTRATOR,)
_LONGEST_NAME = 120


@data
class AddPerson:
    """Somebody new. They come in with the secret that is the answer of the command."""

    login: str
    name: str
    email: str
    locale: str
    memberships: tuple[Membership, ...] = ()


@data
class ChangePerson:
    """Everything that an administrator may write about somebody, as it is to be."""

    login: str
    name: str
    email: str
    locale: str
    memberships: tuple[Membership, ...]


@data
class DeactivatePerson:
    """Let somebody in no longer; what they did stays theirs, what they had taken goes back to its role."""

    login: str


@data
class ReactivatePerson:
    """Let somebody in again, with the memberships that they had."""

    login: str


@data
class GiveSecret:
    """Close an account to its password and sessions, and open it to a secret for one sign-in: the answer of the command."""

    login: str


@data
class SetPassword:
    """A new password of one's own. ``old``: the present one; not asked of who came in with a secret.

    ``session``: the number of the session that stays open; all others end.
    """

    login: str
    old: str
    new: str
    session: int | None = None


@data
class EndSessions:
    """End open sessions of somebody: one (``only``), or all but one (``but``), or all."""

    login: str
    only: int | None = None
    but: int | None = None


@record_command(
    "people.add_person",
    event="person:added",
    kind=KIND,
    key="login",
    may=_ADMINISTRATORS,
    personal=("name", "email"),
    fr="Ajouter une personne",
    en="Add a person",
)
def add_person(given: AddPerson, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``role_not_defined``, ``group_unknown``), Conflict (``login_taken``)."""
    _require_sound(given)
    memberships.require_known(context.session, given.memberships)
    made = people.add_person(
        context.session,
        login=given.login,
        name=given.name.strip(),
        email=given.email.strip(),
        password=None,
        roles=(),
        locale=given.locale,
    )
    assert made.person_id is not None
    memberships.replace(context.session, made.person_id, given.memberships, context.now)
    secret = secrets.give(context.session, made.person_id, context.now)
    return Change(before=None, after=_fields(context.session, _row(context.session, given.login)), answer=secret)


@record_command(
    "people.change_person",
    event="person:changed",
    kind=KIND,
    key="login",
    may=_ADMINISTRATORS,
    personal=("name", "email"),
    fr="Modifier une personne",
    en="Change a person",
)
def change_person(given: ChangePerson, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``person_unknown``, ``role_not_defined``, ``group_unknown``), WrongState (``last_administrator``)."""
    _require_sound(given)
    row = _row(context.session, given.login)
    before = _fields(context.session, row)
    context.session.execute(
        update(person)
        .where(person.c.id == row.id)
        .values(name=given.name.strip(), email=given.email.strip(), locale=given.locale)
    )
    memberships.replace(context.session, row.id, given.memberships, context.now)
    memberships.require_administrator(context.session)
    return Change(before=before, after=_fields(context.session, _row(context.session, given.login)))


@record_command(
    "people.deactivate_person",
    event="person:deactivated",
    kind=KIND,
    key="login",
    may=_ADMINISTRATORS,
    fr="Fermer un compte",
    en="Close an account",
)
def deactivate_person(given: DeactivatePerson, context: RecordContext) -> Change:
    """Raises NotFound (``person_unknown``), WrongState (``last_administrator``)."""
    memberships.lock(context.session)
    row = _row(context.session, given.login)
    people.deactivate(context.session, given.login)
    web_sessions.end(context.session, row.id)
    memberships.require_administrator(context.session)
    return Change(before={"is_active": row.is_active}, after={"is_active": False})


@record_command(
    "people.reactivate_person",
    event="person:reactivated",
    kind=KIND,
    key="login",
    may=_ADMINISTRATORS,
    fr="Rouvrir un compte",
    en="Open an account again",
)
def reactivate_person(given: ReactivatePerson, context: RecordContext) -> Change:
    """Raises NotFound (``person_unknown``)."""
    row = _row(context.session, given.login)
    context.session.execute(update(person).where(person.c.id == row.id).values(is_active=True))
    return Change(before={"is_active": row.is_active}, after={"is_active": True})


@record_command(
    "people.give_secret",
    event="person:secret_given",
    kind=KIND,
    key="login",
    may=_ADMINISTRATORS,
    fr="Donner un code de connexion",
    en="Give a sign-in code",
)
def give_secret(given: GiveSecret, context: RecordContext) -> Change:
    """Raises NotFound (``person_unknown``), WrongState (``person_inactive``)."""
    row = _row(context.session, given.login)
    if not row.is_active:
        raise WrongState("person_inactive", login=given.login)
    secret = secrets.give(context.session, row.id, context.now)
    return Change(before={}, after={}, facts={"good_until": context.now + secrets.GOOD_FOR}, answer=secret)


@record_command(
    "people.set_password",
    event="person:password_set",
    kind=KIND,
    key="login",
    may=(),
    fr="Choisir son mot de passe",
    en="Set one's own password",
)
def set_password(given: SetPassword, context: RecordContext) -> Change:
    """Raises NotAllowed (``not_oneself``), ActRefused (``old``: ``password_wrong``), InvalidInput (``passwords.problems``)."""
    if given.login != context.actor.login or context.actor.person_id is None:
        raise NotAllowed("not_oneself")
    row = _row(context.session, given.login)
    if not row.must_set_password and not passwords.is_right(row.password_hash, given.old):
        raise ActRefused((FieldProblem(field="old", code="password_wrong"),))
    problems = passwords.problems(given.new, (row.login, row.name, row.email))
    if not problems and passwords.is_right(row.password_hash, given.new):
        problems = [FieldProblem(field="password", code="password_unchanged")]
    if problems:
        raise InvalidInput(tuple(problems))
    context.session.execute(
        update(person)
        .where(person.c.id == row.id)
        .values(password_hash=passwords.hashed(given.new), must_set_password=False, secret_hash=None, secret_until=None)
    )
    ended = web_sessions.end(context.session, row.id, but=given.session)
    return Change(before={}, after={}, facts={"sessions_ended": ended})


@record_command(
    "people.end_sessions",
    event="person:sessions_ended",
    kind=KIND,
    key="login",
    may=(),
    fr="Fermer des sessions",
    en="End sessions",
)
def end_sessions(given: EndSessions, context: RecordContext) -> Change:
    """One's own, or as an administrator. Raises NotAllowed (``not_oneself``), NotFound (``person_unknown``, ``session_unknown``)."""
    actor = context.actor
    if given.login != actor.login and ADMINISTRATOR not in actor.roles and actor != SYSTEM:
        raise NotAllowed("not_oneself")
    row = _row(context.session, given.login)
    ended = web_sessions.end(context.session, row.id, only=given.only, but=given.but)
    if given.only is not None and not ended:
        raise NotFound("session_unknown")
    return Change(before={}, after={}, facts={"sessions_ended": ended} if ended else {})


COMMANDS = RecordTable.of(
    add_person, change_person, deactivate_person, reactivate_person, give_secret, set_password, end_sessions
)


def _row(session: Session, login: str) -> Row[Any]:
    found = session.execute(select(person).where(person.c.login == login)).first()
    if found is None:
        raise NotFound("person_unknown", login=login)
    return found


def _fields(session: Session, row: Row[Any]) -> dict[str, Any]:
    return {
        "name": row.name,
        "email": row.email,
        "locale": row.locale,
        "memberships": memberships.of_person(session, row.id),
    }


def _require_sound(given: AddPerson | ChangePerson) -> None:
    email = given.email.strip()
    problems = [
        FieldProblem(field=field, code=code)
        for field, code, is_wrong in (
            ("login", "login_invalid", people.normal(given.login) != given.login),
            ("name", "name_invalid", not 0 < len(given.name.strip()) <= _LONGEST_NAME or not given.name.isprintable()),
            ("email", "email_invalid", bool(email) and not is_address(email)),
            ("locale", "locale_unknown", given.locale not in people.LOCALES),
            ("memberships", "membership_twice", _overlap(given.memberships)),
            ("memberships", "membership_ends_before", any(_ends_before(each) for each in given.memberships)),
        )
        if is_wrong
    ]
    if problems:
        raise InvalidInput(tuple(problems))


def _ends_before(each: Membership) -> bool:
    return each.until_at is not None and each.until_at <= each.from_at


def _overlap(wanted: Sequence[Membership]) -> bool:
    """Whether the same role, or group, is given twice for one time."""
    ordered = sorted(wanted, key=lambda each: (each.role or "", each.group or "", each.from_at))
    return any(
        (one.role, one.group) == (other.role, other.group) and (one.until_at is None or one.until_at > other.from_at)
        for one, other in pairwise(ordered)
    )
