"""The bare graph of a process: which flow nodes and flows there are, in which scope, before anything is understood.

Structure is checked on it, so that a node that cannot be read makes no second problem of the flows that lead to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.event_definitions import definitions_of
from engine.model.problems import Problems
from engine.model.vocabulary import FLOW_NODES, SUB_PROCESSES, TRUE
from engine.model.xml_file import BPMN, Element, child, children, local_name, namespace_of, reference, text_of


@dataclass(slots=True, kw_only=True)
class RawNode:
    """A flow node as it stands in the file; ``lane`` is the id of the innermost lane that lists it (or its sub-process).

    ``definitions`` are the event definitions in it, also those that it refers to.
    """

    element: Element
    id: str
    name: str
    kind: str
    scope: str
    lane: str | None = None
    definitions: tuple[Element, ...] = ()
    incoming: list[str] = field(default_factory=list)
    outgoing: list[str] = field(default_factory=list)

    @property
    def is_event_sub_process(self) -> bool:
        """A sub-process that its start event begins."""
        return self.kind == "subProcess" and self.element.get("triggeredByEvent") in TRUE

    @property
    def is_for_compensation(self) -> bool:
        """It runs only to undo something."""
        return not self.is_event_sub_process and self.element.get("isForCompensation") in TRUE

    def is_of(self, definition: str) -> bool:
        """Whether the event has a definition of this kind (``link`` for a ``linkEventDefinition``)."""
        return any(local_name(each) == f"{definition}EventDefinition" for each in self.definitions)

    @property
    def attached_to(self) -> str:
        """For a boundary event: the id of its activity."""
        return reference(self.element.get("attachedToRef") or "")


@dataclass(slots=True, kw_only=True)
class RawFlow:
    """A sequence flow as it stands in the file."""

    element: Element
    id: str
    name: str
    scope: str
    source: str
    target: str


@dataclass(slots=True, kw_only=True)
class RawLane:
    """A lane; ``parent`` is the lane around it."""

    element: Element
    id: str
    name: str
    parent: str | None


@dataclass(slots=True, kw_only=True)
class Skeleton:
    """Everything of one process, sub-processes included, in file order."""

    element: Element
    id: str
    name: str
    nodes: dict[str, RawNode] = field(default_factory=dict)
    flows: dict[str, RawFlow] = field(default_factory=dict)
    lanes: dict[str, RawLane] = field(default_factory=dict)

    attached: dict[str, list[RawNode]] = field(default_factory=dict)
    """The boundary events by the id of what they are attached to."""
    associated: dict[str, list[str]] = field(default_factory=dict)
    """By the id of what an association leaves, the ids of what it leads to."""

    def in_scope(self) -> dict[str, list[RawNode]]:
        """The nodes directly inside each scope."""
        scopes: dict[str, list[RawNode]] = {}
        for node in self.nodes.values():
            scopes.setdefault(node.scope, []).append(node)
        return scopes


def documentation_of(element: Element) -> str:
    """The documentation, paragraphs apart."""
    return "\n\n".join(filter(None, (text_of(each) for each in children(element, "documentation"))))


def read_skeleton(process: Element, definitions: Mapping[str, Element], problems: Problems) -> Skeleton:
    """Collect nodes, flows and lanes, and join flows to their ends where these exist. ``definitions``: those of the file, by id."""
    skeleton = Skeleton(element=process, id=process.get("id") or "", name=process.get("name") or "")
    lane_of: dict[str, str] = {}
    _collect(process, skeleton, lane_of, problems)
    for flow in skeleton.flows.values():
        if flow.source in skeleton.nodes and flow.target in skeleton.nodes:
            skeleton.nodes[flow.source].outgoing.append(flow.id)
            skeleton.nodes[flow.target].incoming.append(flow.id)
    for node in skeleton.nodes.values():
        node.definitions = _resolved(node.element, definitions)
        node.lane = _lane_of(node, skeleton, lane_of)
        if node.kind == "boundaryEvent":
            skeleton.attached.setdefault(node.attached_to, []).append(node)
    for name, lane in lane_of.items():
        if name not in skeleton.nodes:
            element = skeleton.lanes[lane].element
            problems.add("reference_unknown", element, place="flowNodeRef", severity="warning", reference=name)
    return skeleton


def _resolved(event: Element, definitions: Mapping[str, Element]) -> tuple[Element, ...]:
    found = (
        definitions.get(reference(text_of(each))) if local_name(each) == "eventDefinitionRef" else each
        for each in definitions_of(event)
    )
    return tuple(each for each in found if each is not None)


def _lane_of(node: RawNode, skeleton: Skeleton, lane_of: dict[str, str]) -> str | None:
    """Editors list in a lane what stands in it, but not what stands inside its sub-processes, and not always boundary events."""
    attached = skeleton.nodes.get(node.attached_to)
    if node.id not in lane_of and attached is not None and attached.id in lane_of:
        return lane_of[attached.id]
    seen: set[str] = set()
    at: RawNode | None = node
    while at is not None and at.id not in seen:
        if at.id in lane_of:
            return lane_of[at.id]
        seen.add(at.id)
        at = skeleton.nodes.get(at.scope)
    return None


def _collect(scope: Element, skeleton: Skeleton, lane_of: dict[str, str], problems: Problems) -> None:
    scope_id = scope.get("id") or ""
    for each in scope:
        if namespace_of(each) != BPMN:
            continue
        kind = local_name(each)
        identity = each.get("id") or ""
        if kind in FLOW_NODES or kind == "sequenceFlow":
            if not identity:
                problems.add("id_missing", each, place=str(each.sourceline), kind=kind)
                continue
            if identity in skeleton.nodes or identity in skeleton.flows:
                continue  # a second one of the same id: noted for the whole file
        if kind in FLOW_NODES:
            skeleton.nodes[identity] = RawNode(
                element=each, id=identity, name=each.get("name") or "", kind=kind, scope=scope_id
            )
            if kind in SUB_PROCESSES:
                _collect(each, skeleton, lane_of, problems)
        elif kind == "sequenceFlow":
            skeleton.flows[identity] = RawFlow(
                element=each,
                id=identity,
                name=each.get("name") or "",
                scope=scope_id,
                source=(each.get("sourceRef") or "").strip(),
                target=(each.get("targetRef") or "").strip(),
            )
        elif kind == "association":
            ends = [reference(each.get(end) or "") for end in ("sourceRef", "targetRef")]
            skeleton.associated.setdefault(ends[0], []).append(ends[1])
        elif kind == "laneSet":
            _collect_lanes(each, None, skeleton, lane_of, problems)


def _collect_lanes(
    lane_set: Element,
    parent: str | None,
    skeleton: Skeleton,
    lane_of: dict[str, str],
    problems: Problems,
) -> None:
    for lane in children(lane_set, "lane"):
        identity = lane.get("id") or ""
        if not identity:
            problems.add("id_missing", lane, place=str(lane.sourceline), kind="lane")
            continue
        skeleton.lanes[identity] = RawLane(element=lane, id=identity, name=lane.get("name") or "", parent=parent)
        listed = [text_of(each) for each in children(lane, "flowNodeRef")]
        for node in listed:
            if node in lane_of and lane_of[node] not in _ancestors(identity, skeleton):
                problems.add("lane_twice", lane, place=node, node=node, other=lane_of[node])
            lane_of[node] = identity
        inner = child(lane, "childLaneSet")
        if inner is not None:
            _collect_lanes(inner, identity, skeleton, lane_of, problems)


def _ancestors(lane: str, skeleton: Skeleton) -> set[str]:
    found: set[str] = set()
    at: str | None = lane
    while at is not None and at not in found:
        found.add(at)
        at = skeleton.lanes[at].parent
    return found
