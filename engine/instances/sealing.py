"""What of a case is personal, for whoever writes into its history."""

from __future__ import annotations

from engine.history.personal import Sealer
from engine.kernel import State
from engine.model.bundle import Bundle
from engine.model.personal import personal_names


def sealer_of(bundle: Bundle, *states: State | None) -> Sealer | None:
    """What puts personal values apart from the history; None where the process has none. ``states``: before and after what happened."""
    names = personal_names(bundle)
    if not names:
        return None
    scopes = [scope.variables for each in states if each is not None for scope in each.scopes.values()]
    return Sealer(names, [held[name] for held in scopes for name in names & held.keys()])
