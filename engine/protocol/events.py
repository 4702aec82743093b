"""What happened, in past tense: the history's content and the only thing that changes state (``fold``).

Every event is a ``fact`` with a ``tag`` (``"task:created"``); ``to_record``/``from_record`` turn it into plain values and back (the JSON
text is ``engine.data``'s). ``activity`` ids are new for each entry of an element, each loop round, each multi-instance item; the
idempotency key of a handler is made of them. ``FORMAT`` changes when a released event changes its meaning; fields may be added with a
default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, TypeVar, get_type_hints

from msgspec import Struct, field
from msgspec.json import Encoder
from msgspec.structs import asdict

from engine.errors import Facts
from engine.feel import Value

FORMAT = 1

EVENTS: dict[str, type[Event]] = {}
"""Every kind of event by its tag."""

Kind = TypeVar("Kind", bound="type[Event]")


class Event(Struct, frozen=True, gc=False):
    """The base of all events."""

    tag: ClassVar[str]


class _OfActivity(Event, frozen=True, gc=False):
    """``activity`` is an occurrence of ``element``."""

    activity: str
    element: str


class _OfWait(Event, frozen=True, gc=False):
    """``element`` is that of the event that catches."""

    wait: str
    element: str


class _OfOneOfSeveral(_OfWait, frozen=True, gc=False, kw_only=True):
    """``number``: which of the several things that the element may wait for."""

    number: int = 0


class _WaitBegun(_OfOneOfSeveral, frozen=True, gc=False):
    """``activity`` waits, or, when it is the id of a scope, an event sub-process there."""

    activity: str


class WaitOver(_OfWait, frozen=True, gc=False, kw_only=True):
    """``is_enough`` is false while an event that needs several (parallel multiple) still waits for others."""

    is_enough: bool = True


class WaitCancelled(_OfWait, frozen=True, gc=False):
    """Nobody waits any more."""


def _event(tag: str) -> Callable[[Kind], Kind]:
    """A kind of event."""

    def make(kind: Kind) -> Kind:
        kind.tag = tag
        EVENTS[tag] = kind
        return kind

    return make


@_event("instance:started")
class InstanceStarted(Event, frozen=True, gc=False):
    process: str
    start_event: str


@_event("instance:completed")
class InstanceCompleted(Event, frozen=True, gc=False):
    """Nothing lives any more; every token reached an end."""


@_event("instance:failed")
class InstanceFailed(Event, frozen=True, gc=False):
    """An error end event that nothing caught ended the instance."""

    code: str
    element: str


@_event("instance:cancelled")
class InstanceCancelled(Event, frozen=True, gc=False):
    reason: str


@_event("scope:opened")
class ScopeOpened(Event, frozen=True, gc=False):
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
class ScopeClosed(Event, frozen=True, gc=False):
    scope: str


@_event("variable:written")
class VariableWritten(Event, frozen=True, gc=False):
    """``previous`` is absent (``is_new``) when the scope did not hold the name."""

    scope: str
    name: str
    value: Value
    previous: Value = None
    is_new: bool = True
    element: str | None = None


@_event("flow:taken")
class FlowTaken(Event, frozen=True, gc=False):
    """A token entered the flow."""

    flow: str
    scope: str


@_event("token:dropped")
class TokensDropped(Event, frozen=True, gc=False):
    """What ended the work of the scope took the tokens off these flows (a flow id for each token)."""

    scope: str
    flows: tuple[str, ...]


@_event("element:entered")
class ElementEntered(_OfActivity, frozen=True, gc=False):
    """``flows`` are the tokens consumed (flow ids; several at a join); ``payload`` is what came with the event."""

    scope: str
    flows: tuple[str, ...] = ()
    payload: Mapping[str, Value] = field(default_factory=dict)


@_event("element:caught")
class EventCaught(_OfActivity, frozen=True, gc=False):
    """What the element would wait for has come already: at a boundary, after an event-based gateway, at a start."""


@_event("element:completed")
class ElementCompleted(_OfActivity, frozen=True, gc=False):
    pass


@_event("element:cancelled")
class ElementCancelled(_OfActivity, frozen=True, gc=False):
    """Interrupted: by a boundary event, an event sub-process, a terminate end, an error, a cancelled transaction or instance; withdrawn
    by an operator.
    """


@_event("items:found")
class ItemsFound(_OfActivity, frozen=True, gc=False):
    """A multi-instance begins with these items (a loop with one round); its ``activity`` is the body around those of the items."""

    items: tuple[Value, ...]


@_event("item:completed")
class ItemCompleted(_OfActivity, frozen=True, gc=False):
    """``activity`` is the body; ``is_enough`` when the completion condition holds, so that the other items are not needed.

    ``again`` says of a standard loop whether another round follows; None of the item of a multi-instance.
    """

    item: int
    output: Value = None
    is_enough: bool = False
    again: bool | None = None


@_event("gateway:activated")
class GatewayActivated(_OfActivity, frozen=True, gc=False):
    """An event-based gateway waits, or a complex gateway has fired for these flows and waits for the rest of its tokens."""

    flows: tuple[str, ...] = ()


@_event("task:created")
class TaskCreated(_OfActivity, frozen=True, gc=False):
    role: str | None
    assignee: str | None
    form: str | None
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: int
    not_same_as: str | None


@_event("task:completed")
class TaskCompleted(_OfActivity, frozen=True, gc=False):
    actor: str
    variables: Mapping[str, Value]


@_event("task:cancelled")
class TaskCancelled(_OfActivity, frozen=True, gc=False):
    pass


@_event("handler:requested")
class HandlerRequested(_OfActivity, frozen=True, gc=False):
    """``given`` is the handler's input after the mappings."""

    handler: str
    given: Mapping[str, Value]


