"""Event definitions: what an event waits for or throws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.feel import Expression
from engine.model.elements import ErrorDefinition, EventDefinition, MessageDefinition, TimerDefinition, TimerKind
from engine.model.expressions import feel_only, timer_expression
from engine.model.problems import Problems
from engine.model.vocabulary import EVENT_DEFINITIONS, SUPPORTED_TRIGGERS
from engine.model.xml_file import BPMN, Element, children, local_name, namespace_of, reference, text_of
from engine.model.zeebe import read_extensions

_TIMERS = {"timeDate": TimerKind.DATE, "timeDuration": TimerKind.DURATION, "timeCycle": TimerKind.CYCLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of the file: its name and, where instances wait for it, its correlation key."""

    name: str
    key: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """What the events of a file refer to, by id. ``None`` stands for one that is there but could not be read."""

    messages: Mapping[str, Message | None]
    errors: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminate:
    """The definition of a terminate end event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """There is a definition, but not one that can be used; the problem is noted."""


def read_declarations(root: Element, problems: Problems) -> Declarations:
    """The messages and errors of the file."""
    return Declarations(
        messages={each.get("id") or "": _read_message(each, problems) for each in children(root, "message")},
        errors={each.get("id") or "": each.get("errorCode") for each in children(root, "error")},
    )


def _read_message(element: Element, problems: Problems) -> Message | None:
    extensions = read_extensions(element, element, problems)
    name = (element.get("name") or "").strip()
    if name.startswith("="):
        problems.add("message_name_computed", element, place="name")
        return None
    key = None
    if text := extensions.get("subscription", "correlationKey"):
        key = feel_only(text, problems, element, "correlationKey")
        if key is None:
            return None
    return Message(name=name, key=key)


def definitions_of(event: Element) -> list[Element]:
    """The event definitions (also unsupported ones) inside an event."""
    return [each for each in event if namespace_of(each) == BPMN and local_name(each) in EVENT_DEFINITIONS]


def read_definition(
    event: Element, declarations: Declarations, problems: Problems
) -> EventDefinition | Terminate | Unreadable | None:
    """The one definition of ``event``; None when it has none, ``Unreadable`` when a problem was noted (here or by ``unsupported``)."""
    found = definitions_of(event)
    if not found:
        return None
    if len(found) > 1:
        problems.add("unsupported_multiple_event", event, place="eventDefinition")
        return Unreadable()
    name = local_name(found[0])
    if name == "terminateEventDefinition":
        return Terminate()
    if name not in SUPPORTED_TRIGGERS:
        return Unreadable()
    if name == "timerEventDefinition":
        return _read_timer(found[0], event, problems)
    if name == "messageEventDefinition":
        return _read_message_reference(found[0], event, declarations, problems)
    return _read_error_reference(found[0], event, declarations, problems)


def _read_timer(element: Element, event: Element, problems: Problems) -> TimerDefinition | Unreadable:
    times = [each for each in element if namespace_of(each) == BPMN and local_name(each) in _TIMERS]
    if len(times) != 1:
        problems.add("timer_missing" if not times else "timer_twice", event, place="timer")
        return Unreadable()
    name = local_name(times[0])
    expression = timer_expression(_TIMERS[name], text_of(times[0]), problems, event, name)
    return Unreadable() if expression is None else TimerDefinition(kind=_TIMERS[name], expression=expression)


def _read_message_reference(
    element: Element, event: Element, declarations: Declarations, problems: Problems
) -> MessageDefinition | Unreadable:
    key = reference(element.get("messageRef") or "")
    if not key:
        problems.add("message_missing", event, place="messageRef")
        return Unreadable()
    if key not in declarations.messages:
        problems.add("reference_unknown", event, place="messageRef", reference=key)
        return Unreadable()
    message = declarations.messages[key]
    if message is None:
        return Unreadable()
    if not message.name:
        problems.add("message_name_missing", event, place="messageRef", reference=key)
        return Unreadable()
    return MessageDefinition(name=message.name, correlation_key=message.key)


def _read_error_reference(
    element: Element, event: Element, declarations: Declarations, problems: Problems
) -> ErrorDefinition | Unreadable:
    key = reference(element.get("errorRef") or "")
    if not key:
        return ErrorDefinition(code=None)
    if key not in declarations.errors:
        problems.add("reference_unknown", event, place="errorRef", reference=key)
        return Unreadable()
    code = (declarations.errors[key] or "").strip()
    if not code or code.startswith("="):
        # an error without a code would catch everything, or nothing, depending on who reads the file
        problems.add(
            "error_code_missing" if not code else "error_code_computed", event, place="errorRef", reference=key
        )
        return Unreadable()
    return ErrorDefinition(code=code)
