"""The whole history for auditors: looking for what people did, and one step of it with every value, old and new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.data import to_canonical
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.history import search
from engine.history.search import Asked, Position, Step, Told
from engine.history.topics import TOPICS
from engine.identity import people, services
from engine.identity.people import RoleTitles
from engine.identity.services import LOGIN
from engine.instances import overview, queries
from engine.instances.names import find_flow
from engine.instances.row_changes import CHANGED
from engine.model.bundle import Bundle
from engine.texts import has
from web import acting, auth, present, ui
from web.ui import in_language, shown, t
from web.words import label_of, labels_of, row_title

blueprint = Blueprint("steps", __name__)

PAGE = 50
LONGEST = 100
_ELEMENTS = frozenset({"flow", "flows", "target", "start_event", "not_same_as"})
"""Facts that are ids of elements or flows of the diagram."""
_UNSHOWN = frozenset({"type", "scope", "name", "value", "previous", "is_new", "element", "fields", "rows"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step in the list."""

    url: str
    moment: str
    iso: str
    who: str
    topic: str
    subject: str
    subject_url: str | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that became another; ``old`` None: there was none. ``raw``: as the history has the name."""

    name: str
    raw: str
    old: str | None
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What else was recorded: as it stands there (``raw``), and in words where there are any."""

    name: str
    raw: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a step, with all that was recorded. ``element``: as the history names it; ``title``: in words."""

    number: int
    sequence: int
    type: str
    element: str
    title: str
    changes: tuple[Change, ...]
    facts: tuple[Fact, ...]
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What the events of a step speak of is called. ``kind``: of the record that it is about; ``bundle``: the version of its case then."""

    names: Mapping[str, str]
    roles: RoleTitles
    processes: Mapping[str, str]
    kind: str
    bundle: Bundle | None


@blueprint.get("/audit/steps")
@auth.requires("auditor")
def steps() -> Answer:
    """Steps by who, case, process, topic and days, the newest first."""
    typed = {
        name: request.args.get(name, "").strip()[:LONGEST]
        for name in ("who", "case", "process", "topic", "from", "until")
    }
    kept: dict[str, Any] = {name: value for name, value in typed.items() if value}
    asked, after = _asked(typed), _position()
    with auth.runtime().database.reading() as session:
        page = search.search(session, asked, after=after, limit=PAGE)
        names = _names(session)
        titles = {each.version.process_key: in_language(each.version.title) for each in overview.processes(session)}
    following = None if page.next is None else kept | {"at": page.next[0].isoformat(), "number": page.next[1]}
    return ui.page(
        "audit/steps.html",
        typed=typed,
        is_filtered=bool(kept),
        rows=[_row(each, names, titles) for each in page.steps],
        people=sorted(names.items(), key=lambda pair: pair[1]),
        processes=sorted(titles.items(), key=lambda pair: pair[1]),
        topics=[(each, t(f"web.audited.topic.{each}")) for each in TOPICS],
        pager=ui.Pager(
            previous=url_for("steps.steps", **kept) if after else None,
            next=url_for("steps.steps", **following) if following else None,
        ),
    )


@blueprint.get("/audit/steps/<int:number>")
@auth.requires("auditor")
def step(number: int) -> Answer:
    """One step: each event with the old and the new value of everything that changed, and what proves it."""
    with auth.runtime().database.reading() as session:
        told = search.step(session, number)
        names = _names(session)
        titles = {each.version.process_key: in_language(each.version.title) for each in overview.processes(session)}
        bundles = _bundles(session, told.step)
        kind = told.step.chain.partition("/")[0] if told.step.kind == "record" else ""
        words = _Words(names=names, roles=people.role_titles(session), processes=titles, kind=kind, bundle=None)
    return ui.page(
        "audit/step.html",
        row=_row(told.step, names, titles),
        step=told.step,
        events=[_event(each, replace(words, bundle=bundles.get(each.sequence))) for each in told.events],
        checkpoint=told.checkpoint,
    )


def _names(session: Session) -> dict[str, str]:
    """Who may have done something, by login: people, and machines by the title of their account."""
    machines = {LOGIN + each.key: each.title for each in services.services(session)}
    return {**people.names(session), **machines}


def _asked(typed: Mapping[str, str]) -> Asked:
    """What the form asks for. Raises InvalidInput for what is no day."""
    until = _midnight(typed, "until")
    return Asked(
        actor=typed["who"] or None,
        case=typed["case"] or None,
        process_key=typed["process"] or None,
        topic=typed["topic"] or None,
        since=_midnight(typed, "from"),
        before=None if until is None else until + timedelta(days=1),
    )


def _midnight(typed: Mapping[str, str], field: str) -> datetime | None:
    if not typed[field]:
        return None
    try:
        day = date.fromisoformat(typed[field])
    except ValueError as error:
        raise InvalidInput((FieldProblem(field=field, code="field_not_date"),)) from error
    if not 1900 <= day.year <= 9000:  # beyond what a moment of the database can be
        raise InvalidInput((FieldProblem(field=field, code="field_not_date"),))
    return datetime.combine(day, time(), tzinfo=auth.runtime().zone)


def _position() -> Position | None:
    """Where the page before ended; an address that somebody made up begins anew."""
    number = request.args.get("number", type=int)
    try:
        at = datetime.fromisoformat(request.args.get("at", ""))
    except ValueError:
        return None
    return None if number is None or at.tzinfo is None or not 1900 <= at.year <= 9000 else (at, number)


