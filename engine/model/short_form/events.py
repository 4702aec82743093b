"""What a process waits for or tells: times, messages, signals, conditions, errors and escalations, as definitions of BPMN events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.model.short_form import times
from engine.model.short_form.sheet import Sheet
from engine.model.xml_file import Element
from engine.model.yaml_file import Path

ANY = {"error": "any error", "escalation": "any escalation"}
"""As the code: each of them."""

DUE = "the due date"
"""As the time after which something happens while a task waits: when it is due."""

_TIMES = ("after", "for", "at", "until", "every")
_KINDS = (*_TIMES, "message", "condition", "signal", "error", "escalation")


def as_event(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is said to go wrong (``because``) as the event that it is; without an ``id`` it is called as its error."""
    return {"id": said["because"], **said, "error": said["because"]} if "because" in said else said


def is_event(said: Mapping[str, Any]) -> bool:
    """Whether ``said`` names something that may happen."""
    return any(key in said for key in _KINDS)


def draw_event(sheet: Sheet, event: Element, said: Mapping[str, Any], path: Path) -> None:
    """What ``said`` names, as the definition of ``event``; nothing when it names nothing."""
    if any(key in said for key in _TIMES):
        _draw_timer(sheet, event, said, path)
    elif "message" in said:
        definition = sheet.add(event, "messageEventDefinition")
        definition.set("messageRef", declare_message(sheet, said, path))
    elif "condition" in said:
        definition = sheet.add(event, "conditionalEventDefinition")
        sheet.add(definition, "condition").text = times.feel(said["condition"])
        _source(sheet, event, "condition", (*path, "condition"))
    else:
        for kind in ("signal", "error", "escalation"):
            if kind in said:
                place = (*path, "because" if "because" in said else kind)
                definition = sheet.add(event, f"{kind}EventDefinition")
                if said[kind] != ANY.get(kind):
                    definition.set(f"{kind}Ref", sheet.declare(kind, place, said[kind].strip()))
                _source(sheet, event, f"{kind}Ref", place)


def declare_message(sheet: Sheet, said: Mapping[str, Any], path: Path) -> str:
    """The id of the message that is ``said``, with its key."""
    keys = [times.feel(said["key"])] if "key" in said else []
    return sheet.declare("message", (*path, "key" if keys else "message"), said["message"].strip(), *keys)


def _draw_timer(sheet: Sheet, event: Element, said: Mapping[str, Any], path: Path) -> None:
    definition = sheet.add(event, "timerEventDefinition")
    word = next(key for key in _TIMES if key in said)
    try:
        if word == "every":
            kind, text = "timeCycle", times.cycle(said["every"], said.get("times"), said.get("from"))
        elif word in {"at", "until"}:
            kind, text = "timeDate", times.moment(said[word])
        else:
            text = times.duration(said[word])
            kind = "timeDate" if text.startswith(times.WORKING_TIME) else "timeDuration"
    except times.NotATime:
        sheet.refuse("short_form_every" if word == "every" else "short_form_time", (*path, word), text=said[word])
        kind, text = "timeDuration", "PT1H"  # anything that makes no second problem
    sheet.add(definition, kind).text = text
    _source(sheet, event, kind, (*path, word))


def _source(sheet: Sheet, event: Element, place: str, path: Path) -> None:
    sheet.sources[event.get("id") or "", place] = path
