"""How tokens move: the one semantics that executes, proves, rehearses and replays (``docs/semantics.md``: what BPMN leaves open).

A *move* first evaluates everything that can fail, then emits its events. So a move that cannot be made leaves nothing half done: it raises
``Blocked``, which becomes an incident on its activity, and the same move is tried again later.

Work waits in two queues (``tokens``). First tokens enter everything passive (waits, gateways, sub-processes), then conditions are asked,
then one thing with an effect is done (handlers, throws, ends, leaving a sub-process), and so on; an inclusive join fires when nothing
else can move. All of it can be found again in the state: a token on a flow, an activity in a phase.

What is asked before a move stands in ``evaluation``; a subclass may answer otherwise and move the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from engine.errors import EngineError
from engine.feel import Value
from engine.kernel.evaluation import Blocked, Exhausted, Plan, Variables, block
from engine.kernel.repeating import Repeating
from engine.kernel.state import NOTHING, Activity, Phase
from engine.kernel.tokens import Check, Events, Join, Lapse, Step, Token, Work
from engine.model import elements as model
from engine.model.joins import may_join
from engine.model.values import storable
from engine.protocol import events as happened

WAITING_FOR_START = "waitingForStart"
"""What the conditions after a complex gateway can ask: whether it fires, or begins anew (BPMN 13.4.5)."""


class Moves(Repeating):
    """The moves of every element: how it is entered, what it does, how it is left."""

    def do(self, work: Work) -> None:
        """Make the move, if what it is about still lives."""
        match work:
            case Token():
                self._move_token(work.scope, work.flow)
            case Step():
                self.step(work.activity)
            case Check():
                self.check_condition(work.wait)
            case Join():
                self._join(work.scope, work.gateway)
            case Lapse():
                self.end_waits(work.scope)

    def _move_token(self, scope_id: str, flow_id: str) -> None:
        scope = self.state.scopes.get(scope_id)
        if scope is None or flow_id not in scope.tokens:
            return  # what interrupted the scope took it
        target = self.process_of(scope_id).targets[flow_id].node
        flows: tuple[str, ...] = (flow_id,)
        if isinstance(target, model.ComplexGateway):
            self._activate(scope_id, target)
            return
        if isinstance(target, model.ParallelGateway):
            # one token per incoming flow; more of them on one flow wait for the next joining (BPMN 13.4.1)
            if any(each not in scope.tokens for each in target.incoming):
                return
            flows = target.incoming
        elif isinstance(target, model.Activity) and target.start_quantity > 1:
            # whichever flows they come by (BPMN table 10.3)
            arrived = [each for each in target.incoming for _ in range(scope.tokens.get(each, 0))]
            if len(arrived) < target.start_quantity:
                return
            flows = tuple(arrived[: target.start_quantity])
        self.step(self.enter(scope_id, target, flows))

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
        activity_id = self.enter(scope_id, gateway, marked)
        self.emit(happened.GatewayActivated(activity=activity_id, element=gateway.id, flows=marked))
        self._take(scope_id, flows)
        if len(marked) == len(gateway.incoming):
            self._reset(self.state.activities[activity_id], gateway)

    def _waiting_at(self, scope_id: str, gateway: model.Node) -> Activity | None:
        """The activity of a complex gateway that has fired."""
        inside = (each for each in self.state.activities.values() if each.scope == scope_id)
        return next((each for each in inside if each.element == gateway.id and each.flows), None)

    def find_join(self) -> Join | Lapse | None:
        """An inclusive gateway that may join, a complex one that has nothing more to wait for, event sub-processes that cannot begin."""
        by_scope: dict[str, list[Activity]] = {}
        for scope in self.state.scopes.values():
            process = self.process_of(scope.id)
            if not (scope.waits or process.has_late_joins) or scope.is_empty:
                continue
            by_scope = by_scope or self.by_scope()
            inside = by_scope.get(scope.id, [])
            if scope.waits and not scope.tokens and all(self.is_event_sub_process(each) for each in inside):
                return Lapse(scope.id)
            fired = {each.element: each for each in inside if each.flows}
            nodes = {each.element for each in inside} - set(fired)
            for target in dict.fromkeys(process.flows[flow].target for flow in sorted(scope.tokens)):
                gateway = process.nodes[target]
                is_join = isinstance(gateway, model.InclusiveGateway) and len(gateway.incoming) > 1
                if is_join and may_join(process, gateway, scope.tokens, nodes):
                    return Join(scope.id, target)
            for element, activity in fired.items():
                is_stuck = self.state.is_stuck(activity.id)
                if not is_stuck and may_join(process, process.nodes[element], scope.tokens, nodes, activity.flows):
                    return Join(scope.id, element)
        return None

    def _join(self, scope_id: str, gateway_id: str) -> None:
        gateway = self.process_of(scope_id).nodes[gateway_id]
        tokens = self.state.scopes[scope_id].tokens
        waiting = self._waiting_at(scope_id, gateway)
        if waiting is None:
            self.step(self.enter(scope_id, gateway, tuple(each for each in gateway.incoming if each in tokens)))
        else:
            self._reset(waiting, gateway)

    def _reset(self, waiting: Activity, gateway: model.Node) -> None:
        """The late tokens are taken, and only flows whose conditions ask for this second phase get one (BPMN 13.4.5)."""
        scope_id, process = waiting.scope, self.process_of(waiting.scope)
        seen = {**self.state.variables_of(scope_id), WAITING_FOR_START: False}

        def second_phase() -> list[str]:
            conditions = [(each, process.flows[each].condition) for each in gateway.outgoing]
            asking = [
                (each, found) for each, found in conditions if found and WAITING_FOR_START in found.possible_variables
            ]
            return [each for each, condition in asking if self.holds(condition, seen, f"condition {each}")]

        flows = self.answered(waiting.id, gateway.id, second_phase)
        if flows is None:
            return
        tokens = self.state.scopes[scope_id].tokens
        late = tuple(each for each in gateway.incoming if each in tokens and each not in waiting.flows)
        if late:
            self.emit(happened.TokensDropped(scope=scope_id, flows=late))
        self.emit(happened.ElementCompleted(activity=waiting.id, element=gateway.id))
        self._take(scope_id, flows)
        for flow in self.state.scopes[scope_id].tokens:
            if flow in gateway.incoming:
                self.queue_flow(scope_id, flow)  # what else has come is of the next time
        self.queue_owner(scope_id)

    def step(self, activity_id: str) -> None:
        """Do what the activity's phase asks for; what cannot be done becomes an incident."""
        activity = self.state.activities.get(activity_id)
        if activity is None or self.state.is_stuck(activity_id):
            return
        node = self.node_of(activity)
        try:
            if activity.phase is Phase.ENTERED:
                self._begin(activity, node)
            elif activity.phase is Phase.DONE:
                self.leave(activity, node, activity.result)
            elif activity.phase is Phase.INSIDE:
                self._go_on_inside(activity, node)
            elif activity.phase is Phase.UNDOING and activity.undoing is not None:
                self.undo(activity, activity.undoing, node)
        except Exhausted as exhausted:
            self.exhausted = self.exhausted or (activity.element, exhausted)
        except Blocked as blocked:
            self.raise_incident(activity.id, activity.element, blocked.code, blocked.place, blocked.facts)

    def _begin(self, activity: Activity, node: model.Node) -> None:
        if isinstance(node, model.Activity) and node.is_repeated and not self.state.is_item(activity):
            self.begin_items(activity, node)
            return
        match node:
            case model.CatchEvent():
                self.begin_waits(
                    activity.id, self.plans(node.id, node.trigger, self.state.variables_of(activity.id), "trigger")
                )
            case model.EventBasedGateway():
                self.await_first(activity, node)
            case model.EndEvent() | model.ThrowEvent() | model.SendTask():
                self.throw_event(activity, node)
            case model.UserTask():
                self._begin_user_task(activity, node)
            case model.ReceiveTask():
                locals_, plans = self._opening(activity, node)
                own = self.plans(node.id, node.message, self.seen(activity, locals_), "message")
                self._open(activity, locals_, (*plans, *own))
            case model.ServiceTask():
                self._open(activity, *self._opening(activity, node))
                self.request_handler(self.state.activities[activity.id], node)
            case model.ScriptTask():
                locals_ = self.inputs_of(activity, node.inputs)
                value = self.evaluate(node.expression, self.seen(activity, locals_), "script")
                self.leave(activity, node, {node.result_variable: value}, locals_=locals_)
            case model.BusinessRuleTask():
                self._apply_decision(activity, node)
            case model.SubProcess():
                self._begin_sub_process(activity, node)
            case model.CallActivity():
                self._begin_call(activity, node)
            case _:
                self.leave(activity, node, activity.result)

    def leave(
        self,
        activity: Activity,
        node: model.Node,
        result: Variables,
        *,
        locals_: Variables = NOTHING,
        told: Events = (),
    ) -> None:
        """Map what came out, then take the flows (or give the item its output). ``told`` are the facts to emit before."""
        if self.is_reopened(activity):
            self.depart(activity, {}, ())
            return
        station = self.station_of(activity)
        inner = self.state.scopes[activity.scopes[0]].variables if activity.scopes else NOTHING
        # what an error brings is seen by the outputs of its event, and by nothing else
        written: Variables = {} if result and _catches_error(node) else result
        if station.outputs:
            seen = {**self.state.variables_of(activity.id), **locals_, **inner, **result}
            into = self.state.variables_of(activity.scope) if station.puts_into_contexts else NOTHING
            written = self.mapped(station.outputs, seen, "output", into=into)
        elif isinstance(node, model.CallActivity):
            written = inner if node.propagates_all_out else {}
        if station.is_repeated and isinstance(node, model.Activity) and self.state.is_item(activity):
            after = {**self.state.variables_of(activity.scope), **written}
            completed, thrown = self.item_completed(activity, node, after)
            for event in told:
                self.emit(event)
            self._end(activity, node, written, ())
            self.depart_item(activity.scope, completed, thrown)
        else:
            flows = self.flows_after(activity, written)
            for event in told:
                self.emit(event)
            self.depart(activity, written, flows)

    def flows_after(self, activity: Activity, written: Variables) -> tuple[str, ...]:
        """The flows by which an activity is left that writes this."""
        station = self.station_of(activity)
        if station.always is not None:
            return station.always
        seen = {**self.state.variables_of(activity.scope), **written}
        return self.flows(self.process_of(activity.scope), station.node, seen)

    def depart(self, activity: Activity, written: Variables, flows: Sequence[str]) -> None:
        """The end of every activity that is not interrupted and no item. From here on nothing can fail."""
        self._end(activity, self.node_of(activity), written, flows)
        self.queue_owner(activity.scope)

    def _end(self, activity: Activity, node: model.Node, written: Variables, flows: Sequence[str]) -> None:
        for name in sorted(written):  # by name, because a state that was read has another order
            self.write(activity.scope, name, written[name], activity.element)
        if isinstance(node, model.Activity) and (node.compensated_by or activity.scopes):
            self.record(self.state.activities[activity.id], node)
        for scope_id in activity.scopes:
            self.close_scope(scope_id)
        self.end_waits(activity.id)
        self.resolve_incidents(activity.id)
        self.emit(happened.ElementCompleted(activity.id, activity.element))
        for _ in range(node.completion_quantity if isinstance(node, model.Activity) else 1):
            self._take(activity.scope, flows)
        if activity.undoes is not None:
            self.go_on_undoing(activity.undoes)

    def _take(self, scope_id: str, flows: Iterable[str]) -> None:
        for flow in flows:
            self.emit(happened.FlowTaken(flow, scope_id))
            self.queue_flow(scope_id, flow)

    def _go_on_inside(self, activity: Activity, node: model.Node) -> None:
        if activity.items is not None and isinstance(node, model.Activity):
            self.go_on_with_items(activity, activity.items, node)
        elif all(self.state.scopes[each].is_empty for each in activity.scopes):
            self.leave(activity, node, {})

    def _opening(self, activity: Activity, node: model.Activity) -> tuple[dict[str, Value], list[Plan]]:
        """The local inputs and the waits of the boundary events (which see the inputs)."""
        locals_ = self.inputs_of(activity, node.inputs)
        return locals_, self.boundary_plans(activity, locals_)

    def _open(self, activity: Activity, locals_: Variables, plans: Iterable[Plan]) -> None:
        self.write_locals(activity.id, locals_, activity.element)
        self.begin_waits(activity.id, plans)

    def _begin_user_task(self, activity: Activity, node: model.UserTask) -> None:
        locals_, plans = self._opening(activity, node)
        seen = self.seen(activity, locals_)
        created = happened.TaskCreated(
            activity=activity.id,
            element=node.id,
            role=node.role,
            assignee=self.text(node.assignee, seen, "assignee"),
            form=node.form,
            due_at=self.due(node.due, seen, "due", at_end=True),
            follow_up_at=self.due(node.follow_up, seen, "follow-up", at_end=False),
            priority=self.priority(node.priority, seen),
            not_same_as=node.not_same_as,
        )
        self._open(activity, locals_, plans)
        self.emit(created)

    def request_handler(self, activity: Activity, node: model.ServiceTask) -> None:
        """Ask (again) for the handler, given the local inputs and nothing else (what is to be undone was known to another)."""
        given = {each.target[0]: activity.variables[each.target[0]] for each in node.inputs}
        self.emit(happened.HandlerRequested(activity.id, node.id, node.handler, given))

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
        told = happened.DecisionEvaluated(
            activity=activity.id,
            element=node.id,
            decision=node.decision,
            inputs=inputs,
            rules=tuple(found.rules),
            result=value,
        )
        self.leave(activity, node, {node.result_variable: value}, locals_=locals_, told=(told,))

    def begin_scope(self, scope_id: str, nodes: Iterable[model.Node], plans: Iterable[Plan]) -> None:
        """Put the first activities into a scope that was opened, and let its event sub-processes wait."""
        self.begin_waits(scope_id, plans)
        for node in nodes:
            self.queue(self.state.activities[self.enter(scope_id, node)])

    def _begin_sub_process(self, activity: Activity, node: model.SubProcess) -> None:
        process = self.process_of(activity.scope)
        nodes = () if node.is_event else self.entries(process, node.id)
        locals_, plans = self._opening(activity, node)
        inside = self.start_plans(process, node.id, self.seen(activity, locals_))
        self._open(activity, locals_, plans)
        scope_id = self.open_scope(activity, process.id)
        self.begin_scope(scope_id, nodes, inside)
        for start in process.starts(node.id) if node.is_event else ():
            self.step(self.enter_caught(scope_id, start, payload=activity.result))

    def _begin_call(self, activity: Activity, node: model.CallActivity) -> None:
        process = self.model.processes.get(node.process)
        if process is None:
            block("process_unknown", "called process", process=node.process)
        nodes = self.entries(process, process.id)
        locals_, plans = self._opening(activity, node)
        given = dict(self.seen(activity, locals_)) if node.propagates_all_in else locals_
        inside = self.start_plans(process, process.id, given)
        self._open(activity, {}, plans)
        scope_id = self.open_scope(activity, process.id, isolated=True)
        self.write_locals(scope_id, given, node.id)
        self.begin_scope(scope_id, nodes, inside)


def _catches_error(node: model.Node) -> bool:
    if not isinstance(node, model.BoundaryEvent | model.StartEvent):
        return False
    return any(isinstance(each, model.ErrorDefinition) for each in model.definitions_of(node.trigger))
