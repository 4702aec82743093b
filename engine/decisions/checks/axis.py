"""One input of a table as an axis: cut at every constant of its cells into *pieces* on which no cell changes its answer.

What a cell answers on a piece is asked of the compiled cell itself with one value of the piece, so that there is no second reading of
FEEL here. Sets of pieces and sets of rows are the bits of numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal

from engine.decisions.checks.constants import constants_of, counts
from engine.decisions.checks.kinds import BY_TYPE, WHOLE, Kind, comparable, kind_of
from engine.decisions.table import Input
from engine.feel import Environment, Function, UnaryTests, Value
from engine.feel.tree import TypeName

OTHER_TEXT = "…"
"""Stands for every text that no cell names."""

_ODD = Function("another kind of value", (), lambda: None)
_ENVIRONMENT = Environment(datetime(2026, 1, 1, tzinfo=UTC))
"""Cells that depend on the moment are not asked."""

Role = Literal["plain", "unsure", "null", "odd"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Values that no cell tells apart, by one ``sample``.

    ``plain`` pieces are what a table should cover. ``unsure``: the column's own values could not be decided. ``null``: an input that is
    absent; no gap is told for it, because ``-`` means "anything" and few tables want a row for nothing. ``odd``: a value of a kind
    that the column was not made for; it only keeps a row from being called unreachable.
    """

    sample: Value
    role: Role = "plain"


@dataclass(frozen=True, slots=True)
class Axis:
    """``columns`` are the numbers of the inputs that read the same. ``may`` and ``must`` are the pieces where each row can and does pass.

    They differ where a cell is *opaque*: it depends on more than constants. ``classes`` are the pieces that no row tells apart, each
    with the rows that may and that must pass. ``plain`` are the pieces of that role, ``known`` these and null.
    """

    columns: tuple[int, ...]
    pieces: tuple[Piece, ...]
    may: tuple[int, ...]
    must: tuple[int, ...]
    classes: tuple[tuple[int, int, int], ...]
    opaque: int
    is_trivial: bool
    plain: int
    known: int


def axis_of(columns: Sequence[int], inputs: Sequence[Input], cells: Sequence[Sequence[UnaryTests]]) -> Axis:
    """The axis of ``inputs`` (one or several that read the same); ``cells`` are those of each input, by row."""
    allowed = [tests for each in inputs for tests in (each.allowed, *each.limits) if tests is not None]
    known: dict[UnaryTests, tuple[Value, ...]] = {}
    for cell in {*(cell for column in cells for cell in column), *allowed}:
        constants = constants_of(cell)
        if constants is not None:
            known[cell] = constants
    made = _Pieces(inputs, [value for constants in known.values() for value in constants])
    made.restrict(allowed, known)
    everything = made.everything
    rows = len(cells[0])
    may, must, opaque = [everything] * rows, [everything] * rows, 0
    passed: dict[UnaryTests, int] = {}
    for column in cells:
        for row, cell in enumerate(column):
            if cell.is_any:
                continue
            if cell not in known or made.is_foreign:
                must[row] = 0
                opaque |= 1 << row
                continue
            if cell not in passed:
                passed[cell] = made.passing(cell, known[cell])
            may[row] &= passed[cell]
            must[row] &= passed[cell]
    return Axis(
        columns=tuple(columns),
        pieces=tuple(made.pieces),
        may=tuple(may),
        must=tuple(must),
        classes=_classes(len(made.pieces), may, must),
        opaque=opaque,
        is_trivial=made.is_trivial,
        plain=made.having("plain"),
        known=made.having("plain", "null"),
    )


def _classes(pieces: int, may: Sequence[int], must: Sequence[int]) -> tuple[tuple[int, int, int], ...]:
    may_at, must_at = _by_piece(pieces, may), _by_piece(pieces, must)
    found: dict[tuple[int, int], int] = {}
    for index, rows in enumerate(zip(may_at, must_at, strict=True)):
        found[rows] = found.get(rows, 0) | 1 << index
    return tuple((members, can, does) for (can, does), members in found.items())


def _by_piece(pieces: int, sets: Sequence[int]) -> list[int]:
    """Turn the pieces of each row into the rows of each piece: a sweep along the axis over the places where a row begins or ends."""
    same: dict[int, int] = {}
    for row, members in enumerate(sets):
        same[members] = same.get(members, 0) | 1 << row
    changes = [0] * (pieces + 1)
    for members, rows in same.items():
        edges = members ^ (members << 1)
        for index in bits(edges):
            changes[index] ^= rows
    found, present = [], 0
    for index in range(pieces):
        present ^= changes[index]
        found.append(present)
    return found


