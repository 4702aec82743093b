"""Decision files as pages show them: lists of them, and their tables to read."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from flask import url_for

from engine.decisions.sheet import Column, Row, Sheet, Sheets, read_sheets
from engine.errors import DefinitionError
from web.ui import t
from web.workshop import wording

ROWS: Final = 1_000
"""Of one table on a page; whoever has more reads the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """One decision file of a list. ``url`` reads it (empty: only the draft has it), ``edit_url`` edits it (empty: not for this person)."""

    title: str
    file: str
    text: str
    url: str
    edit_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell: ``words`` for everybody (empty when FEEL says it better), ``feel`` as written (empty when it adds nothing)."""

    words: str
    feel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """A rule, numbered as in the editor."""

    number: int
    id: str
    inputs: tuple[Cell, ...]
    outputs: tuple[Cell, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetView:
    """One decision of a file. ``otherwise``: what holds when no rule does, if the table says it; ``hidden``: rules that are not shown."""

    sheet: Sheet
    policy: str
    requires: str
    rows: tuple[RowView, ...]
    otherwise: tuple[Cell, ...]
    hidden: int


def listed(
    process_key: str, files: Mapping[str, bytes], number: int | None, *, may_edit: bool
) -> tuple[ListedFile, ...]:
    """The decision files among ``files``; ``number`` is the version that has them, None for a draft."""
    return tuple(
        _listed(process_key, path, files[path], number, may_edit=may_edit)
        for path in sorted(files)
        if is_decision(path)
    )


def is_decision(path: str) -> bool:
    """Whether the path is that of a decision file."""
    return path.endswith(".dmn") and "/" not in path


def _listed(process_key: str, path: str, content: bytes, number: int | None, *, may_edit: bool) -> ListedFile:
    try:
        found = read_sheets(content, path)
    except DefinitionError:  # a draft may be anything
        title, text = path, t("web.decisions.unreadable")
    else:
        title, text = _title(found), _size(found)
    return ListedFile(
        title=title,
        file=path,
        text=text,
        url="" if number is None else url_for("workshop.decision", process_key=process_key, number=number, path=path),
        edit_url=url_for("editors.decision", process_key=process_key, path=path) if may_edit else "",
    )


def _title(found: Sheets) -> str:
    """What a file is called: a single decision by its name, several by that of the model."""
    return found.sheets[0].name if len(found.sheets) == 1 else found.name


def _size(found: Sheets) -> str:
    rows = t("web.decisions.rows", count=found.rows)
    return rows if len(found.sheets) == 1 else f"{t('web.decisions.count', count=len(found.sheets))}, {rows}"


def offered(files: Mapping[str, bytes]) -> list[dict[str, str]]:
    """The decisions that a task may name: ``id``, ``title`` and ``path``. A file that cannot be read offers none."""
    found = []
    for path in sorted(files):
        if is_decision(path):
            with suppress(DefinitionError):
                sheets = read_sheets(files[path], path).sheets
                found += [{"id": each.id, "title": each.name, "path": path} for each in sheets if each.is_decision]
    return found


def title_of(content: bytes, path: str) -> str:
    """What a file is called; its path when it cannot be read."""
    try:
        return _title(read_sheets(content, path))
    except DefinitionError:
        return path


def views(content: bytes, path: str) -> tuple[SheetView, ...]:
    """The decisions of a published file, to be read. Raises DefinitionError."""
    return tuple(_view(each) for each in read_sheets(content, path).sheets)


def _view(sheet: Sheet) -> SheetView:
    has_default = any(each.default for each in sheet.outputs)
    return SheetView(
        sheet=sheet,
        policy=_policy(sheet),
        requires=", ".join(sheet.requires),
        rows=tuple(_row(index + 1, each) for index, each in enumerate(sheet.rows[:ROWS])),
        otherwise=tuple(_default(each) for each in sheet.outputs) if has_default else (),
        hidden=max(0, len(sheet.rows) - ROWS),
    )


_POLICIES: Final[Mapping[str, str]] = {
    "UNIQUE": "unique",
    "FIRST": "first",
    "PRIORITY": "priority",
    "ANY": "any",
    "COLLECT": "collect",
    "RULE ORDER": "rule_order",
    "OUTPUT ORDER": "output_order",
}
_AGGREGATIONS: Final = frozenset({"SUM", "COUNT", "MIN", "MAX"})


def _policy(sheet: Sheet) -> str:
    """What happens when several rules apply, in words."""
    name = _POLICIES.get(sheet.hit_policy)
    if not sheet.is_table or name is None:
        return ""
    if name == "collect" and sheet.aggregation in _AGGREGATIONS:
        name = f"collect_{sheet.aggregation.lower()}"
    return t(f"web.policy.{name}")


def _row(number: int, row: Row) -> RowView:
    return RowView(
        number=number,
        id=row.id,
        inputs=tuple(Cell(words=wording.condition(each) or "", feel=each or "-") for each in row.inputs),
        outputs=tuple(_conclusion(each) for each in row.outputs),
        notes=row.notes,
    )


def _default(column: Column) -> Cell:
    return _conclusion(column.default)


def _conclusion(source: str) -> Cell:
    """A plain value is told in words alone: FEEL would only say it again."""
    words = wording.conclusion(source) or ""
    return Cell(words=words, feel="" if words else source)
