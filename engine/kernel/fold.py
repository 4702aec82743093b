"""The only writer of state: one small function for each kind of event. Nothing is decided here.

``fold(events) == state`` holds by construction, because ``moves`` changes state through ``apply`` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from engine.errors import InvariantBroken
from engine.feel import Value
from engine.kernel import events as happened
from engine.kernel.state import Activity, Incident, Items, Phase, Scope, State, Wait
from engine.model.elements import Model

E = TypeVar("E", bound=happened.Event)


def fold(model: Model, events: Iterable[happened.Event], state: State | None = None) -> State:
    """The state that these events lead to, from the beginning or from ``state`` (which is not changed).

    Raises:
        InvariantBroken: code ``events_of_another_model``, ``model`` does not hold the process that was started.
    """
    folded = State() if state is None else state.copy()
    for event in events:
        if isinstance(event, happened.InstanceStarted) and event.process not in model.processes:
            raise InvariantBroken("events_of_another_model", process=event.process)
        apply(folded, event)
    return folded


def apply(state: State, event: happened.Event) -> None:
    """Let ``event`` happen to ``state``."""
    applier = APPLIERS[type(event)]
    if applier is not None:
        applier(state, event)


def _begin_id(state: State, given: str) -> None:
    state.counter = int(given[1:])


def _change_activity(state: State, activity_id: str, **changes: Any) -> None:
    state.activities[activity_id] = state.activities[activity_id]._replace(**changes)


def _add_to(tokens: Mapping[str, int], flows: Iterable[str], amount: int) -> dict[str, int]:
    counted = dict(tokens)
    for flow in flows:
        counted[flow] = counted.get(flow, 0) + amount
        if not counted[flow]:
            del counted[flow]
    return counted


def _instance_started(state: State, event: happened.InstanceStarted) -> None:
    state.process = event.process


def _instance_completed(state: State, _event: happened.InstanceCompleted) -> None:
    state.status = "completed"


def _instance_failed(state: State, _event: happened.InstanceFailed) -> None:
    state.status = "failed"


def _instance_cancelled(state: State, _event: happened.InstanceCancelled) -> None:
    state.status = "cancelled"


def _scope_opened(state: State, event: happened.ScopeOpened) -> None:
    _begin_id(state, event.scope)
    state.scopes[event.scope] = Scope(
        id=event.scope, process=event.process, activity=event.activity, item=event.item, is_isolated=event.isolated
    )
    if event.activity is None:
        return
    owner = state.activities[event.activity]
    items = owner.items
    if items is not None:
        items = items._replace(pending=items.pending[1:])
    _change_activity(state, owner.id, phase=Phase.INSIDE, scopes=(*owner.scopes, event.scope), items=items)


def _scope_closed(state: State, event: happened.ScopeClosed) -> None:
    closed = state.scopes.pop(event.scope)
    if closed.activity is not None:
        remaining = tuple(each for each in state.activities[closed.activity].scopes if each != closed.id)
        _change_activity(state, closed.activity, scopes=remaining)


def _variable_written(state: State, event: happened.VariableWritten) -> None:
    if event.scope in state.scopes:
        scope = state.scopes[event.scope]
        state.scopes[scope.id] = scope._replace(variables={**scope.variables, event.name: event.value})
    else:
        variables = {**state.activities[event.scope].variables, event.name: event.value}
        _change_activity(state, event.scope, variables=variables)


def _flow_taken(state: State, event: happened.FlowTaken) -> None:
    scope = state.scopes[event.scope]
    state.scopes[scope.id] = scope._replace(tokens=_add_to(scope.tokens, (event.flow,), 1))


def _tokens_dropped(state: State, event: happened.TokensDropped) -> None:
    scope = state.scopes[event.scope]
    state.scopes[scope.id] = scope._replace(tokens=_add_to(scope.tokens, event.flows, -1))


def _element_entered(state: State, event: happened.ElementEntered) -> None:
    _begin_id(state, event.activity)
    scope = state.scopes[event.scope]
    tokens = _add_to(scope.tokens, event.flows, -1) if event.flows else scope.tokens
    state.scopes[scope.id] = scope._replace(tokens=tokens, activities=scope.activities + 1)
    state.activities[event.activity] = Activity(
        id=event.activity, element=event.element, scope=event.scope, result=event.payload
    )


def _element_left(state: State, event: happened.ElementCompleted | happened.ElementCancelled) -> None:
    left = state.activities.pop(event.activity)
    scope = state.scopes[left.scope]
    state.scopes[scope.id] = scope._replace(activities=scope.activities - 1)


def _task_created(state: State, event: happened.TaskCreated) -> None:
    _change_activity(state, event.activity, phase=Phase.TASK)


def _task_completed(state: State, event: happened.TaskCompleted) -> None:
    # what the outputs of the task may ask besides its answers: who gave them
    known = {**state.activities[event.activity].variables, "task": {"completed_by": event.actor}}
    _change_activity(state, event.activity, phase=Phase.DONE, result=event.variables, variables=known)


def _handler_requested(state: State, event: happened.HandlerRequested) -> None:
    _change_activity(state, event.activity, phase=Phase.HANDLER)


def _handler_returned(state: State, event: happened.HandlerReturned) -> None:
    _change_activity(state, event.activity, phase=Phase.DONE, result=event.result)


def _begin_wait(state: State, wait: Wait) -> None:
    _begin_id(state, wait.id)
    state.waits[wait.id] = wait
    owner = state.activities[wait.activity]
    # a wait for another element is that of a boundary event: the activity itself does not wait for it
    phase = Phase.WAITING if wait.element == owner.element else owner.phase
    _change_activity(state, owner.id, phase=phase, waits=(*owner.waits, wait.id))


def _end_wait(state: State, wait_id: str, result: Mapping[str, Value] | None) -> None:
    wait = state.waits.pop(wait_id)
    owner = state.activities[wait.activity]
    _change_activity(state, owner.id, waits=tuple(each for each in owner.waits if each != wait_id))
    if result is not None and wait.element == owner.element:
        _change_activity(state, owner.id, phase=Phase.DONE, result=result)


def _timer_set(state: State, event: happened.TimerSet) -> None:
    wait = Wait(
        id=event.wait,
        element=event.element,
        activity=event.activity,
        due_at=event.due_at,
        remaining=event.remaining,
        period=event.period,
    )
    _begin_wait(state, wait)


def _timer_fired(state: State, event: happened.TimerFired) -> None:
    _end_wait(state, event.wait, {})


def _message_awaited(state: State, event: happened.MessageAwaited) -> None:
    wait = Wait(id=event.wait, element=event.element, activity=event.activity, name=event.name, key=event.key)
    _begin_wait(state, wait)


def _message_received(state: State, event: happened.MessageReceived) -> None:
    _end_wait(state, event.wait, event.payload)


def _wait_cancelled(state: State, event: happened.TimerCancelled | happened.MessageWaitCancelled) -> None:
    _end_wait(state, event.wait, None)


def _items_found(state: State, event: happened.ItemsFound) -> None:
    items = Items(pending=event.items, total=len(event.items))
    _change_activity(state, event.activity, phase=Phase.INSIDE, items=items)


def _item_completed(state: State, event: happened.ItemCompleted) -> None:
    items = state.activities[event.activity].items
    if items is None:
        raise InvariantBroken("item_without_items", activity=event.activity)
    pending = () if event.is_enough else items.pending
    outputs = {**items.outputs, event.item: event.output}
    _change_activity(state, event.activity, items=items._replace(pending=pending, outputs=outputs))


def _incident_raised(state: State, event: happened.IncidentRaised) -> None:
    _begin_id(state, event.incident)
    state.incidents[event.incident] = Incident(
        id=event.incident, activity=event.activity, element=event.element, code=event.code, place=event.place
    )


def _incident_resolved(state: State, event: happened.IncidentResolved) -> None:
    del state.incidents[event.incident]


Applier = Callable[[State, Any], None]

APPLIERS: Mapping[type[happened.Event], Applier | None] = {
    happened.InstanceStarted: _instance_started,
    happened.InstanceCompleted: _instance_completed,
    happened.InstanceFailed: _instance_failed,
    happened.InstanceCancelled: _instance_cancelled,
    happened.ScopeOpened: _scope_opened,
    happened.ScopeClosed: _scope_closed,
    happened.VariableWritten: _variable_written,
    happened.FlowTaken: _flow_taken,
    happened.TokensDropped: _tokens_dropped,
    happened.ElementEntered: _element_entered,
    happened.ElementCompleted: _element_left,
    happened.ElementCancelled: _element_left,
    happened.ItemsFound: _items_found,
    happened.ItemCompleted: _item_completed,
    happened.TaskCreated: _task_created,
    happened.TaskCompleted: _task_completed,
    happened.HandlerRequested: _handler_requested,
    happened.HandlerReturned: _handler_returned,
    happened.TimerSet: _timer_set,
    happened.TimerFired: _timer_fired,
    happened.TimerCancelled: _wait_cancelled,
    happened.MessageAwaited: _message_awaited,
    happened.MessageReceived: _message_received,
    happened.MessageWaitCancelled: _wait_cancelled,
    happened.IncidentRaised: _incident_raised,
    happened.IncidentResolved: _incident_resolved,
    # facts that tell and change nothing: what they mean for the state is said by the events beside them
    happened.TaskCancelled: None,
    happened.HandlerCancelled: None,
    happened.DecisionEvaluated: None,
    happened.ErrorThrown: None,
    happened.MessageThrown: None,
}
"""What each kind of event does; None for the facts that change nothing."""
