"""The variables of a process as far as its files tell: what forms ask, what steps and decisions give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from engine.feel.tree import Name, TypeName
from engine.handler import HandlerTable
from engine.model.bundle import Bundle
from engine.model.elements import (
    Activity,
    BoundaryEvent,
    BusinessRuleTask,
    CatchEvent,
    Node,
    ScriptTask,
    ServiceTask,
    StartEvent,
    VariableMapping,
)
from engine.model.forms import FieldType

_FEEL: Final[Mapping[FieldType, TypeName]] = {
    "text": TypeName("string"),
    "long_text": TypeName("string"),
    "choice": TypeName("string"),
    "number": TypeName("number"),
    "integer": TypeName("number"),
    "money": TypeName("number"),
    "date": TypeName("date"),
    "boolean": TypeName("boolean"),
}

_LOOP_COUNTER: Final = "loopCounter"


def known(bundle: Bundle) -> Mapping[str, TypeName | None]:
    """Every name that some step writes, with its type where forms and decisions tell it and no step makes something else of it; None else.

    Not all that there may be: a message or a handler can bring more, so that a name that is not here is no mistake.
    """
    types: dict[str, TypeName | None] = {}
    for name, found in (*_asked(bundle), *_decided(bundle)):
        types[name] = found if types.get(name, found) == found else None
    for process in bundle.model.processes.values():
        for node in process.nodes.values():
            types |= dict.fromkeys(_written(node))
    return types


def _asked(bundle: Bundle) -> Iterator[tuple[str, TypeName]]:
    for form in bundle.forms.values():
        yield from ((field.name, _FEEL[field.type]) for field in form.fields)


def _decided(bundle: Bundle) -> Iterator[tuple[str, TypeName | None]]:
    for process in bundle.model.processes.values():
        for node in process.nodes.values():
            if isinstance(node, BusinessRuleTask):
                decision = bundle.model.decisions.get(node.decision)
                yield node.result_variable, None if decision is None else decision.result_type


def typed(bundle: Bundle) -> dict[str, TypeName]:
    """The variables whose type is known."""
    return {name: kind for name, kind in known(bundle).items() if kind is not None}


def names(bundle: Bundle, handlers: HandlerTable) -> frozenset[str]:
    """Every name that an expression of the process may well mean: also what its handlers give, and what steps only pass on."""
    found = set(known(bundle))
    for process in bundle.model.processes.values():
        for node in process.nodes.values():
            found.update(each.target[0] for each in _mappings(node))
            if isinstance(node, Activity) and node.multi_instance is not None:
                found.add(_LOOP_COUNTER)
            handler = handlers.handlers.get(node.handler) if isinstance(node, ServiceTask) else None
            if handler is not None:
                found.update(handler.gives)
    return frozenset(found)


def _is_kept(mapping: VariableMapping) -> bool:
    """Whether a mapping only passes on the variable that it is named for."""
    source = mapping.source.tree
    return isinstance(source, Name) and mapping.target == (source.name,)


def _mappings(node: Node) -> Iterator[VariableMapping]:
    if isinstance(node, Activity | CatchEvent | BoundaryEvent | StartEvent):
        yield from node.outputs
    if isinstance(node, Activity):
        yield from node.inputs


def _written(node: Node) -> Iterator[str]:
    if isinstance(node, ScriptTask):
        yield node.result_variable
    yield from (each.target[0] for each in _mappings(node) if not _is_kept(each))
    if isinstance(node, Activity) and node.multi_instance is not None:
        loop = node.multi_instance
        yield from (each for each in (loop.input_element, loop.output_collection) if each)
