"""What administrators change about the company, as record commands. There is one record; its history tells every old and new value."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from engine.data import data
from engine.errors import InvalidInput, WrongState
from engine.files import store
from engine.record import Change, RecordContext, RecordTable, record_command
from handlers.base.rows import fields_of, put
from handlers.company import logo, rules
from handlers.company.tables import CompanyIdentity
from handlers.company.types import IdentityData

KIND: Final = "company_identity"
KEY: Final = "company"
EDITORS: Final = ("admin",)
"""Who may change what every customer reads, and where every customer pays."""


@data
class SetIdentity:
    """The company as it is to be. ``key`` is always ``KEY``."""

    identity: IdentityData
    key: str = KEY


@data
class SetLogo:
    """Another logo: a PNG or JPEG."""

    content: bytes
    key: str = KEY


@data
class RemoveLogo:
    """No logo: the name stands at the head of documents."""

    key: str = KEY


@record_command(
    "company.set_identity",
    event="company_identity:set",
    kind=KIND,
    key="key",
    may=EDITORS,
    fr="Enregistrer l’identité de l’entreprise",
    en="Save the company’s identity",
)
def set_identity(given: SetIdentity, context: RecordContext) -> Change:
    """Raises InvalidInput. Documents that were printed keep what they say."""
    wanted = rules.tidied(given.identity)
    found = rules.problems(wanted)
    if found:
        raise InvalidInput(fields=tuple(found))
    row = context.session.get(CompanyIdentity, 1)
    before = None if row is None else _fields(row)
    if row is None:
        row = CompanyIdentity(id=1, logo_hash="", **asdict(wanted))
        context.session.add(row)
    else:
        put(row, asdict(wanted))
    context.session.flush()
    return Change(before=before, after=_fields(row))


@record_command(
    "company.set_logo",
    event="company_identity:logo_set",
    kind=KIND,
    key="key",
    may=EDITORS,
    fr="Changer le logo",
    en="Change the logo",
)
def set_logo(given: SetLogo, context: RecordContext) -> Change:
    """Raises InvalidInput (field ``logo``), WrongState (``company_identity_missing``)."""
    found = logo.problems(given.content)
    if found:
        raise InvalidInput(fields=tuple(found))
    row = _row(context)
    before = _fields(row)
    kind = logo.kind_of_logo(given.content)
    row.logo_hash = store.put(context.session, given.content, kind, context.now, is_kept=True).hash
    context.session.flush()
    return Change(before=before, after=_fields(row))


@record_command(
    "company.remove_logo",
    event="company_identity:logo_removed",
    kind=KIND,
    key="key",
    may=EDITORS,
    fr="Retirer le logo",
    en="Remove the logo",
)
def remove_logo(given: RemoveLogo, context: RecordContext) -> Change:  # noqa: ARG001 - there is one company
    """Raises WrongState (``company_identity_missing``)."""
    row = _row(context)
    before = _fields(row)
    row.logo_hash = ""
    context.session.flush()
    return Change(before=before, after=_fields(row))


COMMANDS = RecordTable.of(set_identity, set_logo, remove_logo)


def _row(context: RecordContext) -> CompanyIdentity:
    found = context.session.get(CompanyIdentity, 1)
    if found is None:
        raise WrongState("company_identity_missing")
    return found


def _fields(row: CompanyIdentity) -> dict[str, Any]:
    return fields_of(IdentityData, row) | {"logo": row.logo_hash}
