"""Somebody is away, from a day to a day, and a colleague stands in, in all processes or in some.

The days are the company's (its zone). Nothing is copied to the colleague: while the absence lasts, whatever is asked about tasks sees both
people (``offers``, ``standing_in``), so that tasks that were there before and tasks that come later are treated alike, and on the day after
the last one everything is as it was.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import Conflict, FieldProblem, InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import Actor
from engine.record import Change, RecordContext, RecordTable, record_command

ADMINISTRATORS: Final = frozenset({"admin"})
"""Roles that may write down, and end, the absence of anybody."""

LONGEST: Final = timedelta(days=400)
SHOWN_AT_MOST: Final = 200

_COLUMNS = """
    absence.id, absence.person_login, person.name AS person_name, absence.substitute_login, substitute.name AS substitute_name,
    absence.first_day, absence.last_day, absence.begins_at, absence.ends_at, absence.process_keys, absence.announced_by, absence.ended_at
"""
_FROM = """
    engine.absence
    JOIN engine.person ON person.login = absence.person_login
    JOIN engine.person substitute ON substitute.login = absence.substitute_login
"""

_LIST = text(f"""
    SELECT {_COLUMNS} FROM {_FROM}
    WHERE (absence.ended_at IS NULL OR absence.ends_at > absence.begins_at)
      AND (CAST(:login AS text) IS NULL OR absence.person_login = :login OR absence.substitute_login = :login)
    ORDER BY absence.ends_at > :now DESC, CASE WHEN absence.ends_at > :now THEN absence.begins_at END, absence.ends_at DESC, absence.id DESC
    LIMIT {SHOWN_AT_MOST}
""")  # noqa: S608 - composed of constants

_ONE = text(f"SELECT {_COLUMNS} FROM {_FROM} WHERE absence.id = :id FOR UPDATE OF absence")  # noqa: S608 - as above

_PEOPLE = text(
    "SELECT login FROM engine.person WHERE login = ANY(CAST(:logins AS text[])) AND is_active ORDER BY login FOR UPDATE"
)

_PROCESSES = text(
    "SELECT DISTINCT process_key FROM engine.definition_version WHERE process_key = ANY(CAST(:keys AS text[]))"
)

_OVERLAPPING = text("""
    SELECT id FROM engine.absence
    WHERE person_login = :person AND begins_at < :ends AND ends_at > :begins AND begins_at < ends_at -- what was cancelled in time is empty
      AND (process_keys IS NULL OR CAST(:keys AS text[]) IS NULL OR process_keys && CAST(:keys AS text[]))
    LIMIT 1
""")

_ADD = text("""
    INSERT INTO engine.absence
        (person_login, substitute_login, first_day, last_day, begins_at, ends_at, process_keys, announced_at, announced_by)
    VALUES (:person, :substitute, :first, :last, :begins, :ends, CAST(:keys AS text[]), :now, :by)
    RETURNING id
""")

_END = text("""
    UPDATE engine.absence SET ends_at = greatest(begins_at, :now), ended_at = :now, ended_by = :by WHERE id = :id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """An absence as pages show it. ``process_keys`` None: in all processes; ``state``: to come, now, over."""

    id: int
    person: str
    person_name: str
    substitute: str
    substitute_name: str
    first_day: date
    last_day: date
    process_keys: tuple[str, ...] | None
    state: str
    announced_by: str


@data
class AnnounceAbsence:
    """``person`` is away from ``first_day`` to ``last_day`` and ``substitute`` stands in. ``process_keys`` None: in all processes;
    ``zone``:
    the company's, whose midnights the days mean.
    """

    person: str
    substitute: str
    first_day: date
    last_day: date
    zone: str
    process_keys: tuple[str, ...] | None = None


@data
class EndAbsence:
    """Somebody is back earlier, or does not leave at all: nobody stands in from now on."""

    absence: int


