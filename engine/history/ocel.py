"""The history of a process as an object-centric event log: OCEL 2.0 in JSON (www.ocel-standard.org).

Objects: the cases (their type is the key of the process), whose attributes are the variables of the process with each of their values and
its moment; the activities, each an occurrence of an element, related to its case; the people who acted. Every event of the history is
one event, related to its case, to the activity that it is about, and to who acted. As the standard's schema wants it, every value is a
text, and its type stands with the type of the object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy.orm import Session

from engine.handler import SYSTEM
from engine.history.cases_export import Chosen, ExportedCase, Happened, TitleOf, cases, plain
from engine.history.store import moment_text

ACTIVITY: Final = "activity"
PERSON: Final = "person"
_ABOUT_CASE: Final = (("business_key", "string"), ("status", "string"), ("version", "integer"))
_ABOUT_EVENT: Final = (("actor", "string"), ("element", "string"), ("element_title", "string"), ("record", "string"))


def lines(session: Session, chosen: Chosen, title_of: TitleOf) -> Iterator[str]:
    """The file, piece by piece. ``session`` must see one moment (``Database.reading``): the events are read twice.

    Memory grows with the kinds of events, the names of variables and the people, not with the cases.
    """
    types: set[str] = set()
    people: set[str] = set()
    yield '{"events":['
    separator = ""
    for case, events in cases(session, chosen):
        for event in events:
            types.add(event.type)
            people.add(event.actor)
            yield f"{separator}\n{_text(_event(case, event, title_of))}"
            separator = ","
    yield '\n],"objects":['
    separator = ""
    variables: dict[str, set[str]] = {}
    for case, events in cases(session, chosen):
        for each in _objects(case, events, chosen.process_key, title_of, variables):
            yield f"{separator}\n{_text(each)}"
            separator = ","
    for login in sorted(people):
        yield f"{separator}\n{_text({'id': _person(login), 'type': PERSON, 'attributes': [], 'relationships': []})}"
        separator = ","
    yield '\n],"eventTypes":'
    attributes = [{"name": name, "type": kind} for name, kind in _ABOUT_EVENT]
    yield _text([{"name": each, "attributes": attributes} for each in sorted(types)])
    yield ',"objectTypes":'
    yield _text(_object_types(chosen.process_key, variables))
    yield "}\n"


def _event(case: ExportedCase, event: Happened, title_of: TitleOf) -> dict[str, Any]:
    element, activity = event.record.get("element"), event.record.get("activity")
    related = [{"objectId": _case(case), "qualifier": "case"}]
    if activity is not None and element is not None:
        related.append({"objectId": _activity(case, activity), "qualifier": "activity"})
    related.append({"objectId": _person(event.actor), "qualifier": "actor"})
    told = {"actor": event.actor, "record": plain({k: v for k, v in event.record.items() if k != "type"})[1]}
    if element is not None:
        told |= {"element": element, "element_title": title_of(event.version_hash, element)}
    return {
        "id": f"{case.id}:{event.sequence}",
        "type": event.type,
        "time": moment_text(event.at),
        "attributes": [{"name": name, "value": value} for name, value in sorted(told.items())],
        "relationships": related,
    }


def _objects(
    case: ExportedCase,
    events: Iterator[Happened],
    process_key: str,
    title_of: TitleOf,
    variables: dict[str, set[str]],
) -> Iterator[dict[str, Any]]:
    """The case with the values that its variables had, and its activities. ``variables`` learns the types of what was met."""
    started = moment_text(case.started_at)
    known = {"business_key": case.business_key or "", "status": case.status, "version": str(case.version)}
    attributes = [{"name": name, "value": known[name], "time": started} for name, _ in _ABOUT_CASE]
    activities: dict[str, tuple[str, str, str]] = {}
    root = None
    for event in events:
        record = event.record
        if event.type == "scope:opened" and root is None:
            root = record["scope"]
        if event.type == "variable:written" and record["scope"] == root:
            kind, value = plain(record["value"])
            name = f"variable:{record['name']}"
            variables.setdefault(name, set()).add(kind)
            attributes.append({"name": name, "value": value, "time": moment_text(event.at)})
        if record.get("activity") is not None and record.get("element") is not None:
            activities.setdefault(record["activity"], (record["element"], event.version_hash, moment_text(event.at)))
    yield {"id": _case(case), "type": process_key, "attributes": attributes, "relationships": []}
    for activity, (element, version_hash, at) in activities.items():
        told = {"element": element, "element_title": title_of(version_hash, element)}
        yield {
            "id": _activity(case, activity),
            "type": ACTIVITY,
            "attributes": [{"name": name, "value": value, "time": at} for name, value in told.items()],
            "relationships": [{"objectId": _case(case), "qualifier": "part of"}],
        }


def _object_types(process_key: str, variables: dict[str, set[str]]) -> list[dict[str, Any]]:
    """A variable that had values of two types is told as text."""
    case = [
        *_ABOUT_CASE,
        *((name, min(kinds) if len(kinds) == 1 else "string") for name, kinds in sorted(variables.items())),
    ]
    known = {process_key: case, ACTIVITY: [("element", "string"), ("element_title", "string")], PERSON: []}
    return [
        {"name": name, "attributes": [{"name": each, "type": kind} for each, kind in attributes]}
        for name, attributes in known.items()
    ]


def _case(case: ExportedCase) -> str:
    return f"case:{case.id}"


def _activity(case: ExportedCase, activity: str) -> str:
    return f"activity:{case.id}:{activity}"


def _person(login: str) -> str:
    return f"engine:{login}" if login == SYSTEM.login else f"person:{login}"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
