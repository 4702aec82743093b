"""A decision table on a terminal: which rows hit and, cell by cell, why. Side by side while it fits, else one cell a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from engine.commands.speaking import columns_of, padded, styled

_NARROWEST, _MOST_LINES = 14, 3
"""Columns that a cell keeps when a table is squeezed, and lines that it may take: less, or more, is hard to read."""

_LONGEST_VALUE = 40
"""Columns of the value of an input, which may be a whole list."""

_GAP = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The text of a test, and whether it held."""

    text: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row by its number in the table. Of those that hit, the hit policy may count the first only. ``outputs`` are texts."""

    number: int
    is_hit: bool
    counts: bool
    cells: tuple[Cell, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What is to be shown: labels and values of the inputs, labels of the outputs, rows."""

    labels: tuple[str, ...]
    values: tuple[str, ...]
    outputs: tuple[str, ...]
    rows: tuple[Row, ...]


def grid_lines(grid: Grid, room: int) -> Iterator[str]:
    """The lines, each at most ``room`` columns wide where that is possible."""
    lines = [
        ["", *grid.labels, *(f"→ {each}" for each in grid.outputs)],
        ["", *(cut(each, _LONGEST_VALUE) for each in grid.values), *("" for _ in grid.outputs)],
        *(
            [f"{_row_mark(row)} {row.number}", *(_marked(cell) for cell in row.cells), *row.outputs]
            for row in grid.rows
        ),
    ]
    widths = _squeezed([max(map(columns_of, column)) for column in zip(*lines, strict=True)], room)
    if widths is None:
        yield from _one_below_the_other(grid, room)
        return
    for number, line in enumerate(lines):
        row = grid.rows[number - 2] if number > 1 else None
        wrapped = [list(_wrapped(text, columns)) for text, columns in zip(line, widths, strict=True)]
        for part in zip_longest(*wrapped, fillvalue=""):
            cells = (padded(text, columns) for text, columns in zip(part, widths, strict=True))
            yield _GAP.join(_coloured(text, row, at) for at, text in enumerate(cells)).rstrip()


def _wrapped(text: str, columns: int) -> Iterator[str]:
    """``text`` in lines of ``columns``, those after the first set in by two: nothing of a test is left out."""
    inset = ""
    while columns_of(inset + text) > columns:
        length = len(text) - 1
        while columns_of(inset + text[:length]) > columns:
            length -= 1
        yield inset + text[:length]
        inset, text = "  ", text[length:]
    yield inset + text


def _squeezed(widths: list[int], room: int) -> list[int] | None:
    """The widths, the widest made narrower until all fit; None when they never do."""
    spare = room - len(_GAP) * (len(widths) - 1) - sum(min(each, _NARROWEST) for each in widths)
    if spare < 0:
        return None
    limit = max(widths)
    while sum(min(each, limit) for each in widths) > room - len(_GAP) * (len(widths) - 1):
        limit -= 1
    return [min(each, limit) for each in widths] if max(widths) <= limit * _MOST_LINES else None


def _one_below_the_other(grid: Grid, room: int) -> Iterator[str]:
    """Of a row that hit all cells, of another one those that did not hold."""
    for label, value in zip(grid.labels, grid.values, strict=True):
        yield cut(f"{label} = {value}", room)
    for row in grid.rows:
        given = ", ".join(f"{name} = {text}" for name, text in zip(grid.outputs, row.outputs, strict=True))
        yield _coloured(cut(f"{_row_mark(row)} {row.number}" + (f"  → {given}" if row.counts else ""), room), row, 0)
        for label, cell in zip(grid.labels, row.cells, strict=True):
            if row.is_hit or not cell.passed:
                yield cut(f"    {_mark(cell.passed)} {label}: {cell.text}", room)


def _coloured(text: str, row: Row | None, at: int) -> str:
    if row is None:
        return styled(text, "bold")
    if at == 0:
        return styled(text, "green" if row.counts else "yellow" if row.is_hit else "red")
    if at <= len(row.cells):
        return styled(text, "green" if row.cells[at - 1].passed else "red")
    return styled(text, "bold" if row.counts else "dim")


def _marked(cell: Cell) -> str:
    return f"{_mark(cell.passed)} {cell.text}"


def _row_mark(row: Row) -> str:
    return "~" if row.is_hit and not row.counts else _mark(row.is_hit)


def _mark(passed: bool) -> str:  # noqa: FBT001 - the answer of a test
    return "✓" if passed else "✗"


def cut(text: str, room: int) -> str:
    """``text`` in ``room`` columns at most; what is cut off is an ``…``."""
    if columns_of(text) <= room:
        return text
    kept = text[: room - 1]
    while columns_of(kept) > room - 1:
        kept = kept[:-1]
    return kept + "…"