def bits(number: int) -> Iterator[int]:
    """The places of the bits that are set, ascending."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


class _Pieces:
    """Builds the pieces of one axis: ordered kinds first, then texts, truth values, null, and what does not belong."""

    def __init__(self, inputs: Sequence[Input], constants: Sequence[Value]) -> None:
        declared = next((each.type for each in inputs if each.type is not None and each.type.name != "Any"), None)
        self.pieces: list[Piece] = []
        self._places: dict[tuple[Kind, Value], int] = {}
        self._marks: dict[Kind, list[Value]] = {}
        self._kinds: dict[Kind, tuple[int, int]] = {}
        self._texts: dict[str, int] = {}
        self._single: list[int] = []
        kinds = _ordered_kinds(declared, constants, is_whole=counts(inputs[0].expression))
        self.is_foreign = declared is not None and not _has_axis(declared)
        for kind in kinds:
            self._add_ordered(kind, constants)
        is_null_only = declared is None and bool(constants) and all(each is None for each in constants)
        if is_null_only or _wants(declared, constants, "string", str):
            self._add_texts(constants)
        if _wants(declared, constants, "boolean", bool):
            self._add_single(Piece(sample=True), Piece(sample=False))
        self.is_trivial = not self.pieces
        if self.is_trivial:
            self._add_single(Piece(_ODD))
        self._add_single(Piece(None, "null"))
        if not self.is_trivial and (declared is None or declared.name in ("time", "date and time")):
            self._add_single(Piece(_ODD, "odd"))

    def _add_ordered(self, kind: Kind, constants: Sequence[Value]) -> None:
        marks = sorted({comparable(each) for each in constants if _belongs(each, kind)})
        self._marks[kind] = marks
        first = len(self.pieces)
        lower: Value = None
        for mark in marks:
            self._add_between(kind, lower, mark)
            if kind is not WHOLE or (mark >= 0 and mark == mark.to_integral_value()):
                self.pieces.append(Piece(mark))
            self._places[kind, mark] = len(self.pieces)
            lower = mark
        self._add_between(kind, lower, None)
        self._kinds[kind] = (first, len(self.pieces))

    def _add_between(self, kind: Kind, low: Value, high: Value) -> None:
        found = kind.between(low, high)
        if found is not None:
            self.pieces.append(Piece(found))

    def _add_texts(self, constants: Sequence[Value]) -> None:
        for text in dict.fromkeys(each for each in constants if type(each) is str):
            self._texts[text] = len(self.pieces)
            self.pieces.append(Piece(text))
        other = OTHER_TEXT
        while other in self._texts:
            other += OTHER_TEXT
        self._texts[other] = len(self.pieces)
        self._other = other
        self.pieces.append(Piece(other))

    def _add_single(self, *pieces: Piece) -> None:
        for piece in pieces:
            self._single.append(len(self.pieces))
            self.pieces.append(piece)

    def restrict(self, allowed: Sequence[UnaryTests], known: dict[UnaryTests, tuple[Value, ...]]) -> None:
        """Take out of the plain pieces what the input values do not admit."""
        for tests in allowed:
            admitted = self.passing(tests, known[tests]) if tests in known else 0
            for index, piece in enumerate(self.pieces):
                if piece.role != "null" and not admitted >> index & 1:
                    role: Role = "odd" if tests in known else "unsure"
                    self.pieces[index] = Piece(piece.sample, role)
        if any(tests in known for tests in allowed):
            # what is not admitted never reaches a row
            self._refused = sum(1 << index for index, piece in enumerate(self.pieces) if piece.role == "odd")

    _refused = 0

    @property
    def everything(self) -> int:
        """All pieces that can reach a row."""
        return ((1 << len(self.pieces)) - 1) & ~self._refused

    def having(self, *roles: Role) -> int:
        """The pieces with one of ``roles``."""
        return sum(1 << index for index, piece in enumerate(self.pieces) if piece.role in roles)

    def passing(self, cell: UnaryTests, constants: Sequence[Value]) -> int:
        """The pieces that pass ``cell``: asked once per piece between its own constants, however many others cut the axis."""
        found = 0
        for kind, (first, last) in self._kinds.items():
            edges = {first, last}
            for each in constants:
                if not _belongs(each, kind):
                    continue
                place = self._places[kind, comparable(each)]
                edges.add(place)
                if self._is_mark(place - 1, each):
                    edges.add(place - 1)
            ordered = sorted(edges)
            for start, end in pairwise(ordered):
                if self._passes(cell, start):
                    found |= (1 << end) - (1 << start)
        if self._texts:
            named = {each for each in constants if type(each) is str}
            others = self._passes(cell, self._texts[self._other])
            for text, index in self._texts.items():
                if self._passes(cell, index) if text in named else others:
                    found |= 1 << index
        for index in self._single:
            if self._passes(cell, index):
                found |= 1 << index
        return found & ~self._refused

    def _is_mark(self, index: int, value: Value) -> bool:
        return index >= 0 and self.pieces[index].sample == comparable(value)

    def _passes(self, cell: UnaryTests, index: int) -> bool:
        return cell.matches(self.pieces[index].sample, {}, _ENVIRONMENT)


def _ordered_kinds(declared: TypeName | None, constants: Iterable[Value], *, is_whole: bool) -> list[Kind]:
    used = dict.fromkeys(kind for kind in map(kind_of, constants) if kind is not None)
    if declared is None:
        found = list(used)
    else:
        wanted = BY_TYPE.get(declared.name)
        # moments with and without a zone have no order between them: two kinds of one type
        found = [kind for kind in used if wanted is not None and kind.name == wanted.name]
        if wanted is not None and not found:
            found = [wanted]
    return [WHOLE if is_whole and kind.name == WHOLE.name else kind for kind in found]


def _has_axis(declared: TypeName) -> bool:
    return declared.name in BY_TYPE or declared.name in ("string", "boolean")


def _wants(declared: TypeName | None, constants: Iterable[Value], name: str, kind: type) -> bool:
    return any(type(each) is kind for each in constants) if declared is None else declared.name == name


def _belongs(value: Value, kind: Kind) -> bool:
    found = kind_of(value)
    return found is kind or (found is not None and kind is WHOLE and found.name == WHOLE.name)
