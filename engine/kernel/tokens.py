"""The ground of every move: the queues of work, what lives, how it is entered and interrupted, where variables are written.

Nothing here asks what BPMN means by an element; the modules above do (``catching``, ``undoing``, ``throwing``, ``repeating``, ``moves``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from engine.errors import Facts
from engine.feel import Environment, Value
from engine.kernel.evaluation import MAX_WORK, Answer, Evaluation, Variables, Visible
from engine.kernel.fold import APPLIERS, element_entered, scope_opened, variable_written
from engine.kernel.state import ENTERED, NOTHING, ROOT, Activity, Incident, Phase, Scope, State, Wait
from engine.model import elements as model
from engine.model.asking import Blocked, Exhausted
from engine.model.values import put_at
from engine.protocol import events as happened
from engine.protocol.events import ElementEntered, VariableWritten


class Token(Struct, frozen=True, gc=False):
    """Work: a token on a flow is to enter what comes next."""

    scope: str
    flow: str
    target: model.Station


class Step(Struct, frozen=True, gc=False):
    """Work: an activity is to do what its phase asks for."""

    activity: str


class Check(Struct, frozen=True, gc=False):
    """Work: a condition that is waited for is to be asked."""

    wait: str


class Join(Struct, frozen=True, gc=False):
    """Work: an inclusive gateway may join, a complex one begin anew. Found by looking, when nothing else can move.

    Without a ``gateway``: nothing but event sub-processes is left in the scope, and no more of them begin.
    """

    scope: str
    gateway: str | None = None


MADE_IDS = 1_000
ACTIVITY_IDS = tuple(f"a{number}" for number in range(MADE_IDS))
"""The ids of most activities, made once."""
Work = Token | Step | Check | Join
Events = Iterable[happened.Event]
Mappings = Sequence[model.VariableMapping]


class Tokens(Evaluation, ABC):
    """One run over a state of its own. ``events`` is what has happened so far.

    ``exhausted`` has the element whose move found the work of the stimulus used up: nothing more can be done now.
    """

    def __init__(
        self, definition: model.Model, state: State, environment: Environment, max_work: int = MAX_WORK
    ) -> None:
        Evaluation.__init__(self, environment, max_work)
        self.model, self._stations, self._targets = definition, definition.stations, definition.targets
        self._has_conditions, self._has_late_work = definition.has_conditions, definition.has_late_work
        self.state = state
        self.events: list[happened.Event] = []
        self.exhausted: tuple[str, Exhausted] | None = None
        self.passive: deque[Token | Step] = deque()
        self.effects: deque[Token | Step] = deque()
        self._checks: deque[str] = deque()
        self._written: set[str] = set()

    def forget_work(self) -> None:
        """Nothing more is done now; what can be done stands in the state."""
        self.exhausted = None
        for left_over in (self.passive, self.effects, self._checks, self._written):
            left_over.clear()

    @abstractmethod
    def step(self, activity_id: str) -> None:
        """Do what the activity's phase asks for; what cannot be done becomes an incident."""

    @abstractmethod
    def find_join(self) -> Join | None:
        """What can be done now that nothing else can move."""

    def emit(self, event: happened.Event) -> None:
        """Let it happen: the only way in which a move changes anything."""
        APPLIERS[type(event)](self.state, event)
        self.events.append(event)

    def new_id(self, kind: str) -> str:
        """The id for the next event that gives one; deterministic, never given twice in an instance."""
        return f"{kind}{self.state.counter + 1}"

    def next_work(self) -> Work | None:
        """Take the next piece of work; None when nothing can move."""
        if self.passive:
            return self.passive.popleft()
        if self._has_conditions and (check := self._next_check()) is not None:
            return check
        if self.effects:
            return self.effects.popleft()
        return self.find_join() if self._has_late_work else None

    def _next_check(self) -> Check | None:
        """Conditions are asked when waiting begins, and when a variable that they read was written."""
        if self._written:
            names, self._written = self._written, set()
            self._checks.extend(
                wait.id
                for wait in self.state.waits.values()
                if wait.held is not None and not names.isdisjoint(self.condition_of(wait).condition.possible_variables)
            )
        return Check(self._checks.popleft()) if self._checks else None

    def condition_of(self, wait: Wait) -> model.ConditionalDefinition:
        """What a wait for a condition asks."""
        node = self.process_of(self.scope_of(wait.activity)).nodes[wait.element]
        definition = model.definitions_of(getattr(node, "trigger", None))[wait.number]
        assert isinstance(definition, model.ConditionalDefinition), "a wait that may hold is for a condition"
        return definition

    def queue(self, activity: Activity) -> None:
        """Let the activity take its turn."""
        station, is_item = self.station_of(activity), self.state.is_item(activity)
        is_passive = activity.phase is ENTERED and (station.is_passive_item if is_item else station.is_passive)
        (self.passive if is_passive else self.effects).append(Step(activity.id))

    def queue_flow(self, scope_id: str, flow_id: str, target: model.Station) -> None:
        """Let a token on a flow take its turn."""
        if not target.is_late_join:  # that is found by find_join when nothing else can move
            (self.passive if target.is_passive else self.effects).append(Token(scope_id, flow_id, target))

    def queue_everything(self) -> None:
        """Find all possible work again from the state alone."""
        for activity in self.state.activities.values():
            if activity.phase in (Phase.ENTERED, Phase.INSIDE, Phase.DONE, Phase.UNDOING):
                self.queue(activity)
        for scope in self.state.scopes.values():
            for flow in sorted(scope.tokens):
                for _ in range(scope.tokens[flow]):
                    self.queue_flow(scope.id, flow, self.process_of(scope.id).targets[flow])
        self._checks.extend(each.id for each in self.state.waits.values() if each.held is not None)

    def queue_owner(self, scope_id: str) -> None:
        """When nothing is left inside a sub-process or a called process, its activity has its turn."""
        scope = self.state.scopes.get(scope_id)
        if scope is not None and scope.is_empty and scope.activity is not None:
            self.queue(self.state.activities[scope.activity])

    def station_of(self, activity: Activity) -> model.Station:
        """What the activity is an occurrence of, with what follows from the drawing."""
        return self._stations[self.state.scopes[activity.scope].process][activity.element]

    def node_of(self, activity: Activity) -> model.Node:
        """What the activity is an occurrence of."""
        return self.station_of(activity).node

    def process_of(self, scope_id: str) -> model.Process:
        """The process whose elements the scope holds."""
        return self.model.processes[self.state.scopes[scope_id].process]

    def scope_of(self, activity_or_scope: str) -> str:
        """The scope of an activity; a scope is its own."""
        activity = self.state.activities.get(activity_or_scope)
        return activity_or_scope if activity is None else activity.scope

    def around(self, activity: Activity) -> Activity | None:
        """The activity whose scope holds this one."""
        owner = self.state.scopes[activity.scope].activity
        return None if owner is None else self.state.activities[owner]

    def is_reopened(self, activity: Activity) -> bool:
        """It was completed before, and is open again for what is done in it to be undone."""
        return activity.undoes is not None and not getattr(self.node_of(activity), "is_for_compensation", False)

    def is_event_sub_process(self, activity: Activity) -> bool:
        """It is an event sub-process at work."""
        node = self.node_of(activity)
        return isinstance(node, model.SubProcess) and node.is_event

    def scope_element(self, scope_id: str) -> str | None:
        """The process or sub-process that the scope is one of; None for what only holds an item or a round."""
        scope = self.state.scopes[scope_id]
        owner = None if scope.activity is None else self.state.activities[scope.activity]
        if scope.item is not None:
            return None
        is_process = owner is None or isinstance(self.node_of(owner), model.CallActivity)
        return scope.process if is_process or owner is None else owner.element

    def by_scope(self) -> dict[str, list[Activity]]:
        """The activities directly inside each scope that holds some."""
        found: dict[str, list[Activity]] = {}
        for activity in self.state.activities.values():
            found.setdefault(activity.scope, []).append(activity)
        return found

    def activities_in(self, *scope_ids: str) -> list[str]:
        """Ids of the activities directly inside."""
        return [each.id for each in self.state.activities.values() if each.scope in scope_ids]

    def enter(
        self, scope_id: str, node: model.Node, flows: tuple[str, ...] = (), payload: Variables = NOTHING
    ) -> Activity:
        """A new activity of ``node``, which consumes a token of each of ``flows``."""
        state = self.state
        scope = state.own_scope(scope_id) if scope_id in state.shared else state.scopes[scope_id]
        number = state.counter + 1
        id_ = ACTIVITY_IDS[number] if number < MADE_IDS else f"a{number}"
        entered = ElementEntered(id_, node.id, scope_id, flows, payload)
        self.events.append(entered)
        return element_entered(state, scope, entered)

    def enter_caught(
        self, scope_id: str, node: model.Node, flows: tuple[str, ...] = (), payload: Variables = NOTHING
    ) -> Activity:
        """The same for an event that has come already: it does not wait."""
        activity = self.enter(scope_id, node, flows, payload)
        self.emit(happened.EventCaught(activity=activity.id, element=node.id))
        return activity

    def open_scope(
        self, at: Activity, process: str, item: int | None = None, *, isolated: bool = False, record: str | None = None
    ) -> Scope:
        """A scope inside an activity."""
        id_ = f"s{self.state.counter + 1}"
        opened = happened.ScopeOpened(id_, at.scope, process, at.element, at.id, item, isolated, record)
        self.events.append(opened)
        return scope_opened(self.state, opened)

    def close_scope(self, scope_id: str) -> None:
        """A scope in which nothing lives any more ends, with the waits of its event sub-processes."""
        if self.state.scopes[scope_id].waits:
            self.end_waits(scope_id)
        self.resolve_incidents(scope_id)
        self.emit(happened.ScopeClosed(scope_id))

    def raise_incident(self, owner_id: str, element: str, code: str, place: str, facts: Facts) -> None:
        """The work of an activity, a scope or a wait stops here until an operator lets it be tried again."""
        self.emit(happened.IncidentRaised(owner_id, element, self.new_id("i"), code, place, facts))

    def answered(self, owner_id: str, element: str, ask: Callable[[], Answer]) -> Answer | None:
        """What ``ask`` gives. None when there is no answer: an incident of the owner at ``element`` says so once."""
        try:
            return ask()
        except Exhausted as exhausted:
            self.exhausted = self.exhausted or (element, exhausted)
        except Blocked as blocked:
            if not self.stuck_at(owner_id, element):
                self.raise_incident(owner_id, element, blocked.code, blocked.place, blocked.facts)
        return None

    def stuck_at(self, owner_id: str, element: str) -> list[Incident]:
        """The incident of what was asked there; one that stopped all tokens of a scope is another."""
        at, incidents = (owner_id, element), self.state.incidents.values()
        return [each for each in incidents if (each.activity, each.element) == at and each.place != "tokens"]

    def end_everything(self) -> None:
        """Interrupt all that lives and forget all work; the variables of the process stay."""
        self.empty(ROOT)
        self.end_waits(ROOT)
        for incident in list(self.state.incidents.values()):
            self.resolve_incident(incident)
        self.forget_work()

    def empty(self, scope_id: str, *, but: str | None = None) -> None:
        """End all that lives in a scope (``but`` one activity), which stays open."""
        if self.state.activities:
            self.cancel(each for each in self.activities_in(scope_id) if each != but)
        tokens = self.state.scopes[scope_id].tokens
        if tokens:
            flows = tuple(flow for flow in sorted(tokens) for _ in range(tokens[flow]))
            self.emit(happened.TokensDropped(scope=scope_id, flows=flows))

    def cancel(self, activity_ids: Iterable[str]) -> None:
        """Interrupt activities with everything inside, innermost first."""
        found = list(self.with_all_inside(activity_ids))
        helped = [by for each in found if (by := self.state.activities[each].undoes) is not None]
        for activity_id in reversed(found):
            activity = self.state.activities[activity_id]
            for scope_id in activity.scopes:
                self.close_scope(scope_id)
            if activity.phase is Phase.TASK:
                self.emit(happened.TaskCancelled(activity=activity.id, element=activity.element))
            if activity.phase is Phase.HANDLER and not self.state.is_stuck(activity.id):
                self.emit(happened.HandlerCancelled(activity=activity.id, element=activity.element))
            self.end_waits(activity.id)
            self.resolve_incidents(activity.id)
            self.emit(happened.ElementCancelled(activity=activity.id, element=activity.element))
        for thrower in helped:
            self.go_on_undoing(thrower)

    def with_all_inside(self, activity_ids: Iterable[str]) -> Iterator[str]:
        """These, then what is inside of them. Not recursive: processes may call themselves as deep as their data lead."""
        by_scope = self.by_scope()
        found = list(activity_ids)
        for activity_id in found:
            yield activity_id
            for scope_id in self.state.activities[activity_id].scopes:
                found.extend(each.id for each in by_scope.get(scope_id, ()))

    def go_on_undoing(self, thrower_id: str) -> None:
        """What a compensation waited for is over."""
        thrower = self.state.activities.get(thrower_id)
        if thrower is not None:
            self.emit(happened.CompensationDone(activity=thrower.id, element=thrower.element))
            self.queue(self.state.activities[thrower.id])

    def end_waits(self, owner_id: str) -> None:
        """Whatever an activity, or a scope for its event sub-processes, waits for is not waited for any more."""
        for wait_id in self.state.waits_of(owner_id):
            self.end_wait(self.state.waits[wait_id])

    def end_wait(self, wait: Wait) -> None:
        """This is not waited for any more."""
        self.resolve_incidents(wait.id)
        self.emit(_cancelled(wait)(wait=wait.id, element=wait.element))

    def resolve_incidents(self, owner_id: str) -> None:
        """Whatever stopped this activity, scope or wait does not matter any more."""
        if self.state.incidents:
            for incident in list(self.state.incidents.values()):
                if incident.activity == owner_id:
                    self.resolve_incident(incident)

    def resolve_incident(self, incident: Incident) -> None:
        """This does not matter any more, or is tried again."""
        self.emit(happened.IncidentResolved(incident=incident.id, element=incident.element))

    def seen(self, activity: Activity, nearest: Variables) -> Visible:
        """What expressions of the activity see, ``nearest`` before all."""
        return {**self.state.variables_of(activity.id), **nearest}

    def mapped(
        self, mappings: Mappings, activity: Activity, nearest: Variables, place: str, into: Variables = NOTHING
    ) -> dict[str, Value]:
        """The targets of the mappings, each of which sees those before it, then ``nearest``, then what the activity sees.

        A path goes into the context that ``into`` holds.
        """
        found: dict[str, Value] = {}
        for mapping in mappings:
            target, copied = mapping.target, mapping.copied
            name = target[0]
            if copied in nearest and not found and self.work_left > 0:
                found[name] = nearest[copied]  # as ``evaluate`` would give it
                self.work_left -= 1
                continue
            source = mapping.source
            seen = self.state.sight(activity, source, {**nearest, **found} if found else nearest)
            if copied in seen and self.work_left > 0:
                found[name] = seen[copied]
                self.work_left -= 1
            elif len(target) == 1:
                found[name] = self.evaluate(source, seen, f"{place} {name}")
            else:
                whole = f"{place} {'.'.join(target)}"
                value = self.evaluate(source, seen, whole)
                found[name] = self.kept(put_at(found.get(name, into.get(name)), target[1:], value), whole)
        return found

    def inputs_of(self, activity: Activity, mappings: Mappings) -> dict[str, Value]:
        """The local inputs of an activity, or the payload of what is thrown."""
        if not mappings:
            return {}
        nearest = activity.variables or self.state.scopes[activity.scope].variables
        return self.mapped(mappings, activity, nearest, "input")

    def flows_after(self, activity: Activity, station: model.Station, written: Variables) -> tuple[str, ...]:
        """The flows by which an activity is left that writes this."""
        if station.always is not None:
            return station.always
        scope = self.state.scopes[activity.scope]
        is_whole = scope.activity is None and not written
        seen = scope.variables if is_whole else {**self.state.variables_of(activity.scope), **written}
        return self.flows(station.process, station.node, seen)

    def write(self, scope: Scope, variables: Variables, element: str) -> None:
        """Each into the nearest scope that holds its name, else into the process (or called process) itself."""
        for name in sorted(variables) if len(variables) > 1 else variables:
            holder = scope if name in scope.variables else self.state.own(self.state.holder_of(name, scope).id)
            self.write_to(holder, variables if len(variables) == 1 else {name: variables[name]}, element)

    def write_to(self, holder: Scope | Activity, variables: Variables, element: str | None) -> None:
        """Variables of a scope or an activity that is to be changed, by name: a state that was read has another order."""
        held, id_, events = holder.variables, holder.id, self.events
        for name in sorted(variables) if len(variables) > 1 else variables:
            if name in held:
                written = VariableWritten(id_, name, variables[name], held[name], False, element)
            else:
                written = VariableWritten(id_, name, variables[name], None, True, element)
            variable_written(held, written)
            events.append(written)
        if self._has_conditions:
            self._written.update(variables)


def _cancelled(wait: Wait) -> type[happened.WaitCancelled]:
    if wait.due_at is not None:
        return happened.TimerCancelled
    if wait.signal is not None:
        return happened.SignalWaitCancelled
    return happened.MessageWaitCancelled if wait.held is None else happened.ConditionWaitCancelled
