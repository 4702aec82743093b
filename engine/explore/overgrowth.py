"""Why more scopes are open in one state than are followed: a process calls itself, the drawing is nested deep, or much happens at once."""

from __future__ import annotations

from collections import Counter

from engine.explore.trial import Trial
from engine.explore.verdict import Kind
from engine.kernel.state import ROOT, Scope
from engine.model import elements as model


def overgrowth(trial: Trial) -> tuple[Kind, str | None]:
    """The reason, and the element to look at: the call that comes back, what lies deepest, or what is at work most often."""
    chains = [_around(trial, each) for each in trial.state.scopes.values()]
    for chain in chains:
        again = _called_again(trial, chain)
        if again is not None:
            return Kind.CALLS_ITSELF, again
    deepest = max(chains, key=len)
    if 2 * len(deepest) > len(chains):
        return Kind.DEEP, _owner(trial, deepest[-1])
    (element, _), *_ = Counter(_owner(trial, chain[-1]) for chain in chains).most_common(1)
    return Kind.MUCH_AT_ONCE, element


def _around(trial: Trial, scope: Scope) -> list[Scope]:
    """The scopes around it, from the outermost one; itself is the last."""
    found = [scope]
    while (owner := trial.state.activities.get(found[-1].activity or "")) is not None:
        found.append(trial.state.scopes[owner.scope])
    return found[::-1]


def _owner(trial: Trial, scope: Scope) -> str | None:
    owner = trial.state.activities.get(scope.activity or "")
    return None if owner is None else owner.element


def _called_again(trial: Trial, chain: list[Scope]) -> str | None:
    """The call that enters a process inside itself."""
    entered = {trial.state.scopes[ROOT].process}
    for scope in chain:
        owner = trial.state.activities.get(scope.activity or "")
        if owner is None or scope.item is not None or not isinstance(trial.node_of(owner), model.CallActivity):
            continue
        if scope.process in entered:
            return owner.element
        entered.add(scope.process)
    return None
