"""Many unary tests on few values: the condition part of a decision table.

The rules that are still possible are the bits of one number. Rules that share a cell's text share its test, which runs only while one
of its rules is still possible; cells that ask for plain texts are looked up. So a table costs little more than its different cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import DecimalException

from engine.feel.closures.frame import INPUT, Frame, Run
from engine.feel.errors import FeelFailure
from engine.feel.expression import UnaryTests
from engine.feel.operations import Budget
from engine.feel.values import Environment, Value


@dataclass(frozen=True, slots=True)
class _Column:
    """One input. ``free`` are the rules without a test here, ``tests`` the other tests with their rules.

    ``texts`` are tests that only compare with texts: for a text they need not run, because ``by_text`` has the rules that hold for it, and
    ``other_text`` those that hold for any text that is not named.
    """

    index: int
    free: int
    tests: tuple[tuple[int, Run], ...]
    texts: tuple[tuple[int, Run], ...]
    by_text: Mapping[str, int]
    other_text: int

    def holding(self, value: Value, possible: int, frame: Frame) -> int:
        """Which of the ``possible`` rules hold for ``value``."""
        found = self.free
        tests = self.tests
        if type(value) is str:
            found |= self.by_text.get(value, self.other_text)
        elif self.texts:
            tests += self.texts
        frame[INPUT] = value
        for mask, run in tests:
            if mask & possible and _holds(run, frame):
                found |= mask
        return found & possible


class Grid:
    """``rows`` of unary tests, one per column. Immutable once built."""

    __slots__ = ("_all", "_columns", "_slots")

    def __init__(self, rows: Sequence[Sequence[UnaryTests]]) -> None:
        width = len(rows[0]) if rows else 0
        self._all = (1 << len(rows)) - 1
        self._slots = max((cell.slots for row in rows for cell in row), default=INPUT + 1)
        columns = [_column(index, [row[index] for row in rows]) for index in range(width)]
        # what is looked up, or has few tests, goes first: it leaves fewer rules to the others
        self._columns = tuple(sorted(columns, key=lambda column: len(column.tests)))

    def matching(
        self, values: Sequence[Value], context: Mapping[str, Value], environment: Environment, budget: Budget
    ) -> list[int]:
        """The indexes of the rows that all hold, ascending. Raises FeelFailure."""
        frame: Frame = [context, environment, budget, *[None] * (self._slots - INPUT)]
        possible = self._all
        for column in self._columns:
            possible = column.holding(values[column.index], possible, frame)
            if not possible:
                return []
        found = []
        while possible:
            lowest = possible & -possible
            found.append(lowest.bit_length() - 1)
            possible ^= lowest
        return found


def _column(index: int, cells: Sequence[UnaryTests]) -> _Column:
    free = 0
    masks: dict[UnaryTests, int] = {}
    for row, cell in enumerate(cells):
        if cell.is_any:
            free |= 1 << row
        else:
            masks[cell] = masks.get(cell, 0) | 1 << row
    texts = {cell: mask for cell, mask in masks.items() if cell.texts is not None}
    named = {text for cell in texts for text in cell.texts or ()}
    by_text = {
        text: sum(mask for cell, mask in texts.items() if (text in (cell.texts or ())) is not cell.is_negated)
        for text in named
    }
    return _Column(
        index,
        free,
        tuple((mask, cell.run) for cell, mask in masks.items() if cell not in texts),
        tuple((mask, cell.run) for cell, mask in texts.items()),
        by_text,
        sum(mask for cell, mask in texts.items() if cell.is_negated),
    )


def _holds(run: Run, frame: Frame) -> bool:
    try:
        return run(frame) is True
    except RecursionError as error:
        raise FeelFailure("feel_too_nested_value") from error
    except DecimalException:
        return False
