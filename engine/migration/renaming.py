"""A state under the ids of another version: the first half of a move. Everything that lives keeps its own id; nothing begins or ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec.structs import replace

from engine.feel import Value
from engine.kernel.state import Activity, Scope, State, Undoing

Renames = Mapping[str, Any]
"""What ``Counterparts.renamed`` gives: ``processes``, and by process ``elements`` and ``flows``."""


def renamed(state: State, renames: Renames, forgotten: Mapping[str, Collection[str]]) -> State:
    """A new state. ``forgotten``: by activity, names of local inputs that the new version does not give it."""
    names = _Names(state, renames)
    scopes, activities = state.scopes, state.activities
    return State(
        process=names.process(state.process),
        status=state.status,
        counter=state.counter,
        scopes={each.id: names.scope(each) for each in scopes.values()},
        activities={
            each.id: replace(
                names.activity(each),
                variables=_without(each.variables, forgotten.get(each.id, ())),
            )
            for each in activities.values()
        },
        waits={
            each.id: replace(each, element=names.element(names.at(each.activity), each.element))
            for each in state.waits.values()
        },
        incidents={
            each.id: replace(each, element=names.element(names.at(each.activity), each.element))
            for each in state.incidents.values()
        },
        records={
            each.id: replace(
                each,
                element=names.element(names.of_record(each.scope), each.element),
                process=names.process(each.process),
            )
            for each in state.records.values()
        },
    )


def _without(variables: Mapping[str, Value], names: Collection[str]) -> dict[str, Value]:
    return {name: value for name, value in variables.items() if name not in names}


class _Names:
    """The new ids of what stands in a state."""

    def __init__(self, state: State, renames: Renames) -> None:
        self._state = state
        self._renames = renames

    def process(self, process: str) -> str:
        found: str = self._renames.get("processes", {}).get(process, process)
        return found

    def element(self, process: str, element: str) -> str:
        found: str = self._renames.get("elements", {}).get(process, {}).get(element, element)
        return found

    def at(self, owner: str) -> str:
        """The old process in which an activity, a scope or a wait stands."""
        state = self._state
        owner = state.waits[owner].activity if owner in state.waits else owner
        scope = state.activities[owner].scope if owner in state.activities else owner
        return state.scopes[scope].process

    def of_record(self, scope: str) -> str:
        """The old process of what was recorded in a scope, or inside of another record."""
        state = self._state
        return state.scopes[scope].process if scope in state.scopes else state.records[scope].process

    def scope(self, scope: Scope) -> Scope:
        flows: Mapping[str, str] = self._renames.get("flows", {}).get(scope.process, {})
        tokens: dict[str, int] = {}
        for flow, count in scope.tokens.items():
            to = flows.get(flow, flow)
            tokens[to] = tokens.get(to, 0) + count
        return replace(scope, process=self.process(scope.process), variables=scope.variables.copy(), tokens=tokens)

    def activity(self, activity: Activity) -> Activity:
        process = self._state.scopes[activity.scope].process
        flows: Mapping[str, str] = self._renames.get("flows", {}).get(process, {})
        undoing = activity.undoing
        if undoing is not None and undoing.target is not None:
            of = self._state.scopes[undoing.scope].process
            undoing = Undoing(undoing.scope, self.element(of, undoing.target), undoing.by)
        return replace(
            activity,
            element=self.element(process, activity.element),
            flows=tuple(flows.get(each, each) for each in activity.flows),
            undoing=undoing,
        )
