"""Do the events of a drawing fit together? Event-based gateways, links, transactions, compensation, event sub-processes, and what would
be caught twice (BPMN 10.5.5, 10.6.6, 10.7).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from engine.model.event_definitions import Declarations
from engine.model.problems import Problems
from engine.model.skeleton import RawNode, Skeleton
from engine.model.vocabulary import ACTIVITIES, SUB_PROCESSES, TRUE
from engine.model.xml_file import child, local_name, reference, text_of

_AWAITED = frozenset({f"{each}EventDefinition" for each in ("message", "signal", "timer", "conditional")})
_BEGINNING = frozenset({"messageEventDefinition", "signalEventDefinition"})
_LOOPS = ("standardLoopCharacteristics", "multiInstanceLoopCharacteristics")


def check_events(skeleton: Skeleton, declarations: Declarations, problems: Problems) -> None:
    """Note everything that is wrong with the events of one process."""
    inside = skeleton.in_scope()
    for nodes in inside.values():
        _check_links(nodes, problems)
    for node in skeleton.nodes.values():
        if node.kind == "eventBasedGateway":
            _check_event_gateway(node, skeleton, declarations, problems)
        elif node.kind == "boundaryEvent":
            _check_boundary(node, skeleton, problems)
        elif node.kind == "endEvent" and node.is_of("cancel"):
            _check_cancel(node, skeleton, problems)
        elif node.kind == "startEvent" and node.is_of("compensate"):
            _check_compensation_start(node, skeleton, problems)
        if node.is_event_sub_process:
            _check_event_sub_process(node, inside.get(node.id, []), problems)
        if node.kind in {"endEvent", "intermediateThrowEvent"}:
            _check_compensation_target(node, skeleton, inside, problems)
    _check_handlers(skeleton, problems)
    for scope in (skeleton.id, *(each.id for each in skeleton.nodes.values() if each.kind in SUB_PROCESSES)):
        beside = [each.id for each in inside.get(scope, ()) if each.is_event_sub_process]
        starts = [start for each in beside for start in inside.get(each, ()) if start.kind == "startEvent"]
        _check_caught_twice(starts, scope, declarations, problems)
    begins = [each for each in inside.get(skeleton.id, ()) if each.kind == "startEvent"]
    _check_caught_twice(begins, skeleton.id, declarations, problems)
    for activity, events in skeleton.attached.items():
        _check_caught_twice(events, activity, declarations, problems)


def _is_repeated(node: RawNode) -> bool:
    return any(child(node.element, each) is not None for each in _LOOPS)


# -- event-based gateways -------------------------------------------------------------------------------------------------------------


def _check_event_gateway(node: RawNode, skeleton: Skeleton, declarations: Declarations, problems: Problems) -> None:
    """At least two ways, each beginning with something to wait for, which nothing else leads to (BPMN 10.6.6)."""
    if len(node.outgoing) == 1:
        problems.add("event_gateway_few", node.element)
    begins = node.element.get("instantiate") in TRUE
    if begins and node.scope != skeleton.id:
        problems.add("instantiate_not_here", node.element, place="instantiate")
    targets = [skeleton.nodes[skeleton.flows[each].target] for each in node.outgoing]
    for target in targets:
        if not _can_be_awaited(target, skeleton, begins=begins):
            problems.add("event_gateway_target", target.element, gateway=node.id)
        elif len(target.incoming) > 1:
            problems.add("event_gateway_target_shared", target.element, gateway=node.id)
    has_events = any(each.is_of("message") for each in targets)
    if has_events and any(each.kind == "receiveTask" for each in targets):
        problems.add("event_gateway_mixed", node.element)
    _check_caught_twice(targets, node.id, declarations, problems)


def _can_be_awaited(target: RawNode, skeleton: Skeleton, *, begins: bool) -> bool:
    if target.kind == "intermediateCatchEvent":
        allowed = _BEGINNING if begins else _AWAITED
        needs_all = target.element.get("parallelMultiple") in TRUE and len(target.definitions) > 1
        return bool(target.definitions) and not needs_all and all(local_name(e) in allowed for e in target.definitions)
    return (
        target.kind == "receiveTask"
        and not skeleton.attached.get(target.id)
        and not _is_repeated(target)
        and target.element.get("startQuantity") in {None, "1"}
        and target.element.get("instantiate") not in TRUE
    )


# -- links ----------------------------------------------------------------------------------------------------------------------------


def _check_links(nodes: Iterable[RawNode], problems: Problems) -> None:
    """In one scope, each throw has one catch of its name, and each catch a throw (BPMN 10.5.5 "Link")."""
    throws: dict[str, RawNode] = {}
    catches: dict[str, RawNode] = {}
    for node in nodes:
        for each in node.definitions:
            name = (each.get("name") or "").strip()
            if local_name(each) != "linkEventDefinition" or not name:
                continue
            if node.kind == "intermediateThrowEvent":
                throws.setdefault(name, node)
            elif name in catches:
                problems.add("link_twice", node.element, place="link", name=name, other=catches[name].id)
            elif node.kind == "intermediateCatchEvent":
                catches[name] = node
    for name, node in throws.items():
        if name not in catches:
            problems.add("link_without_catch", node.element, place="link", name=name)
    for name, node in catches.items():
        if name not in throws:
            problems.add("link_without_throw", node.element, place="link", name=name)


# -- transactions and compensation ----------------------------------------------------------------------------------------------------


def _check_cancel(node: RawNode, skeleton: Skeleton, problems: Problems) -> None:
    """A cancel end event stands directly in a transaction, which has one cancel boundary event and happens once (BPMN 10.7)."""
    around = skeleton.nodes.get(node.scope)
    if around is None or around.kind != "transaction":
        problems.add("cancel_outside_transaction", node.element, place="eventDefinition")
        return
    if not any(each.is_of("cancel") for each in skeleton.attached.get(around.id, ())):
        problems.add("cancel_boundary_missing", around.element, event=node.id)
    if _is_repeated(around):
        problems.add("transaction_repeated", around.element, event=node.id)


def _check_boundary(node: RawNode, skeleton: Skeleton, problems: Problems) -> None:
    host = skeleton.nodes.get(node.attached_to)
    if host is None:
        return  # noted: attached to nothing
    if node.is_of("cancel") and host.kind != "transaction":
        problems.add("cancel_boundary_not_here", node.element, place="eventDefinition", activity=host.id)
    if not node.is_of("compensate"):
        return
    if host.is_for_compensation:
        problems.add("compensation_not_here", node.element, place="eventDefinition")
    reached = [skeleton.nodes[each] for each in skeleton.associated.get(node.id, ()) if each in skeleton.nodes]
    handlers = [each for each in reached if each.is_for_compensation and each.scope == node.scope]
    if not handlers:
        problems.add("compensation_without_handler", node.element, place="association")
    elif len(reached) > 1:
        problems.add("compensation_handlers_several", node.element, place="association", count=len(reached))


def _check_handlers(skeleton: Skeleton, problems: Problems) -> None:
    """Whatever runs only to undo something must undo something."""
    used = {
        target
        for node in skeleton.nodes.values()
        if node.kind == "boundaryEvent" and node.is_of("compensate")
        for target in skeleton.associated.get(node.id, ())
    }
    for node in skeleton.nodes.values():
        if node.is_for_compensation and node.kind in ACTIVITIES and node.id not in used:
            problems.add("compensation_handler_unused", node.element, place="isForCompensation")


def _check_compensation_target(
    node: RawNode, skeleton: Skeleton, inside: dict[str, list[RawNode]], problems: Problems
) -> None:
    """A throw names what was done beside it, or beside the event sub-process that it stands in (BPMN 10.7)."""
    for each in node.definitions:
        key = reference(each.get("activityRef") or "")
        target = skeleton.nodes.get(key)
        if local_name(each) != "compensateEventDefinition" or target is None:
            continue
        around = skeleton.nodes.get(node.scope)
        scope = around.scope if around is not None and around.is_event_sub_process else node.scope
        if target.scope != scope or not _can_be_undone(target, skeleton, inside):
            problems.add("compensation_target_unknown", node.element, place="activityRef", activity=key)


def _can_be_undone(node: RawNode, skeleton: Skeleton, inside: dict[str, list[RawNode]]) -> bool:
    """It has a handler, undoes itself, or holds what can be undone; what a called process holds is not known here."""
    if any(each.is_of("compensate") for each in skeleton.attached.get(node.id, ())):
        return True
    return node.kind == "callActivity" or any(
        (each.kind == "startEvent" and each.is_of("compensate")) or _can_be_undone(each, skeleton, inside)
        for each in inside.get(node.id, ())
    )


def _check_compensation_start(node: RawNode, skeleton: Skeleton, problems: Problems) -> None:
    """It says how the sub-process around its event sub-process is undone: there must be one."""
    around = skeleton.nodes.get(node.scope)
    undone = None if around is None else skeleton.nodes.get(around.scope)
    if around is not None and around.is_event_sub_process and (undone is None or undone.is_event_sub_process):
        problems.add("compensation_start_not_here", node.element, place="eventDefinition")


def _check_event_sub_process(node: RawNode, nodes: list[RawNode], problems: Problems) -> None:
    if _is_repeated(node):
        problems.add("event_sub_process_repeated", node.element, place="loop")
    begins_by_it = any(each.kind == "startEvent" and each.is_of("compensate") for each in nodes)
    if node.element.get("isForCompensation") in TRUE and not begins_by_it:
        problems.add("compensation_not_here", node.element, place="isForCompensation")


# -- what is caught twice -------------------------------------------------------------------------------------------------------------


def _check_caught_twice(events: Iterable[RawNode], owner: str, declarations: Declarations, problems: Problems) -> None:
    """Of two events that catch the same at one place, which one does would be a matter of chance."""
    caught: Counter[tuple[str, str]] = Counter()
    for event in events:
        mine = set(_what_it_catches(event, declarations))
        if any(caught[each] for each in mine):
            problems.add("caught_twice", event.element, place="eventDefinition", activity=owner)
        caught.update(mine)


def _what_it_catches(node: RawNode, declarations: Declarations) -> Iterable[tuple[str, str]]:
    """The kind, and which one of it: by code, name and key, or condition. Two timers are two moments."""
    definitions = (node.element,) if node.kind == "receiveTask" else node.definitions
    for each in definitions:
        match local_name(each).removesuffix("EventDefinition"):
            case "error" | "escalation" as kind:
                key = reference(each.get(f"{kind}Ref") or "")
                code = (declarations.errors if kind == "error" else declarations.escalations).get(key)
                if code or not key:
                    yield kind, code or ""
            case "signal":
                key = reference(each.get("signalRef") or "")
                yield "signal", declarations.signals.get(key) or key
            case "message" | "receiveTask":
                key = reference(each.get("messageRef") or "")
                message = declarations.messages.get(key)
                if message is not None:
                    yield "message", f"{message.name} {'' if message.key is None else message.key.source}"
            case "conditional":
                yield "condition", text_of(child(each, "condition")).removeprefix("=").strip()
            case "compensate" | "cancel" as kind:
                yield kind, ""
