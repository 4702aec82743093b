"""What variables, rows and their fields are called: for the history of a case, its repair, and what auditors read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.instances.row_changes import DIGEST
from engine.model.bundle import Bundle
from engine.texts import has
from web.ui import in_language, person, shown, t

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What variables are called, their types, and what stands for stored values of choices."""

    labels: Mapping[str, Mapping[str, str]]
    kinds: Mapping[str, str]
    options: Mapping[str, Mapping[str, Mapping[str, str]]]

    def label(self, name: str) -> str:
        """The label of a variable, or its name."""
        return in_language(self.labels.get(name)) or name.replace("_", " ")

    def value(self, name: str, value: Any) -> str:
        """A value as people know it."""
        option = self.options.get(name, {}).get(value) if isinstance(value, str) else None
        return in_language(option) if option else shown(value, self.kinds.get(name))


def labels_of(bundle: Bundle) -> Labels:
    """The labels that the forms and the summary of a version give to its variables; the summary's word is the last."""
    labels: dict[str, Mapping[str, str]] = {}
    kinds: dict[str, str] = {}
    options: dict[str, Mapping[str, Mapping[str, str]]] = {}
    for form in bundle.forms.values():
        for field in form.fields:
            labels[field.name] = field.label
            kinds[field.name] = field.type
            if field.options:
                options[field.name] = {each.value: each.label for each in field.options}
    for each in bundle.summary:
        labels[each.expression.source] = each.label
        kinds[each.expression.source] = each.type
    return Labels(labels=labels, kinds=kinds, options=options)


def row_title(row: Mapping[str, Any]) -> str:
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
