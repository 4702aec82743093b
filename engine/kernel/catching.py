"""Waiting, and what happens when what is waited for comes: catch events, boundary events, event sub-processes, event-based gateways
(BPMN 10.5, 13.4.4, 13.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from engine.kernel.evaluation import Plan, Variables
from engine.kernel.state import Activity, Wait
from engine.kernel.tokens import Tokens
from engine.model import elements as model
from engine.model import schedules
from engine.protocol import events as happened


class Catching(Tokens):
    """Moves of events that are caught."""

    def boundary(self, activity: Activity) -> tuple[model.BoundaryEvent, ...]:
        """The boundary events of an activity; an item's are those of the body around it, and interrupt all items."""
        events = self.station_of(activity).boundary
        return () if events and self.state.is_item(activity) else events

    def boundary_plans(self, activity: Activity, locals_: Variables) -> list[Plan]:
        """The waits of the boundary events, which see the local inputs."""
        events = self.boundary(activity)
        seen = self.seen(activity, locals_) if events else {}
        return [plan for each in events for plan in self.plans(each.id, each.trigger, seen, f"boundary {each.id}")]

    def start_plans(self, process: model.Process, scope_element: str, seen: Variables) -> list[Plan]:
        """The waits by which the event sub-processes of a scope begin."""
        return [
            plan
            for _, start in process.event_sub_processes(scope_element)
            for plan in self.plans(start.id, start.trigger, seen, f"start {start.id}")
        ]

    def begin_waits(self, owner_id: str, plans: Iterable[Plan], *, held: bool = False) -> None:
        """``owner_id``: the activity that waits, or the scope whose event sub-processes do. ``held``: conditions were just met."""
        for plan in plans:
            wait, number = (self.new_id("w"), plan.element, owner_id), plan.number
            if plan.schedule is not None:
                timer = plan.schedule
                self.emit(happened.TimerSet(*wait, timer.due_at, timer.remaining, timer.period, number=number))
            elif isinstance(plan.definition, model.MessageDefinition):
                self.emit(happened.MessageAwaited(*wait, plan.definition.name, plan.key, number=number))
            elif isinstance(plan.definition, model.SignalDefinition):
                self.emit(happened.SignalAwaited(*wait, plan.definition.name, number=number))
            else:
                self.emit(happened.ConditionAwaited(*wait, held, number=number))
                self._checks.append(wait[0])

    def await_first(self, activity: Activity, node: model.EventBasedGateway) -> None:
        """The gateway waits for every event after it, and goes with the first (BPMN 13.4.4)."""
        process, seen = self.process_of(activity.scope), self.state.variables_of(activity.id)
        plans: list[Plan] = []
        for each, trigger in process.awaited_after(node):
            plans += self.plans(each.id, trigger, seen, f"event {each.id}")
        self.begin_waits(activity.id, plans)
        self.emit(happened.GatewayActivated(activity=activity.id, element=node.id))

    def receive_signal(self, name: str, payload: Variables) -> bool:
        """Everything that waits for the signal now has it; False (and nothing happens) when nothing does."""
        waits = [each.id for each in self.state.waits.values() if each.signal == name]
        for wait_id in waits:
            wait = self.state.waits.get(wait_id)  # the one before may have interrupted it
            if wait is not None:
                self.arrive(wait, partial(happened.SignalReceived, name=name, payload=payload), payload)
        return bool(waits)

    def check_condition(self, wait_id: str) -> None:
        """Ask a condition: it is met when it begins to hold; whatever is not true does not hold (yet)."""
        wait = self.state.waits.get(wait_id)
        if wait is None:
            return
        condition, seen = self.condition_of(wait).condition, self.state.variables_of(wait.activity)
        # an incident of the wait and not of who waits: a task or handler that can go on does
        holds = self.answered(
            wait.id, wait.element, lambda: self.evaluate(condition, seen, f"condition {wait.element}") is True
        )
        if holds is None:
            return
        self.resolve_incidents(wait.id)
        if holds and not wait.held:
            self.arrive(wait, happened.ConditionMet, {})
        elif wait.held and not holds:
            self.emit(happened.ConditionLapsed(wait=wait.id, element=wait.element))

    def arrive(self, wait: Wait, over: Callable[..., happened.WaitOver], payload: Variables) -> None:
        """The wait is over; who waited goes on."""
        owner = self.state.activities.get(wait.activity)
        node = self.process_of(self.scope_of(wait.activity)).nodes[wait.element]
        trigger = getattr(node, "trigger", None)
        needs_all = isinstance(trigger, model.MultipleDefinition) and trigger.is_parallel
        waits = [self.state.waits[each] for each in self.state.waits_of(wait.activity) if each != wait.id]
        others = [each for each in waits if each.element == wait.element]
        is_enough = not needs_all or not others
        self.emit(over(wait=wait.id, element=wait.element, is_enough=is_enough))
        if owner is None and isinstance(node, model.StartEvent):
            self.begin_event_sub_process(wait.activity, node, payload, again=wait)
        elif owner is not None and isinstance(node, model.BoundaryEvent):
            self.trigger_boundary(owner, node, payload, again=wait)
        elif owner is not None and owner.element != wait.element:
            self._go_with(owner, node, payload)
        elif owner is not None and is_enough:
            for other in others:  # whatever becomes of the outputs, it has come
                self.end_wait(other)
            self.step(owner.id)

    def trigger_boundary(
        self, host: Activity, event: model.BoundaryEvent, payload: Variables, again: Wait | None = None
    ) -> None:
        """The token of a boundary event begins; an interrupting one first ends its host with all that is inside."""
        if event.is_interrupting:
            self.cancel([host.id])
        elif again is not None:
            self._wait_again(again, event.trigger)
        self.step(self.enter_caught(host.scope, event, payload=payload))

    def begin_event_sub_process(
        self, scope_id: str, start: model.StartEvent, payload: Variables, again: Wait | None = None
    ) -> None:
        """An interrupting one first ends all else in its scope, and no other can begin there any more (BPMN 13.5.3)."""
        if start.is_interrupting:
            self.empty(scope_id)
            self.end_waits(scope_id)
        elif again is not None:
            self._wait_again(again, start.trigger)
        node = self.process_of(scope_id).nodes[start.scope]
        self.queue(self.state.activities[self.enter(scope_id, node, payload=payload)])

    def _wait_again(self, wait: Wait, trigger: model.EventDefinition | None) -> None:
        """What does not interrupt waits for the next time; the timer of a cycle by the catch-up rule of ``schedules``."""
        schedule: schedules.Schedule | None = None
        if wait.due_at is not None:
            timer = schedules.Schedule(wait.due_at, wait.remaining, wait.period)
            schedule = schedules.after_firing(timer, self.environment.now, self.environment.zone)
            if schedule is None:
                return
        definition = model.definitions_of(trigger)[wait.number]
        plan = Plan(wait.element, definition, schedule, wait.key or "", wait.number)
        self.begin_waits(wait.activity, [plan], held=True)

    def _go_with(self, gateway: Activity, event: model.Node, payload: Variables) -> None:
        """The event decides: the gateway is left by the flow to it, and it is over at once."""
        process = self.process_of(gateway.scope)
        flow = next(each for each in process.nodes[gateway.element].outgoing if process.flows[each].target == event.id)
        self.end_waits(gateway.id)
        self.emit(happened.ElementCompleted(activity=gateway.id, element=gateway.element))
        self.emit(happened.FlowTaken(flow=flow, scope=gateway.scope))
        self.step(self.enter_caught(gateway.scope, event, (flow,), payload))
