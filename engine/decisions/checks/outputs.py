"""What the cells of conclusions give, held against what their columns promise: their type and their output values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from engine.decisions.checks.constants import constant_of
from engine.decisions.table import Output, Table
from engine.feel import Budget, Expression, TypeName, Value, coerced
from engine.feel.analysis import analyse
from engine.feel.hints import closest
from engine.feel.operations import passes

_SCALARS = frozenset(
    (
        *("number", "string", "boolean", "date", "time", "date and time"),
        *("days and time duration", "years and months duration", "function", "context"),
    )
)


@dataclass(frozen=True, slots=True)
class Misfit:
    """A cell of column ``column`` (from 0) that is no ``type`` but ``found``, or no output value. ``row`` None: the default."""

    kind: Literal["type", "value"]
    row: int | None
    column: int
    cell: Expression
    found: TypeName | None = None
    suggestion: str | None = None


def misfits(table: Table, types: Mapping[str, TypeName]) -> Iterator[Misfit]:
    """The cells that certainly give what their column does not promise. ``types`` are those of the variables, where known."""
    for number, column in enumerate(table.columns):
        values = _values(column)
        cells: list[tuple[int | None, Expression]] = [
            (row, rule.outputs[number]) for row, rule in enumerate(table.rules)
        ]
        if column.default is not None:
            cells.append((None, column.default))
        for row, cell in cells:
            constant = constant_of(cell)
            found = _other_type(cell, constant, column.type, types)
            if found is not None:
                yield Misfit("type", row, number, cell, found=found)
            elif constant is not None and values and not _is_among(constant[0], values):
                texts = [each for each in values if isinstance(each, str)]
                suggestion = closest(constant[0], texts) if isinstance(constant[0], str) else None
                yield Misfit("value", row, number, cell, suggestion=suggestion)


def _values(column: Output) -> list[Value]:
    """The output values, where all are constants; what is computed could be anything."""
    found = [constant_of(each) for each in column.values]
    return [] if None in found else [each[0] for each in found if each is not None]


def _is_among(value: Value, values: list[Value]) -> bool:
    if isinstance(value, list):
        return all(_is_among(each, values) for each in value)
    return value is None or passes(value, values, Budget()) is True


def misfit_type(cell: Expression, wanted: TypeName | None, types: Mapping[str, TypeName]) -> TypeName | None:
    """The type of a cell that cannot be ``wanted``; None where it fits or may fit."""
    return _other_type(cell, constant_of(cell), wanted, types)


def _other_type(
    cell: Expression, constant: tuple[Value] | None, wanted: TypeName | None, types: Mapping[str, TypeName]
) -> TypeName | None:
    if wanted is None:
        return None
    found = analyse(cell, types).type
    if constant is not None:
        is_wrong = constant[0] is not None and coerced(constant[0], wanted) is None
    else:
        is_wrong = found is not None and _cannot_be(found, wanted)
    return (found or TypeName("Any")) if is_wrong else None


def _cannot_be(found: TypeName, wanted: TypeName) -> bool:
    if (found.name, wanted.name) == ("date", "date and time"):
        return False
    return found.name in _SCALARS and wanted.name in _SCALARS and found.name != wanted.name
