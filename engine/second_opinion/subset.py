"""What of a process can be translated, and what not and why: by element."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.model import elements as model
from engine.texts import say

MOST_NODES = 400
"""Of a process with all that it calls: SpiffWorkflow predicts its whole tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a story is not compared, at ``element`` (None: the story); ``reason`` is the end of a code of the catalogue, ``detail`` what
    the other engine said.
    """

    reason: str
    element: str | None = None
    detail: str = ""

    def sentence(self, locale: str) -> str:
        """The reason in words."""
        return say(f"opinion_no_{self.reason}", locale, element=self.element or "–", detail=self.detail)


def obstacles(definition: model.Model, process: str, start_event: str | None) -> tuple[Obstacle, ...]:
    """Everything in the process, and in what it calls, that has no translation."""
    found: list[Obstacle] = []
    reached = _reached(definition, process)
    for each in reached:
        found.extend(_of_process(definition, each))
    entrance = definition.processes[process].entrances().get(start_event or "")
    if entrance is not None and not isinstance(entrance, model.StartEvent):
        found.append(Obstacle(reason="entrance", element=entrance.id))
    if sum(len(each.nodes) for each in reached) > MOST_NODES:
        found.append(Obstacle(reason="large"))
    return tuple(dict.fromkeys(found))


def _reached(definition: model.Model, process: str) -> tuple[model.Process, ...]:
    """The process and what it calls, however far."""
    found: dict[str, model.Process] = {}
    left = [process]
    while left:
        name = left.pop()
        if name in found or name not in definition.processes:
            continue
        found[name] = definition.processes[name]
        left.extend(each.process for each in found[name].nodes.values() if isinstance(each, model.CallActivity))
    return tuple(found.values())


def _of_process(definition: model.Model, process: model.Process) -> Iterator[Obstacle]:
    for node in process.nodes.values():
        for reason in _reasons(definition, node):
            yield Obstacle(reason=reason, element=node.id)


def _reasons(definition: model.Model, node: model.Node) -> Iterator[str]:
    trigger = getattr(node, "trigger", None)
    if any(isinstance(each, model.ConditionalDefinition) for each in model.definitions_of(trigger)):
        yield "condition"
    result = getattr(node, "result", None)
    for each in model.definitions_of(result):
        if isinstance(each, model.CompensationDefinition):
            yield "compensation"
        elif isinstance(each, model.CancelDefinition):
            yield "transaction"
    match node:
        case model.SubProcess(is_event=True):
            yield "event_sub_process"
        case model.ComplexGateway():
            yield "complex_gateway"
        case model.BusinessRuleTask() if node.decision not in definition.decisions:
            yield "decision"
        case model.CallActivity() if node.process not in definition.processes:
            yield "call"
    if isinstance(node, model.Activity):
        yield from _of_activity(node)


def _of_activity(node: model.Activity) -> Iterator[str]:
    if (node.start_quantity, node.completion_quantity) != (1, 1):
        yield "quantity"
    many = node.multi_instance
    if many is not None and many.behavior is not model.MultiInstanceBehavior.ALL:
        yield "behavior"
    if node.loop is not None and node.loop.condition is None and node.loop.maximum is None:
        yield "endless_loop"
