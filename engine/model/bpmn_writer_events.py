"""Event definitions to XML, and what the items of a multi-instance activity throw."""

from __future__ import annotations

from lxml import etree

from engine.model.bpmn_writer_parts import NAMESPACES, Writing, add, formal, formula, timer_text
from engine.model.elements import (
    CancelDefinition,
    CompensationDefinition,
    ConditionalDefinition,
    ErrorDefinition,
    EscalationDefinition,
    EventDefinition,
    LinkDefinition,
    MessageDefinition,
    MultiInstance,
    MultiInstanceBehavior,
    SignalDefinition,
    SingleDefinition,
    TerminateDefinition,
    TimerDefinition,
    TimerKind,
    definitions_of,
)
from engine.model.xml_file import BPMN, Element

_TIMES = {TimerKind.DATE: "timeDate", TimerKind.DURATION: "timeDuration", TimerKind.CYCLE: "timeCycle"}
_KINDS: dict[type[SingleDefinition], str] = {
    TimerDefinition: "timer",
    MessageDefinition: "message",
    ErrorDefinition: "error",
    SignalDefinition: "signal",
    EscalationDefinition: "escalation",
    CompensationDefinition: "compensate",
    ConditionalDefinition: "conditional",
    LinkDefinition: "link",
    CancelDefinition: "cancel",
    TerminateDefinition: "terminate",
}


def write_definitions(element: Element, definition: EventDefinition | None, writing: Writing) -> None:
    """Everything that an event waits for or throws."""
    for each in definitions_of(definition):
        element.append(_written(each, writing))


def write_behavior(marker: Element, many: MultiInstance, activity: str, writing: Writing) -> None:
    """When items are enough, and what they throw to the boundary (BPMN tables 10.29 and 10.30)."""
    if many.behavior is not MultiInstanceBehavior.ALL:
        marker.set("behavior", many.behavior.value)
    if many.event is not None:
        attribute = "noneBehaviorEventRef" if many.behavior is MultiInstanceBehavior.NONE else "oneBehaviorEventRef"
        marker.set(attribute, writing.declarations.definition(_written(many.event, writing), activity))
    for each in many.complex:
        complex_ = add(marker, "complexBehaviorDefinition")
        formal(complex_, "condition", formula(each.condition))
        add(complex_, "event").append(_written(each.event, writing))
    if many.completion_condition is not None:
        formal(marker, "completionCondition", formula(many.completion_condition))


def _written(definition: SingleDefinition, writing: Writing) -> Element:
    element = etree.Element(f"{{{BPMN}}}{_KINDS[type(definition)]}EventDefinition", nsmap=NAMESPACES)
    declarations = writing.declarations
    match definition:
        case TimerDefinition():
            formal(element, _TIMES[definition.kind], timer_text(definition))
        case MessageDefinition():
            element.set("messageRef", declarations.message(definition.name, definition.correlation_key))
        case SignalDefinition():
            element.set("signalRef", declarations.signal(definition.name))
        case ErrorDefinition(code=str(code)):
            element.set("errorRef", declarations.coded("error", code))
        case EscalationDefinition(code=str(code)):
            element.set("escalationRef", declarations.coded("escalation", code))
        case CompensationDefinition(activity=str(activity)):
            element.set("activityRef", activity)
        case ConditionalDefinition():
            formal(element, "condition", formula(definition.condition))
        case LinkDefinition():
            element.set("name", definition.name)
        case _:
            pass  # the kind says all
    return element
