"""What a step's events mean for the tables beside the state: a pure reading, tested without a database.

What begins and ends within one step leaves no row: nobody could have seen it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.errors import Facts
from engine.feel import Value
from engine.inbox.store import ClosedTask, NewTask
from engine.instances.names import element_title, find_node, title_of_item
from engine.instances.why import why
from engine.messages.signals import OutgoingSignal
from engine.messages.store import NO_KEY, OutgoingMessage, SubscriptionRow
from engine.model.bundle import Bundle
from engine.model.elements import Activity
from engine.model.unique_keys import is_unique_key
from engine.protocol import events as happened
from engine.protocol.events import Event
from engine.timers.store import TimerRow


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIncident:
    """An incident that a step raised."""

    activity: str
    element_id: str
    code: str
    place: str
    facts: Facts


def awaited(bundle: Bundle, element_id: str, name: str, key: str) -> SubscriptionRow:
    """The row of a wait for a message at an element, which may ask to be the only one with its key."""
    node = find_node(bundle, element_id)
    is_unique = node is not None and is_unique_key(node) and key != NO_KEY
    return SubscriptionRow(kind="message", element_id=element_id, name=name, key=key, is_unique=is_unique)


@dataclass(slots=True)
class StepRows:
    """The rows to write for one step, by the ids of the kernel."""

    opened: dict[str, NewTask] = field(default_factory=dict)
    closed: dict[str, ClosedTask] = field(default_factory=dict)
    timers_set: dict[str, TimerRow] = field(default_factory=dict)
    timers_ended: set[str] = field(default_factory=set)
    awaited: dict[str, SubscriptionRow] = field(default_factory=dict)
    no_longer_awaited: set[str] = field(default_factory=set)
    messages: list[OutgoingMessage] = field(default_factory=list)
    signals: list[OutgoingSignal] = field(default_factory=list)
    incidents: dict[str, NewIncident] = field(default_factory=dict)
    resolved: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, bundle: Bundle, events: Sequence[Event]) -> StepRows:
        """Read ``events`` in their order."""
        rows = cls()
        for event in events:
            rows._read_work(bundle, event)
            rows._read_wait(bundle, event)
        for event in events:
            if isinstance(event, happened.TaskCreated) and event.activity in rows.opened:
                task = rows.opened[event.activity]
                title = title_of_item(task.title, _item(bundle, events, event))
                rows.opened[event.activity] = replace(task, title=title, why=why(bundle, events, event))
        return rows

    def _read_work(self, bundle: Bundle, event: Event) -> None:
        match event:
            case happened.TaskCreated():
                self.opened[event.activity] = NewTask(
                    activity=event.activity,
                    element_id=event.element,
                    title=element_title(bundle, event.element),
                    role=event.role,
                    assignee=event.assignee,
                    not_same_as=event.not_same_as,
                    form=event.form,
                    due_at=event.due_at,
                    follow_up_at=event.follow_up_at,
                    priority=event.priority,
                )
            case happened.TaskCompleted():
                self._close(ClosedTask(activity=event.activity, outcome="completed", closed_by=event.actor))
            case happened.TaskCancelled():
                self._close(ClosedTask(activity=event.activity, outcome="cancelled", closed_by=None))
            case happened.IncidentRaised():
                self.incidents[event.incident] = NewIncident(
                    activity=event.activity,
                    element_id=event.element,
                    code=event.code,
                    place=event.place,
                    facts=event.facts,
                )
            case happened.IncidentResolved():
                if self.incidents.pop(event.incident, None) is None:
                    self.resolved.add(event.incident)

    def _read_wait(self, bundle: Bundle, event: Event) -> None:
        match event:
            case happened.TimerSet():
                self.timers_set[event.wait] = TimerRow(element_id=event.element, due_at=event.due_at)
            case happened.TimerFired() | happened.TimerCancelled():
                if self.timers_set.pop(event.wait, None) is None:
                    self.timers_ended.add(event.wait)
            case happened.MessageAwaited():
                self.awaited[event.wait] = awaited(bundle, event.element, event.name, event.key)
            case happened.SignalAwaited():
                self.awaited[event.wait] = SubscriptionRow(kind="signal", element_id=event.element, name=event.name)
            case (
                happened.MessageReceived()
                | happened.MessageWaitCancelled()
                | happened.SignalReceived()
                | happened.SignalWaitCancelled()
            ):
                if self.awaited.pop(event.wait, None) is None:
                    self.no_longer_awaited.add(event.wait)
            case happened.MessageThrown():
                # without an idempotency key: it is sent if, and only if, the step that throws it commits
                self.messages.append(OutgoingMessage(name=event.name, key=event.key, payload=event.payload))
            case happened.SignalThrown():
                self.signals.append(OutgoingSignal(name=event.name, payload=event.payload))

    def _close(self, task: ClosedTask) -> None:
        if self.opened.pop(task.activity, None) is None:
            self.closed[task.activity] = task


def _item(bundle: Bundle, events: Sequence[Event], created: happened.TaskCreated) -> Value:
    """Which item of the list a task is for that is asked once for each of them; None for any other task."""
    node = find_node(bundle, created.element)
    many = node.multi_instance if isinstance(node, Activity) else None
    if many is None or many.input_element is None:
        return None
    scopes = (
        each.scope for each in events if isinstance(each, happened.ElementEntered) and each.activity == created.activity
    )
    scope = next(scopes, None)
    items = (
        each.value
        for each in events
        if isinstance(each, happened.VariableWritten) and each.scope == scope and each.name == many.input_element
    )
    return next(items, None)
