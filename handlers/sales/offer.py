"""What a quote is beside its lines: what may stand in its head, when it can be sent, what its hash is taken of. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any, Final

from engine.data import to_canonical, to_values
from engine.errors import FieldProblem
from handlers.base import parties
from handlers.base.parties import lines_of
from handlers.sales import head
from handlers.sales.types import Line, QuoteData, Totals

LONGEST_VALIDITY: Final = 366
"""Days that an offer can bind us."""

_LONGEST: Final = {"introduction": 4_000}


def tidied(given: QuoteData) -> QuoteData:
    """As it is kept."""
    return replace(given, introduction=lines_of(given.introduction), **head.tidied(given))


def problems(given: QuoteData, today: date) -> list[FieldProblem]:
    """What is wrong with the head of a tidied quote, by field."""
    checks = (
        ("valid_until", "validity_past", given.valid_until < today),
        ("valid_until", "validity_too_long", (given.valid_until - today).days > LONGEST_VALIDITY),
    )
    found = head.problems(given) + parties.too_long(given, _LONGEST)
    return found + [FieldProblem(field=field, code=code) for field, code, is_wrong in checks if is_wrong]


def missing(email: str, valid_until: date, lines: Sequence[Line], today: date) -> str | None:
    """Why a quote cannot be sent yet, as the code of an error; None when it can."""
    if not any(each.kind == "item" for each in lines):
        return "quote_empty"
    if not email:
        return "quote_without_email"
    return "quote_out_of_date" if valid_until < today else None


def content_hash(head: Mapping[str, Any], lines: Sequence[Line], totals: Totals) -> str:
    """SHA-256 of what the customer reads: the head (number, version, party, dates, terms …), each line, the figures."""
    content = {"quote": dict(head), "lines": [asdict(each) for each in lines], "totals": asdict(totals)}
    return hashlib.sha256(to_canonical(to_values(content)).encode()).hexdigest()
