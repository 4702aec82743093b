"""Where a token can be put by hand: a pure question about the drawing. Below (and above) nothing moves.

A token can be put at an element that tokens reach in its scope, which then begins; and on a sequence flow, which is how it reaches what
joins: there it counts as the token of that flow, so that nothing is joined twice, and nothing waits for a token that has come.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.model.elements import (
    Activity,
    BoundaryEvent,
    CatchEvent,
    ComplexGateway,
    Flow,
    InclusiveGateway,
    LinkDefinition,
    Node,
    ParallelGateway,
    Process,
    StartEvent,
    SubProcess,
)

Landing = Node | Flow


def landings(process: Process, scope: str) -> Iterator[Landing]:
    """Every place in the process or sub-process ``scope``, in file order: of what joins, the flows that lead to it."""
    for node in process.inside.get(scope, ()):
        if joins(node):
            yield from (process.flows[each] for each in node.incoming)
        elif is_entered(node):
            yield node


def is_entered(node: Node) -> bool:
    """Whether tokens enter it by flows: not an event at which something begins or goes on, nor what only events or compensation begin."""
    match node:
        case StartEvent() | BoundaryEvent() | SubProcess(is_event=True) | Activity(is_for_compensation=True):
            return False
        case CatchEvent():
            return not isinstance(node.trigger, LinkDefinition)
        case _:
            return True


def joins(node: Node) -> bool:
    """Whether it may wait for several tokens, so that it matters by which flow one comes."""
    match node:
        case ParallelGateway() | InclusiveGateway():
            return len(node.incoming) > 1
        case ComplexGateway():
            return True
        case Activity():
            return node.start_quantity > 1
        case _:
            return False


def refusal(process: Process, scope: str, target: str) -> str | None:
    """Why no token can be put at ``target`` (an element or a flow) by somebody who takes it from ``scope``, as a code; None: it can."""
    flow = process.flows.get(target)
    node = process.nodes.get(target if flow is None else flow.target)
    if node is None or node.scope != scope:
        return "move_elsewhere"
    if not is_entered(node):
        return "move_not_entered"
    return "move_needs_flow" if flow is None and joins(node) else None


def joins_missed(process: Process, left: str, target: str) -> tuple[Node, ...]:
    """The parallel gateways, waiting for a token of each path, to which one at ``left`` (an element or a flow) could have come, and from
    ``target`` cannot.
    """
    missed = _ahead(process, left) - _ahead(process, target)
    return tuple(
        node
        for node in process.nodes.values()
        if node.id in missed and isinstance(node, ParallelGateway) and joins(node)
    )


def _ahead(process: Process, start: str) -> set[str]:
    """The elements that a token at ``start`` can come to by flows, and events at what it comes to."""
    found: set[str] = set()
    waiting = [process.flows[start].target if start in process.flows else start]
    while waiting:
        at = waiting.pop()
        if at in found:
            continue
        found.add(at)
        node = process.nodes[at]
        waiting.extend(process.flows[each].target for each in node.outgoing)
        waiting.extend(node.boundary if isinstance(node, Activity) else ())
    return found