@_event("handler:returned")
class HandlerReturned(_OfActivity, frozen=True, gc=False):
    result: Mapping[str, Value]


@_event("handler:cancelled")
class HandlerCancelled(_OfActivity, frozen=True, gc=False):
    """The activity was interrupted while its handler was asked for; a late result is stale."""


@_event("decision:evaluated")
class DecisionEvaluated(_OfActivity, frozen=True, gc=False):
    """``rules`` are the ids of the rules that matched."""

    decision: str
    inputs: Mapping[str, Value]
    rules: tuple[str, ...]
    result: Value


@_event("error:thrown")
class ErrorThrown(_OfActivity, frozen=True, gc=False):
    code: str
    facts: Facts


@_event("escalation:thrown")
class EscalationThrown(_OfActivity, frozen=True, gc=False):
    code: str


@_event("timer:set")
class TimerSet(_WaitBegun, frozen=True, gc=False):
    """``remaining`` counts the firings still to come of a cycle (None: without end; 1 for a single one), ``period`` apart (ISO 8601)."""

    due_at: datetime
    remaining: int | None = 1
    period: str | None = None


@_event("timer:fired")
class TimerFired(WaitOver, frozen=True, gc=False):
    pass


@_event("timer:cancelled")
class TimerCancelled(WaitCancelled, frozen=True, gc=False):
    pass


@_event("message:awaited")
class MessageAwaited(_WaitBegun, frozen=True, gc=False):
    """``key`` is the correlation key as text."""

    name: str
    key: str


@_event("message:received")
class MessageReceived(WaitOver, frozen=True, gc=False):
    name: str
    payload: Mapping[str, Value]


@_event("message:wait-cancelled")
class MessageWaitCancelled(WaitCancelled, frozen=True, gc=False):
    pass


@_event("message:thrown")
class MessageThrown(_OfActivity, frozen=True, gc=False):
    """To be delivered by the engine: to a waiting instance (name and key) or to a process that starts by it."""

    name: str
    key: str | None
    payload: Mapping[str, Value]


@_event("signal:awaited")
class SignalAwaited(_WaitBegun, frozen=True, gc=False):
    name: str


@_event("signal:received")
class SignalReceived(WaitOver, frozen=True, gc=False):
    name: str
    payload: Mapping[str, Value]


@_event("signal:wait-cancelled")
class SignalWaitCancelled(WaitCancelled, frozen=True, gc=False):
    pass


@_event("signal:thrown")
class SignalThrown(_OfActivity, frozen=True, gc=False):
    """What waits for it in this instance has it; the engine takes it to the other instances and to what starts by it."""

    name: str
    payload: Mapping[str, Value]


@_event("condition:awaited")
class ConditionAwaited(_WaitBegun, frozen=True, gc=False):
    """``held``: it holds already and was answered; it counts again when it has not held in between."""

    held: bool = False


@_event("condition:lapsed")
class ConditionLapsed(_OfWait, frozen=True, gc=False):
    """It does not hold any more."""


