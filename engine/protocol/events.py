"""What happened, in past tense: the history's content and the only thing that changes state (``fold``).

Every event is a ``fact`` with a ``tag`` (``"task:created"``); ``to_record``/``from_record`` turn it into plain values and back (the JSON
text is ``engine.data``'s). ``activity`` ids are new for each entry of an element, each loop round, each multi-instance item; the
idempotency key of a handler is made of them. ``FORMAT`` changes when a released event changes its meaning; fields may be added with a
default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeVar, dataclass_transform, get_type_hints

from engine.errors import Facts
from engine.feel import Value
from engine.protocol.facts import fact

FORMAT = 1

EVENTS: dict[str, type[Event]] = {}
"""Every kind of event by its tag."""

Kind = TypeVar("Kind", bound="type[Event]")


@fact
class Event:
    """The base of all events."""

    tag: ClassVar[str]


@fact
class _OfActivity(Event):
    """``activity`` is an occurrence of ``element``."""

    activity: str
    element: str


@fact
class _OfWait(Event):
    """``element`` is that of the event that catches."""

    wait: str
    element: str


@fact
class _WaitBegun(_OfWait):
    """``activity`` waits, or, when it is the id of a scope, an event sub-process there. ``number``: for which of several."""

    activity: str
    number: int = field(default=0, kw_only=True)


@fact
class WaitOver(_OfWait):
    """``is_enough`` is false while an event that needs several (parallel multiple) still waits for others."""

    is_enough: bool = field(default=True, kw_only=True)


@fact
class WaitCancelled(_OfWait):
    """Nobody waits any more."""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def _event(tag: str) -> Callable[[Kind], Kind]:
    """A kind of event."""

    def make(kind: Kind) -> Kind:
        made = fact(kind)
        made.tag = tag
        EVENTS[tag] = made
        return made

    return make


@_event("instance:started")
class InstanceStarted(Event):
    process: str
    start_event: str


@_event("instance:completed")
class InstanceCompleted(Event):
    """Nothing lives any more; every token reached an end."""


@_event("instance:failed")
class InstanceFailed(Event):
    """An error end event that nothing caught ended the instance."""

    code: str
    element: str


@_event("instance:cancelled")
class InstanceCancelled(Event):
    reason: str


@_event("scope:opened")
class ScopeOpened(Event):
    """``element`` None for the process itself; ``item`` counts from 0 for items and rounds; ``isolated`` for a callee; ``record`` is the
    compensation record of a sub-process that is opened again to be undone.
    """

    scope: str
    parent: str | None
    process: str
    element: str | None = None
    activity: str | None = None
    item: int | None = None
    isolated: bool = False
    record: str | None = None


@_event("scope:closed")
class ScopeClosed(Event):
    scope: str


@_event("variable:written")
class VariableWritten(Event):
    """``previous`` is absent (``is_new``) when the scope did not hold the name."""

    scope: str
    name: str
    value: Value
    previous: Value = None
    is_new: bool = True
    element: str | None = None


@_event("flow:taken")
class FlowTaken(Event):
    """A token entered the flow."""

    flow: str
    scope: str


@_event("token:dropped")
class TokensDropped(Event):
    """What ended the work of the scope took the tokens off these flows (a flow id for each token)."""

    scope: str
    flows: tuple[str, ...]


@_event("element:entered")
class ElementEntered(_OfActivity):
    """``flows`` are the tokens consumed (flow ids; several at a join); ``payload`` is what came with the event."""

    scope: str
    flows: tuple[str, ...] = ()
    payload: Mapping[str, Value] = field(default_factory=dict)


@_event("element:caught")
class EventCaught(_OfActivity):
    """What the element would wait for has come already: at a boundary, after an event-based gateway, at a start."""


@_event("element:completed")
class ElementCompleted(_OfActivity):
    pass


@_event("element:cancelled")
class ElementCancelled(_OfActivity):
    """Interrupted: by a boundary event, an event sub-process, a terminate end, an error, a cancelled transaction or instance."""


@_event("items:found")
class ItemsFound(_OfActivity):
    """A multi-instance begins with these items (a loop with one round); its ``activity`` is the body around those of the items."""

    items: tuple[Value, ...]


@_event("item:completed")
class ItemCompleted(_OfActivity):
    """``activity`` is the body; ``is_enough`` when the completion condition holds, so that the other items are not needed.

    ``again`` says of a standard loop whether another round follows; None of the item of a multi-instance.
    """

    item: int
    output: Value = None
    is_enough: bool = False
    again: bool | None = None


@_event("gateway:activated")
class GatewayActivated(_OfActivity):
    """An event-based gateway waits, or a complex gateway has fired for these flows and waits for the rest of its tokens."""

    flows: tuple[str, ...] = ()


@_event("task:created")
class TaskCreated(_OfActivity):
    role: str | None
    assignee: str | None
    form: str | None
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: int
    not_same_as: str | None


@_event("task:completed")
class TaskCompleted(_OfActivity):
    actor: str
    variables: Mapping[str, Value]


@_event("task:cancelled")
class TaskCancelled(_OfActivity):
    pass


@_event("handler:requested")
class HandlerRequested(_OfActivity):
    """``given`` is the handler's input after the mappings."""

    handler: str
    given: Mapping[str, Value]


