"""The history of a process as an event log of cases: XES (IEEE 1849), in XML.

A trace is a case, an event is an event of its history. ``concept:name`` is what people call the element (the type of the event where it is
about none), ``lifecycle:transition`` what became of it in the standard's words, ``org:resource`` who acted; ``type`` and ``record`` say
all of it in ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from xml.sax.saxutils import quoteattr

from sqlalchemy.orm import Session

from engine.history.cases_export import Chosen, ExportedCase, Happened, TitleOf, cases, plain

TRANSITIONS: Final[Mapping[str, str]] = {
    "task:created": "schedule",
    "instance:suspended": "suspend",
    "instance:resumed": "resume",
    "activity:skipped": "manualskip",
    "task:claimed": "assign",
    "task:delegated": "reassign",
    "task:offered": "reassign",
    "task:released": "reassign",
    "element:entered": "start",
    "element:completed": "complete",
    "element:cancelled": "pi_abort",
    "incident:raised": "suspend",
    "incident:resolved": "resume",
}
"""Transitions of the standard's lifecycle model; what has none there is ``unknown``, which it knows, too."""

_HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2023" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace">
<string key="concept:name" value=""/>
</global>
<global scope="event">
<string key="concept:name" value=""/>
<date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/>
<string key="lifecycle:transition" value="unknown"/>
<string key="org:resource" value=""/>
<string key="type" value=""/>
</global>
<classifier name="Activity" scope="event" keys="concept:name lifecycle:transition"/>
<classifier name="Type" scope="event" keys="type"/>
"""
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGS: Final = {"string": "string", "integer": "int", "float": "float", "boolean": "boolean", "time": "date"}
_LARGEST_INT: Final = 2**63


def lines(session: Session, chosen: Chosen, title_of: TitleOf) -> Iterator[str]:
    """The file, piece by piece. ``session`` should see one moment (``Database.reading``)."""
    yield _HEAD
    yield _attribute("concept:name", chosen.process_key)
    yield _attribute("lifecycle:model", "standard")
    for case, events in cases(session, chosen):
        yield "<trace>\n"
        yield from _about(case)
        for event in events:
            yield _event(event, title_of)
        yield "</trace>\n"
    yield "</log>\n"


def _about(case: ExportedCase) -> Iterator[str]:
    yield _attribute("concept:name", case.business_key or str(case.id))
    for name in ("id", "version", "status", "started_at", "started_by", "ended_at"):
        value = getattr(case, name)
        if value is not None:
            yield _attribute(name, value)


def _event(event: Happened, title_of: TitleOf) -> str:
    record = event.record
    element = record.get("element")
    told = {
        "concept:name": event.type if element is None else title_of(event.version_hash, element),
        "time:timestamp": event.at,
        "lifecycle:transition": TRANSITIONS.get(event.type, "unknown"),
        "org:resource": event.actor,
        "type": event.type,
        "sequence": event.sequence,
    }
    told |= {"element": element} if element is not None else {}
    told |= {"concept:instance": record["activity"]} if record.get("activity") is not None else {}
    if event.type == "variable:written":
        told |= {"variable": record["name"], "value": record["value"]}
        told |= {} if record["is_new"] else {"previous": record["previous"]}
    told["record"] = plain({name: value for name, value in record.items() if name != "type"})[1]
    return "<event>\n" + "".join(_attribute(name, value) for name, value in told.items()) + "</event>\n"


def _attribute(key: str, value: object) -> str:
    kind, text = plain(value)
    if kind == "integer" and not -_LARGEST_INT <= int(text) < _LARGEST_INT:
        kind = "string"
    shown = quoteattr(_FORBIDDEN.sub("\ufffd", text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
    return f"<{_TAGS[kind]} key={quoteattr(key)} value={shown}/>\n"
