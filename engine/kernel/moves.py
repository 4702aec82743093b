"""How tokens move: the one semantics that executes, proves, rehearses and replays (``docs/semantics.md``: what BPMN leaves open).

A *move* first evaluates everything that can fail, then emits its events. So a move that cannot be made leaves nothing half done: it raises
``Blocked``, which becomes an incident on its activity, and the same move is tried again later.

Work waits in two queues (``tokens``). First tokens enter everything passive (waits, gateways, sub-processes), then conditions are asked,
then one thing with an effect is done (handlers, throws, ends, leaving a sub-process), and so on; an inclusive join fires when nothing
else can move. All of it can be found again in the state: a token on a flow, an activity in a phase.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from engine.errors import EngineError
from engine.feel import Value
from engine.kernel.evaluation import Variables
from engine.kernel.fold import element_entered, element_left, flow_taken, handler_requested
from engine.kernel.repeating import Repeating
from engine.kernel.state import DONE, ENTERED, INSIDE, NOTHING, UNDOING, Activity, Scope
from engine.kernel.tokens import ACTIVITY_IDS, MADE_IDS, Check, Events, Join, Step, Token, Work
from engine.model import elements as model
from engine.model import readings
from engine.model.asking import Blocked, Exhausted, Plan, block
from engine.model.joins import joined, next_join
from engine.model.values import storable
from engine.protocol import events as happened
from engine.protocol.events import ElementCompleted, ElementEntered, FlowTaken, HandlerRequested

WAITING_FOR_START = "waitingForStart"
"""What the conditions after a complex gateway can ask: whether it fires, or begins anew (BPMN 13.4.5)."""


class Moves(Repeating):
    """The moves of every element: how it is entered, what it does, how it is left."""

    def do(self, work: Work) -> None:
        """Make the move, if what it is about still lives."""
        if type(work) is Token:
            state, scope_id, flow, target = self.state, work.scope, work.flow, work.target
            scope = state.scopes.get(scope_id)
            if scope is None or flow not in scope.tokens:
                return  # what interrupted the scope took it
            flows = self._joining(scope, target) if target.needs else (flow,)
            if flows:
                if scope_id in state.shared:
                    scope = state.own_scope(scope_id)
                number = state.counter + 1
                id_ = ACTIVITY_IDS[number] if number < MADE_IDS else f"a{number}"
                entered = ElementEntered(id_, target.id, scope_id, flows, NOTHING)
                self.events.append(entered)
                self.attempt(element_entered(state, scope, entered), target)
        elif type(work) is Step:
            self.step(work.activity)
        elif isinstance(work, Check):
            self.check_condition(work.wait)
        elif isinstance(work, Join):
            self._join(work.scope, work.gateway)

    def _joining(self, scope: Scope, target: model.Station) -> tuple[str, ...]:
        """The flows whose tokens begin what needs several; none while these are too few."""
        node = target.node
        if isinstance(node, model.ComplexGateway):
            self._activate(scope.id, node)
            return ()
        return joined(target, scope.tokens)

    def _activate(self, scope_id: str, gateway: model.ComplexGateway) -> None:
        """A complex gateway fires when its condition holds; then it waits for the rest of its tokens (BPMN 13.4.5)."""
        tokens = self.state.scopes[scope_id].tokens
        marked = tuple(each for each in gateway.incoming if each in tokens)
        if not marked or self._waiting_at(scope_id, gateway) is not None:
            return
        counted: dict[str, Value] = {"activationCount": Decimal(sum(tokens[each] for each in marked))}
        seen = {**self.state.variables_of(scope_id), **counted, WAITING_FOR_START: True}

        def first_phase() -> tuple[str, ...] | None:
            if gateway.activation is not None and not self.holds(gateway.activation, seen, "activation"):
                return None
            return self.flows(self.process_of(scope_id), gateway, seen)

        flows = self.answered(scope_id, gateway.id, first_phase)
        if flows is None:
            return
        for incident in self.stuck_at(scope_id, gateway.id):
            self.resolve_incident(incident)
        activity = self.enter(scope_id, gateway, marked)
        self.emit(happened.GatewayActivated(activity=activity.id, element=gateway.id, flows=marked))
        self.take(self.state.own_scope(scope_id), flows)
        if len(marked) == len(gateway.incoming):
            self._reset(activity, gateway)

    def _waiting_at(self, scope_id: str, gateway: model.Node) -> Activity | None:
        """The activity of a complex gateway that has fired."""
        inside = (each for each in self.state.activities.values() if each.scope == scope_id)
        return next((each for each in inside if each.element == gateway.id and each.flows), None)

    def find_join(self) -> Join | None:
        """An inclusive gateway that may join, a complex one that has nothing more to wait for, event sub-processes that cannot begin."""
        by_scope: dict[str, list[Activity]] = {}
        for scope in self.state.scopes.values():
            process = self.process_of(scope.id)
            if scope.is_empty or not (scope.tokens or scope.waits or process.has_complex_gateways):
                continue
            by_scope = by_scope or self.by_scope()
            inside = by_scope.get(scope.id, [])
            if scope.waits and not scope.tokens and all(self.is_event_sub_process(each) for each in inside):
                return Join(scope.id)
            fired = {each.element: each for each in inside if each.flows}
            ready = {each: found.flows for each, found in fired.items() if not self.state.is_stuck(found.id)}
            nodes = {each.element for each in inside} - set(fired)
            gateway = next_join(process, scope.tokens, nodes, ready)
            if gateway is not None:
                return Join(scope.id, gateway)
        return None

    def _join(self, scope_id: str, gateway_id: str | None) -> None:
        if gateway_id is None:
            self.end_waits(scope_id)
            return
        gateway = self.process_of(scope_id).nodes[gateway_id]
        tokens = self.state.scopes[scope_id].tokens
        waiting = self._waiting_at(scope_id, gateway)
        if waiting is None:
            marked = tuple(each for each in gateway.incoming if each in tokens)
            self.step(self.enter(scope_id, gateway, marked).id)
        else:
            self._reset(waiting, gateway)

    def _reset(self, waiting: Activity, gateway: model.Node) -> None:
        """The late tokens are taken, and only flows whose conditions ask for this second phase get one (BPMN 13.4.5)."""
        scope_id, process = waiting.scope, self.process_of(waiting.scope)
        seen = {**self.state.variables_of(scope_id), WAITING_FOR_START: False}

        def second_phase() -> list[str]:
            asking = process.conditions_on(gateway, WAITING_FOR_START)
            return [each for each, condition in asking if self.holds(condition, seen, f"condition {each}")]

        flows = self.answered(waiting.id, gateway.id, second_phase)
        if flows is None:
            return
        tokens = self.state.scopes[scope_id].tokens
        late = tuple(each for each in gateway.incoming if each in tokens and each not in waiting.flows)
        if late:
            self.emit(happened.TokensDropped(scope=scope_id, flows=late))
        self.emit(happened.ElementCompleted(activity=waiting.id, element=gateway.id))
        self.take(self.state.own_scope(scope_id), flows)
        for flow in self.state.scopes[scope_id].tokens:
            if flow in gateway.incoming:
                self.queue_flow(scope_id, flow, process.targets[flow])  # what else has come is of the next time
        self.queue_owner(scope_id)

    def step(self, activity_id: str) -> None:
        """Do what the activity's phase asks for; what cannot be done becomes an incident."""
        state = self.state
        if activity_id in state.activities and not (state.incidents and state.is_stuck(activity_id)):
            activity = state.own_activity(activity_id)
            self.attempt(activity)

    def attempt(self, activity: Activity, station: model.Station | None = None) -> None:
        """The same for one that lives, is not stuck and can be changed."""
        phase = activity.phase
        if station is None:  # as ``station_of``
            station = self._stations[self.state.scopes[activity.scope].process][activity.element]
        try:
            if phase is DONE:
                self.leave(activity, activity.result, station)
            elif phase is ENTERED:
                node = station.node
                if station.is_repeated and self.state.scopes[activity.scope].item is None:
                    self.begin_items(activity, station)
                elif type(node) is model.ServiceTask:  # so are most that begin
                    self._begin_service_task(activity, node)
                elif (begin := _BEGINNINGS.get(type(node))) is None:
                    self.leave(activity, activity.result, station)
                else:
                    getattr(self, begin)(activity, node)
            elif phase is INSIDE:
                self._go_on_inside(activity, station.node)
            elif phase is UNDOING and activity.undoing is not None:
                self.undo(activity, activity.undoing, station.node)
        except Exhausted as exhausted:
            self.exhausted = self.exhausted or (activity.element, exhausted)
        except Blocked as blocked:
            self.raise_incident(activity.id, activity.element, blocked.code, blocked.place, blocked.facts)

    def _begin_to_wait(self, activity: Activity, node: model.CatchEvent) -> None:
        plans = self.plans(node.id, node.trigger, self.state.variables_of(activity.id), "trigger")
        self.begin_waits(activity.id, plans)

    def _begin_to_receive(self, activity: Activity, node: model.ReceiveTask) -> None:
        locals_, plans = self._opening(activity, node)
        own = self.plans(node.id, node.message, self.seen(activity, locals_), "message")
        self._open(activity, locals_, (*plans, *own))

    def _begin_service_task(self, activity: Activity, node: model.ServiceTask) -> None:
        if node.boundary:
            self._open(activity, *self._opening(activity, node))
        elif node.inputs:
            self.write_to(activity, self.inputs_of(activity, node.inputs), node.id)
        self.request_handler(activity, node)

    def _run_script(self, activity: Activity, node: model.ScriptTask) -> None:
        locals_ = self.inputs_of(activity, node.inputs)
        value = self.evaluate(node.expression, self.seen(activity, locals_), "script")
        self.leave(activity, {node.result_variable: value}, locals_=locals_)

    def leave(
        self,
        activity: Activity,
        result: Variables,
        station: model.Station | None = None,
        locals_: Variables = NOTHING,
        told: Events = (),
    ) -> None:
        """Map what came out, then take the flows (or give the item its output). ``told`` are the facts to emit before."""
        station = station or self.station_of(activity)
        if activity.undoes is not None and self.is_reopened(activity):
            self.depart(activity, station, NOTHING, ())
            return
        if station.outputs:
            if activity.scopes or locals_:
                inner = self.state.scopes[activity.scopes[0]].variables if activity.scopes else NOTHING
                result = {**locals_, **inner, **result}
            into = self.state.variables_of(activity.scope) if station.puts_into_contexts else NOTHING
            written: Variables = self.mapped(station.outputs, activity, result, "output", into)
        elif activity.scopes and isinstance(node := station.node, model.CallActivity) and node.propagates_all_out:
            written = self.state.scopes[activity.scopes[0]].variables
        else:
            written = NOTHING if station.hides_result else result
        if station.is_repeated and (scope := self.state.scopes[activity.scope]).item is not None:
            completed, thrown = self.item_completed(activity, scope, station, written)
            self.depart(activity, station, written, (), told)
            self.depart_item(scope, completed, thrown)
            return
        self.depart(activity, station, written, station.always or self.flows_after(activity, station, written), told)

    def depart(
        self, activity: Activity, station: model.Station, written: Variables, flows: Sequence[str], told: Events = ()
    ) -> None:
        """The end of every activity that is not interrupted. From here on nothing can fail."""
        for event in told:
            self.emit(event)
        state, scope_id, activity_id, element = self.state, activity.scope, activity.id, activity.element
        scope = state.own_scope(scope_id) if scope_id in state.shared else state.scopes[scope_id]
        if written and scope.activity is None:
            self.write_to(scope, written, element)
        elif written:
            self.write(scope, written, element)
        if activity.scopes or station.is_recorded:
            self.record(activity, station.node)
            for inner in activity.scopes:
                self.close_scope(inner)
        if state.waits:
            self.end_waits(activity_id)
        completed = ElementCompleted(activity_id, element)
        element_left(state, scope, completed)
        self.events.append(completed)
        if flows:
            self.take(scope, flows if station.tokens == 1 else (*flows,) * station.tokens)
        if activity.undoes is not None:
            self.go_on_undoing(activity.undoes)
        if not flows and scope.item is None:
            self.queue_owner(scope_id)

    def take(self, scope: Scope, flows: Iterable[str]) -> None:
        """A token more on each of the flows."""
        scope_id, tokens, events, targets = scope.id, scope.tokens, self.events, self._targets[scope.process]
        for flow in flows:
            taken = FlowTaken(flow, scope_id)
            flow_taken(tokens, taken)
            events.append(taken)
            target = targets[flow]
            if not target.is_late_join:  # as ``queue_flow`` does it
                (self.passive if target.is_passive else self.effects).append(Token(scope_id, flow, target))

    def _go_on_inside(self, activity: Activity, node: model.Node) -> None:
        if activity.items is not None and isinstance(node, model.Activity):
            self.go_on_with_items(activity, activity.items, node)
        elif all(self.state.scopes[each].is_empty for each in activity.scopes):
            self.leave(activity, {})

    def _opening(self, activity: Activity, node: model.Activity) -> tuple[dict[str, Value], list[Plan]]:
        """The local inputs and the waits of the boundary events (which see the inputs)."""
        locals_ = self.inputs_of(activity, node.inputs)
        return locals_, self.boundary_plans(activity, locals_) if node.boundary else []

    def _open(self, activity: Activity, locals_: Variables, plans: Sequence[Plan]) -> None:
        if locals_:
            self.write_to(activity, locals_, activity.element)
        if plans:
            self.begin_waits(activity.id, plans)

    def _begin_user_task(self, activity: Activity, node: model.UserTask) -> None:
        locals_, plans = self._opening(activity, node)
        assignee, due_at, follow_up_at, priority = None, None, None, readings.DEFAULT_PRIORITY
        if node.assignee or node.due or node.follow_up or node.priority:
            seen = self.seen(activity, locals_)
            assignee = self.read(node.assignee, seen, "assignee", readings.text)
            due_at = self.read(node.due, seen, "due", readings.due)
            follow_up_at = self.read(node.follow_up, seen, "follow-up", readings.follow_up)
            priority = self.read(node.priority, seen, "priority", readings.priority)
        created = happened.TaskCreated(
            activity.id, node.id, node.role, assignee, node.form, due_at, follow_up_at, priority, node.not_same_as
        )
        self._open(activity, locals_, plans)
        self.emit(created)

    def request_handler(self, activity: Activity, node: model.ServiceTask) -> None:
        """Ask (again) for the handler, given the local inputs and nothing else (what is to be undone was known to another)."""
        known = activity.variables
        given = known.copy() if activity.undoes is None else model.inputs_among(known, node.inputs)
        requested = HandlerRequested(activity.id, node.id, node.handler, given)
        handler_requested(activity, requested)
        self.events.append(requested)

    def _apply_decision(self, activity: Activity, node: model.BusinessRuleTask) -> None:
        decision = self.model.decisions.get(node.decision)
        if decision is None:
            block("decision_unknown", "decision", decision=node.decision)
        locals_ = self.inputs_of(activity, node.inputs)
        budget = self.budget()
        try:
            found = decision.evaluate(self.seen(activity, locals_), self.environment, budget)
            value, inputs = storable(found.value), storable(dict(found.inputs))
        except EngineError as error:
            block(error.code, "decision", **error.facts)
        finally:
            self.charge(budget)
        told = happened.DecisionEvaluated(activity.id, node.id, node.decision, inputs, tuple(found.rules), value)
        self.leave(activity, {node.result_variable: value}, locals_=locals_, told=(told,))

    def begin_scope(self, scope_id: str, nodes: Iterable[model.Node], plans: Iterable[Plan]) -> None:
        """Put the first activities into a scope that was opened, and let its event sub-processes wait."""
        self.begin_waits(scope_id, plans)
        for node in nodes:
            self.queue(self.enter(scope_id, node))

    def _begin_sub_process(self, activity: Activity, node: model.SubProcess) -> None:
        process = self.process_of(activity.scope)
        nodes = () if node.is_event else self.entries(process, node.id)
        locals_, plans = self._opening(activity, node)
        inside = self.start_plans(process, node.id, self.seen(activity, locals_))
        self._open(activity, locals_, plans)
        scope = self.open_scope(activity, process.id)
        self.begin_scope(scope.id, nodes, inside)
        for start in process.starts(node.id) if node.is_event else ():
            self.step(self.enter_caught(scope.id, start, payload=activity.result).id)

    def _begin_call(self, activity: Activity, node: model.CallActivity) -> None:
        process = self.model.processes.get(node.process)
        if process is None:
            block("process_unknown", "called process", process=node.process)
        nodes = self.entries(process, process.id)
        locals_, plans = self._opening(activity, node)
        given = dict(self.seen(activity, locals_)) if node.propagates_all_in else locals_
        inside = self.start_plans(process, process.id, given)
        self._open(activity, {}, plans)
        scope = self.open_scope(activity, process.id, isolated=True)
        self.write_to(scope, given, node.id)
        self.begin_scope(scope.id, nodes, inside)


_BEGINNINGS: Mapping[type[model.Node], str] = {
    model.CatchEvent: "_begin_to_wait",
    model.EventBasedGateway: "await_first",
    model.EndEvent: "throw_event",
    model.ThrowEvent: "throw_event",
    model.SendTask: "throw_event",
    model.UserTask: "_begin_user_task",
    model.ReceiveTask: "_begin_to_receive",
    model.ServiceTask: "_begin_service_task",
    model.ScriptTask: "_run_script",
    model.BusinessRuleTask: "_apply_decision",
    model.SubProcess: "_begin_sub_process",
    model.CallActivity: "_begin_call",
}
"""How each kind of node begins, by the name of the method, which a subclass may override; the others are passed at once."""
