"""What happened, in past tense: the history's content and the only thing that changes state (``fold``).

Every event is a frozen dataclass with a ``tag`` (``"task:created"``); ``to_record``/``from_record`` turn it into plain values and back (the
JSON text is ``engine.data``'s). ``activity`` ids are new for each entry of an element, each loop round, each multi-instance item; the
idempotency key of a handler is made of them. ``FORMAT`` changes when a released event changes its meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, get_type_hints

from engine.errors import Facts
from engine.feel import Value

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The base of all events."""

    tag: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStarted(Event):
    tag: ClassVar[str] = "instance:started"
    process: str
    start_event: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceCompleted(Event):
    """Nothing lives any more; every token reached an end."""

    tag: ClassVar[str] = "instance:completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFailed(Event):
    """An error end event that nothing caught ended the instance."""

    tag: ClassVar[str] = "instance:failed"
    code: str
    element: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceCancelled(Event):
    tag: ClassVar[str] = "instance:cancelled"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeOpened(Event):
    """``element`` None for the process itself; ``item`` counts from 0 for a multi-instance item; ``isolated`` for a callee."""

    tag: ClassVar[str] = "scope:opened"
    scope: str
    parent: str | None
    process: str
    element: str | None = None
    activity: str | None = None
    item: int | None = None
    isolated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeClosed(Event):
    tag: ClassVar[str] = "scope:closed"
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableWritten(Event):
    """``previous`` is absent (``is_new``) when the scope did not hold the name."""

    tag: ClassVar[str] = "variable:written"
    scope: str
    name: str
    value: Value
    previous: Value = None
    is_new: bool = True
    element: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTaken(Event):
    """A token entered the flow."""

    tag: ClassVar[str] = "flow:taken"
    flow: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensDropped(Event):
    """A terminate end took the tokens off these flows (a flow id for each token)."""

    tag: ClassVar[str] = "token:dropped"
    scope: str
    flows: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementEntered(Event):
    """``flows`` are the tokens consumed (flow ids; several at a join); ``payload`` is what came with the start or boundary event."""

    tag: ClassVar[str] = "element:entered"
    activity: str
    element: str
    scope: str
    flows: tuple[str, ...] = ()
    payload: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementCompleted(Event):
    tag: ClassVar[str] = "element:completed"
    activity: str
    element: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementCancelled(Event):
    """Interrupted: by a boundary event, a terminate end, an error, a cancelled instance."""

    tag: ClassVar[str] = "element:cancelled"
    activity: str
    element: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsFound(Event):
    """A multi-instance begins with these items; its ``activity`` is the body around the activities of the items."""

    tag: ClassVar[str] = "items:found"
    activity: str
    element: str
    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCompleted(Event):
    """``activity`` is the body; ``is_enough`` when the completion condition holds, so that the other items are not needed."""

    tag: ClassVar[str] = "item:completed"
    activity: str
    element: str
    item: int
    output: Value = None
    is_enough: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCreated(Event):
    tag: ClassVar[str] = "task:created"
    activity: str
    element: str
    role: str | None
    assignee: str | None
    form: str | None
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: int
    not_same_as: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompleted(Event):
    tag: ClassVar[str] = "task:completed"
    activity: str
    element: str
    actor: str
    variables: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCancelled(Event):
    tag: ClassVar[str] = "task:cancelled"
    activity: str
    element: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerRequested(Event):
    """``given`` is the handler's input after the mappings."""

    tag: ClassVar[str] = "handler:requested"
    activity: str
    element: str
    handler: str
    given: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerReturned(Event):
    tag: ClassVar[str] = "handler:returned"
    activity: str
    element: str
    result: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerCancelled(Event):
    """The activity was interrupted while its handler was asked for; a late result is stale."""

    tag: ClassVar[str] = "handler:cancelled"
    activity: str
    element: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionEvaluated(Event):
    """``rules`` are the ids of the rules that matched."""

    tag: ClassVar[str] = "decision:evaluated"
    activity: str
    element: str
    decision: str
    inputs: Mapping[str, Value]
    rules: tuple[str, ...]
    result: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorThrown(Event):
    tag: ClassVar[str] = "error:thrown"
    activity: str
    element: str
    code: str
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSet(Event):
    """``remaining`` counts the firings still to come of a cycle (None: without end; 1 for a single one), ``period`` apart (ISO 8601)."""

    tag: ClassVar[str] = "timer:set"
    wait: str
    element: str
    activity: str
    due_at: datetime
    remaining: int | None = 1
    period: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired(Event):
    tag: ClassVar[str] = "timer:fired"
    wait: str
    element: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerCancelled(Event):
    tag: ClassVar[str] = "timer:cancelled"
    wait: str
    element: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAwaited(Event):
    """``key`` is the correlation key as text."""

    tag: ClassVar[str] = "message:awaited"
    wait: str
    element: str
    activity: str
    name: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(Event):
    tag: ClassVar[str] = "message:received"
    wait: str
    element: str
    name: str
    payload: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageWaitCancelled(Event):
    tag: ClassVar[str] = "message:wait-cancelled"
    wait: str
    element: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageThrown(Event):
    """To be delivered by the engine: to a waiting instance (name and key) or to a process that starts by it."""

    tag: ClassVar[str] = "message:thrown"
    element: str
    activity: str
    name: str
    key: str | None
    payload: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRaised(Event):
    """Work stopped at ``activity``; an operator can retry it. ``place`` says what could not be done (``condition f1``, ``handler``)."""

    tag: ClassVar[str] = "incident:raised"
    incident: str
    activity: str
    element: str
    code: str
    place: str
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentResolved(Event):
    tag: ClassVar[str] = "incident:resolved"
    incident: str
    element: str


def to_record(event: Event) -> dict[str, Any]:
    """``{"type": tag, …fields}``; datetimes, decimals and tuples stay Python values for ``engine.data``."""
    return {"type": event.tag, **{name: getattr(event, name) for name in _FIELDS[event.tag]}}


def from_record(record: Mapping[str, Any]) -> Event:
    """The event that ``to_record`` wrote, also after the JSON text of ``engine.data``.

    Raises:
        ValueError: the type is not known, or its fields are not these.
    """
    kind = EVENTS.get(record.get("type", ""))
    if kind is None:
        raise ValueError(f"{record.get('type')!r} is not an event")
    readers = _FIELD_READERS[kind.tag]
    given = {
        name: readers[name](value) if name in readers else value for name, value in record.items() if name != "type"
    }
    try:
        return kind(**given)
    except TypeError as error:
        raise ValueError(f"{kind.tag}: {error}") from error


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value


_READERS: dict[Any, Callable[[Any], Any]] = {
    int: _whole,
    int | None: _whole,
    tuple[str, ...]: tuple,
    tuple[Value, ...]: tuple,
    Facts: lambda facts: {name: _whole(fact) for name, fact in facts.items()},
}


EVENTS: Mapping[str, type[Event]] = {each.tag: each for each in Event.__subclasses__()}
"""Every kind of event by its tag."""

_FIELDS: Mapping[str, tuple[str, ...]] = {tag: tuple(f.name for f in fields(kind)) for tag, kind in EVENTS.items()}

_FIELD_READERS: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    tag: {name: _READERS[hint] for name, hint in get_type_hints(kind).items() if hint in _READERS}
    for tag, kind in EVENTS.items()
}
