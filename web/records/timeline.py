"""The history of a case as people read it: one entry per step (one person, or the engine, at one moment), with old and new values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from engine.errors import Fact
from engine.handler import SYSTEM
from engine.identity.people import RoleTitles
from engine.instances.queries import TimelineEntry
from engine.model.bundle import Bundle
from engine.texts import has
from web.present import name_of, role_title
from web.ui import in_language, local, moment, person, shown, t

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
    }
)
"""Shown only with every detail (a variable's old and new value is always shown, as a change)."""

BY_PEOPLE = frozenset({"instance:started", "task:completed", "task:claimed", "task:released", "instance:cancelled"})
ALERTS = frozenset({"incident:raised", "instance:failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that became another; ``old`` is None for a new one."""

    label: str
    old: str | None
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence; ``is_auto``: Bordereau did it, in the same moment as what the person did."""

    text: str
    is_auto: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry. ``kind``: person, auto or alert."""

    kind: str
    who: str
    moment: str
    iso: str
    lines: tuple[Line, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What variables are called, their types, and what stands for stored values of choices."""

    labels: Mapping[str, Mapping[str, str]]
    kinds: Mapping[str, str]
    options: Mapping[str, Mapping[str, Mapping[str, str]]]

    def label(self, name: str) -> str:
        """The label of a variable, or its name."""
        return in_language(self.labels.get(name)) or name.replace("_", " ")

    def value(self, name: str, value: Any) -> str:
        """A value as people know it."""
        option = self.options.get(name, {}).get(value) if isinstance(value, str) else None
        return in_language(option) if option else shown(value, self.kinds.get(name))


def labels_of(bundle: Bundle) -> Labels:
    """The labels that the forms and the summary of a version give to its variables; the summary's word is the last."""
    labels: dict[str, Mapping[str, str]] = {}
    kinds: dict[str, str] = {}
    options: dict[str, Mapping[str, Mapping[str, str]]] = {}
    for form in bundle.forms.values():
        for field in form.fields:
            labels[field.name] = field.label
            kinds[field.name] = field.type
            if field.options:
                options[field.name] = {each.value: each.label for each in field.options}
    for each in bundle.summary:
        labels[each.expression.source] = each.label
        kinds[each.expression.source] = each.type
    return Labels(labels=labels, kinds=kinds, options=options)


def events(
    entries: Sequence[TimelineEntry], bundle: Bundle, names: Mapping[str, str], titles: RoleTitles, *, is_detailed: bool
) -> tuple[Event, ...]:
    """The entries, newest first. ``names``: of people by login."""
    labels = labels_of(bundle)
    made = []
    for (at, actor), grouped in groupby(entries, key=lambda entry: (entry.at, entry.actor)):
        group = list(grouped)
        told = [each for each in group if is_detailed or each.type not in TECHNICAL]
        lines = tuple(
            Line(text=_line(each.type, each.record, bundle, titles), is_auto=each.type not in BY_PEOPLE)
            for each in told
            if each.type != "variable:written"
        )
        changes = tuple(_changes(group, labels))
        if lines or changes:
            is_alert = any(each.type in ALERTS for each in group)
            kind = "alert" if is_alert else "auto" if actor == SYSTEM.login else "person"
            iso = local(at).isoformat(timespec="seconds")
            event = Event(kind=kind, who=person(names, actor), moment=moment(at), iso=iso, lines=lines, changes=changes)
            made.append(event)
    return tuple(reversed(made))


def _changes(group: Iterable[TimelineEntry], labels: Labels) -> Iterable[Change]:
    """The last word of the step on each variable, with what stood there before the step."""
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}
    for each in group:
        if each.type != "variable:written":
            continue
        name = each.record["name"]
        first.setdefault(name, None if each.record["is_new"] else each.record["previous"])
        last[name] = each.record["value"]
    for name, value in last.items():
        old = first[name]
        if value == old:
            continue
        yield Change(
            label=labels.label(name),
            old=None if old is None else labels.value(name, old),
            new=labels.value(name, value),
        )


def _line(kind: str, record: Mapping[str, Any], bundle: Bundle, titles: RoleTitles) -> str:
    code = f"web.timeline.{kind}"
    if not has(code):
        return t("web.timeline.other", type=kind)
    facts: dict[str, Fact] = {}
    if record.get("element"):
        facts["step"] = name_of(bundle, record["element"])
    if record.get("flow"):
        facts["flow"] = name_of(bundle, record["flow"])
    if "role" in record:
        facts["role"] = role_title(titles, record["role"]) if record["role"] else str(record.get("assignee") or "–")
    if record.get("due_at") is not None:
        facts["moment"] = moment(record["due_at"])
    if kind == "decision:evaluated":
        facts["result"] = shown(record["result"])
    if kind == "incident:raised":
        facts["reason"] = t(record["code"], **record["facts"])
    for name in ("name", "code"):
        if isinstance(record.get(name), str):
            facts[name] = record[name]
    if kind == "instance:cancelled":
        facts["reason"] = record["reason"]
    return t(code, **facts)
