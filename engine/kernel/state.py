"""What lives: scopes with their variables and tokens, activities, waits, incidents. No history, no predicted future.

A copy of the state shares the records with it and costs next to nothing: ``fold``, the only writer, takes one of its own
(``State.own_scope``, ``own_activity``) before it changes anything, with variables and tokens of its own; everything else in it is replaced
as a whole. Dictionaries keep the order in which ids were given (also after loading), which makes every walk over them deterministic.

Text form: canonical JSON (``engine.data``) of named fields, defaults left out, under ``format``. A field may be added with a default;
any other change of meaning is a new format, and every released format stays readable (``tests/golden/states``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Self

from msgspec import Struct
from msgspec.structs import replace

from engine.feel import Expression, Value
from engine.protocol import packing

FORMAT = 1
ROOT = "s1"
"""The id of every instance's outermost scope."""

Status = Literal["active", "completed", "failed", "cancelled"]

Variables = Mapping[str, Value]
NOTHING: Mapping[Any, Any] = {}
"""What many records hold; no proxy, because these take several times as long to read."""


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


ENTERED, TASK, HANDLER, WAITING, INSIDE, UNDOING, DONE = Phase
"""The same by themselves: asked for so often that the way over the class would be seen."""


class Scope(Struct, gc=False):
    """Where tokens move and variables live: a process, a sub-process, a called process, an item of a multi-instance, a round of a loop.

    ``activity`` is the owner (None at the root); ``item`` counts from 0; ``is_isolated``: the owner's variables are not seen;
    ``waits`` are those by which its event sub-processes begin.
    """

    id: str
    process: str
    activity: str | None = None
    item: int | None = None
    is_isolated: bool = False
    variables: dict[str, Value] = {}
    tokens: dict[str, int] = {}
    waits: tuple[str, ...] = ()
    activities: int = 0
    """How many activities live directly inside (counted, not written)."""

    @property
    def is_empty(self) -> bool:
        """Nothing moves, works or waits here any more."""
        return not self.activities and not self.tokens


class Items(Struct, frozen=True, gc=False):
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


class Activity(Struct, gc=False):
    """A live occurrence of any flow node. ``variables`` are its local inputs; ``scopes`` and ``waits`` are ids of what it owns.

    ``flows`` are those for which a complex gateway has fired; ``undoing`` is what a compensation still has to do, ``undoes`` the
    activity for which this one undoes something.
    """

    id: str
    element: str
    scope: str
    phase: Phase = Phase.ENTERED
    variables: dict[str, Value] = {}
    result: Mapping[str, Value] = {}
    items: Items | None = None
    scopes: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    undoing: Undoing | None = None
    undoes: str | None = None


class Wait(Struct, frozen=True, gc=False):
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


class Record(Struct, frozen=True, gc=False):
    """Work that can be undone: what the activity of ``element`` did in ``scope`` (the id of a scope, or of the record of a sub-process
    that was left), with the ``variables`` that it knew.
    """

    id: str
    scope: str
    element: str
    activity: str
    process: str
    variables: Mapping[str, Value] = {}


class Incident(Struct, frozen=True, gc=False):
    """Work that stopped. ``activity`` is an activity's id, a scope's when tokens are stuck, a wait's when its condition cannot be asked."""

    id: str
    activity: str
    element: str
    code: str
    place: str


@dataclass(slots=True)
class State:
    """An instance as it stands. Read it freely; only ``fold`` writes."""

    process: str = ""
    status: Status = "active"
    counter: int = 0
    scopes: dict[str, Scope] = field(default_factory=dict)
    activities: dict[str, Activity] = field(default_factory=dict)
    waits: dict[str, Wait] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set, compare=False, repr=False)
    """Ids of the scopes and activities that another state may hold too."""

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
        return tuple(each for each in self.activities.values() if each.phase is HANDLER and not self.is_stuck(each.id))

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
        """Everything that an expression sees there, in a dictionary of its own. Raises KeyError for an id that does not live."""
        activity = self.activities.get(activity_or_scope)
        scope = self.scopes[activity_or_scope if activity is None else activity.scope]
        found = scope.variables.copy()
        if activity is not None and activity.variables:
            found.update(activity.variables)
        while scope.activity is not None and not scope.is_isolated:
            owner = self.activities[scope.activity]
            scope = self.scopes[owner.scope]
            found = {**scope.variables, **owner.variables, **found}
        return found

    def sight(self, activity: Activity, expression: Expression, nearest: Variables = NOTHING) -> Variables:
        """Where ``expression`` finds what it reads: what the activity sees, ``nearest`` before all. To be read only.

        Nothing is put together where one name is asked for that is found as it stands: so are most expressions.
        """
        scope = self.scopes[activity.scope]
        if expression.path is not None:
            for each in (nearest, activity.variables, scope.variables):
                if expression.path[0] in each:
                    return each
        elif scope.activity is None and not nearest and not activity.variables:
            return scope.variables
        return {**self.variables_of(activity.scope), **activity.variables, **nearest}

    def holder_of(self, name: str, scope: Scope) -> Scope | Activity:
        """The nearest that holds a variable, seen from a scope; else the process (or called process) itself."""
        while name not in scope.variables and scope.activity is not None and not scope.is_isolated:
            owner = self.activities[scope.activity]
            if name in owner.variables:
                return owner
            scope = self.scopes[owner.scope]
        return scope

    def own(self, activity_or_scope: str) -> Scope | Activity:
        """An activity or a scope to be changed."""
        is_activity = activity_or_scope in self.activities
        return self.own_activity(activity_or_scope) if is_activity else self.own_scope(activity_or_scope)

    def own_scope(self, scope_id: str) -> Scope:
        """A scope to be changed."""
        found = self.scopes[scope_id]
        if scope_id in self.shared:
            self.shared.remove(scope_id)
            found = replace(found, variables=found.variables.copy(), tokens=found.tokens.copy())
            self.scopes[scope_id] = found
        return found

    def own_activity(self, activity_id: str) -> Activity:
        """An activity to be changed."""
        found = self.activities[activity_id]
        if activity_id in self.shared:
            self.shared.remove(activity_id)
            self.activities[activity_id] = found = replace(found, variables=found.variables.copy())
        return found

    def copy(self) -> State:
        """A state of its own; from now on the two share every record."""
        self.shared = {*self.scopes, *self.activities}
        twin = object.__new__(State)  # without the empty tables that a new one gets
        twin.process, twin.status, twin.counter = self.process, self.status, self.counter
        twin.scopes, twin.activities, twin.waits = self.scopes.copy(), self.activities.copy(), self.waits.copy()
        twin.incidents, twin.records, twin.shared = self.incidents.copy(), self.records.copy(), self.shared.copy()
        return twin

    def to_text(self) -> bytes:
        """The compact text form, UTF-8."""
        kept = {"process": self.process, "counter": self.counter} | ({"status": self.status} if self.is_ended else {})
        return packing.write(FORMAT, kept, {name: getattr(self, name) for name in _TABLES}, left_out="activities")

    @classmethod
    def from_text(cls, text: bytes) -> Self:
        """The state that ``to_text`` wrote, now or in an earlier release. Raises what ``packing.read`` raises."""
        packed, tables = packing.read(FORMAT, text, _TABLES)
        for each in tables["activities"].values():
            tables["scopes"][each.scope].activities += 1
        return cls(packed["process"], packed.get("status", "active"), int(packed["counter"]), **tables)


_TABLES = {"scopes": Scope, "activities": Activity, "waits": Wait, "incidents": Incident, "records": Record}
"""What a state holds many of, by the name of the field."""