@record_command(
    "inbox.announce_absence",
    event="absence:announced",
    kind="absence",
    key=None,
    may=(),
    fr="Noter une absence",
    en="Note an absence",
)
def announce_absence(given: AnnounceAbsence, context: RecordContext) -> Change:
    """Everybody for themselves, administrators for anybody; the answer is the absence's id.

    Raises NotAllowed; InvalidInput (people unknown or the same one; days the wrong way round, over, or too many; processes unknown);
    Conflict (``absence_overlaps``).
    """
    session, actor, now = context.session, context.actor, context.now
    if given.person != actor.login and not _administrates(actor):
        raise NotAllowed("absence_not_allowed")
    zone = ZoneInfo(given.zone)
    keys = None if given.process_keys is None else sorted(set(given.process_keys))
    # nobody stood in before it was written down
    begins, ends = max(now, _midnight(given.first_day, zone)), _midnight(given.last_day + timedelta(days=1), zone)
    # locked in one order: two absences of one person cannot be written down past each other
    known = set(session.scalars(_PEOPLE, {"logins": sorted({given.person, given.substitute})}))
    problems = _problems(given, known, is_over=ends <= now)
    if keys is not None and (not keys or len(set(session.scalars(_PROCESSES, {"keys": keys}))) != len(keys)):
        problems.append(
            FieldProblem(field="processes", code="process_unknown_here" if keys else "absence_without_process")
        )
    if problems:
        raise InvalidInput(tuple(problems))
    row = {"person": given.person, "begins": begins, "ends": ends, "keys": keys}
    if session.execute(_OVERLAPPING, row).first() is not None:
        raise Conflict("absence_overlaps")
    row |= {"substitute": given.substitute, "first": given.first_day, "last": given.last_day}
    made = int(session.execute(_ADD, row | {"now": now, "by": actor.login}).scalar_one())
    after = {
        "person": given.person,
        "substitute": given.substitute,
        "first_day": given.first_day,
        "last_day": given.last_day,
        "processes": keys,
        "ended_at": None,
    }
    return Change(before=None, after=after, key=str(made), answer=made)


@record_command(
    "inbox.end_absence",
    event="absence:ended",
    kind="absence",
    key="absence",
    may=(),
    fr="Terminer une absence",
    en="End an absence",
)
def end_absence(given: EndAbsence, context: RecordContext) -> Change:
    """By the person or an administrator. Raises NotFound (also for whom it does not concern); NotAllowed (who stands in); WrongState."""
    actor, now = context.actor, context.now
    row = context.session.execute(_ONE, {"id": given.absence}).one_or_none()
    if row is None or not (_administrates(actor) or actor.login in (row.person_login, row.substitute_login)):
        raise NotFound("absence_not_found")
    if not _administrates(actor) and actor.login != row.person_login:
        raise NotAllowed("absence_not_allowed")
    if row.ended_at is not None or row.ends_at <= now:
        raise WrongState("absence_over")
    context.session.execute(_END, {"id": given.absence, "now": now, "by": actor.login})
    return Change(before={"ended_at": None}, after={"ended_at": now})


COMMANDS = RecordTable.of(announce_absence, end_absence)


def absences(session: Session, now: datetime, *, login: str | None = None) -> tuple[Absence, ...]:
    """Those of one person, away or standing in, or of everybody: now and to come first, then the latest of those that are over."""
    return tuple(_absence(row, now) for row in session.execute(_LIST, {"login": login, "now": now}))


def _administrates(actor: Actor) -> bool:
    return not actor.roles.isdisjoint(ADMINISTRATORS)


def _problems(given: AnnounceAbsence, known: Collection[str], *, is_over: bool) -> list[FieldProblem]:
    is_turned = given.last_day < given.first_day
    return [
        FieldProblem(field=field, code=code)
        for field, code, is_wrong in (
            ("person", "person_unknown_here", given.person not in known),
            ("substitute", "absence_of_oneself", given.substitute == given.person),
            ("substitute", "person_unknown_here", given.substitute not in known),
            ("last_day", "absence_days_turned", is_turned),
            ("last_day", "absence_is_over", is_over and not is_turned),
            ("last_day", "absence_too_long", given.last_day - given.first_day > LONGEST),
        )
        if is_wrong
    ]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


def _absence(row: Row[Any], now: datetime) -> Absence:
    return Absence(
        id=row.id,
        person=row.person_login,
        person_name=row.person_name,
        substitute=row.substitute_login,
        substitute_name=row.substitute_name,
        first_day=row.first_day,
        last_day=row.last_day,
        process_keys=None if row.process_keys is None else tuple(row.process_keys),
        state="over" if row.ends_at <= now else "now" if row.begins_at <= now else "to_come",
        announced_by=row.announced_by,
    )
