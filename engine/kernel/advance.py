"""One stimulus, and everything automatic that follows: a bounded loop over ``moves``. Pure: no clock, no database, no chance."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from engine.errors import Facts, InvariantBroken, NotFound, WrongState
from engine.feel import Environment
from engine.kernel import operating
from engine.kernel.evaluation import MAX_WORK
from engine.kernel.fold import handler_returned
from engine.kernel.moves import Moves
from engine.kernel.state import HANDLER, ROOT, TASK, Activity, Phase, State
from engine.model.asking import Blocked
from engine.model.elements import Model, Node, ServiceTask
from engine.model.values import storable_all
from engine.protocol import events as happened
from engine.protocol import stimuli
from engine.protocol.events import Event, HandlerReturned
from engine.protocol.stimuli import CompleteTask, ReturnHandler, StaleStimulus, Start, Stimulus

MAX_STEPS = 10_000
"""How many pieces of automatic work one stimulus may lead to."""
_SHOWN_ELEMENTS = 10
_AWAITING = frozenset({happened.TaskCreated, happened.HandlerRequested})
_ON_THE_WAY = happened.ElementEntered | happened.ElementCompleted | happened.IncidentResolved


class Advance(NamedTuple):
    """The new state, and the events that lead to it."""

    state: State
    events: tuple[Event, ...]


def advance(model: Model, state: State | None, stimulus: Stimulus, environment: Environment, **bounds: int) -> Advance:
    """Answer ``stimulus`` at ``environment.now``. ``state`` (None before ``Start``) is not changed. ``bounds``: as of ``Run``.

    Raises:
        StaleStimulus: what the stimulus names does not live, or waits for something else.
        NotFound: code ``process_unknown`` or ``start_unknown``, for ``Start`` only.
        ActRefused: what an operator wants makes no sense there.
        ValueNotStorable: the stimulus carries a value that a process cannot keep.
    """
    run = Run(model, None if state is None else state.copy(), environment, **bounds)
    events = run.answer(stimulus)
    return Advance(run.state, events)


class Run:
    """An instance that answers one stimulus after another in place: what ``advance`` does, for who needs no earlier state."""

    def __init__(
        self, model: Model, state: State | None, at: Environment, max_steps: int = MAX_STEPS, max_work: int = MAX_WORK
    ) -> None:
        """``state`` is given up: it changes with every answer, all of them at one moment. The bounds are those of one answer."""
        self.state = State() if state is None else state
        self._moves = Moves(model, self.state, at, max_work)
        self._max_steps = max_steps

    def answer(self, stimulus: Stimulus) -> tuple[Event, ...]:
        """The events that follow. Raises what ``advance`` raises; nothing has changed then."""
        moves, state, accept = self._moves, self.state, _ACTS.get(type(stimulus), _accept)
        if state.status != "active" or (accept is _start) is (state.process != ""):
            raise StaleStimulus(stimulus=type(stimulus).__name__)
        moves.events, moves.work_left = [], moves.max_work
        accept(moves, stimulus)
        _work(moves, self._max_steps)
        return tuple(moves.events)


def _start(moves: Moves, stimulus: Start) -> None:
    process = moves.model.processes.get(stimulus.process)
    if process is None:
        raise NotFound("process_unknown", process=stimulus.process)
    variables = storable_all(stimulus.variables)
    entrance: Node | None = None
    try:
        if stimulus.start_event in {None, *(each.id for each in process.entries(process.id))}:
            nodes = moves.entries(process, process.id)
        else:
            entrance = process.entrances()[stimulus.start_event or ""]
            nodes = (entrance,)
        plans = moves.start_plans(process, process.id, variables)
    except (Blocked, KeyError) as error:
        if isinstance(error, Blocked) and error.code != "start_not_clear":
            raise WrongState(error.code, process=process.id, place=error.place, **error.facts) from error
        raise NotFound("start_unknown", process=process.id, start_event=stimulus.start_event) from error
    moves.emit(happened.InstanceStarted(process=process.id, start_event=nodes[0].id))
    moves.emit(happened.ScopeOpened(scope=moves.new_id("s"), parent=None, process=process.id))
    # what comes with a start that something triggers goes through the outputs of the event
    if entrance is None:
        moves.write_to(moves.state.own_scope(ROOT), variables, None)
    moves.begin_scope(ROOT, () if entrance else nodes, plans)
    if entrance is not None:
        moves.queue(moves.enter_caught(ROOT, entrance, payload=variables))


def _return(moves: Moves, stimulus: ReturnHandler) -> None:
    activity = _awaited(moves, stimulus.activity, HANDLER)
    returned = HandlerReturned(activity.id, activity.element, storable_all(stimulus.result))
    handler_returned(activity, returned)
    moves.events.append(returned)
    moves.attempt(activity)


def _complete(moves: Moves, stimulus: CompleteTask) -> None:
    activity = _awaited(moves, stimulus.activity, TASK)
    variables = storable_all(stimulus.variables)
    moves.resolve_incidents(activity.id)  # an error that nobody caught leaves the task to its person
    moves.emit(happened.TaskCompleted(activity.id, activity.element, stimulus.actor, variables))
    moves.attempt(activity)


def _accept(moves: Moves, stimulus: Stimulus) -> None:
    """All others: first what makes it stale, then its events."""
    match stimulus:
        case stimuli.ThrowError():
            activity = _awaited(moves, stimulus.activity, HANDLER, TASK)
            storable_all(stimulus.facts)
            if not moves.throw_error(activity, stimulus.code, stimulus.facts):
                facts = {**stimulus.facts, "error": stimulus.code}
                moves.raise_incident(activity.id, activity.element, "business_error_uncaught", "error", facts)
        case stimuli.FailHandler():
            activity = _awaited(moves, stimulus.activity, HANDLER)
            storable_all(stimulus.facts)
            moves.raise_incident(activity.id, activity.element, stimulus.code, "handler", stimulus.facts)
        case stimuli.FireTimer():
            wait = moves.state.waits.get(stimulus.wait)
            if wait is None or wait.due_at is None:
                raise StaleStimulus(wait=stimulus.wait)
            moves.arrive(wait, happened.TimerFired, {})
        case stimuli.ReceiveMessage():
            wait, name = moves.state.waits.get(stimulus.wait), stimulus.name
            if wait is None or wait.name != name:
                raise StaleStimulus(wait=stimulus.wait, message=name)
            payload = storable_all(stimulus.payload)
            moves.arrive(wait, partial(happened.MessageReceived, name=name, payload=payload), payload)
        case stimuli.ReceiveSignal():
            if not moves.receive_signal(stimulus.name, storable_all(stimulus.payload)):
                raise StaleStimulus(signal=stimulus.name)
        case stimuli.RetryIncident():
            _retry(moves, stimulus.incident)
        case stimuli.CancelInstance():
            moves.end_everything()
            moves.emit(happened.InstanceCancelled(reason=stimulus.reason))


_Act = Callable[[Moves, Any], None]
_ACTS: dict[type, _Act] = {Start: _start, ReturnHandler: _return, CompleteTask: _complete, **operating.ACTS}
"""Stimuli that have a way of their own."""


def _awaited(moves: Moves, activity_id: str, phase: Phase, or_phase: Phase | None = None) -> Activity:
    """The live activity in one of the phases, to be changed. A handler that failed for good is not awaited until it is retried."""
    state = moves.state
    activity = state.activities.get(activity_id)
    if activity is None or (activity.phase is not phase and activity.phase is not or_phase):
        raise StaleStimulus(activity=activity_id)
    if state.incidents and activity.phase is HANDLER and state.is_stuck(activity_id):
        raise StaleStimulus(activity=activity_id)
    return state.own_activity(activity_id) if activity_id in state.shared else activity


def _retry(moves: Moves, incident_id: str) -> None:
    incident = moves.state.incidents.get(incident_id)
    if incident is None:
        raise StaleStimulus(incident=incident_id)
    moves.resolve_incident(incident)
    if incident.activity not in moves.state.activities:
        moves.queue_everything()
        return
    activity = moves.state.own_activity(incident.activity)
    node = moves.node_of(activity)
    if activity.phase is HANDLER and isinstance(node, ServiceTask):
        moves.request_handler(activity, node)
    else:
        moves.queue(activity)


def _work(moves: Moves, max_steps: int) -> None:
    """Until nothing can move, ``max_steps`` are made or the work of expressions is used up.

    Then say whether the instance has ended or can never move again.
    """
    steps, events, before, state = 0, moves.events, len(moves.events), moves.state
    while moves.exhausted is None and (work := moves.next_work()) is not None:
        if steps == max_steps:
            # the work is not lost: it stands in the state, and a retry finds it there
            _raise_too_many_steps(moves, max_steps)
            moves.forget_work()
            return
        moves.do(work)
        if (after := len(events)) > before:  # looking at a join that is not complete is no step
            steps, before = steps + 1, after
    if moves.exhausted is None and events and type(events[-1]) in _AWAITING:
        return  # so most stimuli end: a person or a handler is asked
    if state.status != "active":
        return
    if moves.exhausted is not None:
        # as above; a retry makes the move with the work of a new stimulus
        element, exhausted = moves.exhausted
        moves.raise_incident(ROOT, element, exhausted.code, "tokens", exhausted.facts)
        moves.forget_work()
    elif not state.activities and not state.scopes[ROOT].tokens:
        moves.end_everything()
        moves.emit(happened.InstanceCompleted())
    elif not _may_go_on(state):
        _raise_deadlock(moves)


def _may_go_on(state: State) -> bool:
    """A person, a handler, a timer, a message or an operator can still move the instance."""
    if state.waits or state.incidents:
        return True
    # the last that began is mostly what the stimulus led to
    for each in reversed(state.activities.values()):  # noqa: SIM110 - a generator takes as long as all the rest
        if each.phase is HANDLER or each.phase is TASK:
            return True
    return False


def _raise_too_many_steps(moves: Moves, max_steps: int) -> None:
    on_the_way = [each.element for each in moves.events if isinstance(each, _ON_THE_WAY)] or [moves.state.process]
    facts: Facts = {"limit": max_steps, "elements": ", ".join(dict.fromkeys(on_the_way[-_SHOWN_ELEMENTS:]))}
    moves.raise_incident(ROOT, on_the_way[-1], "too_many_steps", "tokens", facts)


def _raise_deadlock(moves: Moves) -> None:
    """Tokens wait at joins for others that will never come."""
    stuck = next((each for each in moves.state.scopes.values() if each.tokens), None)
    if stuck is None:
        raise InvariantBroken("instance_at_rest_without_reason", process=moves.state.process)
    flow = moves.model.processes[stuck.process].flows[min(stuck.tokens)]
    moves.raise_incident(ROOT, flow.target, "deadlock", "tokens", {"flow": flow.id})
