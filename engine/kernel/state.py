"""What lives: scopes with their variables and tokens, activities, waits, incidents. No history, no predicted future.

Records are immutable and ``fold.apply`` alone replaces them, so a copy of the state shares them and costs next to nothing.
Dictionaries keep the order in which ids were given (also after loading), which makes every walk over them deterministic.

Text form: canonical JSON (``engine.data``) of named fields, defaults left out, under ``format``. A field may be added with a default;
any other change of meaning is a new format, and every released format stays readable (``tests/golden/states``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Self, TypeVar

from engine.data import from_canonical, to_canonical
from engine.errors import InvariantBroken
from engine.feel import Value

FORMAT = 1
ROOT = "s1"
"""The id of every instance's outermost scope."""

Status = Literal["active", "completed", "failed", "cancelled"]


NOTHING: Mapping[Any, Any] = MappingProxyType({})


class Phase(StrEnum):
    """How far an activity has come."""

    ENTERED = "entered"
    """It has begun and did nothing yet."""
    TASK = "task"
    """A person's answer is awaited."""
    HANDLER = "handler"
    """A handler's result is awaited (or an operator, when its incident is open)."""
    WAITING = "waiting"
    """Something is awaited: a timer, a message, a signal, a condition; at a complex gateway, the rest of its tokens."""
    INSIDE = "inside"
    """Work goes on inside: a sub-process, a called process, the items of a multi-instance, the rounds of a loop."""
    UNDOING = "undoing"
    """It has done work undone (compensation), one thing after the other."""
    DONE = "done"
    """What it was for has happened; ``result`` is to be mapped, then its flows are taken."""


class Scope(NamedTuple):
    """Where tokens move and variables live: a process, a sub-process, a called process, an item of a multi-instance, a round of a loop.

    ``activity`` is the owner (None at the root); ``item`` counts from 0; ``is_isolated``: the owner's variables are not seen;
    ``waits`` are those by which its event sub-processes begin.
    """

    id: str
    process: str
    activity: str | None = None
    item: int | None = None
    is_isolated: bool = False
    variables: Mapping[str, Value] = NOTHING
    tokens: Mapping[str, int] = NOTHING
    waits: tuple[str, ...] = ()
    activities: int = 0
    """How many activities live directly inside (counted, not written)."""

    @property
    def is_empty(self) -> bool:
        """Nothing moves, works or waits here any more."""
        return not self.activities and not self.tokens


class Items(NamedTuple):
    """A multi-instance under way: items not begun yet, how many there are, what the finished ones gave (by item number).

    For a loop: the round not begun yet, and how many there were.
    """

    pending: tuple[Value, ...] = ()
    total: int = 0
    outputs: Mapping[int, Value] = NOTHING


class Undoing(NamedTuple):
    """What is recorded in ``scope`` is undone, or what ``target`` did; ``by`` is the activity at work on it."""

    scope: str
    target: str | None = None
    by: str | None = None


class Activity(NamedTuple):
    """A live occurrence of any flow node. ``variables`` are its local inputs; ``scopes`` and ``waits`` are ids of what it owns.

    ``flows`` are those for which a complex gateway has fired; ``undoing`` is what a compensation still has to do, ``undoes`` the
    activity for which this one undoes something.
    """

    id: str
    element: str
    scope: str
    phase: Phase = Phase.ENTERED
    variables: Mapping[str, Value] = NOTHING
    result: Mapping[str, Value] = NOTHING
    items: Items | None = None
    scopes: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    undoing: Undoing | None = None
    undoes: str | None = None


class Wait(NamedTuple):
    """A timer (``due_at``), a message (``name``, ``key``), a ``signal`` or a condition (``held``: it was answered and holds still).

    ``element`` is that of the event that catches, ``number`` of what it may wait for (0 of one); ``activity`` is who waits: an activity, or
    a scope for its event sub-process.
    """

    id: str
    element: str
    activity: str
    due_at: datetime | None = None
    remaining: int | None = 1
    period: str | None = None
    name: str | None = None
    key: str | None = None
    signal: str | None = None
    held: bool | None = None
    number: int = 0


class Record(NamedTuple):
    """Work that can be undone: what the activity of ``element`` did in ``scope`` (the id of a scope, or of the record of a sub-process
    that was left), with the ``variables`` that it knew.
    """

    id: str
    scope: str
    element: str
    activity: str
    process: str
    variables: Mapping[str, Value] = NOTHING


class Incident(NamedTuple):
    """Work that stopped. ``activity`` is an activity's id, a scope's when tokens are stuck, a wait's when its condition cannot be asked."""

    id: str
    activity: str
    element: str
    code: str
    place: str


