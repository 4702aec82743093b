"""Random processes as a file can say them: those of the kernel's properties, with what a drawing needs besides, and lanes."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from engine.model import elements as model
from tests.engine.kernel.blocks import Block, random_block
from tests.engine.kernel.building import message
from tests.engine.kernel.drawing_events import draw

NAMES = (
    "Saisir la commande",
    "Vérifier",
    "Contrôler la disponibilité des articles",
    "Préparer",
    "Demander l’accord du responsable des achats",
    "Expédier",
    "",
    "Facturer la livraison",
)
CONDITIONS = ("Oui", "Non", "Montant supérieur à 5 000 €", "", "Refusé", "Sans réponse après trois jours")


def random_processes(seed: int, size: int | None = None) -> tuple[model.Process, ...]:
    """A process and those that it calls. An odd seed has lanes and names in the words of people."""
    chance = Random(seed)
    definition, _ = draw(random_block(chance, chance.randint(1, 14) if size is None else size))
    found = tuple(_sayable(each) for each in definition.processes.values())
    return tuple(_named(_in_lanes(each, chance), chance) for each in found) if seed % 2 else found


def random_process_of(nodes: int, seed: int = 0) -> model.Process:
    """The first random process of at least so many nodes."""
    while True:
        found = random_processes(seed, size=nodes // 3)[0]
        if nodes <= len(found.nodes) <= nodes * 5 // 4:
            return found
        seed += 1


def _sayable(process: model.Process) -> model.Process:
    """User tasks have a role, compensation events lead to who undoes, each message has a name of its own, and every way has both ends."""
    nodes: dict[str, model.Node] = {}
    flows = dict(process.flows)
    raced = {
        process.flows[flow].target
        for each in process.nodes.values()
        if isinstance(each, model.EventBasedGateway)
        for flow in each.outgoing
    }
    for node in process.nodes.values():
        changed: Any = node
        match node:
            case model.UserTask():
                changed = replace(node, role="clerk")
            case model.CatchEvent() if node.id in raced:
                changed = replace(node, trigger=_message_of(node))
            case model.ReceiveTask() if node.id in raced:
                changed = model.CatchEvent(**_common(node), trigger=_message_of(node))
            case _:
                pass
        nodes[node.id] = changed
        if isinstance(changed, model.Activity) and changed.compensated_by is not None:
            event = f"undo_of_{node.id}"
            nodes[node.id] = replace(changed, boundary=(*changed.boundary, event))
            undo = model.CompensationDefinition()
            nodes[event] = model.BoundaryEvent(id=event, name="", scope=node.scope, attached_to=node.id, trigger=undo)
        if isinstance(node, model.Gateway) and not node.outgoing:
            end = model.EndEvent(id=f"end_of_{node.id}", name="", scope=node.scope)
            _join(node.id, end.id, nodes | {end.id: end}, nodes, flows)
        elif not node.incoming and _is_stranded(node):
            split = next(
                each
                for each in process.inside[node.scope]
                if isinstance(each, model.ParallelGateway) and each.outgoing and each.id in nodes
            )
            _join(split.id, node.id, nodes, nodes, flows)
    return replace(process, nodes=nodes, flows=flows)


def _join(
    source: str,
    target: str,
    known: dict[str, model.Node],
    nodes: dict[str, model.Node],
    flows: dict[str, model.Flow],
) -> None:
    flow = model.Flow(id=f"{source}-{target}", name="", source=source, target=target)
    flows[flow.id] = flow
    nodes[source] = replace(known[source], outgoing=(*known[source].outgoing, flow.id))
    nodes[target] = replace(known[target], incoming=(*known[target].incoming, flow.id))


def _is_stranded(node: model.Node) -> bool:
    return isinstance(node, model.UserTask)


def _message_of(node: model.Node) -> model.MessageDefinition:
    return message(f"m_{node.id}", '"k"')


def _common(node: model.Node) -> dict[str, Any]:
    names = ("id", "name", "scope", "incoming", "outgoing", "lane", "documentation", "properties")
    return {name: getattr(node, name) for name in names}


def _in_lanes(process: model.Process, chance: Random) -> model.Process:
    """Three lanes; what is inside a sub-process or at the border of an activity is where that is."""
    roles = ("sales_admin", "purchasing_admin", "manager")
    names = {role: f"lane_{role}_of_{process.id}" for role in roles}
    lanes = {names[role]: model.Lane(id=names[role], name=role, role=role) for role in roles}
    chosen = {each.id: chance.choice(list(lanes)) for each in process.inside[process.id]}

    def lane_of(node: model.Node) -> str:
        if isinstance(node, model.BoundaryEvent):
            return lane_of(process.nodes[node.attached_to])
        return chosen[node.id] if node.scope == process.id else lane_of(process.nodes[node.scope])

    return replace(
        process, lanes=lanes, nodes={each.id: replace(each, lane=lane_of(each)) for each in process.nodes.values()}
    )


def _named(process: model.Process, chance: Random) -> model.Process:
    flows = {}
    for flow in process.flows.values():
        source: Any = process.nodes[flow.source]
        is_choice = isinstance(source, model.ExclusiveGateway) and len(source.outgoing) > 1
        flows[flow.id] = replace(flow, name=chance.choice(CONDITIONS) if is_choice else "")
    nodes = {each.id: replace(each, name=chance.choice(NAMES)) for each in process.nodes.values()}
    return replace(process, nodes=nodes, flows=flows)


def random_flat_process(seed: int, size: int) -> model.Process:
    """Branches, loops and races in one scope; most of what follows stands in the lane of what leads to it."""
    chance = Random(seed)
    definition, _ = draw(_flat_block(chance, size))
    process = _in_lanes(_sayable(next(iter(definition.processes.values()))), chance)
    nodes = dict(process.nodes)
    for node in process.nodes.values():
        if node.incoming and chance.random() < 0.75:
            nodes[node.id] = replace(nodes[node.id], lane=nodes[process.flows[node.incoming[0]].source].lane)
    for node in process.nodes.values():
        if isinstance(node, model.BoundaryEvent):
            lane = nodes[node.attached_to].lane
            nodes[node.id] = replace(nodes[node.id], lane=lane)
    return _named(replace(process, nodes=nodes), chance)


def _flat_block(chance: Random, size: int) -> Block:
    if size <= 1:
        return Block(chance.choice(("user", "service", "script", "send", "task", "undoable")))
    kind = chance.choice(("sequence", "sequence", "xor", "and", "or", "loop", "race", "activity"))
    if kind == "loop":
        return Block(kind, (_flat_block(chance, size - 1),), times=2)
    count = chance.randint(2, 3)
    parts = tuple(_flat_block(chance, (size - 1) // count) for _ in range(count))
    return Block(kind, parts, frozenset(range(1 if kind in ("xor", "race") else count)))
