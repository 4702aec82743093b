"""Roles and groups, as record commands. A group gives its members its roles; who is in it stands with each person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import Conflict, FieldProblem, InvalidInput, NotFound
from engine.identity import memberships
from engine.identity.memberships import ADMINISTRATOR, Membership
from engine.identity.tables import role, role_group, role_group_role
from engine.record import Change, RecordContext, RecordTable, record_command

_ADMINISTRATORS = (ADMINISTRATOR,)
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST_TITLE = 80


@data
class AddRole:
    """A role that processes may name."""

    key: str
    title_fr: str
    title_en: str


@data
class ChangeRole:
    """What people call a role."""

    key: str
    title_fr: str
    title_en: str


@data
class AddGroup:
    """A group whose members have these roles."""

    key: str
    title_fr: str
    title_en: str
    roles: tuple[str, ...]


@data
class ChangeGroup:
    """A group as it is to be; a role that it loses, its members lose."""

    key: str
    title_fr: str
    title_en: str
    roles: tuple[str, ...]


@data
class DeleteGroup:
    """A group that is not needed any more; its members lose what it gave them."""

    key: str


@record_command(
    "roles.add_role",
    event="role:added",
    kind="role",
    key="key",
    may=_ADMINISTRATORS,
    fr="Ajouter un rôle",
    en="Add a role",
)
def add_role(given: AddRole, context: RecordContext) -> Change:
    """Raises InvalidInput, Conflict (``key_taken``)."""
    _require_sound(given.key, given.title_fr, given.title_en)
    titles = _titles(given)
    made = context.session.execute(
        insert(role).values(key=given.key, **titles).on_conflict_do_nothing().returning(role.c.key)
    ).scalar()
    if made is None:
        raise Conflict("key_taken", key=given.key)
    return Change(before=None, after=titles)


@record_command(
    "roles.change_role",
    event="role:changed",
    kind="role",
    key="key",
    may=_ADMINISTRATORS,
    fr="Modifier un rôle",
    en="Change a role",
)
def change_role(given: ChangeRole, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``role_not_defined``)."""
    _require_sound(given.key, given.title_fr, given.title_en)
    row = context.session.execute(select(role).where(role.c.key == given.key)).first()
    if row is None:
        raise NotFound("role_not_defined", role=given.key)
    after = _titles(given)
    context.session.execute(update(role).where(role.c.key == given.key).values(**after))
    return Change(before={"title_fr": row.title_fr, "title_en": row.title_en}, after=after)


@record_command(
    "groups.add_group",
    event="group:added",
    kind="group",
    key="key",
    may=_ADMINISTRATORS,
    fr="Ajouter un groupe",
    en="Add a group",
)
def add_group(given: AddGroup, context: RecordContext) -> Change:
    """Raises InvalidInput, Conflict (``key_taken``), NotFound (``role_not_defined``)."""
    _require_sound(given.key, given.title_fr, given.title_en)
    titles = _titles(given)
    made = context.session.execute(
        insert(role_group).values(key=given.key, **titles).on_conflict_do_nothing().returning(role_group.c.key)
    ).scalar()
    if made is None:
        raise Conflict("key_taken", key=given.key)
    _give(context, given.key, given.roles)
    return Change(before=None, after=_fields(context.session, given.key))


@record_command(
    "groups.change_group",
    event="group:changed",
    kind="group",
    key="key",
    may=_ADMINISTRATORS,
    fr="Modifier un groupe",
    en="Change a group",
)
def change_group(given: ChangeGroup, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``group_unknown``, ``role_not_defined``), WrongState (``last_administrator``)."""
    _require_sound(given.key, given.title_fr, given.title_en)
    before = _fields(context.session, given.key)
    titles = _titles(given)
    context.session.execute(update(role_group).where(role_group.c.key == given.key).values(**titles))
    _give(context, given.key, given.roles)
    memberships.require_administrator(context.session)
    return Change(before=before, after=_fields(context.session, given.key))


@record_command(
    "groups.delete_group",
    event="group:deleted",
    kind="group",
    key="key",
    may=_ADMINISTRATORS,
    fr="Supprimer un groupe",
    en="Delete a group",
)
def delete_group(given: DeleteGroup, context: RecordContext) -> Change:
    """Raises NotFound (``group_unknown``), WrongState (``last_administrator``)."""
    before = _fields(context.session, given.key)
    context.session.execute(delete(role_group).where(role_group.c.key == given.key))
    memberships.settle(context.session, context.now)
    memberships.require_administrator(context.session)
    return Change(before=before, after=None)


COMMANDS = RecordTable.of(add_role, change_role, add_group, change_group, delete_group)


def _titles(given: AddRole | ChangeRole | AddGroup | ChangeGroup) -> dict[str, str]:
    return {"title_fr": given.title_fr.strip(), "title_en": given.title_en.strip()}


def _give(context: RecordContext, key: str, roles: Sequence[str]) -> None:
    """Let the group give exactly these roles."""
    session, wanted = context.session, sorted(set(roles))
    memberships.require_known(session, [Membership(role=each, from_at=context.now) for each in wanted])
    session.execute(delete(role_group_role).where(role_group_role.c.group_key == key))
    if wanted:
        session.execute(insert(role_group_role), [{"group_key": key, "role_key": each} for each in wanted])
    memberships.settle(session, context.now)


def _fields(session: Session, key: str) -> dict[str, Any]:
    row = session.execute(select(role_group).where(role_group.c.key == key)).first()
    if row is None:
        raise NotFound("group_unknown", group=key)
    given = select(role_group_role.c.role_key).where(role_group_role.c.group_key == key)
    roles = session.scalars(given.order_by(role_group_role.c.role_key))
    return {"title_fr": row.title_fr, "title_en": row.title_en, "roles": list(roles)}


def _require_sound(key: str, title_fr: str, title_en: str) -> None:
    problems = [
        FieldProblem(field=field, code=code)
        for field, code, is_wrong in (
            ("key", "key_invalid", not _KEY.fullmatch(key)),
            ("title_fr", "title_invalid", not _is_title(title_fr)),
            ("title_en", "title_invalid", not _is_title(title_en)),
        )
        if is_wrong
    ]
    if problems:
        raise InvalidInput(tuple(problems))


def _is_title(text: str) -> bool:
    return 0 < len(text.strip()) <= _LONGEST_TITLE and text.isprintable()
