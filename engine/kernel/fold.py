"""The only writer of state: one small function for each kind of event. Nothing is decided here.

``fold(events) == state`` holds by construction, because ``Tokens.emit`` changes state through these functions alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from engine.errors import InvariantBroken
from engine.feel import Value
from engine.kernel.state import (
    DONE,
    ENTERED,
    HANDLER,
    INSIDE,
    Activity,
    Incident,
    Items,
    Phase,
    Record,
    Scope,
    State,
    Status,
    Undoing,
    Wait,
)
from engine.model.elements import Model
from engine.protocol import events as happened

Applier = Callable[[State, Any], object]


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
    APPLIERS[type(event)](state, event)


def _tells(_state: State, _event: happened.Event) -> None:
    """It changes nothing: what it means for the state is said by the events beside it."""


def _ends(status: Status) -> Applier:
    def apply_end(state: State, _event: happened.Event) -> None:
        state.status = status
        state.records = {}  # nothing can be undone any more

    return apply_end


def scope_opened(state: State, event: happened.ScopeOpened) -> Scope:
    """A scope more, which it gives."""
    id_, at = event.scope, event.activity
    state.counter += 1
    state.scopes[id_] = opened = Scope(id_, event.process, at, event.item, event.isolated, {}, {})
    if event.record is not None:
        _move_records(state, event.record, id_)
    if at is not None:
        owner = state.own_activity(at) if at in state.shared else state.activities[at]
        owner.phase = INSIDE
        owner.scopes = (*owner.scopes, id_)
        if (items := owner.items) is not None:
            owner.items = Items(items.pending[1:], items.total, items.outputs)
    return opened


def _scope_closed(state: State, event: happened.ScopeClosed) -> None:
    closed = event.scope
    at = state.scopes.pop(closed).activity
    if state.records:
        _forget_records(state, closed)
    if at is not None:
        owner = state.own_activity(at) if at in state.shared else state.activities[at]
        place = owner.scopes.index(closed)
        owner.scopes = owner.scopes[:place] + owner.scopes[place + 1 :]


def _move_records(state: State, owner: str, to: str) -> None:
    for record in [each for each in state.records.values() if each.scope == owner]:
        state.records[record.id] = replace(record, scope=to)


def _forget_records(state: State, owner: str) -> None:
    """What was recorded in a scope goes with it, and what was recorded inside that."""
    found = [owner]
    while found:
        at = found.pop()
        inside = [each.id for each in state.records.values() if each.scope == at]
        for record in inside:
            del state.records[record]
        found.extend(inside)


def variable_written(variables: dict[str, Value], event: happened.VariableWritten) -> None:
    """The value among those of its scope or activity."""
    variables[event.name] = event.value


def flow_taken(tokens: dict[str, int], event: happened.FlowTaken) -> None:
    """A token more on the flow, among those of its scope."""
    flow = event.flow
    tokens[flow] = tokens[flow] + 1 if flow in tokens else 1


def _tokens_dropped(state: State, event: happened.TokensDropped) -> None:
    tokens = state.own_scope(event.scope).tokens
    for flow in event.flows:
        if left := tokens[flow] - 1:
            tokens[flow] = left
        else:
            del tokens[flow]


def element_entered(state: State, scope: Scope, event: happened.ElementEntered) -> Activity:
    """An activity more in the scope, which it gives, and fewer tokens."""
    state.counter += 1
    scope.activities += 1
    tokens = scope.tokens
    for flow in event.flows:
        if left := tokens[flow] - 1:
            tokens[flow] = left
        else:
            del tokens[flow]
    id_ = event.activity
    state.activities[id_] = entered = Activity(id_, event.element, event.scope, ENTERED, {}, event.payload)
    return entered


def element_left(state: State, scope: Scope, event: happened.ElementCompleted | happened.ElementCancelled) -> None:
    """An activity fewer in its scope."""
    del state.activities[event.activity]
    scope.activities -= 1


def _element_left(state: State, event: happened.ElementCompleted | happened.ElementCancelled) -> None:
    element_left(state, state.own_scope(state.activities[event.activity].scope), event)


def _puts(phase: Phase) -> Applier:
    def apply_phase(state: State, event: Any) -> None:
        state.own_activity(event.activity).phase = phase

    return apply_phase


def handler_requested(activity: Activity, _event: happened.HandlerRequested) -> None:
    """The activity awaits its handler."""
    activity.phase = HANDLER


def _task_completed(state: State, event: happened.TaskCompleted) -> None:
    task = state.own_activity(event.activity)
    task.phase = DONE
    task.result = event.variables
    # what the outputs of the task may ask besides its answers: who gave them
    task.variables["task"] = {"completed_by": event.actor}


def handler_returned(activity: Activity, event: happened.HandlerReturned) -> None:
    """The activity has what it awaited."""
    activity.phase = DONE
    activity.result = event.result


def _begin_wait(state: State, event: Any, **kind: Any) -> None:
    state.counter += 1
    wait = Wait(id=event.wait, element=event.element, activity=event.activity, number=event.number, **kind)
    state.waits[wait.id] = wait
    if wait.activity in state.scopes:
        scope = state.own_scope(wait.activity)
        scope.waits = (*scope.waits, wait.id)
        return
    owner = state.own_activity(wait.activity)
    owner.waits = (*owner.waits, wait.id)
    # a wait for another element is that of a boundary event or a gateway: the activity itself does not wait for it
    if wait.element == owner.element:
        owner.phase = Phase.WAITING


def _end_wait(state: State, event: happened.WaitOver | happened.WaitCancelled) -> Wait:
    wait = state.waits.pop(event.wait)
    at = wait.activity
    owner = state.own_scope(at) if at in state.scopes else state.own_activity(at)
    owner.waits = tuple(each for each in owner.waits if each != wait.id)
    return wait


def _wait_over(state: State, event: happened.WaitOver) -> None:
    wait = _end_wait(state, event)
    owner = state.activities.get(wait.activity)
    if owner is None or wait.element != owner.element:
        return
    owner = state.own_activity(owner.id)
    owner.result = {**owner.result, **getattr(event, "payload", {})}
    if event.is_enough:
        owner.phase = DONE


def _items_found(state: State, event: happened.ItemsFound) -> None:
    body = state.own_activity(event.activity)
    body.phase = INSIDE
    body.items = Items(pending=event.items, total=len(event.items))


def _item_completed(state: State, event: happened.ItemCompleted) -> None:
    at = event.activity
    body = state.own_activity(at) if at in state.shared else state.activities[at]
    items = body.items
    assert items is not None, "what an item belongs to has items"
    if event.again is not None:
        round_ = (None,) if event.again else ()
        body.items = replace(items, pending=round_, total=items.total + len(round_))
    else:
        outputs = {**items.outputs, event.item: event.output}
        body.items = Items(() if event.is_enough else items.pending, items.total, outputs)


def _gateway_activated(state: State, event: happened.GatewayActivated) -> None:
    gateway = state.own_activity(event.activity)
    gateway.phase = Phase.WAITING
    gateway.flows = event.flows


def _compensation_recorded(state: State, event: happened.CompensationRecorded) -> None:
    state.counter += 1
    state.records[event.record] = Record(
        event.record, event.scope, event.element, event.activity, event.process, event.variables
    )
    if event.inner is not None:
        _move_records(state, event.inner, event.record)


def _compensation_thrown(state: State, event: happened.CompensationThrown) -> None:
    thrower = state.own_activity(event.activity)
    thrower.phase = Phase.UNDOING
    thrower.undoing = Undoing(scope=event.scope, target=event.target)


def _compensation_begun(state: State, event: happened.CompensationBegun) -> None:
    del state.records[event.record]
    _undone_by(state, event.activity, event.by)
    state.own_activity(event.by).undoes = event.activity


def _undone_by(state: State, thrower_id: str, by: str | None) -> None:
    thrower = state.own_activity(thrower_id)
    assert thrower.undoing is not None, "what undoes was thrown"
    thrower.undoing = thrower.undoing._replace(by=by)


def _incident_raised(state: State, event: happened.IncidentRaised) -> None:
    state.counter += 1
    state.incidents[event.incident] = Incident(event.incident, event.activity, event.element, event.code, event.place)


APPLIERS: Mapping[type[happened.Event], Applier] = {
    happened.InstanceStarted: lambda state, event: setattr(state, "process", event.process),
    happened.InstanceCompleted: _ends("completed"),
    happened.InstanceFailed: _ends("failed"),
    happened.InstanceCancelled: _ends("cancelled"),
    happened.ScopeOpened: scope_opened,
    happened.ScopeClosed: _scope_closed,
    happened.VariableWritten: lambda state, event: variable_written(state.own(event.scope).variables, event),
    happened.FlowTaken: lambda state, event: flow_taken(state.own_scope(event.scope).tokens, event),
    happened.TokensDropped: _tokens_dropped,
    happened.ElementEntered: lambda state, event: element_entered(state, state.own_scope(event.scope), event),
    happened.ElementCompleted: _element_left,
    happened.ElementCancelled: _element_left,
    happened.ItemsFound: _items_found,
    happened.ItemCompleted: _item_completed,
    happened.TaskCreated: _puts(Phase.TASK),
    happened.TaskCompleted: _task_completed,
    happened.HandlerRequested: lambda state, event: handler_requested(state.own_activity(event.activity), event),
    happened.HandlerReturned: lambda state, event: handler_returned(state.own_activity(event.activity), event),
    happened.TimerSet: lambda state, event: _begin_wait(
        state, event, due_at=event.due_at, remaining=event.remaining, period=event.period
    ),
    happened.TimerFired: _wait_over,
    happened.TimerCancelled: _end_wait,
    happened.MessageAwaited: lambda state, event: _begin_wait(state, event, name=event.name, key=event.key),
    happened.MessageReceived: _wait_over,
    happened.MessageWaitCancelled: _end_wait,
    happened.SignalAwaited: lambda state, event: _begin_wait(state, event, signal=event.name),
    happened.SignalReceived: _wait_over,
    happened.SignalWaitCancelled: _end_wait,
    happened.ConditionAwaited: lambda state, event: _begin_wait(state, event, held=event.held),
    happened.ConditionLapsed: lambda state, event: state.waits.update(
        {event.wait: replace(state.waits[event.wait], held=False)}
    ),
    happened.ConditionMet: _wait_over,
    happened.ConditionWaitCancelled: _end_wait,
    happened.EventCaught: _puts(DONE),
    happened.GatewayActivated: _gateway_activated,
    happened.CompensationRecorded: _compensation_recorded,
    happened.CompensationThrown: _compensation_thrown,
    happened.CompensationBegun: _compensation_begun,
    happened.CompensationDone: lambda state, event: _undone_by(state, event.activity, None),
    happened.IncidentRaised: _incident_raised,
    happened.IncidentResolved: lambda state, event: state.incidents.pop(event.incident),
    **dict.fromkeys((happened.TaskCancelled, happened.HandlerCancelled, happened.DecisionEvaluated), _tells),
    **dict.fromkeys((happened.ErrorThrown, happened.EscalationThrown, happened.TransactionCancelled), _tells),
    **dict.fromkeys((happened.MessageThrown, happened.SignalThrown), _tells),
    **dict.fromkeys((happened.TokenMoved, happened.ActivitySkipped, happened.VariableEdited), _tells),
}
"""What each kind of event does."""
