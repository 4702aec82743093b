"""What handlers did to rows of the business, as people read it in the history of a case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from web.ui import t
from web.words import label_of, row_title, value_of

MOST: Final = 50
"""Rows of one step that are shown without every detail."""

BEHIND: Final = frozenset({"number_series"})
"""Tables that are shown with every detail only: what follows from them stands in other rows."""
NOTABLE: Final = ("status", "kind", "answer", "article", "quantity", "missing", "amount", "total", "document")
"""What is shown of a row that came or went, without every detail."""
_UNSAID: Final = frozenset({"id", "idempotency_key", "form_key", "link_key", "sort_name", "hash_version"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLine:
    """One field; ``old``, ``new`` None: there was, or is, no value."""

    label: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLine:
    """One row and what became of it."""

    title: str
    became: str
    changes: tuple[FieldLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of one step. ``more``: how many others there are."""

    lines: tuple[RowLine, ...] = ()
    more: int = 0

    @property
    def count(self) -> int:
        """All of them."""
        return len(self.lines) + self.more


def rows(records: Sequence[Mapping[str, Any]], names: Mapping[str, str], *, is_detailed: bool) -> Rows:
    """What the ``records`` of a step tell. ``names``: of people by login."""
    told = [each for record in records for each in record["rows"] if is_detailed or each["table"] not in BEHIND]
    shown_now = told if is_detailed else told[:MOST]
    lines = (_line(each, names, is_detailed=is_detailed) for each in shown_now)
    return Rows(lines=tuple(lines), more=len(told) - len(shown_now))


def _line(row: Mapping[str, Any], names: Mapping[str, str], *, is_detailed: bool) -> RowLine:
    return RowLine(
        title=row_title(row),
        became=t(f"row.became.{row['became']}"),
        changes=tuple(_changes(row, names, is_detailed=is_detailed)),
    )


def _changes(row: Mapping[str, Any], names: Mapping[str, str], *, is_detailed: bool) -> Iterator[FieldLine]:
    table, is_change = row["table"], row["became"] == "changed"
    for field, each in sorted(row["fields"].items(), key=lambda pair: _place(pair[0])):
        is_said = field not in _UNSAID and not field.endswith("_id") and (is_change or field in NOTABLE)
        old, new = (value_of(table, field, each[side], names) for side in ("old", "new"))
        if (is_detailed or is_said) and (old is not None or new is not None):
            yield FieldLine(label=label_of(table, field), old=old, new=new)


def _place(field: str) -> tuple[int, str]:
    """What people look for first comes first."""
    return (NOTABLE.index(field) if field in NOTABLE else len(NOTABLE), field)