@_event("handler:returned")
class HandlerReturned(_OfActivity):
    result: Mapping[str, Value]


@_event("handler:cancelled")
class HandlerCancelled(_OfActivity):
    """The activity was interrupted while its handler was asked for; a late result is stale."""


@_event("decision:evaluated")
class DecisionEvaluated(_OfActivity):
    """``rules`` are the ids of the rules that matched."""

    decision: str
    inputs: Mapping[str, Value]
    rules: tuple[str, ...]
    result: Value


@_event("error:thrown")
class ErrorThrown(_OfActivity):
    code: str
    facts: Facts


@_event("escalation:thrown")
class EscalationThrown(_OfActivity):
    code: str


@_event("timer:set")
class TimerSet(_WaitBegun):
    """``remaining`` counts the firings still to come of a cycle (None: without end; 1 for a single one), ``period`` apart (ISO 8601)."""

    due_at: datetime
    remaining: int | None = 1
    period: str | None = None


@_event("timer:fired")
class TimerFired(WaitOver):
    pass


@_event("timer:cancelled")
class TimerCancelled(WaitCancelled):
    pass


@_event("message:awaited")
class MessageAwaited(_WaitBegun):
    """``key`` is the correlation key as text."""

    name: str
    key: str


@_event("message:received")
class MessageReceived(WaitOver):
    name: str
    payload: Mapping[str, Value]


@_event("message:wait-cancelled")
class MessageWaitCancelled(WaitCancelled):
    pass


@_event("message:thrown")
class MessageThrown(_OfActivity):
    """To be delivered by the engine: to a waiting instance (name and key) or to a process that starts by it."""

    name: str
    key: str | None
    payload: Mapping[str, Value]


@_event("signal:awaited")
class SignalAwaited(_WaitBegun):
    name: str


@_event("signal:received")
class SignalReceived(WaitOver):
    name: str
    payload: Mapping[str, Value]


@_event("signal:wait-cancelled")
class SignalWaitCancelled(WaitCancelled):
    pass


@_event("signal:thrown")
class SignalThrown(_OfActivity):
    """What waits for it in this instance has it; the engine takes it to the other instances and to what starts by it."""

    name: str
    payload: Mapping[str, Value]


@_event("condition:awaited")
class ConditionAwaited(_WaitBegun):
    """``held``: it holds already and was answered; it counts again when it has not held in between."""

    held: bool = False


@_event("condition:lapsed")
class ConditionLapsed(_OfWait):
    """It does not hold any more."""


@_event("condition:met")
class ConditionMet(WaitOver):
    pass


@_event("condition:wait-cancelled")
class ConditionWaitCancelled(WaitCancelled):
    pass


@_event("compensation:recorded")
class CompensationRecorded(_OfActivity):
    """What ``activity`` did can be undone, with the ``variables`` that it knew; what was recorded in its ``inner`` scope goes with it."""

    record: str
    scope: str
    process: str
    variables: Mapping[str, Value]
    inner: str | None = None


@_event("compensation:thrown")
class CompensationThrown(_OfActivity):
    """``activity`` has what was recorded in ``scope`` undone, last things first: all of it, or what ``target`` (an element) did."""

    scope: str
    target: str | None = None


@_event("compensation:begun")
class CompensationBegun(_OfActivity):
    """``activity`` has the ``record`` undone by the activity ``by``, and waits for it."""

    record: str
    by: str


@_event("compensation:done")
class CompensationDone(_OfActivity):
    """What ``activity`` had begun to undo is undone."""


@_event("transaction:cancelled")
class TransactionCancelled(_OfActivity):
    """A cancel end event: all else in the transaction is interrupted, then what it did is undone."""


@_event("incident:raised")
class IncidentRaised(_OfActivity):
    """Work stopped at ``activity`` (or in a scope whose tokens are stuck, or at a wait whose condition cannot be asked); an operator can
    retry it. ``place`` says what could not be done (``condition f1``, ``handler``).
    """

    incident: str
    code: str
    place: str
    facts: Facts


@_event("incident:resolved")
class IncidentResolved(Event):
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

_FIELDS: Mapping[str, tuple[str, ...]] = {tag: tuple(f.name for f in fields(kind)) for tag, kind in EVENTS.items()}

_FIELD_READERS: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    tag: {name: _READERS[hint] for name, hint in get_type_hints(kind).items() if hint in _READERS}
    for tag, kind in EVENTS.items()
}
