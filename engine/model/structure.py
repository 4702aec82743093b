"""Is the drawing whole? Checks of ids, flows, gateways and boundaries on the bare graph (BPMN 8.4.13, 10.6, 13.2)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from engine.model.event_definitions import definitions_of
from engine.model.problems import Problems
from engine.model.skeleton import RawFlow, RawNode, Skeleton
from engine.model.vocabulary import ACTIVITIES, CONDITIONAL_GATEWAYS, GATEWAYS, REFUSED_NODES, SUB_PROCESSES, TRUE
from engine.model.xml_file import BPMN, Element, child, children, reference, text_of

_MAY_HAVE_CONDITIONS = CONDITIONAL_GATEWAYS | ACTIVITIES
_HAS_BOUNDARY = ACTIVITIES | {"adHocSubProcess"}


def check_ids(root: Element, problems: Problems) -> None:
    """Ids are unique in the file."""
    first: dict[str, Element] = {}
    told: set[str] = set()
    for each in root.iter(f"{{{BPMN}}}*"):
        identity = each.get("id")
        if not identity:
            continue
        if identity in first and identity not in told:
            told.add(identity)
            problems.add("id_twice", first[identity], place="id", id=identity)
        first.setdefault(identity, each)


def check_structure(skeleton: Skeleton, problems: Problems) -> None:
    """Note everything that is wrong with the graph of one process."""
    for flow in skeleton.flows.values():
        _check_flow(flow, skeleton, problems)
    for node in skeleton.nodes.values():
        _check_references(node, problems)
        _check_node(node, problems)
        if node.kind == "boundaryEvent":
            _check_boundary(node, skeleton, problems)
        if node.kind in CONDITIONAL_GATEWAYS:
            _check_gateway(node, skeleton, problems)
    for events in skeleton.attached.values():
        _check_caught_twice(events, problems)
    inside = skeleton.in_scope()
    for scope in _scopes(skeleton):
        _check_starts(scope, inside.get(scope.get("id") or "", []), problems)
    _check_reachable(skeleton, problems)


def _scopes(skeleton: Skeleton) -> Iterator[Element]:
    yield skeleton.element
    yield from (each.element for each in skeleton.nodes.values() if each.kind in SUB_PROCESSES)


def _check_flow(flow: RawFlow, skeleton: Skeleton, problems: Problems) -> None:
    ends = [
        (place, skeleton.nodes.get(end), end) for place, end in (("sourceRef", flow.source), ("targetRef", flow.target))
    ]
    for place, node, end in ends:
        if node is None:
            problems.add("flow_end_unknown", flow.element, place=place, end=end)
    source, target = ends[0][1], ends[1][1]
    if source is None or target is None:
        return
    if source.scope != target.scope or flow.scope != source.scope:
        problems.add("flow_crosses_scope", flow.element, source=source.id, target=target.id)
    if source.kind not in _MAY_HAVE_CONDITIONS and child(flow.element, "conditionExpression") is not None:
        problems.add("unsupported_conditional_flow", flow.element, place="condition", source=source.id)


def _check_references(node: RawNode, problems: Problems) -> None:
    """``incoming`` and ``outgoing`` only repeat what the flows say; where they contradict them, one of the two is wrong."""
    for direction, actual in (("incoming", set(node.incoming)), ("outgoing", set(node.outgoing))):
        listed = [reference(text_of(each)) for each in children(node.element, direction)]
        for flow in listed:
            if flow not in actual:
                problems.add("flow_reference_wrong", node.element, place=direction, flow=flow)


def is_compensation(event: RawNode) -> bool:
    """A boundary event that only says who undoes its activity."""
    return any(etree.QName(each).localname == "compensateEventDefinition" for each in definitions_of(event.element))


def _is_link(node: RawNode, kind: str) -> bool:
    links = any(etree.QName(each).localname == "linkEventDefinition" for each in definitions_of(node.element))
    return links and node.kind == kind


def _stands_alone(node: RawNode) -> bool:
    """Some constructs live without flows; what is refused already needs no second problem."""
    return (
        node.kind in REFUSED_NODES
        or node.is_event_sub_process
        or node.is_for_compensation
        or (node.kind == "boundaryEvent" and is_compensation(node))
    )


def _check_node(node: RawNode, problems: Problems) -> None:
    if _stands_alone(node):
        if node.kind not in REFUSED_NODES and (node.incoming or node.outgoing):
            problems.add("flow_not_allowed", node.element, flow=(*node.incoming, *node.outgoing)[0])
        return
    begins = node.kind in {"startEvent", "boundaryEvent"} or _is_link(node, "intermediateCatchEvent")
    is_entrance = node.element.get("instantiate") in TRUE and node.kind in {"receiveTask", "eventBasedGateway"}
    if begins:
        if node.incoming:
            problems.add("incoming_not_allowed", node.element, flow=node.incoming[0])
    elif not node.incoming and not is_entrance:
        # BPMN 13.2 would start it with the process; next to a start event nobody means that
        problems.add("incoming_missing", node.element)
    if node.kind == "endEvent" or _is_link(node, "intermediateThrowEvent"):
        if node.outgoing:
            problems.add("outgoing_not_allowed", node.element, flow=node.outgoing[0])
    elif not node.outgoing and node.kind in GATEWAYS | {"startEvent", "boundaryEvent"}:
        problems.add("outgoing_missing", node.element)


def _check_boundary(node: RawNode, skeleton: Skeleton, problems: Problems) -> None:
    attached = node.attached_to
    activity = skeleton.nodes.get(attached)
    if activity is None or activity.kind not in _HAS_BOUNDARY or activity.scope != node.scope:
        problems.add("boundary_not_attached", node.element, place="attachedToRef", activity=attached)


def _check_caught_twice(events: list[RawNode], problems: Problems) -> None:
    """``events`` are those of one activity."""
    caught: set[tuple[str, str]] = set()
    for event in events:
        what = _what_it_catches(event)
        if what is not None and what in caught:
            problems.add("boundary_twice", event.element, place="eventDefinition", activity=event.attached_to)
        elif what is not None:
            caught.add(what)


def _what_it_catches(node: RawNode) -> tuple[str, str] | None:
    """For errors and messages: which; two boundary events that catch the same make the path a matter of chance."""
    for each in definitions_of(node.element):
        for attribute in ("errorRef", "messageRef", "escalationRef", "signalRef"):
            if etree.QName(each).localname == f"{attribute.removesuffix('Ref')}EventDefinition":
                return attribute, reference(each.get(attribute) or "")
        if etree.QName(each).localname in {"compensateEventDefinition", "cancelEventDefinition"}:
            return etree.QName(each).localname, ""
    return None


def _check_gateway(node: RawNode, skeleton: Skeleton, problems: Problems) -> None:
    default = node.element.get("default")
    if default is not None and default not in node.outgoing:
        problems.add("default_not_outgoing", node.element, place="default", flow=default)
    for identity in node.outgoing:
        flow = skeleton.flows[identity]
        has_condition = child(flow.element, "conditionExpression") is not None
        if identity == default and has_condition:
            problems.add("default_with_condition", flow.element, place="condition", gateway=node.id)
        elif identity != default and not has_condition and len(node.outgoing) > 1:
            problems.add("condition_missing", flow.element, place="condition", gateway=node.id)


def _check_starts(scope: Element, inside: list[RawNode], problems: Problems) -> None:
    starts = [each for each in inside if each.kind == "startEvent"]
    if scope.get("triggeredByEvent") in TRUE:
        if len(starts) != 1:
            problems.add("event_sub_process_starts", scope, count=len(starts))
        return
    plain = [each for each in starts if not definitions_of(each.element)]
    entrances = [each for each in inside if each.element.get("instantiate") in TRUE]
    if not starts and not entrances:
        problems.add("start_missing", scope)
    if len(plain) > 1:
        problems.add("start_several", plain[1].element, place="start", other=plain[0].id)


def _check_reachable(skeleton: Skeleton, problems: Problems) -> None:
    """Warn of nodes to which no flow leads from any start; a node without any incoming flow has its own problem already."""
    reached: set[str] = set()
    waiting = [each.id for each in skeleton.nodes.values() if each.kind != "boundaryEvent" and not each.incoming]
    while waiting:
        identity = waiting.pop()
        if identity in reached:
            continue
        reached.add(identity)
        node = skeleton.nodes[identity]
        waiting.extend(skeleton.flows[flow].target for flow in node.outgoing)
        waiting.extend(each.id for each in skeleton.attached.get(identity, ()))
    for node in skeleton.nodes.values():
        if node.id not in reached and node.kind != "boundaryEvent":
            problems.add("unreachable", node.element, severity="warning")