@_event("condition:met")
class ConditionMet(WaitOver, frozen=True, gc=False):
    pass


@_event("condition:wait-cancelled")
class ConditionWaitCancelled(WaitCancelled, frozen=True, gc=False):
    pass


@_event("compensation:recorded")
class CompensationRecorded(_OfActivity, frozen=True, gc=False):
    """What ``activity`` did can be undone, with the ``variables`` that it knew; what was recorded in its ``inner`` scope goes with it."""

    record: str
    scope: str
    process: str
    variables: Mapping[str, Value]
    inner: str | None = None


@_event("compensation:thrown")
class CompensationThrown(_OfActivity, frozen=True, gc=False):
    """``activity`` has what was recorded in ``scope`` undone, last things first: all of it, or what ``target`` (an element) did."""

    scope: str
    target: str | None = None


@_event("compensation:begun")
class CompensationBegun(_OfActivity, frozen=True, gc=False):
    """``activity`` has the ``record`` undone by the activity ``by``, and waits for it."""

    record: str
    by: str


@_event("compensation:done")
class CompensationDone(_OfActivity, frozen=True, gc=False):
    """What ``activity`` had begun to undo is undone."""


@_event("transaction:cancelled")
class TransactionCancelled(_OfActivity, frozen=True, gc=False):
    """A cancel end event: all else in the transaction is interrupted, then what it did is undone."""


@_event("incident:raised")
class IncidentRaised(_OfActivity, frozen=True, gc=False):
    """Work stopped at ``activity`` (or in a scope whose tokens are stuck, or at a wait whose condition cannot be asked); an operator can
    retry it. ``place`` says what could not be done (``condition f1``, ``handler``).
    """

    incident: str
    code: str
    place: str
    facts: Facts


@_event("incident:resolved")
class IncidentResolved(Event, frozen=True, gc=False):
    incident: str
    element: str


@_event("token:moved")
class TokenMoved(_OfActivity, frozen=True, gc=False):
    """An operator took a token from ``activity`` and put it at ``target``: an element, or a flow. It is taken from ``flow`` where it waited
    there: ``activity`` is then the scope, and ``element`` what it waited at. What this means for the state is said by the events after it.
    """

    target: str
    reason: str
    flow: str | None = None


@_event("activity:skipped")
class ActivitySkipped(_OfActivity, frozen=True, gc=False):
    """An operator lets the instance go on after it as if it had been done."""

    reason: str


@_event("variable:edited")
class VariableEdited(Event, frozen=True, gc=False):
    """An operator gives the variable the value that the next event writes."""

    scope: str
    name: str
    reason: str


def to_record(event: Event) -> dict[str, Any]:
    """``{"type": tag, …fields}``; datetimes, decimals and tuples stay Python values for ``engine.data``."""
    return {"type": event.tag, **asdict(event)}


def words_text(event: Event) -> str | None:
    """The canonical JSON text (``engine.data``) of the record of an event that says nothing but the engine's own words, as most do; None
    for one that holds values of the process. Several times as fast as by way of the record, for what each step writes most.
    """
    members = _HOLDING.get(type(event))
    if members is None or any(getattr(event, name) for name in members):
        return None
    return _WORDS.encode({"type": event.tag, **asdict(event)}).decode()


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


def _hints_of(kind: type[Event]) -> dict[str, Any]:
    return {name: hint for name, hint in get_type_hints(kind).items() if name != "tag"}


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value


_READERS: dict[Any, Callable[[Any], Any]] = {
    int: _whole,
    int | None: _whole,
    tuple[str, ...]: tuple,
    tuple[Value, ...]: tuple,
    Facts: lambda facts: {name: _whole(fact) for name, fact in facts.items()},
}

_FIELD_READERS: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    tag: {name: _READERS[hint] for name, hint in get_type_hints(kind).items() if hint in _READERS}
    for tag, kind in EVENTS.items()
}

_WORDS: Final = Encoder(order="sorted")
_OWN: Final = {str, str | None, int, int | None, bool, bool | None, tuple[str, ...]}
_HOLDING: Final[Mapping[type[Event], tuple[str, ...]]] = {
    kind: tuple(name for name, hint in hints.items() if hint not in _OWN)
    for kind, hints in ((kind, _hints_of(kind)) for kind in EVENTS.values())
    if Value not in hints.values()
}
"""The members of each kind that hold something else unless they are empty, for the kinds whose members can tell so: a value may be 0."""
