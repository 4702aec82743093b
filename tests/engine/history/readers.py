"""Reading exports back with nothing of ours: the formats as their standards describe them, in our words.

``python -m tests.engine.history.readers FILE`` says what is in a file.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

NAMES = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "type": {"type": "string"}},
    "required": ["name", "type"],
}
TYPES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "attributes": {"type": "array", "items": NAMES}},
        "required": ["name", "attributes"],
    },
}
RELATED = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"objectId": {"type": "string"}, "qualifier": {"type": "string"}},
        "required": ["objectId", "qualifier"],
    },
}
MOMENT = {"type": "string", "format": "date-time"}
VALUE = {"name": {"type": "string"}, "value": {"type": "string"}}
OCEL: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["eventTypes", "objectTypes", "events", "objects"],
    "properties": {
        "eventTypes": TYPES,
        "objectTypes": TYPES,
        "events": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "type", "time"],
                "properties": {
                    "id": {"type": "string"},
                    "type": {"type": "string"},
                    "time": MOMENT,
                    "attributes": {"type": "array", "items": {"properties": VALUE, "required": ["name", "value"]}},
                    "relationships": RELATED,
                },
            },
        },
        "objects": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "type"],
                "properties": {
                    "id": {"type": "string"},
                    "type": {"type": "string"},
                    "relationships": RELATED,
                    "attributes": {
                        "type": "array",
                        "items": {"properties": {**VALUE, "time": MOMENT}, "required": ["name", "value", "time"]},
                    },
                },
            },
        },
    },
}
"""What chapter 8 of the specification of OCEL 2.0 asks of a JSON file."""

XES = "{http://www.xes-standard.org/}"
XES_VALUES: dict[str, Callable[[str], bool]] = {
    "string": lambda _text: True,
    "date": lambda text: datetime.fromisoformat(text).tzinfo is not None,
    "int": lambda text: -(2**63) <= int(text) < 2**63,
    "float": lambda text: float(text) == float(text),
    "boolean": lambda text: text in ("true", "false"),
    "id": bool,
}
XES_ORDER = ("extension", "global", "classifier", "attribute", "trace", "event")
NAME = re.compile(r"[A-Za-z_:][\w:.-]*")


@dataclass(frozen=True)
class Found:
    """What a log holds. ``cases``: by their own name, with the number of their events."""

    events: int
    cases: dict[str, int]
    types: Counter[str]
    actors: Counter[str]


def read_ocel(text: str) -> Found:
    """Raises ValueError for what OCEL 2.0 does not allow: a reference to nothing, an id twice, a type or attribute that is not declared."""
    log = json.loads(text)
    events, objects = {each["id"]: each for each in log["events"]}, {each["id"]: each for each in log["objects"]}
    if len(events) != len(log["events"]) or len(objects) != len(log["objects"]):
        raise ValueError("an id twice")
    for kind, things in (("eventTypes", events), ("objectTypes", objects)):
        declared = {each["name"]: {name["name"]: name["type"] for name in each["attributes"]} for each in log[kind]}
        if len(declared) != len(log[kind]):
            raise ValueError(f"{kind}: a name twice")
        for thing in things.values():
            for each in thing["attributes"]:
                check(declared[thing["type"]][each["name"]], each["value"])
            for related in thing["relationships"]:
                if related["objectId"] not in objects:
                    raise ValueError(f"{thing['id']} is about {related['objectId']}, which is not there")
    cases = Counter(
        each["objectId"] for event in events.values() for each in event["relationships"] if each["qualifier"] == "case"
    )
    actors = Counter(
        each["value"] for event in events.values() for each in event["attributes"] if each["name"] == "actor"
    )
    types = Counter(each["type"] for each in events.values())
    return Found(len(events), {name.removeprefix("case:"): count for name, count in cases.items()}, types, actors)


def check(kind: str, value: str) -> None:
    tests: dict[str, Any] = {"integer": int, "float": float, "time": datetime.fromisoformat, "string": str}
    if kind == "boolean" and value not in ("true", "false"):
        raise ValueError(value)
    if kind != "boolean":
        tests[kind](value)


def read_xes(content: bytes) -> Found:
    """Raises ValueError for what XES does not allow: order, attributes without key or value, values that are not of their type."""
    log = ET.fromstring(content)
    if log.tag != f"{XES}log" or not re.fullmatch(r"\d+(\.\d+)?", log.attrib["xes.version"]):
        raise ValueError("no log")
    order = [XES_ORDER.index(name if (name := tag(each)) in XES_ORDER else "attribute") for each in log]
    if order != sorted(order):
        raise ValueError("elements out of order")
    prefixes = {each.attrib["prefix"] for each in log.iter(f"{XES}extension")}
    needed = {each.attrib["key"] for each in log.findall(f"{XES}global[@scope='event']/*")}
    cases, types, actors = {}, Counter[str](), Counter[str]()
    for trace in log.findall(f"{XES}trace"):
        about = attributes(trace, prefixes)
        events = [attributes(each, prefixes) for each in trace.findall(f"{XES}event")]
        if any(needed - set(each) for each in events):
            raise ValueError("an event lacks what every event has")
        cases[about["id"]] = len(events)
        types.update(each["type"] for each in events)
        actors.update(each["org:resource"] for each in events)
    return Found(sum(cases.values()), cases, types, actors)


def tag(element: ET.Element) -> str:
    return element.tag.removeprefix(XES)


def attributes(element: ET.Element, prefixes: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in element:
        if tag(each) == "event":
            continue
        key, value = each.attrib["key"], each.attrib["value"]
        prefix = key.partition(":")[0] if ":" in key else None
        if key in found or not NAME.fullmatch(key) or (prefix is not None and prefix not in prefixes):
            raise ValueError(key)
        if not XES_VALUES[tag(each)](value):
            raise ValueError(value)
        found[key] = value
    return found


if __name__ == "__main__":
    given = Path(sys.argv[1]).read_bytes()
    print(read_xes(given) if given.lstrip().startswith(b"<") else read_ocel(given.decode()))
