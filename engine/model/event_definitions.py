"""Event definitions: what an event waits for or throws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.feel import Expression
from engine.model.elements import (
    CancelDefinition,
    CompensationDefinition,
    ConditionalDefinition,
    ErrorDefinition,
    EscalationDefinition,
    EventDefinition,
    LinkDefinition,
    MessageDefinition,
    MultipleDefinition,
    SignalDefinition,
    SingleDefinition,
    TerminateDefinition,
    TimerDefinition,
    TimerKind,
)
from engine.model.expressions import feel, feel_only, timer_expression
from engine.model.problems import Problems
from engine.model.vocabulary import EVENT_DEFINITIONS, TRUE
from engine.model.xml_file import BPMN, Element, child, children, local_name, namespace_of, reference, text_of
from engine.model.zeebe import read_extensions

_TIMERS = {"timeDate": TimerKind.DATE, "timeDuration": TimerKind.DURATION, "timeCycle": TimerKind.CYCLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of the file: its name and, where instances wait for it, its correlation key."""

    name: str
    key: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """What the events of a file refer to, by id. ``None`` stands for one that is there but could not be read.

    ``definitions`` are all event definitions of the file: events may refer to them (BPMN 10.5.1 "eventDefinitionRefs").
    """

    messages: Mapping[str, Message | None]
    errors: Mapping[str, str | None]
    signals: Mapping[str, str | None] = field(default_factory=dict)
    escalations: Mapping[str, str | None] = field(default_factory=dict)
    definitions: Mapping[str, Element] = field(default_factory=dict)
    resources: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """There is a definition, but not one that can be used; the problem is noted."""


def read_declarations(root: Element, problems: Problems) -> Declarations:
    """The messages, errors, signals and escalations of the file, and its event definitions by id."""
    definitions = (each for each in root.iter(f"{{{BPMN}}}*") if local_name(each) in EVENT_DEFINITIONS)
    return Declarations(
        messages={each.get("id") or "": _read_message(each, problems) for each in children(root, "message")},
        errors={each.get("id") or "": each.get("errorCode") for each in children(root, "error")},
        signals={each.get("id") or "": each.get("name") for each in children(root, "signal")},
        escalations={each.get("id") or "": each.get("escalationCode") for each in children(root, "escalation")},
        definitions={each.get("id") or "": each for each in definitions},
        resources={each.get("id") or "": each.get("name") for each in children(root, "resource")},
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
    event: Element, declarations: Declarations, problems: Problems, owner: Element | None = None
) -> EventDefinition | Unreadable | None:
    """What ``event`` waits for or throws; None when it has no definition, ``Unreadable`` when a problem was noted.

    Problems are noted at ``owner`` when people do not know the event by itself.
    """
    known = event if owner is None else owner
    found = [_read_one(each, known, declarations, problems) for each in definitions_of(event)]
    usable = tuple(each for each in found if not isinstance(each, Unreadable))
    if len(usable) < len(found):
        return Unreadable()
    if len(usable) < 2:
        return usable[0] if usable else None
    return MultipleDefinition(definitions=usable, is_parallel=event.get("parallelMultiple") in TRUE)


def read_referenced(
    key: str, event: Element, declarations: Declarations, problems: Problems, place: str
) -> SingleDefinition | Unreadable:
    """The event definition of this id, wherever in the file it stands."""
    definition = declarations.definitions.get(key)
    if definition is None or local_name(definition) == "eventDefinitionRef":
        problems.add("reference_unknown", event, place=place, reference=key)
        return Unreadable()
    return _read_one(definition, event, declarations, problems)


def _read_one(
    element: Element, event: Element, declarations: Declarations, problems: Problems
) -> SingleDefinition | Unreadable:
    match local_name(element):
        case "eventDefinitionRef":
            return read_referenced(reference(text_of(element)), event, declarations, problems, "eventDefinitionRef")
        case "terminateEventDefinition" | "cancelEventDefinition" as kind:
            return CancelDefinition() if kind.startswith("cancel") else TerminateDefinition()
        case "timerEventDefinition":
            return _read_timer(element, event, problems)
        case "messageEventDefinition":
            return read_message_reference(element, event, declarations, problems)
        case "errorEventDefinition":
            code = _read_code(element, event, declarations.errors, "error", problems)
            return code if isinstance(code, Unreadable) else ErrorDefinition(code=code)
        case "escalationEventDefinition":
            code = _read_code(element, event, declarations.escalations, "escalation", problems)
            return code if isinstance(code, Unreadable) else EscalationDefinition(code=code)
        case "signalEventDefinition":
            return _read_signal_reference(element, event, declarations, problems)
        case "compensateEventDefinition":
            return CompensationDefinition(activity=reference(element.get("activityRef") or "") or None)
        case "conditionalEventDefinition":
            condition = feel(text_of(child(element, "condition")), problems, event, "condition")
            return Unreadable() if condition is None else ConditionalDefinition(condition=condition)
        case "linkEventDefinition":
            return _read_link(element, event, problems)
        case other:
            raise AssertionError(other)


def _read_link(element: Element, event: Element, problems: Problems) -> LinkDefinition | Unreadable:
    name = (element.get("name") or "").strip()
    if not name:
        problems.add("link_name_missing", event, place="name")
    return LinkDefinition(name=name) if name else Unreadable()


def _read_timer(element: Element, event: Element, problems: Problems) -> TimerDefinition | Unreadable:
    times = [each for each in element if namespace_of(each) == BPMN and local_name(each) in _TIMERS]
    if len(times) != 1:
        problems.add("timer_missing" if not times else "timer_twice", event, place="timer")
        return Unreadable()
    name = local_name(times[0])
    expression = timer_expression(_TIMERS[name], text_of(times[0]), problems, event, name)
    return Unreadable() if expression is None else TimerDefinition(kind=_TIMERS[name], expression=expression)


def read_message_reference(
    element: Element, event: Element, declarations: Declarations, problems: Problems
) -> MessageDefinition | Unreadable:
    """The message that an event definition or a task refers to."""
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


def _read_code(
    element: Element, event: Element, declared: Mapping[str, str | None], kind: str, problems: Problems
) -> str | Unreadable | None:
    """The code of the error or escalation that is referred to; None when none is, which catches every one."""
    place = f"{kind}Ref"
    key = reference(element.get(place) or "")
    if not key:
        return None
    if key not in declared:
        problems.add("reference_unknown", event, place=place, reference=key)
        return Unreadable()
    code = (declared[key] or "").strip()
    if not code or code.startswith("="):
        # without a code it would catch everything, or nothing, depending on who reads the file
        problems.add(f"{kind}_code_{'computed' if code else 'missing'}", event, place=place, reference=key)
        return Unreadable()
    return code


def _read_signal_reference(
    element: Element, event: Element, declarations: Declarations, problems: Problems
) -> SignalDefinition | Unreadable:
    key = reference(element.get("signalRef") or "")
    if not key:
        problems.add("signal_missing", event, place="signalRef")
        return Unreadable()
    if key not in declarations.signals:
        problems.add("reference_unknown", event, place="signalRef", reference=key)
        return Unreadable()
    name = (declarations.signals[key] or "").strip()
    if not name or name.startswith("="):
        problems.add(f"signal_name_{'computed' if name else 'missing'}", event, place="signalRef", reference=key)
        return Unreadable()
    return SignalDefinition(name=name)
