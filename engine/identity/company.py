"""The company whose database this is: its name and its time zone, once ``bordereau init`` made it a real one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import Facts, FieldProblem, InvalidInput, WrongState
from engine.identity.memberships import ADMINISTRATOR
from engine.identity.tables import company, person
from engine.record import Change, RecordContext, RecordTable, record_command

KEY = "company"
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What is known of the company."""

    name: str
    zone: str
    began_at: datetime


@data
class BeginCompany:
    """Let this database be that of a real company. ``key`` is always ``KEY``: there is one."""

    name: str
    zone: str
    key: str = KEY


@record_command(
    "company.begin",
    event="company:begun",
    kind="company",
    key="key",
    may=(ADMINISTRATOR,),
    fr="Ouvrir l’entreprise",
    en="Begin the company",
)
def begin_company(given: BeginCompany, context: RecordContext) -> Change:
    """Raises InvalidInput (``name``, ``zone``), WrongState (``company_begun``, ``company_not_empty``: people are there already)."""
    session = context.session
    name = given.name.strip()
    asked: Facts = {"zone": given.zone}
    problems = [
        FieldProblem(field=field, code=code, facts=asked)
        for field, code, is_wrong in (
            ("name", "name_invalid", not 0 < len(name) <= _LONGEST_NAME or not name.isprintable()),
            ("zone", "zone_unknown", not is_zone(given.zone)),
        )
        if is_wrong
    ]
    if problems:
        raise InvalidInput(tuple(problems))
    if session.execute(select(exists().select_from(person))).scalar_one():
        raise WrongState("company_not_empty")
    made = session.execute(
        insert(company)
        .values(name=name, zone=given.zone, began_at=context.now)
        .on_conflict_do_nothing()
        .returning(company.c.name)
    ).scalar()
    if made is None:
        raise WrongState("company_begun")
    return Change(before=None, after={"name": name, "zone": given.zone})


COMMANDS = RecordTable.of(begin_company)


def find(session: Session) -> Company | None:
    """The company; None for a demonstration, or a database where nothing has begun."""
    row = session.execute(select(company)).first()
    return None if row is None else Company(name=row.name, zone=row.zone, began_at=row.began_at)


def is_zone(name: str) -> bool:
    """Whether ``name`` is a time zone of the IANA list."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # unknown, a folder, or not a name at all
        return False
    return True
