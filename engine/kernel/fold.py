"""The only writer of state: one small function for each kind of event. Nothing is decided here.

``fold(events) == state`` holds by construction, because ``moves`` changes state through ``apply`` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from engine.errors import InvariantBroken
from engine.kernel.state import NOTHING, Activity, Incident, Items, Phase, Record, Scope, State, Status, Undoing, Wait
from engine.model.elements import Model
from engine.protocol import events as happened

Applier = Callable[[State, Any], None]
Kind = TypeVar("Kind", Scope, Activity)

_PHASE, _VARIABLES, _RESULT, _ITEMS, _SCOPES, _WAITS, _FLOWS, _UNDOING, _UNDOES = map(
    Activity._fields.index,
    ("phase", "variables", "result", "items", "scopes", "waits", "flows", "undoing", "undoes"),
)
_SCOPE_VARIABLES, _TOKENS, _SCOPE_WAITS, _COUNT = map(
    Scope._fields.index, ("variables", "tokens", "waits", "activities")
)


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


def _begin_id(state: State, given: str) -> None:
    state.counter = int(given[1:])


def _change(records: dict[str, Kind], key: str, changes: dict[int, Any]) -> None:
    """Replace fields of a record, by their places: nearly every event does, and ``_replace`` takes five times as long."""
    record = records[key]
    fields = list(record)
    for place, value in changes.items():
        fields[place] = value
    records[key] = tuple.__new__(type(record), fields)


def _add_to(tokens: Mapping[str, int], flows: Iterable[str], amount: int) -> dict[str, int]:
    counted = dict(tokens)
    for flow in flows:
        counted[flow] = counted.get(flow, 0) + amount
        if not counted[flow]:
            del counted[flow]
    return counted


def _instance_started(state: State, event: happened.InstanceStarted) -> None:
    state.process = event.process


def _ends(status: Status) -> Applier:
    def apply_end(state: State, _event: happened.Event) -> None:
        state.status = status
        state.records = {}  # nothing can be undone any more

    return apply_end


def _scope_opened(state: State, event: happened.ScopeOpened) -> None:
    _begin_id(state, event.scope)
    state.scopes[event.scope] = Scope(
        id=event.scope, process=event.process, activity=event.activity, item=event.item, is_isolated=event.isolated
    )
    if event.record is not None:
        _move_records(state, event.record, event.scope)
    if event.activity is None:
        return
    owner = state.activities[event.activity]
    items = owner.items
    if items is not None:
        items = items._replace(pending=items.pending[1:])
    scopes = (*owner.scopes, event.scope)
    _change(state.activities, owner.id, {_PHASE: Phase.INSIDE, _SCOPES: scopes, _ITEMS: items})


def _scope_closed(state: State, event: happened.ScopeClosed) -> None:
    closed = state.scopes.pop(event.scope)
    _forget_records(state, closed.id)
    if closed.activity is not None:
        remaining = tuple(each for each in state.activities[closed.activity].scopes if each != closed.id)
        _change(state.activities, closed.activity, {_SCOPES: remaining})


def _move_records(state: State, owner: str, to: str) -> None:
    for record in [each for each in state.records.values() if each.scope == owner]:
        state.records[record.id] = record._replace(scope=to)


def _forget_records(state: State, owner: str) -> None:
    """What was recorded in a scope goes with it, and what was recorded inside that."""
    found = [owner] if state.records else []
    while found:
        at = found.pop()
        inside = [each.id for each in state.records.values() if each.scope == at]
        for record in inside:
            del state.records[record]
        found.extend(inside)


def _variable_written(state: State, event: happened.VariableWritten) -> None:
    scope = state.scopes.get(event.scope)
    if scope is not None:
        _change(state.scopes, scope.id, {_SCOPE_VARIABLES: {**scope.variables, event.name: event.value}})
    else:
        variables = {**state.activities[event.scope].variables, event.name: event.value}
        _change(state.activities, event.scope, {_VARIABLES: variables})


def _flow_taken(state: State, event: happened.FlowTaken) -> None:
    _change(state.scopes, event.scope, {_TOKENS: _add_to(state.scopes[event.scope].tokens, (event.flow,), 1)})


def _tokens_dropped(state: State, event: happened.TokensDropped) -> None:
    _change(state.scopes, event.scope, {_TOKENS: _add_to(state.scopes[event.scope].tokens, event.flows, -1)})


def _element_entered(state: State, event: happened.ElementEntered) -> None:
    _begin_id(state, event.activity)
    scope = state.scopes[event.scope]
    tokens = _add_to(scope.tokens, event.flows, -1) if event.flows else scope.tokens
    _change(state.scopes, scope.id, {_TOKENS: tokens, _COUNT: scope.activities + 1})
    state.activities[event.activity] = Activity(
        event.activity, event.element, event.scope, Phase.ENTERED, NOTHING, event.payload
    )


def _element_left(state: State, event: happened.ElementCompleted | happened.ElementCancelled) -> None:
    left = state.activities.pop(event.activity)
    _change(state.scopes, left.scope, {_COUNT: state.scopes[left.scope].activities - 1})


def _puts(phase: Phase) -> Applier:
    changes = {_PHASE: phase}
    return lambda state, event: _change(state.activities, event.activity, changes)


def _task_completed(state: State, event: happened.TaskCompleted) -> None:
    # what the outputs of the task may ask besides its answers: who gave them
    known = {**state.activities[event.activity].variables, "task": {"completed_by": event.actor}}
    changes = {_PHASE: Phase.DONE, _RESULT: event.variables, _VARIABLES: known}
    _change(state.activities, event.activity, changes)


def _handler_returned(state: State, event: happened.HandlerReturned) -> None:
    _change(state.activities, event.activity, {_PHASE: Phase.DONE, _RESULT: event.result})


def _begin_wait(state: State, event: Any, **kind: Any) -> None:
    _begin_id(state, event.wait)
    wait = Wait(id=event.wait, element=event.element, activity=event.activity, number=event.number, **kind)
    state.waits[wait.id] = wait
    scope = state.scopes.get(wait.activity)
    if scope is not None:
        _change(state.scopes, scope.id, {_SCOPE_WAITS: (*scope.waits, wait.id)})
        return
    owner = state.activities[wait.activity]
    # a wait for another element is that of a boundary event or a gateway: the activity itself does not wait for it
    phase = Phase.WAITING if wait.element == owner.element else owner.phase
    _change(state.activities, owner.id, {_PHASE: phase, _WAITS: (*owner.waits, wait.id)})


def _end_wait(state: State, wait_id: str) -> Wait:
    wait = state.waits.pop(wait_id)
    waits = tuple(each for each in state.waits_of(wait.activity) if each != wait_id)
    if wait.activity in state.scopes:
        _change(state.scopes, wait.activity, {_SCOPE_WAITS: waits})
    else:
        _change(state.activities, wait.activity, {_WAITS: waits})
    return wait


def _wait_over(state: State, event: happened.WaitOver) -> None:
    wait = _end_wait(state, event.wait)
    owner = state.activities.get(wait.activity)
    if owner is None or wait.element != owner.element:
        return
    result = {**owner.result, **getattr(event, "payload", {})}
    phase = Phase.DONE if event.is_enough else owner.phase
    _change(state.activities, owner.id, {_PHASE: phase, _RESULT: result})


def _wait_cancelled(state: State, event: happened.WaitCancelled) -> None:
    _end_wait(state, event.wait)


def _items_found(state: State, event: happened.ItemsFound) -> None:
    items = Items(pending=event.items, total=len(event.items))
    _change(state.activities, event.activity, {_PHASE: Phase.INSIDE, _ITEMS: items})


def _item_completed(state: State, event: happened.ItemCompleted) -> None:
    items = state.activities[event.activity].items
    assert items is not None, "what an item belongs to has items"
    if event.again is not None:
        round_ = (None,) if event.again else ()
        items = items._replace(pending=round_, total=items.total + len(round_))
    else:
        outputs = {**items.outputs, event.item: event.output}
        items = items._replace(pending=() if event.is_enough else items.pending, outputs=outputs)
    _change(state.activities, event.activity, {_ITEMS: items})


def _gateway_activated(state: State, event: happened.GatewayActivated) -> None:
    _change(state.activities, event.activity, {_PHASE: Phase.WAITING, _FLOWS: event.flows})


def _condition_lapsed(state: State, event: happened.ConditionLapsed) -> None:
    state.waits[event.wait] = state.waits[event.wait]._replace(held=False)


def _compensation_recorded(state: State, event: happened.CompensationRecorded) -> None:
    _begin_id(state, event.record)
    state.records[event.record] = Record(
        event.record, event.scope, event.element, event.activity, event.process, event.variables
    )
    if event.inner is not None:
        _move_records(state, event.inner, event.record)


def _compensation_thrown(state: State, event: happened.CompensationThrown) -> None:
    undoing = Undoing(scope=event.scope, target=event.target)
    _change(state.activities, event.activity, {_PHASE: Phase.UNDOING, _UNDOING: undoing})


def _compensation_begun(state: State, event: happened.CompensationBegun) -> None:
    del state.records[event.record]
    _undone_by(state, event.activity, event.by)
    _change(state.activities, event.by, {_UNDOES: event.activity})


def _compensation_done(state: State, event: happened.CompensationDone) -> None:
    _undone_by(state, event.activity, None)


def _undone_by(state: State, thrower_id: str, by: str | None) -> None:
    undoing = state.activities[thrower_id].undoing
    assert undoing is not None, "what undoes was thrown"
    _change(state.activities, thrower_id, {_UNDOING: undoing._replace(by=by)})


def _incident_raised(state: State, event: happened.IncidentRaised) -> None:
    _begin_id(state, event.incident)
    state.incidents[event.incident] = Incident(
        id=event.incident, activity=event.activity, element=event.element, code=event.code, place=event.place
    )


def _incident_resolved(state: State, event: happened.IncidentResolved) -> None:
    del state.incidents[event.incident]


APPLIERS: Mapping[type[happened.Event], Applier] = {
    happened.InstanceStarted: _instance_started,
    happened.InstanceCompleted: _ends("completed"),
    happened.InstanceFailed: _ends("failed"),
    happened.InstanceCancelled: _ends("cancelled"),
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
    happened.TaskCreated: _puts(Phase.TASK),
    happened.TaskCompleted: _task_completed,
    happened.HandlerRequested: _puts(Phase.HANDLER),
    happened.HandlerReturned: _handler_returned,
    happened.TimerSet: lambda state, event: _begin_wait(
        state, event, due_at=event.due_at, remaining=event.remaining, period=event.period
    ),
    happened.TimerFired: _wait_over,
    happened.TimerCancelled: _wait_cancelled,
    happened.MessageAwaited: lambda state, event: _begin_wait(state, event, name=event.name, key=event.key),
    happened.MessageReceived: _wait_over,
    happened.MessageWaitCancelled: _wait_cancelled,
    happened.SignalAwaited: lambda state, event: _begin_wait(state, event, signal=event.name),
    happened.SignalReceived: _wait_over,
    happened.SignalWaitCancelled: _wait_cancelled,
    happened.ConditionAwaited: lambda state, event: _begin_wait(state, event, held=event.held),
    happened.ConditionLapsed: _condition_lapsed,
    happened.ConditionMet: _wait_over,
    happened.ConditionWaitCancelled: _wait_cancelled,
    happened.EventCaught: _puts(Phase.DONE),
    happened.GatewayActivated: _gateway_activated,
    happened.CompensationRecorded: _compensation_recorded,
    happened.CompensationThrown: _compensation_thrown,
    happened.CompensationBegun: _compensation_begun,
    happened.CompensationDone: _compensation_done,
    happened.IncidentRaised: _incident_raised,
    happened.IncidentResolved: _incident_resolved,
    happened.TaskCancelled: _tells,
    happened.HandlerCancelled: _tells,
    happened.DecisionEvaluated: _tells,
    happened.ErrorThrown: _tells,
    happened.EscalationThrown: _tells,
    happened.MessageThrown: _tells,
    happened.SignalThrown: _tells,
    happened.TransactionCancelled: _tells,
}
"""What each kind of event does."""
