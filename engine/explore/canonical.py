"""The key of a state: equal only for states that can go on alike.

Ids are not part of it: what lives is told by what it is and where it stands, and equal things beside each other are put in one order
(*sorted*). Where the order of ids decides what happens next (a signal that two wait for, two conditions, records to be undone, queued
work), ids are kept by rank (*ranked*): that merges less and is always right. Of the variables only those count that can still be asked
for, and of the answers on the path those that say something about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.explore.reach import Live, Names
from engine.explore.satisfy import connected, numbered, once, signature
from engine.explore.trial import Trial
from engine.explore.unknown import Literal, Unknown
from engine.feel import Value
from engine.kernel.state import ROOT, Activity, Record, Scope, State, Wait
from engine.model import elements as model

Key = tuple[Any, ...]


def key_of(trial: Trial, live: Live, *, is_decided: bool) -> Key:
    """The key of where ``trial`` stands. Forgets what ``trial.store`` says of variables that nobody can ask for any more.

    ``is_decided``: every condition on the path so far is followed; a way on which one is not is no proof, so it stands for itself only.
    """
    state, queued = trial.state, trial.queued
    records = _records(trial)
    ranked: _Sorted | _Ranked
    if records or len(queued) > 1 or _has_order(trial):
        ranked = _Ranked(state, trial.shared.counted, records)
    else:
        ranked = _Sorted(state, trial.shared.counted)
    rank = ranked.rank
    shape = (
        *ranked.shape(),
        *(tuple(rank.get(each, each) for each in work) for work in queued if len(queued) > 1),
    )
    if not trial.shared.names:
        return shape
    names = _live_names(trial, live)
    numbers: dict[Unknown, int] = {}
    values = tuple(
        tuple((name, signature(variables[name], numbers)) for name in names if name in variables)
        for variables in ranked.variables()
    )
    store: list[Literal] = once(connected(trial.store, numbers), numbers)
    trial.store = tuple(store)
    return (shape, values, numbered(store, numbers), is_decided)


def _records(trial: Trial) -> list[Record]:
    """What may be undone, when anybody undoes; of the same thing done again and again, two stand for all."""
    found: list[Record] = []
    if not trial.shared.undoes:
        return found
    records = trial.state.records.values()
    owners = {each.scope for each in records}
    for each in records:
        before = [other for other in found[-2:] if (other.scope, other.element) == (each.scope, each.element)]
        if len(before) < 2 or each.id in owners:
            found.append(each)
    return found


def _live_names(trial: Trial, live: Live) -> tuple[str, ...]:
    elements = {each.element for each in trial.state.activities.values()}
    elements |= {wait.element for wait in trial.state.waits.values()}
    for scope in trial.state.scopes.values():
        process = trial.process_of(scope.id)
        elements |= {process.flows[each].target for each in scope.tokens}
    return live.among(elements)


def _has_order(trial: Trial) -> bool:
    """The order in which things began decides about what comes."""
    state = trial.state
    if trial.shared.undoes and any(each.undoing or each.undoes for each in state.activities.values()):
        return True
    if len(state.waits) > 1:
        signals = [each.signal for each in state.waits.values() if each.signal is not None]
        if len(signals) > len(set(signals)):
            return True
        if trial.model.has_conditions and sum(each.held is not None for each in state.waits.values()) > 1:
            return True
    return len(state.scopes) > 1 and sum(_waits_for_join(trial, each) for each in state.scopes.values()) > 1


def _waits_for_join(trial: Trial, scope: Scope) -> bool:
    if not scope.tokens:
        return False
    process = trial.process_of(scope.id)
    targets = (process.nodes[process.flows[each].target] for each in scope.tokens)
    return any(isinstance(each, model.InclusiveGateway | model.ComplexGateway) for each in targets)


class _Sorted:
    """What lives, in an order of its own."""

    def __init__(self, state: State, counted: Names) -> None:
        self.state = state
        self.rank: Mapping[str, int] = {}
        self._counted = counted
        self._stuck = {each.activity: each.code for each in state.incidents.values()} if state.incidents else {}
        self._inside: dict[str, list[Activity]] = {}
        for activity in state.activities.values():
            self._inside.setdefault(activity.scope, []).append(activity)
        self._order: dict[str, list[str]] = {}

    def shape(self) -> Key:
        """Everything but variables."""
        return (self.state.status, self._scope(ROOT))

    def _scope(self, scope_id: str) -> Key:
        scope = self.state.scopes[scope_id]
        found = sorted((self._activity(each), each.id) for each in self._inside.get(scope_id, ()))
        self._order[scope_id] = [each for _, each in found]
        return (
            scope.process,
            tuple(sorted(scope.tokens.items())),
            tuple(each for each, _ in found),
            self._waits(scope.waits),
            self._stuck.get(scope_id, ""),
        )

    def _activity(self, activity: Activity) -> Key:
        scopes = sorted((self._scope(each), each) for each in activity.scopes)
        self._order[activity.id] = [each for _, each in scopes]
        return (
            activity.element,
            activity.phase.value,
            _items(activity, self._counted),
            tuple(each for each, _ in scopes),
            self._waits(activity.waits),
            activity.flows,
            self._stuck.get(activity.id, ""),
        )

    def _waits(self, waits: Iterable[str]) -> Key:
        return tuple(sorted(_wait(self.state.waits[each]) for each in waits)) if waits else ()

    def variables(self) -> Iterable[Mapping[str, Value]]:
        """The variables of all that lives, in the order of the shape."""
        waiting = [ROOT]
        while waiting:
            at = waiting.pop()
            yield from _variables(self.state, at)
            waiting.extend(reversed(self._order[at]))


class _Ranked:
    """What lives, in the order in which it began."""

    def __init__(self, state: State, counted: Names, records: list[Record]) -> None:
        self.state = state
        self._counted = counted
        self._records = records
        kept = (each.id for each in records)
        everything = (*state.scopes, *state.activities, *state.waits, *kept, *state.incidents)
        self.rank: Mapping[str, int] = {
            each: number for number, each in enumerate(sorted(everything, key=lambda each: int(each[1:])))
        }

    def shape(self) -> Key:
        """Everything but variables."""
        state, rank = self.state, self.rank
        return (
            state.status,
            tuple(
                (rank[each.id], each.process, rank.get(each.activity or "", -1), tuple(sorted(each.tokens.items())))
                for each in state.scopes.values()
            ),
            tuple(self._activity(each) for each in state.activities.values()),
            tuple((rank[each.id], rank.get(each.activity, -1), _wait(each)) for each in state.waits.values()),
            tuple((rank[each.id], rank.get(each.scope, -1), each.element) for each in self._records),
            tuple((rank.get(each.activity, -1), each.code, each.element) for each in state.incidents.values()),
        )

    def _activity(self, activity: Activity) -> Key:
        undoing = activity.undoing
        return (
            self.rank[activity.id],
            activity.element,
            self.rank.get(activity.scope, -1),
            activity.phase.value,
            _items(activity, self._counted),
            activity.flows,
            None
            if undoing is None
            else (self.rank.get(undoing.scope, -1), undoing.target, self.rank.get(undoing.by or "", -1)),
            self.rank.get(activity.undoes or "", -1),
        )

    def variables(self) -> Iterable[Mapping[str, Value]]:
        """The variables of all that lives."""
        for each in (*self.state.scopes, *self.state.activities):
            yield from _variables(self.state, each)


def _variables(state: State, at: str) -> Iterable[Mapping[str, Value]]:
    """Of a scope, of an activity, and what an activity has as its result."""
    activity = state.activities.get(at)
    if activity is None:
        yield state.scopes[at].variables
    else:
        yield activity.variables
        yield activity.result


def _items(activity: Activity, counted: Names) -> Key:
    """How many items are still to come, and whether one is done; more is asked only where rounds are counted."""
    items = activity.items
    if items is None:
        return ()
    pending = tuple("?" if isinstance(each, Unknown) else repr(each) for each in items.pending)
    return (pending, bool(items.outputs), items.total if activity.element in counted else 0)


def _wait(wait: Wait) -> Key:
    """What it is for follows from the element and which of its events it is."""
    return (wait.element, wait.number, wait.held)
