"""Which called processes are cases of their own when they run durably, and the model that runs then.

A call becomes a request, as that of a handler: the engine begins a case of its own for it and answers with what that case gave. The proof,
the stories and the second opinion keep the model as it was drawn, in which the called process runs inside of the caller.

A call stays inside where the two processes speak to each other by more than inputs, outputs and errors: an escalation or a signal of the
one that the other catches, or work of the called process that the caller has undone. These reach across scopes within one step, in an
order that the semantics fix; between two cases there is none. A global task stays inside too: it is a task drawn elsewhere. Pure. What is
bound to another version can only be a case of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from engine.feel import Value
from engine.model.elements import (
    Activity,
    Binding,
    BoundaryEvent,
    CallActivity,
    CancelDefinition,
    CatchEvent,
    CompensationDefinition,
    EndEvent,
    EscalationDefinition,
    EventDefinition,
    Model,
    Node,
    Process,
    ServiceTask,
    SignalDefinition,
    SingleDefinition,
    StartEvent,
    ThrowEvent,
    definitions_of,
)

REQUEST: Final = "call:"
"""How the name of the handler begins that stands for a called process; no handler's name has a colon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCases:
    """``calls`` are the ids of the calls that are cases of their own, ``given_everything`` those among them that are given all that can be
    seen; ``model`` is what runs with them.
    """

    model: Model
    calls: frozenset[str]
    given_everything: frozenset[str]


def own_cases(model: Model) -> OwnCases:
    """The model in which every call that can be a case of its own is a request; the very same model when there is none."""
    talk = {each.id: _Talk.of(each) for each in model.processes.values()}
    callers = {each: _reaching(each, model) for each in talk}
    called = {each: _reached(each, model) for each in talk}
    own = {
        node.id: node
        for process in model.processes.values()
        for node in _calls(process)
        if node.binding is not Binding.DEPLOYMENT
        or not (
            _is_task(model.processes.get(node.process))
            or _stays_inside(node, callers[process.id], called.get(node.process, frozenset({node.process})), talk)
        )
    }
    return _requested(model, own)


def _is_task(process: Process | None) -> bool:
    """It is a global task (BPMN 10.3.6): one node, which is an activity."""
    return process is not None and [isinstance(each, Activity) for each in process.nodes.values()] == [True]


def cases_elsewhere(model: Model) -> OwnCases:
    """The model in which only those calls are requests whose process stands in other files: a story answers for them, as for handlers."""
    return _requested(
        model,
        {
            node.id: node
            for process in model.processes.values()
            for node in _calls(process)
            if node.binding is not Binding.DEPLOYMENT and node.process not in model.processes
        },
    )


def given_back(call: CallActivity, gave: Mapping[str, Value]) -> Mapping[str, Value]:
    """Of the variables that the called case ended with, what the call takes: all, or what its outputs may read."""
    if call.propagates_all_out:
        return gave
    read = {name for each in call.outputs for name in each.source.possible_variables}
    return {name: value for name, value in gave.items() if name in read}


def _requested(model: Model, own: Mapping[str, CallActivity]) -> OwnCases:
    calls = frozenset(own)
    processes = {key: _with_requests(process, calls) for key, process in model.processes.items()}
    return OwnCases(
        model=replace(model, processes=processes) if own else model,
        calls=calls,
        given_everything=frozenset(key for key, node in own.items() if node.propagates_all_in),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Talk:
    """By what a process speaks to those around it and inside it. Signals by their names."""

    throws: frozenset[str]
    catches: frozenset[str]
    escalates: bool
    catches_escalations: bool
    records: bool
    undoes: bool

    @classmethod
    def of(cls, process: Process) -> _Talk:
        nodes = tuple(process.nodes.values())
        thrown = [each for node in nodes for each in _thrown_by(node)]
        caught = [each for node in nodes for each in _caught_by(node, process)]
        return cls(
            throws=_signals(thrown),
            catches=_signals(caught),
            escalates=any(isinstance(each, EscalationDefinition) for each in thrown),
            catches_escalations=any(isinstance(each, EscalationDefinition) for each in caught),
            records=any(isinstance(each, Activity) and each.compensated_by is not None for each in nodes)
            or any(isinstance(each, CompensationDefinition) for each in caught),
            undoes=any(isinstance(each, CompensationDefinition | CancelDefinition) for each in thrown),
        )


def _stays_inside(call: CallActivity, callers: Iterable[str], called: Iterable[str], talk: Mapping[str, _Talk]) -> bool:
    """``callers``: the process of the call and all that lead to it; ``called``: what it calls, and all that this calls in turn."""
    outside = [talk[each] for each in callers]
    inside = [talk[each] for each in called if each in talk]
    if any(each.escalates for each in inside) and any(each.catches_escalations for each in outside):
        return True
    # what has a handler of its own is undone by that alone
    is_undone_inside = call.compensated_by is None and any(each.records for each in inside)
    if is_undone_inside and any(each.undoes for each in outside):
        return True
    thrown_inside, thrown_outside = _all(each.throws for each in inside), _all(each.throws for each in outside)
    caught_inside, caught_outside = _all(each.catches for each in inside), _all(each.catches for each in outside)
    return not (thrown_inside.isdisjoint(caught_outside) and thrown_outside.isdisjoint(caught_inside))


def _all(found: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*found)


def _calls(process: Process) -> Iterator[CallActivity]:
    return (node for node in process.nodes.values() if isinstance(node, CallActivity))


def _reached(process: str, model: Model) -> frozenset[str]:
    """The process and all that it calls, directly or not."""
    found, left = {process}, [process]
    while left:
        for call in _calls(model.processes[left.pop()]):
            if call.process in model.processes and call.process not in found:
                found.add(call.process)
                left.append(call.process)
    return frozenset(found)


def _reaching(process: str, model: Model) -> frozenset[str]:
    """The process and all that call it, directly or not."""
    return frozenset(each for each in model.processes if process in _reached(each, model))


def _thrown_by(node: Node) -> Iterator[SingleDefinition]:
    if isinstance(node, ThrowEvent | EndEvent):
        yield from definitions_of(node.result)
    many = node.multi_instance if isinstance(node, Activity) else None
    if many is not None:
        if many.event is not None:
            yield many.event
        yield from (each.event for each in many.complex)


def _caught_by(node: Node, process: Process) -> Iterator[SingleDefinition]:
    trigger: EventDefinition | None = None
    if isinstance(node, BoundaryEvent | CatchEvent):
        trigger = node.trigger
    elif (
        isinstance(node, StartEvent) and node.scope != process.id
    ):  # at the process it begins cases: nothing waits there
        trigger = node.trigger
    return iter(definitions_of(trigger))


def _signals(found: Iterable[SingleDefinition]) -> frozenset[str]:
    return frozenset(each.name for each in found if isinstance(each, SignalDefinition))


def _with_requests(process: Process, calls: frozenset[str]) -> Process:
    nodes = {
        key: _request(node) if isinstance(node, CallActivity) and key in calls else node
        for key, node in process.nodes.items()
    }
    return process if calls.isdisjoint(nodes) else replace(process, nodes=nodes)


def _request(call: CallActivity) -> ServiceTask:
    """All of the call but what it calls, and how: the driver reads that of the model as it was drawn."""
    kept = {name: getattr(call, name) for name in Activity.__dataclass_fields__}
    return ServiceTask(**kept, handler=f"{REQUEST}{call.process}")
