"""What handlers did to rows of the business, as people read it in the history of a case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.instances.row_changes import DIGEST
from engine.texts import has
from web.ui import person, shown, t

MOST: Final = 50
"""Rows of one step that are shown without every detail."""

AREAS: Final[Mapping[str, str]] = {
    "quote": "quotes",
    "quote_version": "quotes",
    "quote_answer": "quotes",
    "sales_order": "orders",
    "order_settings": "orders",
    "delivery": "deliveries",
    "invoice": "invoices",
    "payment": "payments",
    "customer": "customers",
    "customer_address": "customers",
    "customer_contact": "customers",
    "stock_movement": "stock",
    "warehouse": "stock",
    "company_identity": "company",
}
"""Where the pages of a table say what its fields and values are called (``web.<area>.field.…``)."""
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
        title=title_of(row),
        became=t(f"row.became.{row['became']}"),
        changes=tuple(_changes(row, names, is_detailed=is_detailed)),
    )


def title_of(row: Mapping[str, Any]) -> str:
    """What kind of row it is, and which."""
    table, key = row["table"], row["key"]
    code = f"row.table.{table}"
    what = t(code) if has(code) else table.replace("_", " ")
    return t("row.title", what=what, name=row.get("name") or " ".join(shown(each) for each in key.values()))


def label_of(table: str, field: str) -> str:
    """What a field is called; its name where it has no word."""
    codes = (f"row.{table}.{field}", f"web.{AREAS.get(table)}.field.{field}", f"row.field.{field}")
    return next((t(each) for each in codes if has(each)), field.replace("_", " "))


def value_of(table: str, field: str, value: Any, names: Mapping[str, str]) -> str | None:
    """A value as people know it; None for none."""
    if value is None or value == "":
        return None
    if isinstance(value, Mapping) and DIGEST in value:
        digest = value[DIGEST]
        return t("row.digest", length=shown(digest["length"]), hash=str(digest["sha256"])[:12])
    if isinstance(value, str):
        codes = (
            *(f"row.value.{table}.{field}.{value}", f"web.{AREAS.get(table)}.{field}.{value}"),
            *(f"row.value.{field}.{value}", f"{table}.{field}.{value}"),
        )
        said = next((t(each) for each in codes if has(each)), None)
        if said is not None:
            return said
        if field == "by" or field.endswith("_by"):
            return person(names, value)
    return shown(value)


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
