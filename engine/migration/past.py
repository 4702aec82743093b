"""The state that a whole history leads to, through moves to other versions and back.

A history is a sequence of records (``engine.protocol.events.to_record``, and what the engine notes beside). Two of those change the state
without being moves of tokens: ``instance:migrated`` gives what lives the ids of another version, the kernel's events after it say what
began and ended with that; ``instance:migration-undone`` puts back the state before, all but the counter of ids: none is given twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from engine.errors import InvariantBroken
from engine.kernel.fold import apply
from engine.kernel.state import State
from engine.migration.renaming import renamed
from engine.protocol.events import EVENTS, from_record

MIGRATED: Final = "instance:migrated"
UNDONE: Final = "instance:migration-undone"


def fold_case(records: Iterable[Mapping[str, Any]]) -> State:
    """The state after all of ``records``, which begin with the start of the case.

    Raises:
        InvariantBroken: code ``migration_undone_without_one``.
        ValueError: an event of the kernel that cannot be read.
    """
    state, before = State(), None
    for record in records:
        kind = record.get("type", "")
        if kind == MIGRATED:
            before, state = state.copy(), renamed(state, record["renamed"], record["forgotten"])
        elif kind == UNDONE:
            if before is None:
                raise InvariantBroken("migration_undone_without_one")
            state, before = restored(before, state), None
        elif kind in EVENTS:
            apply(state, from_record(record))
    return state


def restored(before: State, now: State) -> State:
    """The state as it was, but for the counter: an id that was given since then is not given again."""
    found = before.copy()
    found.counter = now.counter
    return found
