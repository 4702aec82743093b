"""What events wait for and throw, as event definitions of SpiffWorkflow.

Nothing here looks at a clock: a timer is an event whose due moment is told, and which the story lets happen. So is a message: the story
says who receives it. Signals, errors and escalations find their catchers by SpiffWorkflow's own rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions import (
    CycleTimerEventDefinition,
    ErrorEventDefinition,
    EscalationEventDefinition,
    MultipleEventDefinition,
    NoneEventDefinition,
    SignalEventDefinition,
    TerminateEventDefinition,
)
from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.bpmn.util import BpmnEvent

from engine.feel import Value
from engine.model import elements as model
from engine.model import schedules
from engine.second_opinion.expressions import environment_of, evaluated, mapped

PLANS = "plans"
"""In the internal data of a task that waits: what each of its definitions waits for, by name."""
CAME = "came"
"""In the internal data of a task: what came with the event."""
FIRED = "fired"
"""In the internal data of a cycle: it is to fire once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is waited for: a moment, or a message or signal by name."""

    due_at: datetime | None = None
    remaining: int | None = 1
    period: str | None = None
    message: str | None = None
    key: str | None = None
    signal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What comes with an event: ``values`` for the outputs of who catches it, ``task`` that threw it (None: it came from outside)."""

    values: dict[str, Value]
    task: Any = None


class _OfElement:
    """What an element waits for; told apart by its name, which has the element in it."""

    node: model.Node
    definition: model.SingleDefinition


class Awaited(_OfElement, EventDefinition):  # type: ignore[misc]  # SpiffWorkflow ships no types
    """A timer or a message: the story names the task at which it comes. Also what never comes."""

    def __init__(self, name: str, node: model.Node, definition: model.SingleDefinition) -> None:
        super().__init__(name)
        self.node, self.definition = node, definition

    def catch(self, my_task: Any, event: Any = None) -> None:
        """It has come."""
        my_task.internal_data[CAME] = event.payload
        super().catch(my_task, event)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Awaited) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


class Cycle(_OfElement, CycleTimerEventDefinition):  # type: ignore[misc]  # as above
    """A timer that fires again and again: SpiffWorkflow's own, asked by the story instead of the clock."""

    def __init__(self, name: str, node: model.Node, definition: model.SingleDefinition) -> None:
        super().__init__(name, None)
        self.node, self.definition = node, definition

    def cycle_complete(self, my_task: Any) -> bool:
        """Whether it fires now. ``event_fired`` says that it never will again."""
        plan: Plan = my_task.internal_data[PLANS][self.name]
        if plan.due_at is None:
            my_task.internal_data["event_fired"] = True
        if plan.due_at is None or not my_task.internal_data.pop(FIRED, False):
            return False
        environment = environment_of(my_task).environment
        remaining = None if plan.remaining is None else plan.remaining - 1
        following: datetime | None = None
        if plan.period is not None and remaining != 0:
            following = schedules.next_firing(plan.due_at, plan.period, environment.now, environment.zone)
        my_task.internal_data[PLANS][self.name] = replace(plan, due_at=following, remaining=remaining)
        my_task.task_spec.tell_firing(my_task)
        return True

    def catch(self, my_task: Any, _event: Any = None) -> None:
        """The story lets it fire."""
        my_task.internal_data[FIRED] = True


class Signal(_OfElement, SignalEventDefinition):  # type: ignore[misc]  # as above
    """SpiffWorkflow's signal, with the inputs of the thrower as what it brings, instead of a copy of all its data."""

    def __init__(self, node: model.Node, definition: model.SignalDefinition) -> None:
        super().__init__(definition.name)
        self.node, self.definition = node, definition

    def catch(self, my_task: Any, event: Any = None) -> None:
        """It has come."""
        my_task.internal_data[CAME] = event.payload
        super().catch(my_task, event)

    def throw(self, my_task: Any) -> None:
        """Everything in the case that waits has it."""
        my_task.workflow.top_workflow.catch(BpmnEvent(self, payload=_inputs(my_task, self.node)))

    def update_task_data(self, my_task: Any) -> None:
        """The outputs of the element do that."""

    def __hash__(self) -> int:
        return hash(self.name)


class _Coded:
    """An error or an escalation finds its catcher by SpiffWorkflow's way outwards; what it brings is as above."""

    code: str | None

    def catch(self, my_task: Any, event: Any = None) -> None:
        """It has come."""
        my_task.internal_data[CAME] = event.payload
        my_task._set_internal_data(event_fired=True)  # noqa: SLF001  # what SpiffWorkflow's own definitions do

    def throw(self, my_task: Any) -> None:
        """To the workflow of the thrower first, then to those around it."""
        values: dict[str, Value] = {"errorCode": self.code} if isinstance(self, Error) else {}
        payload = Payload(values=values, task=my_task)
        my_task.workflow.top_workflow.catch(BpmnEvent(self, payload=payload, target=my_task.workflow))

    def update_task_data(self, my_task: Any) -> None:
        """The outputs of the element do that."""


