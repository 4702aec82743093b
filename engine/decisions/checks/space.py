"""All combinations of inputs of a table: where no row passes, and which rows pass together.

The sweep goes axis by axis over the classes of pieces with the set of rows that are still possible, as in D. Calvanese, M. Dumas,
Ü. Laurson, F. M. Maggi, M. Montali, I. Teinemaa, "Semantics and Analysis of DMN Decision Tables" (BPM 2016) and "Semantics, Analysis and
Simplification of DMN Decision Tables" (Information Systems 78, 2018). Two things differ: sets of rows are bits of one number, and what
was found out for a set of rows is kept, so that equal parts of the table are swept once. The work is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.decisions.checks.axis import Axis, bits

MAX_WORK = 1_000_000
"""Classes that the sweeps over one table may look at; about a second."""

_INPUTS_PER_STEP = 8
"""Of two parts, that can be compared in the time of one class."""

MAX_AXES = 200
"""Different inputs of one table: the sweep nests as deep."""

Box = tuple[int, ...]
"""A part of the space: the pieces on each axis."""


class TooLarge(Exception):
    """The work of a sweep exceeds ``MAX_WORK``."""


@dataclass(slots=True)
class Space:
    """``axes`` in the order in which they are swept: first those that tell the most rows apart."""

    axes: tuple[Axis, ...]
    rows: int
    work: int = 0
    _met: dict[tuple[int, int, bool], int] = field(default_factory=dict)
    _trees: dict[tuple[int, bool], list[int]] = field(default_factory=dict)

    def spend(self, steps: int) -> None:
        """Count work. Raises TooLarge."""
        self.work += steps
        if self.work > MAX_WORK:
            raise TooLarge

    def row(self, index: int, *, is_sure: bool) -> Box:
        """Where row ``index`` passes for sure, or can pass."""
        return tuple((axis.must if is_sure else axis.may)[index] for axis in self.axes)

    def holes(self, rows: int, region: Box, limit: int, *, is_sure: bool) -> list[Box]:
        """Parts of ``region`` where none of ``rows`` passes, as large as the sweep can make them, at most about ``limit``.

        ``is_sure``: only rows that pass for sure count as passing. An empty answer is a proof. Raises TooLarge.
        """
        if not all(region):
            return []
        return list(_Sweep(self, region, limit, rows, is_sure=is_sure).holes(0, rows))

    def overlapping(self, index: int, *, is_sure: bool) -> int:
        """The rows that share a combination with row ``index``: two rows meet exactly when they meet on every axis. Raises TooLarge."""
        found = (1 << self.rows) - 1
        for number, axis in enumerate(self.axes):
            members = (axis.must if is_sure else axis.may)[index] & axis.known
            found &= self.meeting(number, members, is_sure=is_sure)
            if found & (found - 1) == 0:
                break
        return found & ~(1 << index)

    def meeting(self, number: int, members: int, *, is_sure: bool = True) -> int:
        """The rows that pass somewhere on the pieces ``members`` of axis ``number``. Raises TooLarge."""
        known = self._met.get((number, members, is_sure))
        if known is None:
            tree = self._trees.get((number, is_sure))
            if tree is None:
                tree = self._trees[number, is_sure] = _tree(self.axes[number], is_sure=is_sure)
            edges = list(bits(members ^ (members << 1)))
            self.spend(len(edges))
            known = 0
            for start, end in zip(edges[::2], edges[1::2], strict=True):
                known |= _any_in(tree, start, end)
            self._met[number, members, is_sure] = known
        return known

    def passing(self, point: Sequence[int]) -> int:
        """The rows that pass for sure at ``point``, one piece per axis."""
        found = (1 << self.rows) - 1
        for axis, piece in zip(self.axes, point, strict=True):
            found &= axis_rows(axis, piece)
        return found


def axis_rows(axis: Axis, piece: int) -> int:
    """The rows that pass for sure on a piece of one axis."""
    return next(does for pieces, _, does in axis.classes if pieces >> piece & 1)


def _tree(axis: Axis, *, is_sure: bool) -> list[int]:
    """A segment tree over the pieces: node ``n`` has the rows of nodes ``2n`` and ``2n + 1``, the leaves are the second half."""
    size = len(axis.pieces)
    tree = [0] * (2 * size)
    for pieces, can, does in axis.classes:
        for piece in bits(pieces):
            tree[size + piece] = does if is_sure else can
    for node in range(size - 1, 0, -1):
        tree[node] = tree[2 * node] | tree[2 * node + 1]
    return tree


def _any_in(tree: list[int], start: int, end: int) -> int:
    """The rows of the leaves from ``start`` up to, not with, ``end``."""
    size = len(tree) // 2
    found, start, end = 0, start + size, end + size
    while start < end:
        if start & 1:
            found |= tree[start]
            start += 1
        if end & 1:
            end -= 1
            found |= tree[end]
        start, end = start // 2, end // 2
    return found


def point_in(box: Box) -> tuple[int, ...]:
    """The first piece on each axis."""
    return tuple(next(bits(pieces)) for pieces in box)


class _Sweep:
    """One search for holes among ``rows``. ``_full[k]`` are those that pass everywhere in the region from axis ``k`` on."""

    def __init__(self, space: Space, region: Box, limit: int, rows: int, *, is_sure: bool) -> None:
        self._space = space
        self._limit = limit
        self._region = region
        self._is_sure = is_sure
        self._known: dict[tuple[int, int], tuple[Box, ...]] = {}
        self._members = [axis.must if is_sure else axis.may for axis in space.axes]
        self._classes: dict[int, list[tuple[int, int]]] = {}
        full = rows
        self._full = [full]
        for members, wanted in zip(reversed(self._members), reversed(region), strict=True):
            space.spend(full.bit_count())
            for row in bits(full):
                if wanted & ~members[row]:
                    full &= ~(1 << row)
            self._full.insert(0, full)

    def holes(self, level: int, rows: int) -> tuple[Box, ...]:
        """The holes from axis ``level`` on, where ``rows`` are those that passed so far."""
        if rows & self._full[level]:
            return ()
        if not rows:
            return (self._region[level:],)
        known = self._known.get((level, rows))
        if known is not None:
            return known
        merged: dict[Box, int] = {}
        for left, pieces in self._split(level, rows).items():
            boxes = self.holes(level + 1, left)
            # a part of many inputs takes its time to be compared with the others
            self._space.spend(len(boxes) * (len(self._region) - level) // _INPUTS_PER_STEP)
            for box in boxes:
                merged[box] = merged.get(box, 0) | pieces
            if len(merged) >= self._limit:
                break
        found = tuple((pieces, *box) for box, pieces in merged.items())
        self._known[level, rows] = found
        return found

    def _split(self, level: int, rows: int) -> dict[int, int]:
        """The pieces of one axis by the rows of ``rows`` that pass there: from the classes of all rows, or from few rows alone."""
        same: dict[int, int] = {}
        few = rows.bit_count()
        if 2 * few * few > len(self._space.axes[level].classes):
            classes = self._classes_of(level)
            self._space.spend(len(classes))
            for pieces, passing in classes:
                left = passing & rows
                same[left] = same.get(left, 0) | pieces
            return same
        parts = [(self._region[level], 0)]
        for row in bits(rows):
            members = self._members[level][row]
            parts = [
                (part, passing)
                for pieces, before in parts
                for part, passing in ((pieces & members, before | 1 << row), (pieces & ~members, before))
                if part
            ]
            self._space.spend(len(parts))
        for pieces, left in parts:
            same[left] = same.get(left, 0) | pieces
        return dict(sorted(same.items(), key=lambda part: part[1] & -part[1]))

    def _classes_of(self, level: int) -> list[tuple[int, int]]:
        """The classes of one axis within the region."""
        found = self._classes.get(level)
        if found is None:
            wanted = self._region[level]
            classes = self._space.axes[level].classes
            self._space.spend(len(classes))
            found = self._classes[level] = [
                (pieces & wanted, does if self._is_sure else can) for pieces, can, does in classes if pieces & wanted
            ]
        return found
