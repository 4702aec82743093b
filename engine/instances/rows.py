"""What a step's events mean for the tables beside the state: a pure reading, tested without a database.

What begins and ends within one step leaves no row: nobody could have seen it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from engine.errors import Facts
from engine.feel import Value
from engine.inbox.store import ClosedTask, NewTask
from engine.instances.names import element_title, find_node, title_of_item
from engine.instances.why import why
from engine.kernel import State
from engine.messages.signals import OutgoingSignal
from engine.messages.store import NO_KEY, OutgoingMessage, SubscriptionRow
from engine.model.bundle import Bundle
from engine.model.elements import Activity
from engine.model.time_to_live import time_to_live
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
    def of(cls, bundle: Bundle, events: Sequence[Event], state: State | None = None) -> StepRows:
        """Read ``events`` in their order. ``state``: the case after them, which tells a task what it stands in."""
        rows = cls()
        for event in events:
            read = _READERS.get(type(event))  # most events mean no row
            if read is not None:
                read(rows, bundle, event)
        if rows.opened:
            rows._tell(bundle, events, state)
        return rows

    def _tell(self, bundle: Bundle, events: Sequence[Event], state: State | None) -> None:
        """What the tasks say of themselves is known once all events are."""
        for event in events:
            if isinstance(event, happened.TaskCreated) and event.activity in self.opened:
                task = self.opened[event.activity]
                title = title_of_item(task.title, _item(bundle, events, event))
                self.opened[event.activity] = replace(task, title=title, why=why(bundle, events, event, state))

    def _task_created(self, bundle: Bundle, event: happened.TaskCreated) -> None:
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

    def _task_completed(self, _: Bundle, event: happened.TaskCompleted) -> None:
        self._close(ClosedTask(activity=event.activity, outcome="completed", closed_by=event.actor))

    def _task_cancelled(self, _: Bundle, event: happened.TaskCancelled) -> None:
        self._close(ClosedTask(activity=event.activity, outcome="cancelled", closed_by=None))

    def _close(self, task: ClosedTask) -> None:
        if self.opened.pop(task.activity, None) is None:
            self.closed[task.activity] = task

    def _incident_raised(self, _: Bundle, event: happened.IncidentRaised) -> None:
        self.incidents[event.incident] = NewIncident(
            activity=event.activity,
            element_id=event.element,
            code=event.code,
            place=event.place,
            facts=event.facts,
        )

    def _incident_resolved(self, _: Bundle, event: happened.IncidentResolved) -> None:
        if self.incidents.pop(event.incident, None) is None:
            self.resolved.add(event.incident)

    def _timer_set(self, _: Bundle, event: happened.TimerSet) -> None:
        self.timers_set[event.wait] = TimerRow(element_id=event.element, due_at=event.due_at)

    def _timer_ended(self, _: Bundle, event: happened.TimerFired | happened.TimerCancelled) -> None:
        if self.timers_set.pop(event.wait, None) is None:
            self.timers_ended.add(event.wait)

    def _message_awaited(self, bundle: Bundle, event: happened.MessageAwaited) -> None:
        self.awaited[event.wait] = awaited(bundle, event.element, event.name, event.key)

    def _signal_awaited(self, _: Bundle, event: happened.SignalAwaited) -> None:
        self.awaited[event.wait] = SubscriptionRow(kind="signal", element_id=event.element, name=event.name)

    def _no_longer_awaited(
        self,
        _: Bundle,
        event: happened.MessageReceived
        | happened.MessageWaitCancelled
        | happened.SignalReceived
        | happened.SignalWaitCancelled,
    ) -> None:
        if self.awaited.pop(event.wait, None) is None:
            self.no_longer_awaited.add(event.wait)

    def _message_thrown(self, bundle: Bundle, event: happened.MessageThrown) -> None:
        # without an idempotency key: it is sent if, and only if, the step that throws it commits
        node = find_node(bundle, event.element)
        kept = None if node is None else time_to_live(node)
        sent = OutgoingMessage(name=event.name, key=event.key, payload=event.payload, time_to_live=kept)
        self.messages.append(sent)

    def _signal_thrown(self, _: Bundle, event: happened.SignalThrown) -> None:
        self.signals.append(OutgoingSignal(name=event.name, payload=event.payload))


_READERS: Final[Mapping[type[Event], Callable[[StepRows, Bundle, Any], None]]] = {
    happened.TaskCreated: StepRows._task_created,  # noqa: SLF001 - the table of its own methods
    happened.TaskCompleted: StepRows._task_completed,  # noqa: SLF001
    happened.TaskCancelled: StepRows._task_cancelled,  # noqa: SLF001
    happened.IncidentRaised: StepRows._incident_raised,  # noqa: SLF001
    happened.IncidentResolved: StepRows._incident_resolved,  # noqa: SLF001
    happened.TimerSet: StepRows._timer_set,  # noqa: SLF001
    happened.TimerFired: StepRows._timer_ended,  # noqa: SLF001
    happened.TimerCancelled: StepRows._timer_ended,  # noqa: SLF001
    happened.MessageAwaited: StepRows._message_awaited,  # noqa: SLF001
    happened.SignalAwaited: StepRows._signal_awaited,  # noqa: SLF001
    happened.MessageReceived: StepRows._no_longer_awaited,  # noqa: SLF001
    happened.MessageWaitCancelled: StepRows._no_longer_awaited,  # noqa: SLF001
    happened.SignalReceived: StepRows._no_longer_awaited,  # noqa: SLF001
    happened.SignalWaitCancelled: StepRows._no_longer_awaited,  # noqa: SLF001
    happened.MessageThrown: StepRows._message_thrown,  # noqa: SLF001
    happened.SignalThrown: StepRows._signal_thrown,  # noqa: SLF001
}


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
