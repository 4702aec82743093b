"""In which order slots stand in their columns, so that few lines cross: barycentres from left to right and back, then exchanges of
neighbours, then every order of small columns (Sugiyama's third step). Lanes keep their order, units stay whole.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import groupby, pairwise, permutations

from engine.model.layout.sheet import Sheet, Slot, Unit

_EXACT = 5
"""Of so many units in a lane of a column, every order is tried."""

Segments = list[list[tuple[Slot, Slot]]]


def order_slots(sheet: Sheet, sweeps: int = 8) -> int:
    """Order the columns of ``sheet``; how many crossings are left between neighbouring columns."""
    segments = segments_of(sheet)
    best = _total(segments)
    kept = _arrangement(sheet)
    for sweep in range(sweeps):
        if best == 0:
            break
        columns = range(len(sheet.columns))
        for column in columns if sweep % 2 == 0 else reversed(columns):
            _by_barycentre(sheet, segments, column, from_left=sweep % 2 == 0)
        _exchange(sheet, segments)
        if (found := _total(segments)) < best:
            best, kept = found, _arrangement(sheet)
    sheet.columns = [list(column) for column in kept]
    sheet.list_slots()
    if best:
        _try_all(sheet, segments)
    return _total(segments)


def segments_of(sheet: Sheet) -> Segments:
    """Between each column and the next, the slots that a line joins."""
    found: Segments = [[] for _ in sheet.columns]
    for chain in sheet.chains.values():
        for left, right in pairwise(chain):
            found[left.column].append((left, right))
    return found


def _arrangement(sheet: Sheet) -> list[list[Unit]]:
    return [list(column) for column in sheet.columns]


def _total(segments: Segments) -> int:
    return sum(_crossings(each) for each in segments)


def _crossings(segments: Sequence[tuple[Slot, Slot]]) -> int:
    """Pairs of lines whose ends are in opposite orders."""
    if len(segments) < 2:
        return 0
    found, seen = 0, list[int]()
    for _, group in groupby(sorted((a.position, b.position) for a, b in segments), key=lambda each: each[0]):
        ends = [each[1] for each in group]
        for end in ends:
            found += len(seen) - bisect_right(seen, end)
        for end in ends:
            insort(seen, end)
    return found


def _around(segments: Segments, column: int) -> int:
    return _crossings(segments[column]) + (_crossings(segments[column - 1]) if column else 0)


def _by_barycentre(sheet: Sheet, segments: Segments, column: int, *, from_left: bool) -> None:
    """Sort the units of a column by the mean place of what they are joined to on one side; what is joined to nothing stays."""
    joined: dict[Slot, list[int]] = {}
    if from_left:
        for left, right in segments[column - 1] if column else ():
            joined.setdefault(right, []).append(left.position)
    else:
        for left, right in segments[column]:
            joined.setdefault(left, []).append(right.position)
    keys: dict[int, tuple[int, float]] = {}
    for unit in sheet.columns[column]:
        found = [each for slot in unit.slots for each in joined.get(slot, ())]
        place = sum(found) / len(found) if found else float(unit.slots[0].position)
        keys[id(unit)] = (unit.lane, place)
    sheet.columns[column].sort(key=lambda unit: keys[id(unit)])
    _renumber(sheet, column)


def _renumber(sheet: Sheet, column: int) -> None:
    position = 0
    for unit in sheet.columns[column]:
        for slot in unit.slots:
            slot.position = position
            position += 1


def _exchange(sheet: Sheet, segments: Segments) -> None:
    """Exchange neighbours of one lane while that saves crossings."""
    is_better = True
    rounds = 0
    while is_better and rounds < 10:
        is_better, rounds = False, rounds + 1
        for column, units in enumerate(sheet.columns):
            before = _around(segments, column)
            for upper in range(len(units) - 1):
                if before == 0:
                    break
                if units[upper].lane != units[upper + 1].lane:
                    continue
                units[upper], units[upper + 1] = units[upper + 1], units[upper]
                _renumber(sheet, column)
                after = _around(segments, column)
                if after < before:
                    before, is_better = after, True
                else:
                    units[upper], units[upper + 1] = units[upper + 1], units[upper]
                    _renumber(sheet, column)


def _try_all(sheet: Sheet, segments: Segments) -> None:
    for _ in range(2):
        for column, units in enumerate(sheet.columns):
            before = _around(segments, column)
            for lane, group in groupby(list(units), key=lambda unit: unit.lane):
                members = list(group)
                if not 1 < len(members) <= _EXACT or before == 0:
                    continue
                start = next(index for index, unit in enumerate(units) if unit.lane == lane)
                best = members
                for tried in permutations(members):
                    units[start : start + len(members)] = tried
                    _renumber(sheet, column)
                    if (after := _around(segments, column)) < before:
                        before, best = after, list(tried)
                units[start : start + len(members)] = best
                _renumber(sheet, column)
    sheet.list_slots()
