"""The form of a person: what was typed, and the memberships that it means.

Days are the company's: a membership begins with its first day and ends with its last, both included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from engine.identity.memberships import Membership
from engine.identity.people import Person, normal

EMPTY_LINES = 2
_MOST_LINES = 50
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of memberships as it stands in the form: ``role:key`` or ``group:key``, two days as browsers write them."""

    what: str = ""
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonForm:
    """What stands in the form."""

    login: str = ""
    name: str = ""
    email: str = ""
    locale: str = "fr"
    lines: tuple[Line, ...] = ()


class DayUnreadable(ValueError):
    """A day of a line cannot be read, or a day stands without a role."""


def typed(form: MultiDict[str, str]) -> PersonForm:
    """What was typed, as it was typed."""
    columns = (form.getlist(each)[:_MOST_LINES] for each in ("what", "first", "last"))
    lines = (Line(what=what, first=first, last=last) for what, first, last in zip(*columns, strict=False))
    return PersonForm(
        login=normal(form.get("login", "")),
        name=form.get("name", ""),
        email=form.get("email", ""),
        locale=form.get("locale", ""),
        lines=with_empty([each for each in lines if each != Line()]),
    )


def of_person(person: Person, held: Sequence[Membership], zone: ZoneInfo) -> PersonForm:
    """The form of somebody as they are."""
    return PersonForm(
        login=person.login,
        name=person.name,
        email=person.email,
        locale=person.locale,
        lines=with_empty([_line(each, zone) for each in held]),
    )


def with_empty(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines and a few empty ones to write into."""
    return (*lines, *(Line() for _ in range(EMPTY_LINES)))


def memberships(form: PersonForm, held: Sequence[Membership], zone: ZoneInfo, now: datetime) -> tuple[Membership, ...]:
    """What the lines mean. A line that was there keeps its exact moments; one without a first day begins now.

    A line that was there and gives nothing any more is removed, whatever its days say. Raises DayUnreadable.
    """
    known = {_line(each, zone): each for each in held}
    emptied = {replace(each, what="") for each in known}
    return tuple(
        known.get(each) or _membership(each, zone, now) for each in form.lines if each != Line() and each not in emptied
    )


def _line(each: Membership, zone: ZoneInfo) -> Line:
    last = None if each.until_at is None else (each.until_at - timedelta(microseconds=1)).astimezone(zone).date()
    return Line(
        what=f"role:{each.role}" if each.role is not None else f"group:{each.group}",
        first=each.from_at.astimezone(zone).date().isoformat(),
        last=last.isoformat() if last else "",
    )


def _membership(line: Line, zone: ZoneInfo, now: datetime) -> Membership:
    kind, _, key = line.what.partition(":")
    if kind not in ("role", "group") or not key:
        raise DayUnreadable(line.what)
    today = now.astimezone(zone).date()
    first = _read(line.first)
    last = _read(line.last)
    return Membership(
        role=key if kind == "role" else None,
        group=key if kind == "group" else None,
        # what begins today begins now: nobody waits for the next minute's worker
        from_at=now if first is None or first == today else datetime.combine(first, time(), zone),
        until_at=None if last is None else datetime.combine(last + _DAY, time(), zone),
    )


def _read(text: str) -> date | None:
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise DayUnreadable(text) from error
    if not 1900 <= found.year <= 2999:
        raise DayUnreadable(text)
    return found
