"""What can be said of the rows of a table before any case meets it: gaps, overlaps, rows without effect.

Whatever is told is proven: its example has been found by asking the cells themselves. What depends on cells that cannot be decided is
not told; ``Findings.undecided`` says where that leaves a question open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import prod

from engine.decisions.checks.axis import Axis, axis_of, bits
from engine.decisions.checks.constants import constant_of, path_of
from engine.decisions.checks.kinds import comparable
from engine.decisions.checks.space import MAX_AXES, Box, Space, TooLarge, axis_rows, point_in
from engine.decisions.table import Aggregation, HitPolicy, Table
from engine.feel import Value

SHOWN = 5
"""Examples of one kind per table; the others are counted."""

COUNTED = 100
"""Gaps, and groups of rows that overlap, up to which is counted."""

_SIFTED = 12
"""Rows that hide another, up to which those that do not matter are left out."""

Example = dict[int, Value]
"""Values by the number of the input, from 0. An input that no row asks about has none."""


@dataclass(frozen=True, slots=True)
class Gap:
    """No row passes for ``example``. ``near``: rows that only one input keeps from passing."""

    example: Example
    near: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """All ``rows`` pass for ``example``."""

    rows: tuple[int, ...]
    example: Example


@dataclass(frozen=True, slots=True)
class Masked:
    """Rows ``by`` take all that row ``row`` could decide."""

    row: int
    by: tuple[int, ...]


@dataclass(slots=True)
class Findings:
    """Rows and inputs by number, from 0. ``never``: a row and the input whose cell nothing can pass.

    ``undecided`` are the rows with cells that cannot be decided, when they leave open whether there are gaps or overlaps. ``work`` is
    what the sweeps took; ``is_too_large``: they were given up. ``is_dependent``: inputs that are computed from the same variables,
    so that an example may combine values that never come together.
    """

    gaps: list[Gap] = field(default_factory=list)
    gap_count: int = 0
    overlaps: list[Overlap] = field(default_factory=list)
    overlap_count: int = 0
    never: list[tuple[int, int]] = field(default_factory=list)
    masked: list[Masked] = field(default_factory=list)
    same: list[tuple[int, int]] = field(default_factory=list)
    undecided: list[int] = field(default_factory=list)
    is_too_large: bool = False
    is_dependent: bool = False
    work: int = 0


def examined(table: Table) -> Findings:
    """All that can be proven about the rows of ``table``."""
    found = Findings(is_dependent=_is_dependent(table))
    if not table.rules:
        return found
    found.same = list(_same(table))
    axes = _axes(table)
    if len(axes) > MAX_AXES:
        found.is_too_large = True
        return found
    space = Space(axes, len(table.rules))
    examiner = _Examiner(table, space, found)
    try:
        examiner.never()
        examiner.overlaps()
        examiner.gaps()
        examiner.masked()
    except TooLarge:
        found.is_too_large = True
    found.work = space.work
    return found


def _axes(table: Table) -> tuple[Axis, ...]:
    """One axis per expression: two columns of the same expression are two conditions on one value."""
    by_expression: dict[str, list[int]] = {}
    for number, column in enumerate(table.inputs):
        by_expression.setdefault(column.expression.source.strip(), []).append(number)
    made = [
        axis_of(
            columns,
            [table.inputs[each] for each in columns],
            [[r.tests[each] for r in table.rules] for each in columns],
        )
        for columns in by_expression.values()
    ]
    return tuple(sorted(made, key=_breadth))


def _breadth(axis: Axis) -> int:
    """How many pairs of row and class pass: the axis that tells the most rows apart has the fewest for its classes."""
    return sum(can.bit_count() for _, can, _ in axis.classes) // len(axis.classes)


def _is_dependent(table: Table) -> bool:
    sources = {column.expression.source.strip(): column.expression for column in table.inputs}
    seen: list[tuple[frozenset[str], tuple[str, ...] | None]] = []
    for expression in sources.values():
        path = path_of(expression)
        for variables, other in seen:
            if variables & expression.variables and (
                path is None or other is None or path[: len(other)] == other or other[: len(path)] == path
            ):
                return True
        seen.append((expression.variables, path))
    return False


def _same(table: Table) -> Iterator[tuple[int, int]]:
    first: dict[object, int] = {}
    for number, rule in enumerate(table.rules):
        earlier = first.setdefault((rule.tests, rule.outputs), number)
        if earlier != number:
            yield earlier, number


class _Examiner:
    def __init__(self, table: Table, space: Space, found: Findings) -> None:
        self._table = table
        self._space = space
        self._found = found
        self._all = (1 << len(table.rules)) - 1
        self._opaque = 0
        for axis in space.axes:
            self._opaque |= axis.opaque
        self._never = 0

    # --- rows that never pass

    def never(self) -> None:
        for axis in self._space.axes:
            for row, members in enumerate(axis.may):
                if not members and not self._never >> row & 1:
                    self._never |= 1 << row
                    self._found.never.append((row, self._barred(axis, row)))
        self._found.never.sort()

    def _barred(self, axis: Axis, row: int) -> int:
        return next((each for each in axis.columns if not self._table.rules[row].tests[each].is_any), axis.columns[0])

    # --- gaps

    def gaps(self) -> None:
        if not _needs_every_case(self._table):
            return
        region = tuple(axis.plain for axis in self._space.axes)
        if self._fills(region):
            return
        boxes = self._space.holes(self._all, region, COUNTED, is_sure=False)
        self._found.gap_count = len(boxes)
        for box in boxes[:SHOWN]:
            point = point_in(box)
            self._found.gaps.append(Gap(self._example(point), self._near(point)))
        if not boxes and self._is_open(region):
            self._leave_open()

    def _fills(self, region: Box) -> bool:
        """Whether rows that never overlap fill ``region``: then their sizes add up to its own, which is quick to see."""
        if self._table.hit_policy is not HitPolicy.UNIQUE or self._opaque or self._found.overlap_count:
            return False
        filled = 0
        for row in range(len(self._table.rules)):
            filled += _size(mine & all_ for mine, all_ in zip(self._space.row(row, is_sure=True), region, strict=True))
        return filled == _size(region)

    def _is_open(self, region: Box) -> bool:
        return bool(self._opaque) and bool(self._space.holes(self._all, region, 1, is_sure=True))

    def _leave_open(self) -> None:
        self._found.undecided = list(bits(self._opaque & ~self._never))

    def _near(self, point: Sequence[int]) -> tuple[int, ...]:
        """At most two rows that a single input keeps away, those whose cell lies closest first."""
        found: list[tuple[int, int]] = []
        passing = [axis_rows(axis, piece) for axis, piece in zip(self._space.axes, point, strict=True)]
        for number, axis in enumerate(self._space.axes):
            others = self._all
            for index, rows in enumerate(passing):
                if index != number:
                    others &= rows
            found.extend(
                (_distance(axis.must[row], point[number]), row)
                for row in bits(others & ~passing[number])
                if axis.must[row]
            )
        return tuple(sorted(row for _, row in sorted(found)[:2]))

    def _example(self, point: Sequence[int]) -> Example:
        found: Example = {}
        for axis, piece in zip(self._space.axes, point, strict=True):
            if not axis.is_trivial or axis.pieces[piece].role == "null":
                found.update(dict.fromkeys(axis.columns, axis.pieces[piece].sample))
        return dict(sorted(found.items()))

    # --- overlaps

    def overlaps(self) -> None:
        policy = self._table.hit_policy
        if policy not in (HitPolicy.UNIQUE, HitPolicy.ANY):
            return
        rivals = self._rivals() if policy is HitPolicy.ANY else None
        told = [0] * len(self._table.rules)
        open_question = False
        for row in range(len(self._table.rules)):
            later = self._all & ~((2 << row) - 1)
            against = later if rivals is None else later & rivals[row]
            if not against or self._found.overlap_count == COUNTED:
                continue
            untold = self._space.overlapping(row, is_sure=True) & against & ~told[row]
            while untold and self._found.overlap_count < COUNTED:
                self._tell(row, next(bits(untold)), told)
                untold &= ~told[row]
            if self._opaque and not open_question:
                possible = self._space.overlapping(row, is_sure=False) & against
                open_question = bool(possible & (self._all if self._opaque >> row & 1 else self._opaque))
        if open_question:
            self._leave_open()

    def _tell(self, row: int, other: int, told: list[int]) -> None:
        one, two = self._space.row(row, is_sure=True), self._space.row(other, is_sure=True)
        point = point_in(tuple(a & b & axis.known for a, b, axis in zip(one, two, self._space.axes, strict=True)))
        together = self._space.passing(point)
        for each in bits(together):
            told[each] |= together
        self._found.overlap_count += 1
        if len(self._found.overlaps) < SHOWN:
            self._found.overlaps.append(Overlap(tuple(bits(together)), self._example(point)))

    def _rivals(self) -> list[int]:
        """For each row the rows whose outputs are certainly different: constants that are not equal."""
        groups: dict[object, int] = {}
        mine: list[object] = []
        for row, rule in enumerate(self._table.rules):
            values = [constant_of(cell) for cell in rule.outputs]
            key = None if None in values else tuple(_key(value[0]) for value in values if value is not None)
            mine.append(key)
            if key is not None:
                groups[key] = groups.get(key, 0) | 1 << row
        constant = sum(groups.values())
        return [0 if key is None else constant & ~groups[key] for key in mine]

    # --- rows that others hide

    def masked(self) -> None:
        weights = self._weights()
        if weights is None:
            return
        order = sorted(range(len(weights)), key=lambda row: (weights[row], row))
        stronger = 0
        for row in order:
            region = self._space.row(row, is_sure=False)
            if all(region) and stronger:
                self._hide(row, region, stronger)
            stronger |= 1 << row

    def _hide(self, row: int, region: Box, stronger: int) -> None:
        for number, members in enumerate(region):
            stronger &= self._space.meeting(number, members)
        if not stronger or self._space.holes(stronger, region, 1, is_sure=True):
            return
        if stronger.bit_count() <= _SIFTED:
            for each in reversed(list(bits(stronger))):
                if not self._space.holes(stronger & ~(1 << each), region, 1, is_sure=True):
                    stronger &= ~(1 << each)
        self._found.masked.append(Masked(row, tuple(bits(stronger))))

    def _weights(self) -> list[tuple[int, ...]] | None:
        """What decides which of several rows that pass gives the result, the least first; None where every row counts."""
        if self._table.hit_policy is HitPolicy.FIRST:
            return [()] * len(self._table.rules)
        if self._table.hit_policy is not HitPolicy.PRIORITY:
            return None
        ranks = [[constant_of(value) for value in column.values] for column in self._table.columns]
        if any(None in known for known in ranks):
            return None
        places = [_places([each[0] for each in known if each is not None]) for known in ranks]
        found: list[tuple[int, ...]] = []
        for rule in self._table.rules:
            weight: list[int] = []
            for cell, known in zip(rule.outputs, places, strict=True):
                value = constant_of(cell)
                if known and value is None:
                    return None
                weight.append(len(known) if value is None else known.get(_key(value[0]), len(known)))
            found.append(tuple(weight))
        return found


def _places(values: Sequence[Value]) -> dict[object, int]:
    """The place of each value, the first counts."""
    found: dict[object, int] = {}
    for number, value in enumerate(values):
        found.setdefault(_key(value), number)
    return found


def _key(value: Value) -> object:
    """Equal for values that FEEL calls equal."""
    if isinstance(value, list):
        return (list, tuple(map(_key, value)))
    if isinstance(value, dict):
        return (dict, frozenset((name, _key(each)) for name, each in value.items()))
    return (type(value), comparable(value))


def _size(box: Iterable[int]) -> int:
    return prod(pieces.bit_count() for pieces in box)


def _needs_every_case(table: Table) -> bool:
    """Whether a case without any row is left without a result: not when there is a default, a list, or a count."""
    if any(column.default is not None for column in table.columns):
        return False
    if table.hit_policy in (HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER):
        return False
    return not (table.hit_policy is HitPolicy.COLLECT and table.aggregation in (None, Aggregation.COUNT))


def _distance(members: int, piece: int) -> int:
    above = members >> piece
    below = members & ((1 << piece) - 1)
    up = (above & -above).bit_length() - 1 if above else members.bit_length() + piece
    down = piece - (below.bit_length() - 1) if below else members.bit_length() + piece
    return min(up, down)