class Error(_Coded, ErrorEventDefinition):  # type: ignore[misc]  # as above
    """An error by its code; None catches every one."""

    def __hash__(self) -> int:
        return hash(self.code)


class Escalation(_Coded, EscalationEventDefinition):  # type: ignore[misc]  # as above
    """An escalation by its code; None catches every one."""

    def __hash__(self) -> int:
        return hash(self.code)


class Told(EventDefinition):  # type: ignore[misc]  # as above
    """A message that is thrown: it leaves the case."""

    def throw(self, my_task: Any) -> None:
        """The story says what becomes of it."""


def awaited(node: model.Node, trigger: model.EventDefinition | None) -> Any:
    """The definition of what ``node`` waits for."""
    found = [_awaited(node, each, number) for number, each in enumerate(model.definitions_of(trigger))]
    if isinstance(trigger, model.MultipleDefinition):
        return MultipleEventDefinition(found, parallel=trigger.is_parallel)
    return found[0] if found else NoneEventDefinition()


def _awaited(node: model.Node, definition: model.SingleDefinition, number: int) -> Any:
    match definition:
        case model.SignalDefinition():
            return Signal(node, definition)
        case model.ErrorDefinition():
            return Error("error", definition.code)
        case model.EscalationDefinition():
            return Escalation("escalation", definition.code)
        case model.TimerDefinition(kind=model.TimerKind.CYCLE) if _fires_again(node):
            return Cycle(f"{node.id} {number}", node, definition)
        case model.LinkDefinition():
            return NoneEventDefinition()
        case _:
            return Awaited(f"{node.id} {number}", node, definition)


def _fires_again(node: model.Node) -> bool:
    return isinstance(node, model.BoundaryEvent) and not node.is_interrupting


def thrown(node: model.Node, result: model.EventDefinition | None) -> Any:
    """The definition of what ``node`` throws."""
    found = [_thrown(node, each) for each in model.definitions_of(result)]
    if isinstance(result, model.MultipleDefinition):
        return MultipleEventDefinition(found)
    return found[0] if found else NoneEventDefinition()


def _thrown(node: model.Node, definition: model.SingleDefinition) -> Any:
    match definition:
        case model.SignalDefinition():
            return Signal(node, definition)
        case model.ErrorDefinition():
            return Error("error", definition.code)
        case model.EscalationDefinition():
            return Escalation("escalation", definition.code)
        case model.TerminateDefinition():
            return TerminateEventDefinition()
        case model.LinkDefinition():
            return NoneEventDefinition()
        case _:
            return Told("message")


def each_of(definition: Any) -> Iterator[Any]:
    """A definition, or those that it consists of."""
    if isinstance(definition, MultipleEventDefinition):
        for inner in definition.event_definitions:
            yield from each_of(inner)
    else:
        yield definition


def plan(my_task: Any) -> None:
    """Note what a task that begins to wait waits for: the due moment of a timer is asked now."""
    plans = my_task.internal_data.setdefault(PLANS, {})
    for each in each_of(my_task.task_spec.event_definition):
        if isinstance(each, _OfElement):
            plans[each.name] = _plan(my_task, each.definition)  # type: ignore[attr-defined]


def _plan(my_task: Any, definition: model.SingleDefinition) -> Plan:
    match definition:
        case model.TimerDefinition():
            environment = environment_of(my_task).environment
            value = evaluated(my_task, definition.expression)
            found = schedules.schedule(definition.kind, value, environment.now, environment.zone)
            return Plan(due_at=found.due_at, remaining=found.remaining, period=found.period)
        case model.MessageDefinition():
            key = definition.correlation_key
            value = None if key is None else evaluated(my_task, key)
            text = f"{value.normalize():f}" if isinstance(value, Decimal) else value
            return Plan(message=definition.name, key=None if text is None else str(text))
        case model.SignalDefinition():
            return Plan(signal=definition.name)
        case _:
            return Plan()


def brought(my_task: Any) -> Payload:
    """What came with the event at which the task has waited, or the event-based gateway before it."""
    for task in (my_task, my_task.parent):
        seen = task.internal_data.get("seen_events") or ()
        found = task.internal_data.get(CAME) or (seen[-1].payload if seen else None)
        if isinstance(found, Payload):
            return found
    return Payload(values={})


def data_of(thrower: Any, catcher: Any) -> dict[str, Value]:
    """What the thrower knew of what the catcher sees: without what was local to the parts between them."""
    data: dict[str, Value] = deepcopy(thrower.data)
    workflow = thrower.workflow
    while workflow is not catcher.workflow and workflow.parent_task_id is not None:
        around = workflow.top_workflow.get_task_from_id(workflow.parent_task_id)
        data = around.task_spec.surroundings(around, data)
        workflow = around.workflow
    return data


def _inputs(my_task: Any, node: model.Node) -> Payload:
    mappings = getattr(node, "inputs", ())
    return Payload(values=mapped(my_task, mappings, into={}) if mappings else {})
