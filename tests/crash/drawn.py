"""Random processes of the kernel's tests made fit to be published: handlers that write rows, somebody's tasks, names of their own.

What happens in a process is drawn and foretold by ``tests.engine.kernel.blocks`` and ``drawing``; here nothing of that changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from engine.feel import compile_expression
from engine.model import elements as model
from engine.model.bpmn_writer import write_processes
from tests.engine.kernel.blocks import Block, random_block
from tests.engine.kernel.drawing import Drawing
from tests.engine.kernel.drawing_events import draw

ROLE = "clerk"


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A process that can be published: its key, its files, what is foretold of it."""

    key: str
    files: Mapping[str, bytes]
    drawing: Drawing

    @property
    def begins_with(self) -> str:
        """The name of the message that begins a case; its payload are the variables that the choices need."""
        return f"begin {self.key}"


def drawn(seed: int, most: int = 14) -> Drawn:
    """The process of a seed, of at most about ``most`` blocks."""
    chance = Random(seed)
    return of_block(random_block(chance, chance.randint(1, most)), f"crash{seed}", chance)


def of_block(block: Block, key: str, chance: Random) -> Drawn:
    """The process of a block, called ``key``."""
    definition, drawing = draw(block)
    fitting = _Fitting(key=key, chance=chance, drawing=drawing)
    processes = [fitting.process(each) for each in definition.processes.values()]
    description = f"key: {key}\ntitle: {{fr: {key}, en: {key}}}\nprocess: p\n".encode()
    return Drawn(
        key=key, files={"process.yaml": description, f"{key}.bpmn": write_processes(processes)}, drawing=drawing
    )


@dataclass(frozen=True)
class _Fitting:
    """``key`` stands in every name that other processes could hear; handlers are drawn by ``chance``."""

    key: str
    chance: Random
    drawing: Drawing

    def process(self, process: model.Process) -> model.Process:
        fitted = replace(process, nodes={id_: self._node(node, process) for id_, node in process.nodes.items()})
        return _completed(fitted)

    def _node(self, node: model.Node, process: model.Process) -> model.Node:
        changes: dict[str, Any] = {}
        for name in ("trigger", "result", "message"):
            if (found := getattr(node, name, None)) is not None:
                changes[name] = self._definition(found, node.id)
        if isinstance(node, model.UserTask):
            changes["role"] = ROLE
        elif isinstance(node, model.ServiceTask):
            changes |= self._handler(node, process)
        elif isinstance(node, model.StartEvent) and node.scope == process.id == "p":
            changes["trigger"] = model.MessageDefinition(name=f"begin {self.key}")
        elif isinstance(node, model.ReceiveTask) and _is_raced(node, process):
            # a file may not have both tasks and events after the gateway
            return model.CatchEvent(
                id=node.id,
                name=node.name,
                scope=node.scope,
                incoming=node.incoming,
                outgoing=node.outgoing,
                trigger=changes["message"],
            )
        return replace(node, **changes)

    def _handler(self, node: model.ServiceTask, process: model.Process) -> dict[str, Any]:
        if node.id not in self.drawing.errors:
            return {"handler": self.chance.choice(("deed.write", "deed.write", "deed.post", "deed.once", "deed.held"))}
        code = compile_expression(f'"{_caught(node, process)}"')
        return {"handler": "deed.fail", "inputs": (model.VariableMapping(source=code, target=("code",)),)}

    def _definition(self, definition: Any, node: str) -> Any:
        """A message that is awaited is one element's own: then the oracle's *this wait* is a message by name."""
        match definition:
            case model.MessageDefinition(name="m"):
                return replace(definition, name=f"m {node} {self.key}")
            case model.MessageDefinition() | model.SignalDefinition():
                return replace(definition, name=f"{definition.name} {self.key}")
            case model.MultipleDefinition():
                return replace(
                    definition, definitions=tuple(self._definition(each, node) for each in definition.definitions)
                )
        return definition


def _is_raced(node: model.Node, process: model.Process) -> bool:
    before = (process.nodes[process.flows[each].source] for each in node.incoming)
    return any(isinstance(each, model.EventBasedGateway) for each in before)


def _completed(process: model.Process) -> model.Process:
    """With what only a file asks for: who undoes is named by a boundary event, and tokens of a gateway or an event go somewhere."""
    nodes, flows = dict(process.nodes), dict(process.flows)
    for node in process.nodes.values():
        if isinstance(node, model.Activity) and node.compensated_by is not None:
            event = model.BoundaryEvent(
                id=f"on_{node.compensated_by}",
                name="",
                scope=node.scope,
                attached_to=node.id,
                trigger=model.CompensationDefinition(),
            )
            nodes[event.id] = event
            nodes[node.id] = replace(node, boundary=(*node.boundary, event.id))
        if isinstance(node, model.Gateway | model.BoundaryEvent) and not node.outgoing:
            end, flow = f"end_of_{node.id}", f"{node.id}-end_of_{node.id}"
            nodes[end] = model.EndEvent(id=end, name="", scope=node.scope, incoming=(flow,))
            nodes[node.id] = replace(node, outgoing=(flow,))
            flows[flow] = model.Flow(id=flow, name="", source=node.id, target=end)
    return replace(process, nodes=nodes, flows=flows)


def _caught(node: model.Node, process: model.Process) -> str:
    """The code that something around the node catches."""
    at: model.Node | None = node
    while at is not None:
        catching = [process.nodes[each] for each in getattr(at, "boundary", ())]
        catching += [
            start
            for beside in process.nodes.values()
            if isinstance(beside, model.SubProcess) and beside.is_event and beside.scope == at.scope
            for start in process.starts(beside.id)
        ]
        for each in catching:
            trigger = getattr(each, "trigger", None)
            if isinstance(trigger, model.ErrorDefinition) and trigger.code is not None:
                return trigger.code
        at = process.nodes.get(at.scope)
    raise AssertionError(f"nothing catches the error of {node.id}")
