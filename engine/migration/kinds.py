"""Which elements can stand for each other: those of the same kind."""

from __future__ import annotations

from engine.model import elements as model
from engine.model.own_cases import REQUEST


def kind_of(node: model.Node) -> tuple[str, ...]:
    """The kind: its class, its marker, what it waits for or throws. Two elements of one kind do the same in the state of a case."""
    said = [type(node).__name__, *_events(node)]
    if isinstance(node, model.Activity):
        said.append(_marker(node))
        if node.is_for_compensation:
            said.append("undoes")
    match node:
        case model.SubProcess():
            said += [each for each, holds in (("event", node.is_event), ("transaction", node.is_transaction)) if holds]
        case model.CallActivity():
            said.append(node.process)
        case model.ServiceTask() if node.handler.startswith(REQUEST):
            said.append(node.handler)  # a call that is a case of its own
        case model.StartEvent():
            said.append("interrupting" if node.is_interrupting else "beside")
    return tuple(said)


def _events(node: model.Node) -> tuple[str, ...]:
    trigger = getattr(node, "trigger", None) or getattr(node, "result", None)
    said = tuple(type(each).__name__ for each in model.definitions_of(trigger))
    return (*said, "all") if isinstance(trigger, model.MultipleDefinition) and trigger.is_parallel else said


def _marker(node: model.Activity) -> str:
    if node.multi_instance is not None:
        return "one by one" if node.multi_instance.is_sequential else "at once"
    return "once" if node.loop is None else "loop"
