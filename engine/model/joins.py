"""When a parallel gateway joins (BPMN 13.4.1), an inclusive one may join (13.4.3) and a complex one begin anew (13.4.5): pure questions
about the drawing and where work lives.

An inclusive or complex gateway waits for a token that could still reach one of its empty incoming flows without passing the gateway
itself, unless that token could also reach a flow that already holds one. Work inside an activity stands at the activity, and may leave it
through its boundary events too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.model.elements import (
    BoundaryEvent,
    CatchEvent,
    LinkDefinition,
    Node,
    ParallelGateway,
    Process,
    Station,
    ThrowEvent,
)


def joined(station: Station, tokens: Mapping[str, int]) -> tuple[str, ...]:
    """The tokens (their flows) that begin a station which needs several, given how many each flow holds; empty: not all have come.

    A parallel gateway: one of each incoming flow, more on one flow wait for the next joining (BPMN 13.4.1). An activity: so many, whichever
    flows they come by (BPMN table 10.3).
    """
    node, needs = station.node, station.needs
    if type(node) is ParallelGateway:
        for flow in node.incoming:
            if flow not in tokens:
                return ()
        return node.incoming
    found = tuple(each for each in node.incoming for _ in range(min(needs, tokens.get(each, 0))))
    return found[:needs] if len(found) >= needs else ()


def may_join(
    process: Process, gateway: Node, flows: Iterable[str], nodes: Iterable[str], fired: Iterable[str] = ()
) -> bool:
    """Whether ``gateway`` has nothing more to wait for, given the flows that hold tokens (one of its own at least), the nodes at work in
    its scope, and for a complex gateway the incoming flows for which it has ``fired`` already.
    """
    held = set(flows)
    marked = held.intersection(gateway.incoming).union(fired)
    empty = set(gateway.incoming) - marked
    if not empty:
        return True
    reaches_empty = _upstream(process, gateway, empty)
    reaches_marked = _upstream(process, gateway, marked)
    late = reaches_empty - reaches_marked
    return late.isdisjoint(held - marked) and late.isdisjoint(nodes)


def next_join(
    process: Process, flows: Iterable[str], nodes: Iterable[str], fired: Mapping[str, Iterable[str]]
) -> str | None:
    """The first gateway that may join, in a scope with tokens on ``flows`` and ``nodes`` at work: an inclusive one that a token has
    reached, else a complex one that has ``fired`` (by id, with the flows for which it has).
    """
    reached = (process.targets[each] for each in sorted(flows))
    for gateway in dict.fromkeys(each.node.id for each in reached if each.is_late_join):
        if may_join(process, process.nodes[gateway], flows, nodes):
            return gateway
    return next((each for each in fired if may_join(process, process.nodes[each], flows, nodes, fired[each])), None)


def _upstream(process: Process, gateway: Node, flows: Iterable[str]) -> set[str]:
    """Ids of the flows and nodes from which a path that does not visit ``gateway`` ends with one of ``flows`` (themselves among them)."""
    found: set[str] = set()
    waiting = list(flows)
    while waiting:
        flow = waiting.pop()
        if flow in found:
            continue
        found.add(flow)
        source = process.flows[flow].source
        for node in _hosts(process, process.nodes[source]):
            if node == gateway.id or node in found:
                continue
            found.add(node)
            waiting.extend(process.nodes[node].incoming)
    return found


def _hosts(process: Process, node: Node) -> tuple[str, ...]:
    """The node, and where work stands that can come out of it: the activity that it is attached to, the throws of its link."""
    if isinstance(node, BoundaryEvent):
        return (node.id, node.attached_to)
    if isinstance(node, CatchEvent) and isinstance(node.trigger, LinkDefinition):
        throws = (
            each for each in process.inside[node.scope] if isinstance(each, ThrowEvent) and each.result == node.trigger
        )
        return (node.id, *(each.id for each in throws))
    return (node.id,)
