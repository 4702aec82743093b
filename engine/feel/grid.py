"""Many unary tests on few values: the condition part of a decision table.

Rules that share a cell's text share its test, and the rules that are still possible are the bits of one number. A test runs only when
one of its rules is still possible, so a table costs little more than its different cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import DecimalException

from engine.feel.compiler import INPUT, Frame, Run
from engine.feel.errors import FeelFailure
from engine.feel.expression import UnaryTests
from engine.feel.operations import Budget
from engine.feel.values import Environment, Value


class Grid:
    """``rows`` of unary tests, one per column. Immutable once built."""

    __slots__ = ("_all", "_columns", "_slots")

    def __init__(self, rows: Sequence[Sequence[UnaryTests]]) -> None:
        width = len(rows[0]) if rows else 0
        self._all = (1 << len(rows)) - 1
        self._slots = max((cell.slots for row in rows for cell in row), default=INPUT + 1)
        self._columns = tuple(self._column([row[index] for row in rows]) for index in range(width))

    @staticmethod
    def _column(cells: Sequence[UnaryTests]) -> tuple[int, tuple[tuple[int, Run], ...]]:
        """The rows without a test, and each different test with the rows that ask it."""
        free = 0
        masks: dict[UnaryTests, int] = {}
        for index, cell in enumerate(cells):
            if cell.is_any:
                free |= 1 << index
            else:
                masks[cell] = masks.get(cell, 0) | 1 << index
        return free, tuple((mask, cell.run) for cell, mask in masks.items())

    def matching(
        self, values: Sequence[Value], context: Mapping[str, Value], environment: Environment, budget: Budget
    ) -> list[int]:
        """The indexes of the rows that all hold, ascending. Raises FeelFailure."""
        frame: Frame = [context, environment, budget, *[None] * (self._slots - INPUT)]
        possible = self._all
        for value, (free, tests) in zip(values, self._columns, strict=True):
            holding = free
            for mask, run in tests:
                if mask & possible:
                    frame[INPUT] = value
                    if _holds(run, frame):
                        holding |= mask
            possible &= holding
            if not possible:
                return []
        found = []
        while possible:
            lowest = possible & -possible
            found.append(lowest.bit_length() - 1)
            possible ^= lowest
        return found


def _holds(run: Run, frame: Frame) -> bool:
    try:
        return run(frame) is True
    except RecursionError as error:
        raise FeelFailure("feel_too_nested_value") from error
    except DecimalException:
        return False
