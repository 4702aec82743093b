"""What of a case is personal, for whoever writes into its history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from engine.history.personal import Sealer
from engine.kernel import State
from engine.model.bundle import Bundle
from engine.model.personal import personal_names


def sealer_of(
    bundles: Iterable[Bundle], *states: State | None, columns: Mapping[str, Collection[str]] | None = None
) -> Sealer | None:
    """What puts personal values apart from the history; None where no version has any. ``bundles``: of the version, of both in a move;
    ``states``: before and after what happened; ``columns``: those of the business that are personal, by table, where rows are told.
    """
    names = frozenset[str]().union(*(personal_names(each) for each in bundles))
    if not names and not columns:
        return None
    scopes = [scope.variables for each in states if each is not None for scope in each.scopes.values()]
    return Sealer(names, [held[name] for held in scopes for name in names & held.keys()], columns or {})
