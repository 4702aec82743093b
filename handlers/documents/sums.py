"""The figures below the table: the breakdown of the tax, and what it comes to. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from handlers.documents.model import DocumentKind, Statement
from handlers.documents.words import Words
from handlers.documents.writing import written

Sum = tuple[str, str]
"""What it is, and how much."""


def breakdown(words: Words) -> dict[str, Any]:
    """Rate by rate, and reason by reason of what bears none; no rows where no tax is due for one reason."""
    parts = words.document.vat
    rows = [(words.rate(each.rate, each.exemption), words.amount(each.base), words.amount(each.vat)) for each in parts]
    return {
        "columns": [words.word(f"vat.{name}") for name in ("rate", "base", "vat")],
        "rows": rows if any(each.rate is not None for each in parts) or len(parts) > 1 else [],
    }


def totals(words: Words) -> list[Sum]:
    """The last one is what people look for: what is to be paid, or was given back."""
    if words.document.statement is not None:
        return _of_statement(words, words.document.statement)
    given, word = words.document, words.word
    changes = [(written(each.label), each.amount) for each in given.adjustments]
    of_lines = given.totals.net - sum((amount for _, amount in changes), Decimal(0))
    rows = [(word("total.lines"), of_lines), *changes] if changes else []
    has_vat = any(each.rate is not None for each in given.vat)
    if has_vat:
        rows += [(word("total.net"), given.totals.net), (word("total.vat"), given.totals.vat)]
    gross = "gross" if has_vat else "no_vat"
    is_credit_note = given.kind is DocumentKind.CREDIT_NOTE
    rows.append((word(f"total.credit_{gross}" if is_credit_note else f"total.{gross}"), given.totals.gross))
    if given.prepaid:
        rows += [(word("total.prepaid"), -given.prepaid), (word("total.payable"), given.payable)]
    return [(label, words.money(amount)) for label, amount in rows]


def _of_statement(words: Words, given: Statement) -> list[Sum]:
    """What moved, what is late, what is owed."""
    debit = sum((each.debit for each in given.rows), Decimal(0))
    credit = sum((each.credit for each in given.rows), Decimal(0))
    late = [("total.overdue", given.overdue)] if given.overdue else []
    rows = [("total.debit", debit), ("total.credit", credit), *late]
    closing = words.word("statement.closing", day=words.short_day(given.until))
    return [
        *((words.word(label), words.money(amount)) for label, amount in rows),
        (closing, words.money(given.closing)),
    ]
