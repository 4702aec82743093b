"""The history of a case as people read it: one entry per step (one person, or the engine, at one moment), with old and new values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from engine.errors import Fact
from engine.handler import SYSTEM
from engine.identity.people import RoleTitles
from engine.instances.calling import WITHDRAWN
from engine.instances.incidents import Incident
from engine.instances.names import find_flow
from engine.instances.queries import TimelineEntry
from engine.instances.row_changes import CHANGED
from engine.model.bundle import Bundle
from engine.texts import has
from web.present import called, cause_of, job_named, name_of, role_title
from web.records.rows import Rows, rows
from web.ui import local, moment, person, shown, t
from web.words import Labels, labels_of

TECHNICAL = frozenset(
    {
        "scope:opened",
        "scope:closed",
        "flow:taken",
        "element:entered",
        "element:completed",
        "variable:written",
        "handler:requested",
        "timer:cancelled",
        "task:cancelled",
        "handler:cancelled",
        # how the engine got there: what it came to is said beside it
        "token:dropped",
        "element:caught",
        "items:found",
        "item:completed",
        "gateway:activated",
        "signal:wait-cancelled",
        "condition:awaited",
        "condition:lapsed",
        "condition:wait-cancelled",
        "compensation:recorded",
        "compensation:begun",
        "compensation:done",
    }
)
"""Shown only with every detail (a variable's old and new value is always shown, as a change)."""

BY_PEOPLE = frozenset(
    {
        *("instance:started", "instance:cancelled"),
        *("instance:suspended", "instance:resumed", "effect:confirmed", "effect:sent_now", "effect:taken_back"),
        *("token:moved", "activity:skipped", "variable:edited"),
        *("instance:migrated", "instance:migration-undone"),
        *("task:completed", "task:claimed", "task:released", "task:delegated", "task:substituted"),
        *("comment:added", "comment:removed", "file:attached", "file:removed"),
    }
)
REASONED = frozenset(
    {
        *("instance:cancelled", "instance:suspended", "instance:resumed", "effect:confirmed", "effect:taken_back"),
        *("token:moved", "activity:skipped", "variable:edited"),
        *("instance:migrated", "instance:migration-undone"),
    }
)
"""Acts of operators, and of those who take something back, who say why."""
TAKEN_AWAY = frozenset({"comment:removed", "file:removed"})
"""With a reason where it was somebody else's."""
_OF_ONE = {"compensation:thrown": "web.timeline.compensation:one"}
"""Said in another way when it is about one target and not about everything."""
_SHOWN_OTHERWISE = frozenset({"variable:written", CHANGED})
"""Not as a line."""
ALERTS = frozenset({"incident:raised", "instance:failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that became another; ``old`` is None for a new one."""

    label: str
    old: str | None
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry. ``kind``: person, auto or alert; ``lines``: what was done, ``then``: what Bordereau did in the same step, ``rows``: what
    handlers did to rows of the business in it.
    """

    kind: str
    who: str
    moment: str
    iso: str
    lines: tuple[str, ...]
    then: tuple[str, ...]
    changes: tuple[Change, ...]
    rows: Rows


def events(
    entries: Sequence[TimelineEntry],
    bundle: Bundle,
    names: Mapping[str, str],
    titles: RoleTitles,
    *,
    cases: Mapping[int, str],
    stopped: Sequence[Incident],
    is_detailed: bool,
) -> tuple[Event, ...]:
    """The entries, newest first, with background work that gave up for the case: its own history is written by its steps, and such a
    step was undone. ``names``: of people by login; ``cases``: what related cases are called, by number.
    """
    labels = labels_of(bundle)
    root = next((each.record["scope"] for each in entries if each.type == "scope:opened"), None)
    made: list[tuple[datetime, Event]] = []
    for (at, actor), grouped in groupby(entries, key=lambda entry: (entry.at, entry.actor)):
        group = list(grouped)
        told = [each for each in group if is_detailed or each.type not in TECHNICAL]
        said = [(each.type, _line(each, titles, names, cases)) for each in told if each.type not in _SHOWN_OTHERWISE]
        is_auto = actor == SYSTEM.login
        # what an operator has written is shown wherever it stands
        edited = {(each.record["scope"], each.record["name"]) for each in group if each.type == "variable:edited"}
        written = [
            each
            for each in group
            if each.type == "variable:written"
            and (is_detailed or each.record["scope"] == root or _variable(each) in edited)
        ]
        event = Event(
            kind="alert" if any(each.type in ALERTS for each in group) else "auto" if is_auto else "person",
            who=person(names, actor),
            moment=moment(at),
            iso=local(at).isoformat(timespec="seconds"),
            lines=tuple(line for kind, line in said if is_auto or kind in BY_PEOPLE),
            then=tuple(line for kind, line in said if not is_auto and kind not in BY_PEOPLE),
            changes=tuple(_changes(written, labels, root, edited, is_detailed=is_detailed)),
            rows=rows([each.record for each in group if each.type == CHANGED], names, is_detailed=is_detailed),
        )
        if event.lines or event.then or event.changes or event.rows.count:
            made.append((at, event))
    made.extend(_given_up(stopped, bundle, names))
    return tuple(event for _, event in sorted(made, key=lambda each: each[0], reverse=True))


def _given_up(
    stopped: Sequence[Incident], bundle: Bundle, names: Mapping[str, str]
) -> Iterator[tuple[datetime, Event]]:
    """When background work gave up, and who had it tried again or ended what it was for."""
    for each in stopped:
        if each.job_name is None:
            continue  # the kernel's: among the entries
        step = name_of(bundle, each.element_id) if each.element_id else job_named(each.job_name)
        raised = t("web.timeline.incident:raised", step=step, reason=cause_of(each.code, each.facts))
        yield each.raised_at, _alone("alert", SYSTEM.login, each.raised_at, raised, names)
        if each.resolved_at is not None and each.resolved_by is not None:
            kind = "auto" if each.resolved_by == SYSTEM.login else "person"
            line = t("web.timeline.incident:resolved", step=step)
            yield each.resolved_at, _alone(kind, each.resolved_by, each.resolved_at, line, names)


def _alone(kind: str, actor: str, at: datetime, line: str, names: Mapping[str, str]) -> Event:
    return Event(
        kind=kind,
        who=person(names, actor),
        moment=moment(at),
        iso=local(at).isoformat(timespec="seconds"),
        lines=(line,),
        then=(),
        changes=(),
        rows=rows([], names, is_detailed=False),
    )


def _variable(entry: TimelineEntry) -> tuple[str, str]:
    return entry.record["scope"], entry.record["name"]


def _changes(
    written: Sequence[TimelineEntry],
    labels: Labels,
    root: str | None,
    edited: Collection[tuple[str, str]],
    *,
    is_detailed: bool,
) -> Iterator[Change]:
    """The last word of the step on each variable, with what stood there before the step.

    What no form and no summary gives a label to, and what an element keeps to itself, is shown with every detail only; what an
    operator has ``edited`` always.
    """
    elements = {_variable(each): (each.bundle, each.told.get("element")) for each in written}
    first: dict[tuple[str, str], Any] = {}
    last: dict[tuple[str, str], Any] = {}
    for each in written:
        variable = _variable(each)
        first.setdefault(variable, None if each.record["is_new"] else each.record["previous"])
        last[variable] = each.record["value"]
    for variable, value in last.items():
        old, name = first[variable], variable[1]
        if value == old or not (is_detailed or name in labels.labels or variable in edited):
            continue
        bundle, element = elements[variable]
        local_to = t("web.timeline.inside", step=name_of(bundle, element)) if element and variable[0] != root else ""
        yield Change(
            label=f"{labels.label(name)} {local_to}".rstrip(),
            old=None if old is None else labels.value(name, old),
            new=labels.value(name, value),
        )


def _target(bundle: Bundle, target: str) -> str:
    """What is undone, or where a token was put: of a flow, what it leads to."""
    flow = find_flow(bundle, target)
    return name_of(bundle, target if flow is None else flow.target)


_PERSONS = ("to", "for", "lost_by")
"""Members of a record that name somebody by their login."""


def _line(entry: TimelineEntry, titles: RoleTitles, names: Mapping[str, str], cases: Mapping[int, str]) -> str:
    """With the names that the version had in which it happened: a later one may have others, or not have the element at all."""
    kind, record, bundle = entry.type, entry.told, entry.bundle
    code = f"web.timeline.{kind}{':lost' if 'lost_by' in record else ''}"
    if not has(code):
        return t("web.timeline.other", type=kind)
    facts: dict[str, Fact] = {}
    if record.get("element"):
        facts["step"] = name_of(bundle, record["element"])
    if kind == "flow:taken":
        flow = find_flow(bundle, record["flow"])
        is_named = flow is None or bool(flow.name)
        code = code if is_named else "web.timeline.flow:unnamed"
        facts["flow"] = name_of(bundle, record["flow"])
        facts["step"] = name_of(bundle, flow.target) if flow else "–"
    if "role" in record:
        facts["role"] = role_title(titles, record["role"]) if record["role"] else str(record.get("assignee") or "–")
    if record.get("due_at") is not None:
        facts["moment"] = moment(record["due_at"])
    if kind == "decision:evaluated":
        facts["result"] = shown(record["result"])
    if kind == "incident:raised":
        facts["reason"] = cause_of(record["code"], record["facts"])
    for name in ("name", "code"):
        if isinstance(record.get(name), str):
            facts[name] = record[name] if kind != "variable:edited" else labels_of(bundle).label(record[name])
    if record.get("target"):
        facts["target"] = _target(bundle, record["target"])
        code = _OF_ONE.get(kind, code)
    if isinstance(record.get("from"), Mapping):
        facts |= {"old": int(record["from"]["version"]), "new": int(record["to"]["version"])}
    if kind in REASONED:
        facts["reason"] = t("web.timeline.call:withdrawn") if record["reason"] == WITHDRAWN else record["reason"]
    if isinstance(record.get("case"), Decimal | int):
        facts["case"] = cases.get(int(record["case"])) or called(None, int(record["case"]))
    facts.update({name: person(names, record[name]) for name in _PERSONS if isinstance(record.get(name), str)})
    return _beside(t(code, **facts), entry, facts)


def _beside(line: str, entry: TimelineEntry, facts: Mapping[str, Fact]) -> str:
    """What people add to what they do to a task: for whom, with which words."""
    if "for" in facts and entry.type != "task:substituted":
        line = t("web.timeline.for", line=line, **{"for": facts["for"]})
    note = entry.record.get("reason" if entry.type in TAKEN_AWAY else "note")
    return t("web.timeline.note", line=line, note=note) if isinstance(note, str) and note else line
