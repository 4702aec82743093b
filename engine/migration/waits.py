"""What something that lives waits for, by its drawing: so that what is new can be armed and what has come already is not awaited again."""

from __future__ import annotations

from collections.abc import Mapping

from engine.kernel.state import DONE, ENTERED, HANDLER, INSIDE, ROOT, TASK, UNDOING, WAITING, Activity, State, Wait
from engine.model import elements as model

Key = tuple[str, int]
"""The element that catches, and which of the several things that it may wait for."""
Awaited = Mapping[Key, model.SingleDefinition]

_AT_WORK = frozenset({TASK, HANDLER, WAITING, INSIDE, DONE})
_CAN_WAIT = (model.TimerDefinition, model.MessageDefinition, model.SignalDefinition, model.ConditionalDefinition)


def of_activity(definition: model.Model, state: State, activity: Activity) -> Awaited:
    """All that the activity waits for from its beginning on: its boundary events, and what it is there to wait for."""
    if activity.phase is ENTERED or activity.phase is UNDOING or is_reopened(definition, state, activity):
        return {}
    process = definition.processes[state.scopes[activity.scope].process]
    station = process.stations[activity.element]
    found: dict[Key, model.SingleDefinition] = {}
    if activity.phase in _AT_WORK and not state.is_item(activity):
        for event in station.boundary:
            found |= _each(event.id, event.trigger)
    if activity.phase is WAITING:
        match station.node:
            case model.CatchEvent() as catch:
                found |= _each(catch.id, catch.trigger)
            case model.ReceiveTask() as task:
                found |= _each(task.id, task.message)
            case model.EventBasedGateway() as gateway:
                for node, trigger in process.awaited_after(gateway):
                    found |= _each(node.id, trigger)
    return found


def of_scope(definition: model.Model, state: State, scope_id: str) -> Awaited:
    """The starts of the event sub-processes that can begin in a scope; none where one has interrupted it, or where it is being undone."""
    element = element_of(state, scope_id)
    if element is None or _is_over(definition, state, scope_id):
        return {}
    process = definition.processes[state.scopes[scope_id].process]
    found: dict[Key, model.SingleDefinition] = {}
    for _, start in process.event_sub_processes(element):
        found |= _each(start.id, start.trigger)
    return found


def element_of(state: State, scope_id: str) -> str | None:
    """The process or sub-process that a scope is one of; None for that of an item or a round."""
    scope = state.scopes[scope_id]
    if scope.item is not None:
        return None
    if scope.activity is None or scope.is_isolated:
        return scope.process
    return state.activities[scope.activity].element


def container_of(state: State, scope_id: str) -> str:
    """The process or sub-process whose elements live in a scope, also in that of an item."""
    scope = state.scopes[scope_id]
    while scope.item is not None and scope.activity is not None:
        scope = state.scopes[state.activities[scope.activity].scope]
    return element_of(state, scope.id) or scope.process


def is_reopened(definition: model.Model, state: State, activity: Activity) -> bool:
    """It was completed before, and is open again for what was done in it to be undone: nothing is awaited there."""
    if activity.undoes is None:
        return False
    node = definition.processes[state.scopes[activity.scope].process].nodes[activity.element]
    return not getattr(node, "is_for_compensation", False)


def is_same(one: model.SingleDefinition, other: model.SingleDefinition) -> bool:
    """Whether two definitions wait for the same, as they are written."""
    return _written(one) == _written(other)


def kind_of_wait(wait: Wait) -> str:
    """``timer``, ``message``, ``signal`` or ``condition``."""
    if wait.due_at is not None:
        return "timer"
    if wait.signal is not None:
        return "signal"
    return "message" if wait.held is None else "condition"


def _each(element: str, trigger: model.EventDefinition | None) -> dict[Key, model.SingleDefinition]:
    found = enumerate(model.definitions_of(trigger))
    return {(element, number): each for number, each in found if isinstance(each, _CAN_WAIT)}


def _is_over(definition: model.Model, state: State, scope_id: str) -> bool:
    owner = None if scope_id == ROOT else state.activities.get(state.scopes[scope_id].activity or "")
    if owner is not None and is_reopened(definition, state, owner):
        return True
    nodes = definition.processes[state.scopes[scope_id].process].nodes
    inside = [(each, nodes[each.element]) for each in state.activities.values() if each.scope == scope_id]
    return any(_interrupts(definition, state, node, each) for each, node in inside)


def _interrupts(definition: model.Model, state: State, node: model.Node, activity: Activity) -> bool:
    """An interrupting event sub-process at work, or a cancel end event that has its transaction undone."""
    if isinstance(node, model.SubProcess) and node.is_event:
        process = definition.processes[state.scopes[activity.scope].process]
        return any(start.is_interrupting for start in process.starts(node.id))
    return activity.phase is UNDOING and isinstance(getattr(node, "result", None), model.CancelDefinition)


def _written(definition: model.SingleDefinition) -> tuple[str | None, ...]:
    match definition:
        case model.TimerDefinition():
            return ("timer", definition.kind, definition.expression.source)
        case model.MessageDefinition(name=name, correlation_key=key):
            return ("message", name, None if key is None else key.source)
        case model.SignalDefinition(name=name):
            return ("signal", name)
        case model.ConditionalDefinition(condition=condition):
            return ("condition", condition.source)
        case _:
            return (type(definition).__name__,)
