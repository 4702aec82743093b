"""How tokens move: the one semantics that executes, proves, rehearses and replays (``docs/semantics.md``: what BPMN leaves open).

A *move* first evaluates everything that can fail, then emits its events; ``fold.apply`` writes them into the state. So a move that
cannot be made leaves nothing half done: it raises ``Blocked``, which becomes an incident on its activity, and the same move is tried
again later.

Work waits in two queues. First tokens enter everything passive (waits, gateways, sub-processes), then one thing with an effect is
done (handlers, throws, ends, leaving a sub-process), and so on; an inclusive join fires when nothing else can move. All of it can be
found again in the state: a token on a flow, an activity in a phase.

What is asked before a move stands in ``evaluation``; a subclass may answer otherwise and move the same way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.errors import EngineError, Facts
from engine.feel import Environment, Value
from engine.kernel import events as happened
from engine.kernel import timers
from engine.kernel.evaluation import (
    MAX_WORK,
    Blocked,
    Evaluation,
    Exhausted,
    Plan,
    Trigger,
    Variables,
    Visible,
    block,
)
from engine.kernel.fold import apply
from engine.kernel.joins import may_join
from engine.kernel.state import ROOT, Activity, Items, Phase, State
from engine.kernel.values import storable, storable_all
from engine.model import elements as model

Planned = tuple[str, Trigger, Plan]
"""A wait to begin: the element that catches, what it waits for, and the plan."""

PASSIVE = (model.StartEvent, model.CatchEvent, model.Gateway, model.UserTask, model.SubProcess, model.CallActivity)


@dataclass(frozen=True, slots=True)
class Token:
    """Work: a token on a flow is to enter what comes next."""

    scope: str
    flow: str


@dataclass(frozen=True, slots=True)
class Step:
    """Work: an activity is to do what its phase asks for."""

    activity: str


@dataclass(frozen=True, slots=True)
class Join:
    """Work: an inclusive gateway may join. Found by looking, when nothing else can move."""

    scope: str
    gateway: str


Work = Token | Step | Join


class Moves(Evaluation):
    """One run over a state of its own. ``events`` is what has happened so far.

    ``exhausted`` has the element whose move found the work of the stimulus used up: nothing more can be done now.
    """

    def __init__(
        self, definition: model.Model, state: State, environment: Environment, max_work: int = MAX_WORK
    ) -> None:
        super().__init__(environment, max_work)
        self.model = definition
        self.state = state
        self.events: list[happened.Event] = []
        self.exhausted: tuple[str, Exhausted] | None = None
        self._passive: deque[Token | Step] = deque()
        self._effects: deque[Token | Step] = deque()

    # -- the queues ---------------------------------------------------------------------------------------------------------------

    def emit(self, event: happened.Event) -> None:
        """Let it happen: the only way in which a move changes anything."""
        apply(self.state, event)
        self.events.append(event)

    def new_id(self, kind: str) -> str:
        """The id for the next event that gives one; deterministic, never given twice in an instance."""
        return f"{kind}{self.state.counter + 1}"

    def next_work(self) -> Work | None:
        """Take the next piece of work; None when nothing can move."""
        if self._passive:
            return self._passive.popleft()
        if self._effects:
            return self._effects.popleft()
        return self._find_join()

    def do(self, work: Work) -> None:
        """Make the move, if what it is about still lives."""
        if isinstance(work, Token):
            self._move_token(work.scope, work.flow)
        elif isinstance(work, Step):
            self.step(work.activity)
        else:
            gateway = self._process(work.scope).nodes[work.gateway]
            tokens = self.state.scopes[work.scope].tokens
            self.step(self.enter(work.scope, gateway, tuple(flow for flow in gateway.incoming if flow in tokens)))

    def queue(self, activity: Activity) -> None:
        """Let the activity take its turn."""
        is_passive = activity.phase is Phase.ENTERED and self._is_passive(self.node_of(activity), activity)
        (self._passive if is_passive else self._effects).append(Step(activity.id))

    def queue_everything(self) -> None:
        """Find all possible work again from the state alone."""
        for activity in self.state.activities.values():
            if activity.phase in (Phase.ENTERED, Phase.INSIDE, Phase.DONE):
                self.queue(activity)
        for scope in self.state.scopes.values():
            for flow in sorted(scope.tokens):
                for _ in range(scope.tokens[flow]):
                    self._queue_token(scope.id, flow)

    def node_of(self, activity: Activity) -> model.Node:
        """What the activity is an occurrence of."""
        return self._process(activity.scope).nodes[activity.element]

    def _process(self, scope_id: str) -> model.Process:
        return self.model.processes[self.state.scopes[scope_id].process]

    def _is_passive(self, node: model.Node, activity: Activity | None) -> bool:
        # the body of a multi-instance only opens its items; these are what may have an effect
        is_body = isinstance(node, model.Activity) and node.multi_instance is not None
        if is_body and (activity is None or not self.state.is_item(activity)):
            return True
        return isinstance(node, PASSIVE)

    def _queue_token(self, scope_id: str, flow_id: str) -> None:
        process = self._process(scope_id)
        target = process.nodes[process.flows[flow_id].target]
        if isinstance(target, model.InclusiveGateway) and len(target.incoming) > 1:
            return  # found by _find_join when nothing else can move
        (self._passive if self._is_passive(target, None) else self._effects).append(Token(scope_id, flow_id))

    def _move_token(self, scope_id: str, flow_id: str) -> None:
        scope = self.state.scopes.get(scope_id)
        if scope is None or flow_id not in scope.tokens:
            return  # what interrupted the scope took it
        process = self._process(scope_id)
        target = process.nodes[process.flows[flow_id].target]
        flows: tuple[str, ...] = (flow_id,)
        if isinstance(target, model.ParallelGateway):
            # one token per incoming flow; more of them on one flow wait for the next joining (BPMN 13.4.1)
            if any(each not in scope.tokens for each in target.incoming):
                return
            flows = target.incoming
        self.step(self.enter(scope_id, target, flows))

    def _find_join(self) -> Join | None:
        for scope in self.state.scopes.values():
            if not scope.tokens:
                continue
            process = self._process(scope.id)
            for target in dict.fromkeys(process.flows[flow].target for flow in sorted(scope.tokens)):
                gateway = process.nodes[target]
                if isinstance(gateway, model.InclusiveGateway) and len(gateway.incoming) > 1:
                    nodes = {self.state.activities[each].element for each in self._activities_in(scope.id)}
                    if may_join(process, gateway, scope.tokens, nodes):
                        return Join(scope.id, target)
        return None

    # -- the life of an activity ----------------------------------------------------------------------------------------------------

    def enter(
        self, scope_id: str, node: model.Node, flows: tuple[str, ...] = (), payload: Variables | None = None
    ) -> str:
        """A new activity of ``node``, which consumes a token of each of ``flows``; gives its id."""
        activity_id = self.new_id("a")
        self.emit(
            happened.ElementEntered(
                activity=activity_id, element=node.id, scope=scope_id, flows=flows, payload=payload or {}
            )
        )
        return activity_id

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
                self._leave(activity, node, activity.result)
            elif activity.phase is Phase.INSIDE:
                self._go_on_inside(activity, node)
        except Exhausted as exhausted:
            self.exhausted = self.exhausted or (activity.element, exhausted)
        except Blocked as blocked:
            self.raise_incident(activity, blocked.code, blocked.place, blocked.facts)

    def raise_incident(self, activity: Activity, code: str, place: str, facts: Facts) -> None:
        """Work stops here until an operator lets it be tried again."""
        self.emit(
            happened.IncidentRaised(
                incident=self.new_id("i"),
                activity=activity.id,
                element=activity.element,
                code=code,
                place=place,
                facts=facts,
            )
        )

    def _begin(self, activity: Activity, node: model.Node) -> None:
        if isinstance(node, model.Activity) and node.multi_instance and not self.state.is_item(activity):
            self._begin_items(activity, node, node.multi_instance)
            return
        match node:
            case model.CatchEvent():
                plan = self.plan(node.trigger, self.state.visible(activity.id), "trigger")
                self._wait(activity.id, node.id, node.trigger, plan)
            case model.EndEvent() | model.ThrowEvent():
                self._throw_event(activity, node)
            case model.UserTask():
                self._begin_user_task(activity, node)
            case model.ServiceTask():
                locals_, waits = self._opening(activity, node)
                self._open(activity, node, locals_, waits)
                self.request_handler(self.state.activities[activity.id], node)
            case model.ScriptTask():
                locals_ = self._inputs(activity, node)
                value = self.evaluate(node.expression, self._seen(activity, locals_), "script")
                self._leave(activity, node, {node.result_variable: value}, locals_=locals_)
            case model.BusinessRuleTask():
                self._apply_decision(activity, node)
            case model.SubProcess():
                self._begin_sub_process(activity, node)
            case model.CallActivity():
                self._begin_call(activity, node)
            case _:
                self._leave(activity, node, activity.result)

    def _leave(
        self,
        activity: Activity,
        node: model.Node,
        result: Variables,
        *,
        locals_: Variables | None = None,
        told: Iterable[happened.Event] = (),
    ) -> None:
        """Map what came out, then take the flows (or give the item its output). ``told`` are the facts to emit before."""
        inner = self.state.scopes[activity.scopes[0]].variables if activity.scopes else {}
        seen = self._seen(activity, {**(locals_ or {}), **inner, **result})
        outputs: Sequence[model.VariableMapping] = getattr(node, "outputs", ())
        surrounding = self.state.visible(activity.scope)
        # what an error brings is seen by the outputs of its event, and by nothing else
        written: Variables = {} if _catches_error(node) else result
        if outputs:
            written = self.mapped(outputs, seen, "output", into=surrounding)
        elif isinstance(node, model.CallActivity):
            written = inner if node.propagates_all_out else {}
        after = surrounding.new_child(dict(written))
        is_item = self.state.is_item(activity)
        completed = self._item_completed(activity, node, after) if is_item else None
        flows = () if is_item else self.flows(self._process(activity.scope), node, after)
        for event in told:
            self.emit(event)
        self._depart(activity, written, flows, completed)

    def _depart(
        self,
        activity: Activity,
        written: Variables,
        flows: Sequence[str],
        completed: happened.ItemCompleted | None = None,
    ) -> None:
        """The end of every activity that is not interrupted. From here on nothing can fail."""
        for name, value in sorted(written.items()):  # by name, because a state that was read has another order
            self._write(activity.scope, name, value, activity.element)
        for scope_id in activity.scopes:
            self.emit(happened.ScopeClosed(scope=scope_id))
        self._end_waits_and_incidents(activity)
        self.emit(happened.ElementCompleted(activity=activity.id, element=activity.element))
        for flow in flows:
            self.emit(happened.FlowTaken(flow=flow, scope=activity.scope))
            self._queue_token(activity.scope, flow)
        if completed is not None:
            self._depart_item(activity.scope, completed)
        else:
            self._queue_owner(activity.scope)

    def _queue_owner(self, scope_id: str) -> None:
        """When nothing is left inside a sub-process or a called process, its activity has its turn."""
        scope = self.state.scopes[scope_id]
        if scope.is_empty and scope.activity is not None:
            self.queue(self.state.activities[scope.activity])

    def _go_on_inside(self, activity: Activity, node: model.Node) -> None:
        if activity.items is not None and isinstance(node, model.Activity) and node.multi_instance is not None:
            self._go_on_with_items(activity, activity.items, node, node.multi_instance)
        elif all(self.state.scopes[each].is_empty for each in activity.scopes):
            self._leave(activity, node, {})

    # -- tasks ----------------------------------------------------------------------------------------------------------------------

    def _inputs(self, activity: Activity, node: model.Activity | model.ThrowEvent | model.EndEvent) -> dict[str, Value]:
        return self.mapped(node.inputs, self.state.visible(activity.id), "input", into={})

    def _opening(self, activity: Activity, node: model.Activity) -> tuple[dict[str, Value], list[Planned]]:
        """The local inputs and the waits of the boundary events (which see the inputs)."""
        locals_ = self._inputs(activity, node)
        return locals_, self._boundary_plans(activity, node, locals_)

    def _boundary_plans(self, activity: Activity, node: model.Activity, locals_: Variables) -> list[Planned]:
        if self.state.is_item(activity):
            return []  # they belong to the body: one of them interrupts all items
        seen = self._seen(activity, locals_)
        return [
            (each.id, each.trigger, self.plan(each.trigger, seen, f"boundary {each.id}"))
            for each in self._boundary(activity, node)
            if not isinstance(each.trigger, model.ErrorDefinition)
        ]

    def _open(self, activity: Activity, node: model.Activity, locals_: Variables, waits: Iterable[Planned]) -> None:
        for name, value in sorted(locals_.items()):
            self._write_to(activity.id, name, value, node.id, is_new=True)
        for element, trigger, plan in waits:
            self._wait(activity.id, element, trigger, plan)

    def _begin_user_task(self, activity: Activity, node: model.UserTask) -> None:
        locals_, waits = self._opening(activity, node)
        seen = self._seen(activity, locals_)
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
        self._open(activity, node, locals_, waits)
        self.emit(created)

    def request_handler(self, activity: Activity, node: model.ServiceTask) -> None:
        """Ask (again) for the handler, given the local inputs and nothing else."""
        self.emit(
            happened.HandlerRequested(
                activity=activity.id, element=node.id, handler=node.handler, given=dict(activity.variables)
            )
        )

    def _apply_decision(self, activity: Activity, node: model.BusinessRuleTask) -> None:
        decision = self.model.decisions.get(node.decision)
        if decision is None:
            block("decision_unknown", "decision", decision=node.decision)
        locals_ = self._inputs(activity, node)
        budget = self.budget()
        try:
            found = decision.evaluate(self._seen(activity, locals_), self.environment, budget)
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
        self._leave(activity, node, {node.result_variable: value}, locals_=locals_, told=(told,))

    # -- scopes inside --------------------------------------------------------------------------------------------------------------

    def begin_scope(self, scope_id: str, nodes: Iterable[model.Node]) -> None:
        """Put the first activities into a scope that was opened."""
        for node in nodes:
            self.queue(self.state.activities[self.enter(scope_id, node)])

    def _begin_sub_process(self, activity: Activity, node: model.SubProcess) -> None:
        process = self._process(activity.scope)
        nodes = self.entries(process, node.id)
        locals_, waits = self._opening(activity, node)
        self._open(activity, node, locals_, waits)
        self.begin_scope(self._open_scope(activity, process.id), nodes)

    def _begin_call(self, activity: Activity, node: model.CallActivity) -> None:
        process = self.model.processes.get(node.process)
        if process is None:
            block("process_unknown", "called process", process=node.process)
        nodes = self.entries(process, process.id)
        locals_, waits = self._opening(activity, node)
        given = dict(self._seen(activity, locals_)) if node.propagates_all_in else locals_
        self._open(activity, node, {}, waits)
        scope_id = self._open_scope(activity, process.id, is_isolated=True)
        for name, value in sorted(given.items()):
            self._write_to(scope_id, name, value, node.id, is_new=True)
        self.begin_scope(scope_id, nodes)

    def _open_scope(
        self, activity: Activity, process: str, *, item: int | None = None, is_isolated: bool = False
    ) -> str:
        scope_id = self.new_id("s")
        self.emit(
            happened.ScopeOpened(
                scope=scope_id,
                parent=activity.scope,
                process=process,
                element=activity.element,
                activity=activity.id,
                item=item,
                isolated=is_isolated,
            )
        )
        return scope_id

    # -- multi-instance (BPMN 13.3.7) -----------------------------------------------------------------------------------------------

    def _begin_items(self, activity: Activity, node: model.Activity, many: model.MultiInstance) -> None:
        items = self.items(many.input_collection, self.state.visible(activity.id), "items")
        waits = self._boundary_plans(activity, node, {})
        self._open(activity, node, {}, waits)
        self.emit(happened.ItemsFound(activity=activity.id, element=node.id, items=items))
        self.queue(self.state.activities[activity.id])

    def _go_on_with_items(self, body: Activity, items: Items, node: model.Activity, many: model.MultiInstance) -> None:
        """Begin the items whose turn has come; when all are done, gather their outputs and leave."""
        if not items.pending and not body.scopes:
            written: dict[str, Value] = {}
            if many.output_collection:
                gathered = [items.outputs.get(number) for number in range(items.total)]
                written[many.output_collection] = self.kept(gathered, "output collection")
            after = self.state.visible(body.scope).new_child(dict(written))
            self._depart(body, written, self.flows(self._process(body.scope), node, after))
            return
        if many.is_sequential and body.scopes:
            return
        first = items.total - len(items.pending)
        for number, item in enumerate(items.pending[:1] if many.is_sequential else items.pending, start=first):
            self._begin_item(body, node, many, number, item)

    def _begin_item(
        self, body: Activity, node: model.Activity, many: model.MultiInstance, number: int, item: Value
    ) -> None:
        scope_id = self._open_scope(body, self.state.scopes[body.scope].process, item=number)
        given: dict[str, Value] = {"loopCounter": Decimal(number + 1)}
        if many.output_element is not None and many.output_element.source.isidentifier():
            # as in Zeebe: declared here, so that what an item writes to it stays with the item
            given[many.output_element.source] = None
        if many.input_element is not None:
            given[many.input_element] = item
        for name, value in sorted(given.items()):
            self._write_to(scope_id, name, value, node.id, is_new=True)
        self.queue(self.state.activities[self.enter(scope_id, node)])

    def _item_completed(self, activity: Activity, node: model.Node, after: Visible) -> happened.ItemCompleted:
        """What the item gives, and whether that is enough (its condition sees the counters of BPMN table 10.30)."""
        scope = self.state.scopes[activity.scope]
        body = self.state.activities[scope.activity or ""]
        many, items = getattr(node, "multi_instance", None), body.items
        assert isinstance(many, model.MultiInstance), "only a multi-instance has items"
        assert items is not None, "its body keeps them"
        output = None if many.output_element is None else self.evaluate(many.output_element, after, "output element")
        is_enough = False
        if many.completion_condition is not None:
            counters: dict[str, Value] = {
                "numberOfInstances": Decimal(items.total),
                "numberOfActiveInstances": Decimal(len(body.scopes) - 1),
                "numberOfCompletedInstances": Decimal(len(items.outputs) + 1),
                "numberOfTerminatedInstances": Decimal(0),
            }
            is_enough = self.holds(many.completion_condition, after.new_child(counters), "completion condition")
        return happened.ItemCompleted(
            activity=body.id, element=body.element, item=scope.item or 0, output=output, is_enough=is_enough
        )

    def _depart_item(self, scope_id: str, completed: happened.ItemCompleted) -> None:
        self.emit(completed)
        self.emit(happened.ScopeClosed(scope=scope_id))
        if completed.is_enough:
            others = self.state.activities[completed.activity].scopes
            self.cancel(self._activities_in(*others))
            for each in others:
                self.emit(happened.ScopeClosed(scope=each))
        self.queue(self.state.activities[completed.activity])

    # -- events ---------------------------------------------------------------------------------------------------------------------

    def _wait(self, activity_id: str, element: str, trigger: Trigger, plan: Plan) -> None:
        if isinstance(plan, timers.Schedule):
            self._set_timer(activity_id, element, plan)
        elif isinstance(trigger, model.MessageDefinition):
            self._await_message(activity_id, element, trigger.name, plan)

    def _set_timer(self, activity_id: str, element: str, plan: timers.Schedule) -> None:
        self.emit(
            happened.TimerSet(
                wait=self.new_id("w"),
                element=element,
                activity=activity_id,
                due_at=plan.due_at,
                remaining=plan.remaining,
                period=plan.period,
            )
        )

    def _await_message(self, activity_id: str, element: str, name: str, key: str) -> None:
        self.emit(
            happened.MessageAwaited(wait=self.new_id("w"), element=element, activity=activity_id, name=name, key=key)
        )

    def fire_timer(self, wait_id: str) -> None:
        """The wait is over; the timer of a cycle that does not interrupt is set again (the catch-up rule of ``timers``)."""
        wait = self.state.waits[wait_id]
        self.emit(happened.TimerFired(wait=wait.id, element=wait.element))
        boundary = self._caught_by_boundary(wait.activity, wait.element)
        if boundary is None:
            self.step(wait.activity)
            return
        has_more = wait.remaining is None or wait.remaining > 1
        if not boundary.is_interrupting and wait.period is not None and wait.due_at is not None and has_more:
            due_at = timers.next_firing(wait.due_at, wait.period, self.environment.now, self.environment.zone)
            remaining = None if wait.remaining is None else wait.remaining - 1
            plan = timers.Schedule(due_at=due_at, remaining=remaining, period=wait.period)
            self._set_timer(wait.activity, wait.element, plan)
        self._trigger_boundary(self.state.activities[wait.activity], boundary, {})

    def receive_message(self, wait_id: str, payload: Variables) -> None:
        """The message has come; a boundary event that does not interrupt waits for the next one."""
        wait = self.state.waits[wait_id]
        name = wait.name or ""
        self.emit(happened.MessageReceived(wait=wait.id, element=wait.element, name=name, payload=payload))
        boundary = self._caught_by_boundary(wait.activity, wait.element)
        if boundary is None:
            self.step(wait.activity)
            return
        if not boundary.is_interrupting:
            self._await_message(wait.activity, wait.element, name, wait.key or "")
        self._trigger_boundary(self.state.activities[wait.activity], boundary, payload)

    def _boundary(self, activity: Activity, node: model.Node) -> list[model.BoundaryEvent]:
        nodes = self._process(activity.scope).nodes
        attached = (nodes[each] for each in node.boundary) if isinstance(node, model.Activity) else ()
        return [each for each in attached if isinstance(each, model.BoundaryEvent)]

    def _caught_by_boundary(self, activity_id: str, element: str) -> model.BoundaryEvent | None:
        node = self._process(self.state.activities[activity_id].scope).nodes[element]
        return node if isinstance(node, model.BoundaryEvent) else None

    def _trigger_boundary(self, host: Activity, boundary: model.BoundaryEvent, payload: Variables) -> None:
        """The token of a boundary event begins; an interrupting one first ends its host with all that is inside."""
        if boundary.is_interrupting:
            self.cancel([host.id])
        self.step(self.enter(host.scope, boundary, payload=payload))

    def _throw_event(self, activity: Activity, node: model.EndEvent | model.ThrowEvent) -> None:
        if isinstance(node.result, model.ErrorDefinition):
            self._end_by_error(activity, node.result.code or "")
            return
        told: tuple[happened.Event, ...] = ()
        if node.result is not None:
            payload = self._inputs(activity, node)
            seen = self._seen(activity, payload)
            thrown = happened.MessageThrown(
                element=node.id,
                activity=activity.id,
                name=node.result.name,
                key=self.correlation_key(node.result.correlation_key, seen, "correlation key"),
                payload=payload,
            )
            told = (thrown,)
        if isinstance(node, model.EndEvent) and node.is_terminate:
            self._terminate(activity, told)
        else:
            self._leave(activity, node, {}, told=told)

    def _terminate(self, activity: Activity, told: Iterable[happened.Event]) -> None:
        """End everything else in the scope, and in it alone (BPMN 13.5.6)."""
        for event in told:
            self.emit(event)
        self.emit(happened.ElementCompleted(activity=activity.id, element=activity.element))
        self._empty(activity.scope)
        self._queue_owner(activity.scope)

    # -- errors and interruption ----------------------------------------------------------------------------------------------------

    def throw_error(self, source: Activity, code: str, facts: Facts) -> bool:
        """Let the nearest boundary error event around ``source`` catch ``code``; False (and nothing happens) when there is none."""
        found = self._catcher(source, code)
        if found is None:
            return False
        host, boundary = found
        self._tell_error(source, code, facts)
        self._trigger_boundary(host, boundary, {**storable_all(facts), "errorCode": code})
        return True

    def _end_by_error(self, activity: Activity, code: str) -> None:
        """An error end event: caught outside, or the instance fails (BPMN 10.5.3, 13.5.6)."""
        if self.throw_error(activity, code, {}):
            return
        self._tell_error(activity, code, {})
        self.end_everything()
        self.emit(happened.InstanceFailed(code=code, element=activity.element))

    def _tell_error(self, source: Activity, code: str, facts: Facts) -> None:
        self.emit(happened.ErrorThrown(activity=source.id, element=source.element, code=code, facts=facts))
        if isinstance(self.node_of(source), model.EndEvent):
            # it did what it is for; everything else around it is interrupted
            self.emit(happened.ElementCompleted(activity=source.id, element=source.element))

    def _catcher(self, source: Activity, code: str) -> tuple[Activity, model.BoundaryEvent] | None:
        """The innermost activity that catches; there the exact code before the event that catches every error."""
        at: Activity | None = source
        while at is not None:
            if not self.state.is_item(at):  # an item's boundary events are those of the body around it
                catchers = {
                    each.trigger.code: each
                    for each in self._boundary(at, self.node_of(at))
                    if isinstance(each.trigger, model.ErrorDefinition)
                }
                boundary = catchers.get(code) or catchers.get(None)
                if boundary is not None:
                    return at, boundary
            owner = self.state.scopes[at.scope].activity
            at = None if owner is None else self.state.activities[owner]
        return None

    def end_everything(self) -> None:
        """Interrupt all that lives and forget all work; the variables of the process stay."""
        self._empty(ROOT)
        for incident in list(self.state.incidents.values()):
            self.emit(happened.IncidentResolved(incident=incident.id, element=incident.element))
        self._passive.clear()
        self._effects.clear()

    def _empty(self, scope_id: str) -> None:
        """End all that lives in a scope, which stays open."""
        self.cancel(self._activities_in(scope_id))
        tokens = self.state.scopes[scope_id].tokens
        if tokens:
            flows = tuple(flow for flow in sorted(tokens) for _ in range(tokens[flow]))
            self.emit(happened.TokensDropped(scope=scope_id, flows=flows))

    def _activities_in(self, *scope_ids: str) -> list[str]:
        return [each.id for each in self.state.activities.values() if each.scope in scope_ids]

    def cancel(self, activity_ids: Iterable[str]) -> None:
        """Interrupt activities with everything inside, innermost first."""
        # not recursive: processes may call themselves as deep as their data lead
        by_scope: dict[str, list[str]] = {}
        for activity in self.state.activities.values():
            by_scope.setdefault(activity.scope, []).append(activity.id)
        found = list(activity_ids)
        for activity_id in found:
            for scope_id in self.state.activities[activity_id].scopes:
                found.extend(by_scope.get(scope_id, ()))
        for activity_id in reversed(found):
            activity = self.state.activities[activity_id]
            for scope_id in activity.scopes:
                self.emit(happened.ScopeClosed(scope=scope_id))
            self._tell_cancelled(activity)
            self.emit(happened.ElementCancelled(activity=activity.id, element=activity.element))

    def _tell_cancelled(self, activity: Activity) -> None:
        if activity.phase is Phase.TASK:
            self.emit(happened.TaskCancelled(activity=activity.id, element=activity.element))
        if activity.phase is Phase.HANDLER and not self.state.is_stuck(activity.id):
            self.emit(happened.HandlerCancelled(activity=activity.id, element=activity.element))
        self._end_waits_and_incidents(activity)

    def _end_waits_and_incidents(self, activity: Activity) -> None:
        for wait_id in self.state.activities[activity.id].waits:
            wait = self.state.waits[wait_id]
            cancelled = happened.MessageWaitCancelled if wait.due_at is None else happened.TimerCancelled
            self.emit(cancelled(wait=wait.id, element=wait.element))
        self.resolve_incidents(activity.id)

    def resolve_incidents(self, activity_id: str) -> None:
        """Whatever stopped this activity does not matter any more."""
        for incident in [each for each in self.state.incidents.values() if each.activity == activity_id]:
            self.emit(happened.IncidentResolved(incident=incident.id, element=incident.element))

    # -- variables ------------------------------------------------------------------------------------------------------------------

    def _seen(self, activity: Activity, nearest: Variables) -> Visible:
        return self.state.visible(activity.id).new_child(dict(nearest))

    def _write(self, scope_id: str, name: str, value: Value, element: str) -> None:
        """Into the nearest scope that holds the name, else into the process (or called process) itself."""
        holders = list(self.state.chain(scope_id))
        found = next((holder for holder, variables in holders if name in variables), None)
        self._write_to(found or holders[-1][0], name, value, element, is_new=found is None)

    def _write_to(self, holder: str, name: str, value: Value, element: str | None, *, is_new: bool) -> None:
        previous = None if is_new else self.state.visible(holder)[name]
        self.emit(
            happened.VariableWritten(
                scope=holder, name=name, value=value, previous=previous, is_new=is_new, element=element
            )
        )

    def write_root(self, variables: Variables) -> None:
        """The variables that the instance begins with."""
        for name, value in sorted(variables.items()):
            self._write_to(ROOT, name, value, None, is_new=True)


def _catches_error(node: model.Node) -> bool:
    return isinstance(node, model.BoundaryEvent) and isinstance(node.trigger, model.ErrorDefinition)
