"""In which order slots stand in their columns, so that few lines cross: barycentres from left to right and back, then exchanges of
neighbours, then every order of small columns (Sugiyama's third step). Lanes keep their order, units stay whole.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from itertools import combinations, groupby, pairwise, permutations

from engine.model.layout.sheet import Sheet, Slot, Unit

_EXACT = 5
"""Of so many units in a lane of a column, every order is tried."""

Segments = list[list[tuple[Slot, Slot]]]


def order_slots(sheet: Sheet, sweeps: int) -> int:
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
            count = _Pairs(units, segments, column)
            for upper in range(len(units) - 1):
                one, other = units[upper], units[upper + 1]
                if one.lane == other.lane and count(other, one) < count(one, other):
                    units[upper], units[upper + 1] = other, one
                    is_better = True
            _renumber(sheet, column)


def _try_all(sheet: Sheet, segments: Segments) -> None:
    """The best of all orders of each small group of units in one lane of a column, the columns beside it staying as they are."""
    for _ in range(2):
        for column, units in enumerate(sheet.columns):
            count = _Pairs(units, segments, column)
            found: list[Unit] = []
            for _, group in groupby(units, key=lambda unit: unit.lane):
                members = list(group)
                if 1 < len(members) <= _EXACT:
                    members = list(min(permutations(members), key=lambda tried: _crossings_in(tried, count)))
                found += members
            units[:] = found
            _renumber(sheet, column)
    sheet.list_slots()


def _crossings_in(units: Iterable[Unit], count: _Pairs) -> int:
    return sum(count(upper, lower) for upper, lower in combinations(units, 2))


class _Pairs:
    """How many lines of two units of a column cross when one stands above the other, the columns beside them staying as they are."""

    def __init__(self, units: Sequence[Unit], segments: Segments, column: int) -> None:
        unit_of = {slot: number for number, unit in enumerate(units) for slot in unit.slots}
        self._number = {id(unit): number for number, unit in enumerate(units)}
        self._before: list[list[int]] = [[] for _ in units]
        self._behind: list[list[int]] = [[] for _ in units]
        for left, right in segments[column]:
            self._behind[unit_of[left]].append(right.position)
        for left, right in segments[column - 1] if column else ():
            self._before[unit_of[right]].append(left.position)
        self._known: dict[tuple[int, int], int] = {}

    def __call__(self, upper: Unit, lower: Unit) -> int:
        key = self._number[id(upper)], self._number[id(lower)]
        if key not in self._known:
            self._known[key] = sum(
                above > below
                for side in (self._before, self._behind)
                for above in side[key[0]]
                for below in side[key[1]]
            )
        return self._known[key]
