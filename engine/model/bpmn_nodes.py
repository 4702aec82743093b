"""Flow nodes: from XML to the immutable elements that the kernel runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.model.bpmn_activities import (
    read_business_rule_task,
    read_call_activity,
    read_multi_instance,
    read_script_task,
    read_service_task,
    read_user_task,
)
from engine.model.bpmn_events import (
    read_boundary_event,
    read_catch_event,
    read_end_event,
    read_start_event,
    read_throw_event,
)
from engine.model.bpmn_parts import Part, Reading
from engine.model.elements import ExclusiveGateway, InclusiveGateway, Node, ParallelGateway, SubProcess
from engine.model.skeleton import RawNode, Skeleton, documentation_of
from engine.model.vocabulary import ACTIVITIES
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
    if raw.kind in ACTIVITIES:
        common |= {
            "inputs": extensions.inputs,
            "outputs": extensions.outputs,
            "boundary": _boundary_of(raw, reading.skeleton),
            "multi_instance": read_multi_instance(raw.element, reading.problems),
        }
    return read(Part(raw=raw, extensions=extensions, common=common, reading=reading))


def _boundary_of(raw: RawNode, skeleton: Skeleton) -> tuple[str, ...]:
    return tuple(each.id for each in skeleton.attached.get(raw.id, ()))


_READERS: Mapping[str, Callable[[Part], Node | None]] = {
    "userTask": read_user_task,
    "serviceTask": read_service_task,
    "scriptTask": read_script_task,
    "businessRuleTask": read_business_rule_task,
    "callActivity": read_call_activity,
    "subProcess": lambda part: SubProcess(**part.common),
    "startEvent": read_start_event,
    "endEvent": read_end_event,
    "intermediateThrowEvent": read_throw_event,
    "intermediateCatchEvent": read_catch_event,
    "boundaryEvent": read_boundary_event,
    "exclusiveGateway": lambda part: ExclusiveGateway(**part.common, default=part.raw.element.get("default") or None),
    "inclusiveGateway": lambda part: InclusiveGateway(**part.common, default=part.raw.element.get("default") or None),
    "parallelGateway": lambda part: ParallelGateway(**part.common),
}
