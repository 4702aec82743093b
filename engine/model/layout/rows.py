"""In which row each slot stands, so that lines are straight: slots that a line joins are made one block where nothing forbids it, then
blocks are laid on each other (after Brandes and Köpf 2002, with whole rows and one alignment in the order of importance).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from engine.model.layout.items import Item, Link
from engine.model.layout.sheet import Kind, Sheet, Slot


def assign_rows(sheet: Sheet) -> list[int]:
    """Set ``Slot.row``; gives the first row of each lane and, last, how many rows there are."""
    blocks = _Blocks(sheet)
    for left, right in _by_importance(sheet):
        blocks.align(left, right)
    firsts = blocks.number(sheet)
    for slot in blocks.of:
        slot.row = blocks.row[blocks.of[slot]]
    return firsts


def _by_importance(sheet: Sheet) -> list[tuple[Slot, Slot]]:
    """Long lines should not bend, the longest way should be straight, then all others in file order."""
    main = _main_path(sheet)
    found: list[tuple[int, int, tuple[Slot, Slot]]] = []
    for link, chain in sheet.chains.items():
        for left, right in itertools.pairwise(chain):
            if left.lane != right.lane:
                continue
            if link in main:
                weight = 6
            elif left.kind is right.kind is Kind.LINE:
                weight = 5
            elif Kind.TURN in (left.kind, right.kind):
                weight = 4
            elif Kind.LINE in (left.kind, right.kind):
                weight = 3
            else:
                weight = 2
            found.append((-weight, len(found), (left, right)))
    return [pair for *_, pair in sorted(found, key=lambda each: each[:2])]


def _main_path(sheet: Sheet) -> set[Link]:
    """The links of the longest way forward from node to node, lanes kept as far as possible."""
    entering: dict[Item, list[Link]] = {}
    for link in sheet.chains:
        if not link.is_back and not link.is_self and link.event is None:
            entering.setdefault(link.target, []).append(link)
    length: dict[Item, int] = {}
    before: dict[Item, Link] = {}
    for item, _ in sorted(sheet.node_slots.items(), key=lambda each: each[1].column):
        best = max(entering.get(item, ()), key=lambda link: _gain(link, length), default=None)
        length[item] = 0 if best is None else _gain(best, length)
        if best is not None:
            before[item] = best
    at = max(length, key=lambda item: length[item], default=None)
    found: set[Link] = set()
    while at is not None and at in before:
        found.add(before[at])
        at = before[at].source
    return found


def _gain(link: Link, length: Mapping[Item, int]) -> int:
    """How long the way is that ends with this link; what changes its lane is no straight line anyway."""
    return length[link.source] + (2 if link.source.lane == link.target.lane else -1)


class _Blocks:
    """Slots of different columns in one row. ``after`` are the blocks that stand directly below one in some column."""

    def __init__(self, sheet: Sheet) -> None:
        self.of: dict[Slot, int] = {}
        self.slots: list[list[Slot]] = []
        self.after: list[set[int]] = []
        self.row: dict[int, int] = {}
        for column in sheet.order:
            for slot in column:
                self.of[slot] = len(self.slots)
                self.slots.append([slot])
                self.after.append(set())
            for upper, lower in itertools.pairwise(column):
                self.after[self.of[upper]].add(self.of[lower])

    def align(self, left: Slot, right: Slot) -> None:
        """Make one block of two, unless one has a slot in the other's column or stands below the other."""
        first, second = self.of[left], self.of[right]
        if first == second or {s.column for s in self.slots[first]} & {s.column for s in self.slots[second]}:
            return
        if self._is_below(first, second) or self._is_below(second, first):
            return
        for slot in self.slots[second]:
            self.of[slot] = first
        self.slots[first] += self.slots[second]
        self.slots[second] = []
        self.after[first] |= self.after[second]
        self.after[second] = set()
        for each in self.after:
            if second in each:
                each.discard(second)
                each.add(first)

    def _is_below(self, upper: int, lower: int) -> bool:
        """Whether from ``upper``, going down, one comes to ``lower``."""
        seen, waiting = {upper}, [upper]
        while waiting:
            for each in self.after[waiting.pop()]:
                if each == lower:
                    return True
                if each not in seen:
                    seen.add(each)
                    waiting.append(each)
        return False

    def number(self, sheet: Sheet) -> list[int]:
        """Rows from above, lane after lane; then each block moves down to its neighbours as far as there is room."""
        living = [each for each, slots in enumerate(self.slots) if slots]
        lane = {each: self.slots[each][0].lane for each in living}
        order = self._sorted(living)
        firsts, start = list[int](), 0
        for number in range(sheet.lanes):
            firsts.append(start)
            members = [each for each in order if lane[each] == number]
            for each in members:
                above = [self.row[one] + 1 for one in self._above(each) if lane[one] == number]
                self.row[each] = max(above, default=start)
            end = max((self.row[each] + 1 for each in members), default=start + 1)
            self._settle(members, lane, number, end, sheet)
            start = max(end, start + 1)
        firsts.append(start)
        return firsts

    def _above(self, block: int) -> list[int]:
        return [one for one, below in enumerate(self.after) if block in below]

    def _sorted(self, living: list[int]) -> list[int]:
        missing = dict.fromkeys(living, 0)
        for each in living:
            for below in self.after[each]:
                missing[below] += 1
        ready = [each for each in living if not missing[each]]
        order: list[int] = []
        while ready:
            each = ready.pop(0)
            order.append(each)
            for below in sorted(self.after[each]):
                missing[below] -= 1
                if not missing[below]:
                    ready.append(below)
        return order

    def _settle(self, members: list[int], lane: Mapping[int, int], number: int, end: int, sheet: Sheet) -> None:
        """Move blocks down, the lowest first, where that brings them nearer to what they are joined to."""
        joined: dict[int, list[int]] = {each: [] for each in members}
        for chain in sheet.chains.values():
            for left, right in itertools.pairwise(chain):
                first, second = self.of[left], self.of[right]
                if first == second:
                    continue
                for one, other in ((first, second), (second, first)):
                    if one in joined:
                        joined[one].append(other)
        for each in reversed(members):
            below = [self.row[one] for one in self.after[each] if lane[one] == number]
            lowest = min(below, default=end) - 1
            rows = sorted(
                self.row[other] if lane[other] == number else (end if lane[other] > number else -1)
                for other in joined[each]
                if other in self.row or lane[other] > number
            )
            if not rows:
                # nothing but its own unit holds it: stay next to what is below
                rows = [self.row[each]]
            wanted = rows[len(rows) // 2]
            self.row[each] = max(self.row[each], min(lowest, wanted))
