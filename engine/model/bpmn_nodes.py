"""Flow nodes: from XML to the immutable elements that the kernel runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from engine.model.bpmn_activities import (
    read_business_rule_task,
    read_call_activity,
    read_receive_task,
    read_script_task,
    read_send_task,
    read_service_task,
    read_user_task,
)
from engine.model.bpmn_data import check_data, handed_over
from engine.model.bpmn_events import (
    read_boundary_event,
    read_catch_event,
    read_end_event,
    read_start_event,
    read_throw_event,
)
from engine.model.bpmn_parts import Part, Reading
from engine.model.bpmn_repetition import read_multi_instance, read_quantity, read_standard_loop
from engine.model.elements import (
    ComplexGateway,
    EventBasedGateway,
    ExclusiveGateway,
    InclusiveGateway,
    Node,
    ParallelGateway,
    SubProcess,
    Task,
)
from engine.model.expressions import feel
from engine.model.skeleton import RawNode, Skeleton, documentation_of
from engine.model.vocabulary import ACTIVITIES, TRUE
from engine.model.xml_file import child, text_of
from engine.model.zeebe import read_extensions


def read_node(raw: RawNode, reading: Reading) -> Node | None:
    """The element, or None when a problem makes it unreadable (noted)."""
    read = _READERS.get(raw.kind)
    if read is None:
        return None  # refused by name in unsupported.py
    extensions = read_extensions(raw.element, raw.element, reading.problems)
    common: dict[str, Any] = {
        "id": raw.id,
        "name": raw.name,
        "scope": raw.scope,
        "incoming": tuple(raw.incoming),
        "outgoing": tuple(raw.outgoing),
        "lane": raw.lane,
        "documentation": documentation_of(raw.element),
        "properties": dict(extensions.properties),
    }
    part = Part(raw=raw, extensions=extensions, common=common, reading=reading)
    check_data(part)
    extensions = handed_over(part)
    if raw.kind in ACTIVITIES:
        common |= {
            "inputs": extensions.inputs,
            "outputs": extensions.outputs,
            "boundary": _boundary_of(raw, reading.skeleton),
            "multi_instance": read_multi_instance(raw.element, reading),
            "loop": read_standard_loop(raw.element, reading.problems),
            "default": raw.element.get("default") or None,
            "compensated_by": _compensated_by(raw, reading.skeleton),
            "is_for_compensation": raw.is_for_compensation,
            "start_quantity": read_quantity(raw.element, "startQuantity", reading.problems),
            "completion_quantity": read_quantity(raw.element, "completionQuantity", reading.problems),
        }
    return read(replace(part, extensions=extensions))


def _boundary_of(raw: RawNode, skeleton: Skeleton) -> tuple[str, ...]:
    return tuple(each.id for each in skeleton.attached.get(raw.id, ()))


def _compensated_by(raw: RawNode, skeleton: Skeleton) -> str | None:
    """The activity to which an association leads from a compensation event at its boundary."""
    for event in skeleton.attached.get(raw.id, ()):
        if event.is_of("compensate"):
            for target in skeleton.associated.get(event.id, ()):
                if target in skeleton.nodes and skeleton.nodes[target].is_for_compensation:
                    return target
    return None


def _read_sub_process(part: Part) -> SubProcess:
    return SubProcess(
        **part.common, is_event=part.raw.is_event_sub_process, is_transaction=part.raw.kind == "transaction"
    )


def _read_complex_gateway(part: Part) -> ComplexGateway | None:
    condition = child(part.raw.element, "activationCondition")
    activation = None
    if condition is not None:
        activation = feel(text_of(condition), part.problems, part.raw.element, "activationCondition")
    elif len(part.raw.incoming) > 1:
        part.problems.add("activation_missing", part.raw.element, place="activationCondition")
    return ComplexGateway(**part.common, default=part.raw.element.get("default") or None, activation=activation)


def _read_event_based_gateway(part: Part) -> EventBasedGateway:
    return EventBasedGateway(**part.common, is_instantiating=part.raw.element.get("instantiate") in TRUE)


_READERS: Mapping[str, Callable[[Part], Node | None]] = {
    "userTask": read_user_task,
    "serviceTask": read_service_task,
    "scriptTask": read_script_task,
    "businessRuleTask": read_business_rule_task,
    "callActivity": read_call_activity,
    "task": lambda part: Task(**part.common),
    "manualTask": lambda part: Task(**part.common),
    "sendTask": read_send_task,
    "receiveTask": read_receive_task,
    "subProcess": _read_sub_process,
    "transaction": _read_sub_process,
    "startEvent": read_start_event,
    "endEvent": read_end_event,
    "intermediateThrowEvent": read_throw_event,
    "intermediateCatchEvent": read_catch_event,
    "boundaryEvent": read_boundary_event,
    "exclusiveGateway": lambda part: ExclusiveGateway(**part.common, default=part.raw.element.get("default") or None),
    "inclusiveGateway": lambda part: InclusiveGateway(**part.common, default=part.raw.element.get("default") or None),
    "parallelGateway": lambda part: ParallelGateway(**part.common),
    "complexGateway": _read_complex_gateway,
    "eventBasedGateway": _read_event_based_gateway,
}
