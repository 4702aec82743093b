"""Service accounts and their tokens, as record commands. The history tells a token by its prefix, never more of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import Conflict, FieldProblem, InvalidInput, NotFound, WrongState
from engine.identity import memberships, services
from engine.identity.memberships import ADMINISTRATOR, Membership
from engine.identity.tables import service_account, service_token
from engine.record import Change, RecordContext, RecordTable, record_command

KIND = "service"
_ADMINISTRATORS = (ADMINISTRATOR,)
_KEY = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LONGEST_TITLE = 80


@data
class AddService:
    """A machine that will act by itself, with the rights of these roles."""

    key: str
    title: str
    roles: tuple[str, ...]


@data
class ChangeService:
    """A service account as it is to be."""

    key: str
    title: str
    roles: tuple[str, ...]


@data
class CloseService:
    """An account that is not needed any more: its tokens open nothing from now on."""

    key: str


@data
class IssueToken:
    """A token for an account, good for so many days, opening these scopes: the answer of the command."""

    key: str
    scopes: tuple[str, ...]
    days: int


@data
class RevokeToken:
    """A token that opens nothing from now on."""

    key: str
    prefix: str


@record_command(
    "services.add_service",
    event="service:added",
    kind=KIND,
    key="key",
    may=_ADMINISTRATORS,
    fr="Ajouter un compte de service",
    en="Add a service account",
)
def add_service(given: AddService, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``role_not_defined``), Conflict (``key_taken``)."""
    _require_sound(given, context)
    made = context.session.execute(
        insert(service_account)
        .values(key=given.key, title=given.title.strip(), roles=sorted(set(given.roles)))
        .on_conflict_do_nothing()
        .returning(service_account.c.key)
    ).scalar()
    if made is None:
        raise Conflict("key_taken", key=given.key)
    return Change(before=None, after=_fields(_row(context.session, given.key)))


@record_command(
    "services.change_service",
    event="service:changed",
    kind=KIND,
    key="key",
    may=_ADMINISTRATORS,
    fr="Modifier un compte de service",
    en="Change a service account",
)
def change_service(given: ChangeService, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``service_unknown``, ``role_not_defined``)."""
    _require_sound(given, context)
    before = _fields(_row(context.session, given.key))
    context.session.execute(
        update(service_account)
        .where(service_account.c.key == given.key)
        .values(title=given.title.strip(), roles=sorted(set(given.roles)))
    )
    return Change(before=before, after=_fields(_row(context.session, given.key)))


@record_command(
    "services.close_service",
    event="service:closed",
    kind=KIND,
    key="key",
    may=_ADMINISTRATORS,
    fr="Fermer un compte de service",
    en="Close a service account",
)
def close_service(given: CloseService, context: RecordContext) -> Change:
    """Raises NotFound (``service_unknown``)."""
    row = _row(context.session, given.key)
    context.session.execute(update(service_account).where(service_account.c.key == given.key).values(is_active=False))
    context.session.execute(
        update(service_token)
        .where(service_token.c.account_key == given.key, service_token.c.revoked_at.is_(None))
        .values(revoked_at=context.now)
    )
    return Change(before={"is_active": row.is_active}, after={"is_active": False})


@record_command(
    "services.issue_token",
    event="service:token_issued",
    kind=KIND,
    key="key",
    may=_ADMINISTRATORS,
    fr="Créer un jeton",
    en="Make a token",
)
def issue_token(given: IssueToken, context: RecordContext) -> Change:
    """Raises InvalidInput (``scopes``, ``days``), NotFound (``service_unknown``), WrongState (``service_closed``)."""
    scopes = sorted(set(given.scopes))
    problems = [
        FieldProblem(field=field, code=code)
        for field, code, is_wrong in (
            ("scopes", "scopes_invalid", not scopes or not set(scopes) <= set(services.SCOPES)),
            ("days", "days_invalid", not 1 <= given.days <= services.LONGEST.days),
        )
        if is_wrong
    ]
    if problems:
        raise InvalidInput(tuple(problems))
    if not _row(context.session, given.key).is_active:
        raise WrongState("service_closed", key=given.key)
    token, prefix = services.drawn()
    expires_at = context.now + timedelta(days=given.days)
    context.session.execute(
        insert(service_token).values(
            prefix=prefix,
            account_key=given.key,
            token_hash=services.hashed(token),
            scopes=scopes,
            made_at=context.now,
            made_by=context.actor.login,
            expires_at=expires_at,
        )
    )
    facts = {"token": prefix, "scopes": scopes, "expires_at": expires_at}
    return Change(before={}, after={}, facts=facts, answer=token)


@record_command(
    "services.revoke_token",
    event="service:token_revoked",
    kind=KIND,
    key="key",
    may=_ADMINISTRATORS,
    fr="Révoquer un jeton",
    en="Revoke a token",
)
def revoke_token(given: RevokeToken, context: RecordContext) -> Change:
    """Raises NotFound (``token_unknown``): there is none of this prefix, or it is revoked already."""
    revoked = context.session.execute(
        update(service_token)
        .where(
            service_token.c.account_key == given.key,
            service_token.c.prefix == given.prefix,
            service_token.c.revoked_at.is_(None),
        )
        .values(revoked_at=context.now)
        .returning(service_token.c.prefix)
    ).scalar()
    if revoked is None:
        raise NotFound("token_unknown", token=given.prefix)
    return Change(before={}, after={}, facts={"token": given.prefix})


COMMANDS = RecordTable.of(add_service, change_service, close_service, issue_token, revoke_token)


def _row(session: Session, key: str) -> Row[Any]:
    found = session.execute(select(service_account).where(service_account.c.key == key)).first()
    if found is None:
        raise NotFound("service_unknown", key=key)
    return found


def _fields(row: Row[Any]) -> dict[str, Any]:
    return {"title": row.title, "roles": list(row.roles)}


def _require_sound(given: AddService | ChangeService, context: RecordContext) -> None:
    problems = [
        FieldProblem(field=field, code=code)
        for field, code, is_wrong in (
            ("key", "service_key_invalid", not _KEY.fullmatch(given.key)),
            ("title", "title_invalid", not _is_title(given.title)),
            # whoever reads a machine's token would otherwise become administrator
            ("roles", "service_not_administrator", ADMINISTRATOR in given.roles),
        )
        if is_wrong
    ]
    if problems:
        raise InvalidInput(tuple(problems))
    memberships.require_known(context.session, _as_memberships(given.roles, context))


def _as_memberships(roles: Sequence[str], context: RecordContext) -> list[Membership]:
    return [Membership(role=each, from_at=context.now) for each in roles]


def _is_title(text: str) -> bool:
    return 0 < len(text.strip()) <= _LONGEST_TITLE and text.isprintable()
