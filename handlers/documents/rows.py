"""The table of a document: what is sold or delivered, or what moved an account, row by row. Pure.

A row of the kind *item* has its ``name`` in the first column and ``cells`` in the others. ``tied`` says how many rows, from this one on,
no page may part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from handlers.documents.model import UNPRICED, DeliveryLine, DocumentKind, ItemLine, NoteLine, SectionLine, Statement
from handlers.documents.words import Words
from handlers.documents.writing import written

LONG: Final = 900
"""Characters from which a line may run over the end of a page; shorter ones stay whole."""

Row = dict[str, Any]
Cell = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of one document."""

    words: Words

    @property
    def has_vat(self) -> bool:
        """Some rate is charged, or not all is free of it for the same reason."""
        parts = self.words.document.vat
        return any(each.rate is not None for each in parts) or len(parts) > 1

    @property
    def has_discount(self) -> bool:
        """Some line has a discount of its own."""
        return any(isinstance(each, ItemLine) and each.discount_percent for each in self.words.document.lines)

    @property
    def has_rest(self) -> bool:
        """Some line of a delivery says what was ordered, or is still to come."""
        lines = self.words.document.lines
        return any(isinstance(each, DeliveryLine) and _says_rest(each) for each in lines)

    @property
    def is_wide(self) -> bool:
        """Some quantity with its unit needs more room than most."""
        lines = (each for each in self.words.document.lines if isinstance(each, ItemLine | DeliveryLine))
        return any(len(self.words.quantity(each.quantity)) + len(self.words.unit(each)) > 16 for each in lines)

    def columns(self) -> list[str]:
        """The heads of the columns that this document needs."""
        currency = self.words.document.currency
        names = {
            DocumentKind.DELIVERY_NOTE: ["name", "delivered", *(["ordered", "remaining"] if self.has_rest else [])],
            DocumentKind.STATEMENT: ["operation", "day", "due_on", "debit", "credit", "balance"],
        }.get(self.words.document.kind) or [
            *("name", "quantity", "unit_price"),
            *(["discount"] if self.has_discount else []),
            *(["vat"] if self.has_vat else []),
            "amount",
        ]
        return [self.words.word(f"column.{each}", currency="€" if currency == "EUR" else currency) for each in names]

    def rows(self) -> list[Row]:
        """All of them, with the subtotal of each part at its end, and the totals last where the document has some."""
        document = self.words.document
        if document.statement is not None:
            return _tied([*self.moves(document.statement), {"kind": "totals"}])
        found: list[Row] = []
        part: SectionLine | None = None
        for line in document.lines:
            if isinstance(line, SectionLine):
                found += self.subtotal(part)
                found.append({"kind": "section", "title": written(line.title)})
                part = line
            elif isinstance(line, NoteLine):
                found.append({"kind": "note", "text": written(line.text), "is_long": _is_long(line.text)})
            else:
                found.append(self.item(line))
        found += self.subtotal(part)
        return _tied(found if document.kind in UNPRICED else [*found, {"kind": "totals"}])

    def item(self, line: ItemLine | DeliveryLine) -> Row:
        """Something that is sold or delivered."""
        words = self.words
        cells = [_cell(words.quantity(line.quantity), words.unit(line))]
        if isinstance(line, ItemLine):
            cells.append(_cell(words.amount(line.unit_price)))
            cells += [_cell(words.percent(line.discount_percent))] if self.has_discount else []
            cells += [_cell(words.rate(line.vat_rate, line.exemption))] if self.has_vat else []
            cells.append(_cell(words.amount(line.amount)))
        elif self.has_rest:
            cells += [_cell("" if each is None else words.quantity(each)) for each in (line.ordered, line.remaining)]
        return {
            "kind": "item",
            "name": written(line.name),
            "reference": written(line.reference),
            "description": written(line.description),
            "cells": cells,
            "is_long": _is_long(line.name + line.description),
        }

    def moves(self, statement: Statement) -> list[Row]:
        """What was owed before, and each thing that changed it, with what was owed then."""
        words, balance = self.words, statement.opening
        opening = words.word("statement.opening", day=words.day(statement.since))
        found = [_move(opening, [*(_cell(""),) * 4, _cell(words.amount(balance))])]
        for each in statement.rows:
            balance += each.debit - each.credit
            cells = [
                _cell(words.short_day(each.day)),
                _cell(words.short_day(each.due_on)),
                _cell(words.amount(each.debit) if each.debit else ""),
                _cell(words.amount(each.credit) if each.credit else ""),
                _cell(words.amount(balance)),
            ]
            late = words.word("statement.overdue") if each.is_overdue else ""
            found.append(_move(f"{each.label} {each.number}".strip(), cells, late))
        return found

    def subtotal(self, part: SectionLine | None) -> list[Row]:
        """What a part costs, where it says so."""
        if part is None or part.subtotal is None:
            return []
        label = self.words.word("subtotal", title=part.title)
        return [{"kind": "subtotal", "label": label, "amount": self.words.amount(part.subtotal)}]


def _says_rest(line: DeliveryLine) -> bool:
    return line.ordered is not None or line.remaining is not None


def _cell(text: str, small: str = "") -> Cell:
    return {"text": written(text), "small": written(small)}


def _move(name: str, cells: list[Cell], about: str = "") -> Row:
    return {
        "kind": "item",
        "name": written(name),
        "reference": "",
        "description": about,
        "cells": cells,
        "is_long": False,
    }


def _is_long(text: str) -> bool:
    return len(text) > LONG or text.count("\n") > LONG // 60


def _tied(rows: Sequence[Row]) -> list[Row]:
    """Each row with ``tied``; 0 for those that an earlier one counts. A subtotal never begins a page, nor do the totals, as long as what
    comes before is short.
    """
    found = [{**each, "tied": 1} for each in rows]
    first = 0
    for at in range(1, len(found)):
        before = found[at - 1]
        can_tie = before["kind"] not in {"section", "totals"} and not before.get("is_long")
        if found[at]["kind"] in {"subtotal", "totals"} and can_tie:
            found[first]["tied"] += 1
            found[at]["tied"] = 0
        else:
            first = at
    return found
