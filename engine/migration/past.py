"""The state that a whole history leads to, through moves to other versions and back.

A history is a sequence of records (``engine.protocol.events.to_record``, and what the engine notes beside). Two of those change the state
without being moves of tokens: ``instance:migrated`` gives what lives the ids of another version, the kernel's events after it say what
began and ended with that; ``instance:migration-undone`` puts back the state before, all but the counter of ids: none is given twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def versions(records: Iterable[Mapping[str, Any]], first: str) -> Iterator[str]:
    """The content hash of the version in which each of ``records`` happened; ``first``: of the one that the case began with."""
    now = first
    for record in records:
        yield now
        if record.get("type") in {MIGRATED, UNDONE}:
            now = record["to"]["content_hash"]


def first_version(records: Iterable[Mapping[str, Any]], present: str) -> str:
    """The content hash of the version that the case began with; ``present``: of the one that it is in by now."""
    moves = (each for each in records if each.get("type") == MIGRATED)
    return next((str(each["from"]["content_hash"]) for each in moves), present)


def restored(before: State, now: State) -> State:
    """The state as it was, but for the counter: an id that was given since then is not given again."""
    found = before.copy()
    found.counter = now.counter
    return found


def under_present_ids(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records of a history with elements and flows under the ids that they have in the version that the case is in by now.

    What has no counterpart keeps its id.
    """
    paths: list[tuple[int, ...]] = []
    path: tuple[int, ...] = ()
    for position, record in enumerate(records):
        if record.get("type") == MIGRATED:
            path = (*path, position)
        elif record.get("type") == UNDONE:
            path = path[:-1]
        paths.append(path)
    ways = {each: _way(records, each, path) for each in set(paths)}
    return [_renamed(record, ways[at]) for record, at in zip(records, paths, strict=True)]


_Way = tuple[dict[str, str], dict[str, str]]


def _way(records: Sequence[Mapping[str, Any]], here: tuple[int, ...], there: tuple[int, ...]) -> list[_Way]:
    """The renamings, one after the other, from the version after the moves ``here`` to the one after ``there``."""
    common = next(
        (at for at, pair in enumerate(zip(here, there, strict=False)) if pair[0] != pair[1]), min(len(here), len(there))
    )
    back = [_pairs(records[each], is_back=True) for each in reversed(here[common:])]
    return [*back, *(_pairs(records[each], is_back=False) for each in there[common:])]


def _pairs(record: Mapping[str, Any], *, is_back: bool) -> _Way:
    def of(kind: str) -> dict[str, str]:
        found = {one: other for ids in record["renamed"][kind].values() for one, other in ids.items()}
        return {other: one for one, other in found.items()} if is_back else found

    return of("elements"), of("flows")


def _renamed(record: Mapping[str, Any], way: Sequence[_Way]) -> Mapping[str, Any]:
    if not way or record.get("type") in {MIGRATED, UNDONE}:
        return record
    found = dict(record)
    for elements, flows in way:
        for member in ("element", "start_event", "target"):
            if isinstance(found.get(member), str):
                found[member] = elements.get(found[member], found[member])
        if isinstance(found.get("flow"), str):
            found["flow"] = flows.get(found["flow"], found["flow"])
        if isinstance(found.get("flows"), list | tuple):
            found["flows"] = tuple(flows.get(each, each) for each in found["flows"])
    return found