@dataclass(slots=True)
class State:
    """An instance as it stands. Read it freely; only ``fold.apply`` writes."""

    process: str = ""
    status: Status = "active"
    counter: int = 0
    scopes: dict[str, Scope] = field(default_factory=dict)
    activities: dict[str, Activity] = field(default_factory=dict)
    waits: dict[str, Wait] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)

    @property
    def is_ended(self) -> bool:
        """Completed, failed or cancelled: every stimulus is stale from now on."""
        return self.status != "active"

    @property
    def root_variables(self) -> dict[str, Value]:
        """The variables of the process itself; they stay readable when it has ended."""
        return dict(self.scopes[ROOT].variables)

    @property
    def needs(self) -> tuple[Activity, ...]:
        """Activities whose handler was requested and has neither returned nor failed."""
        return tuple(
            each for each in self.activities.values() if each.phase is Phase.HANDLER and not self.is_stuck(each.id)
        )

    def is_stuck(self, activity_or_wait: str) -> bool:
        """An incident about this activity or wait is open."""
        return bool(self.incidents) and any(each.activity == activity_or_wait for each in self.incidents.values())

    def is_item(self, activity: Activity) -> bool:
        """It is one item of a multi-instance (its scope holds nothing else)."""
        return self.scopes[activity.scope].item is not None

    def waits_of(self, activity_or_scope: str) -> tuple[str, ...]:
        """Ids of what an activity, or a scope for its event sub-processes, waits for."""
        owner = self.activities.get(activity_or_scope) or self.scopes[activity_or_scope]
        return owner.waits

    def variables_of(self, activity_or_scope: str) -> dict[str, Value]:
        """Everything that an expression sees there. Raises KeyError for an id that does not live."""
        found: dict[str, Value] = {}
        for _, variables in self.chain(activity_or_scope):
            if variables:
                found = {**variables, **found}
        return found

    def holder_of(self, name: str, scope_id: str) -> str:
        """Who holds the variable that is seen in a scope: the nearest that has it, else the process (or called process) itself."""
        holder = scope_id
        for holder, variables in self.chain(scope_id):  # noqa: B007 - the last is meant when none has it
            if name in variables:
                break
        return holder

    def chain(self, activity_or_scope: str) -> Iterator[tuple[str, Mapping[str, Value]]]:
        """Ids and variables from there outwards, up to the process (or called process) around it."""
        at: str = activity_or_scope
        while True:
            if at in self.activities:
                activity = self.activities[at]
                yield at, activity.variables
                at = activity.scope
            scope = self.scopes[at]
            yield at, scope.variables
            if scope.activity is None or scope.is_isolated:
                return
            at = scope.activity

    def copy(self) -> State:
        """A state of its own that shares the immutable records."""
        return State(
            self.process,
            self.status,
            self.counter,
            self.scopes.copy(),
            self.activities.copy(),
            self.waits.copy(),
            self.incidents.copy(),
            self.records.copy(),
        )

    def to_text(self) -> bytes:
        """The compact text form, UTF-8."""
        packed: dict[str, Any] = {"format": FORMAT, "process": self.process, "counter": self.counter}
        if self.is_ended:
            packed["status"] = self.status
        for name in ("scopes", "activities", "waits", "incidents", "records"):
            if records := getattr(self, name):
                packed[name] = {key: _pack(record) for key, record in records.items()}
        return to_canonical(packed).encode()

    @classmethod
    def from_text(cls, text: bytes) -> Self:
        """The state that ``to_text`` wrote, now or in an earlier release.

        Raises:
            InvariantBroken: code ``state_format_unknown``, written by a newer release.
        """
        packed = from_canonical(text)
        if packed.get("format") != FORMAT:
            raise InvariantBroken("state_format_unknown", format=str(packed.get("format")))
        activities = _unpack_all(Activity, packed.get("activities", {}))
        inside = Counter(each.scope for each in activities.values())
        scopes = _unpack_all(Scope, packed.get("scopes", {}))
        return cls(
            process=packed["process"],
            status=packed.get("status", "active"),
            counter=int(packed["counter"]),
            scopes={key: scope._replace(activities=inside[key]) for key, scope in scopes.items()},
            activities=activities,
            waits=_unpack_all(Wait, packed.get("waits", {})),
            incidents=_unpack_all(Incident, packed.get("incidents", {})),
            records=_unpack_all(Record, packed.get("records", {})),
        )


Kind = TypeVar("Kind", Scope, Activity, Wait, Incident, Record)

_REQUIRED = object()
_DEFAULTS = {
    kind: tuple(kind._field_defaults.get(name, _REQUIRED) for name in kind._fields[1:])
    for kind in (Scope, Activity, Wait, Incident, Record)
}


def _pack(record: Any) -> dict[str, Any]:
    """Fields that differ from their default, by name; but for the id, which is the key outside, and for what is counted again."""
    return {
        name: _write_items(value) if name == "items" else value
        for name, value, default in zip(record._fields[1:], record[1:], _DEFAULTS[type(record)], strict=True)
        if value != default and name != "activities"
    }


def _unpack_all(kind: type[Kind], packed: Mapping[str, Mapping[str, Any]]) -> dict[str, Kind]:
    # ids are a letter and the number that the counter gave: their order is the order in which things began
    found = {}
    for key in sorted(packed, key=lambda key: int(key[1:])):
        read = {name: _READERS[name](value) if name in _READERS else value for name, value in packed[key].items()}
        found[key] = kind(id=key, **read)
    return found


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _read_items(packed: Mapping[str, Any]) -> Items:
    outputs = {int(number): output for number, output in packed["outputs"].items()}
    return Items(pending=tuple(packed["pending"]), total=int(packed["total"]), outputs=outputs)


def _write_items(items: Items) -> dict[str, Any]:
    return items._asdict() | {"outputs": {str(number): output for number, output in items.outputs.items()}}


_READERS: dict[str, Any] = {
    "phase": Phase,
    "item": _whole,
    "remaining": _whole,
    "number": int,
    "tokens": lambda tokens: {flow: int(count) for flow, count in tokens.items()},
    "scopes": tuple,
    "waits": tuple,
    "flows": tuple,
    "items": _read_items,
    "undoing": lambda undoing: Undoing(*undoing),
}
