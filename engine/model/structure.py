"""Is the drawing whole? Checks of ids, flows, gateways and starts on the bare graph (BPMN 8.4.13, 10.6, 13.2)."""

from __future__ import annotations

from collections.abc import Iterator

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
    inside = skeleton.in_scope()
    drawn_without_ends = {scope for scope, nodes in inside.items() if _has_no_ends(nodes)}
    for node in skeleton.nodes.values():
        _check_references(node, problems)
        _check_node(node, problems, begins=node.scope in drawn_without_ends)
        if node.kind == "boundaryEvent":
            _check_boundary(node, skeleton, problems)
        _check_default(node, skeleton, problems)
        if node.kind in CONDITIONAL_GATEWAYS:
            _check_conditions(node, skeleton, problems)
    for scope in _scopes(skeleton):
        identity = scope.get("id") or ""
        if identity not in drawn_without_ends:
            _check_starts(scope, inside.get(identity, []), problems)
    _check_reachable(skeleton, problems)


def _scopes(skeleton: Skeleton) -> Iterator[Element]:
    yield skeleton.element
    yield from (each.element for each in skeleton.nodes.values() if each.kind in SUB_PROCESSES)


def is_entrance(node: RawNode) -> bool:
    """Where a message begins an instance, without a start event."""
    return node.element.get("instantiate") in TRUE and node.kind in {"receiveTask", "eventBasedGateway"}


def _has_no_ends(nodes: list[RawNode]) -> bool:
    """Drawn without start and end events: what no flow leads to begins, what no flow leaves ends (BPMN 10.5.2)."""
    return not any(node.kind in {"startEvent", "endEvent"} or is_entrance(node) for node in nodes)


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


def _stands_alone(node: RawNode) -> bool:
    """Some constructs live without flows; what is refused already needs no second problem."""
    return (
        node.kind in REFUSED_NODES
        or node.is_event_sub_process
        or node.is_for_compensation
        or (node.kind == "boundaryEvent" and node.is_of("compensate"))
    )


def _check_node(node: RawNode, problems: Problems, *, begins: bool) -> None:
    """``begins``: in its scope, what no flow leads to begins."""
    if _stands_alone(node):
        if node.kind not in REFUSED_NODES and (node.incoming or node.outgoing):
            problems.add("flow_not_allowed", node.element, flow=(*node.incoming, *node.outgoing)[0])
        return
    is_link_end = node.kind == "intermediateCatchEvent" and node.is_of("link")
    if node.kind in {"startEvent", "boundaryEvent"} or is_link_end or is_entrance(node):
        if node.incoming:
            problems.add("incoming_not_allowed", node.element, flow=node.incoming[0])
    elif not node.incoming and not begins:
        # BPMN 13.2 would start it with the process; next to a start event nobody means that
        problems.add("incoming_missing", node.element)
    if node.kind == "endEvent" or (node.kind == "intermediateThrowEvent" and node.is_of("link")):
        if node.outgoing:
            problems.add("outgoing_not_allowed", node.element, flow=node.outgoing[0])
    elif not node.outgoing and node.kind in GATEWAYS | {"startEvent", "boundaryEvent"}:
        problems.add("outgoing_missing", node.element)


def _check_boundary(node: RawNode, skeleton: Skeleton, problems: Problems) -> None:
    attached = node.attached_to
    activity = skeleton.nodes.get(attached)
    if (
        activity is None
        or activity.kind not in _HAS_BOUNDARY
        or activity.is_event_sub_process
        or activity.scope != node.scope
    ):
        problems.add("boundary_not_attached", node.element, place="attachedToRef", activity=attached)


def _check_default(node: RawNode, skeleton: Skeleton, problems: Problems) -> None:
    default = node.element.get("default")
    if default is None or node.kind not in _MAY_HAVE_CONDITIONS:
        return
    if default not in node.outgoing:
        problems.add("default_not_outgoing", node.element, place="default", flow=default)
    elif child(skeleton.flows[default].element, "conditionExpression") is not None:
        problems.add("default_with_condition", skeleton.flows[default].element, place="condition", gateway=node.id)


def _check_conditions(node: RawNode, skeleton: Skeleton, problems: Problems) -> None:
    for identity in node.outgoing if len(node.outgoing) > 1 else ():
        flow = skeleton.flows[identity]
        if identity != node.element.get("default") and child(flow.element, "conditionExpression") is None:
            problems.add("condition_missing", flow.element, place="condition", gateway=node.id)


def _check_starts(scope: Element, inside: list[RawNode], problems: Problems) -> None:
    starts = [each for each in inside if each.kind == "startEvent"]
    if scope.get("triggeredByEvent") in TRUE:
        if len(starts) != 1:
            problems.add("event_sub_process_starts", scope, count=len(starts))
        return
    plain = [each for each in starts if not each.definitions]
    if not starts and not any(is_entrance(each) for each in inside):
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