def _row(found: Step, names: Mapping[str, str], titles: Mapping[str, str]) -> Row:
    subject, address = _subject(found, titles)
    return Row(
        url=url_for("steps.step", number=found.first),
        moment=ui.moment(found.at),
        iso=ui.local(found.at).isoformat(timespec="seconds"),
        who=ui.person(names, found.actor),
        topic=t(f"web.audited.topic.{found.topic}"),
        subject=subject,
        subject_url=address,
        count=found.last - found.first + 1,
    )


def _subject(found: Step, titles: Mapping[str, str]) -> tuple[str, str | None]:
    title = titles.get(found.process_key or "", found.process_key or "")
    if found.case is not None:
        key = found.business_key or t("web.audited.case", number=found.case)
        return f"{key} · {title}", url_for("records.case", case_id=found.case)
    if found.kind == "process":
        return title, url_for("workshop.process", process_key=found.chain)
    if found.kind == "refusal":
        return " · ".join(
            [_refused_act(found.act), *(shown(each) for each in found.about.values() if each is not None)]
        ), None
    kind, _, key = found.chain.partition("/")
    return f"{acting.command_title(found.act or '') or kind} · {key}", None


def _refused_act(act: str | None) -> str:
    """What somebody was refused, in words; of a page that is closed to them, its method and name."""
    if not act:
        return t("web.audited.act.many")
    words = f"web.audited.act.{act}"
    return t(words) if has(words) else acting.command_title(act) or act


def _bundles(session: Session, found: Step) -> Mapping[int, Bundle]:
    """By the number of each event of the step's case: the version that the case was in then, for the names of its elements."""
    if found.case is None:
        return {}
    try:
        timeline = queries.case(session, auth.actor(), found.case).timeline
    except NotFound:  # its row is gone; the history is not
        return {}
    return {each.sequence: each.bundle for each in timeline}


def _event(told: Told, words: _Words) -> Event:
    record = told.record
    element = "" if record.get("element") is None else str(record["element"])
    facts = ((name, value, _text(value)) for name, value in sorted(record.items()) if name not in _UNSHOWN)
    return Event(
        number=told.number,
        sequence=told.sequence,
        type=record["type"],
        element=element,
        title=_element(element, words) if element else "",
        changes=tuple(_changes(record, words)),
        facts=tuple(
            Fact(name=name, raw=raw, words=_said(name, value, record, words)) for name, value, raw in facts if raw
        ),
        hash=told.hash.hex(),
    )


def _element(element: str, words: _Words) -> str:
    """What an element or flow is called; empty where nobody can say it."""
    if words.bundle is None:
        return ""
    flow = find_flow(words.bundle, element)
    if flow is not None:
        return " → ".join(present.name_of(words.bundle, each) for each in (flow.source, flow.target))
    found = present.name_of(words.bundle, element)
    return "" if found == element else found


def _said(name: str, value: Any, record: Mapping[str, Any], words: _Words) -> str:
    """What somebody reads of a fact beside what was recorded; empty where that says it."""
    if name in _ELEMENTS:
        named = (_element(str(each), words) for each in (value if isinstance(value, list) else [value]) if each)
        return ", ".join(filter(None, named))
    if name == "code" and record["type"] == "incident:raised":
        return present.cause_of(str(value), record.get("facts") or {})
    match name, value:
        case ("actor" | "assignee" | "by" | "person" | "submitter", str()) if value in words.names:
            return words.names[value]
        case "role", str() if value in words.roles:
            return present.role_title(words.roles, value)
        case "process" | "process_key", str() if value in words.processes:
            return words.processes[value]
        case "act", str():
            return _refused_act(value)
        case "handler", str() if (said := present.handler_named(value)) != value:
            return said
        case _:
            return ""


def _changes(record: Mapping[str, Any], words: _Words) -> Iterator[Change]:
    """A variable of a case, the fields of a record, or those of the rows that a handler touched."""
    if record["type"] == "variable:written":
        name, labels = record["name"], labels_of(words.bundle) if words.bundle is not None else None
        old = None if record["is_new"] else _text(record["previous"])
        yield Change(name=name if labels is None else labels.label(name), raw=name, old=old, new=_text(record["value"]))
    yield from _fields(record.get("fields"), words.kind)
    for row in record["rows"] if record["type"] == CHANGED else ():
        raw = f"{row['table']} {' '.join(map(_text, row['key'].values()))}"
        yield Change(name=row_title(row), raw=raw, old=None, new=t(f"row.became.{row['became']}"))
        yield from _fields(row["fields"], row["table"], f"{row['table']}.")


def _fields(fields: object, table: str, before: str = "") -> Iterator[Change]:
    for name, field in sorted(fields.items()) if isinstance(fields, dict) else ():
        if isinstance(field, dict) and {"old", "new"} <= set(field):
            old = None if field["old"] is None else _text(field["old"])
            yield Change(name=_field(table, name), raw=f"{before}{name}", old=old, new=_text(field["new"]))


def _field(table: str, name: str) -> str:
    """What a field is called (``address 7`` is called what ``address`` is); its name where it has no word."""
    first, _, rest = name.partition(" ")
    found = label_of(table, first)
    if found == first.replace("_", " "):
        found = acting.label(first)
    return f"{found} {rest}".strip()


def _text(value: object) -> str:
    """A value as it was recorded, readable; nested ones as they are stored."""
    return to_canonical(value) if isinstance(value, dict | list) and value else shown(value)
