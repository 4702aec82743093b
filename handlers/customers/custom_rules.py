"""What may stand in the fields that a company adds to its customers, and how it is written. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from engine.errors import FieldProblem
from handlers.base.parties import one_line
from handlers.customers.types import FIELD_KINDS, CustomFieldData

YES: Final = "yes"
LONGEST_LABEL: Final = 80
LONGEST_VALUE: Final = 500
MOST_CHOICES: Final = 100
MOST_FIELDS: Final = 50
"""Of one company: a page with more is a table of its own."""

_FURTHEST: Final = Decimal(10) ** 15


def tidied(given: CustomFieldData) -> CustomFieldData:
    """As it is kept: one line each; each choice once, and none where nothing is chosen."""
    choices = tuple(dict.fromkeys(filter(None, (one_line(each) for each in given.choices))))
    return replace(
        given,
        label_fr=one_line(given.label_fr),
        label_en=one_line(given.label_en),
        choices=choices if given.kind == "choice" else (),
    )


def problems(given: CustomFieldData) -> list[FieldProblem]:
    """What is wrong with a tidied field, by field of its form."""
    checks = (
        ("label_fr", "custom_label_missing", not given.label_fr),
        ("label_fr", "text_too_long", len(given.label_fr) > LONGEST_LABEL),
        ("label_en", "text_too_long", len(given.label_en) > LONGEST_LABEL),
        ("kind", "custom_kind_unknown", given.kind not in FIELD_KINDS),
        ("choices", "custom_choices_missing", given.kind == "choice" and not given.choices),
        (
            "choices",
            "custom_choices_too_many",
            len(given.choices) > MOST_CHOICES or any(len(each) > LONGEST_LABEL for each in given.choices),
        ),
    )
    facts: dict[str, dict[str, str | int | None]] = {
        "text_too_long": {"most": LONGEST_LABEL},
        "custom_choices_too_many": {"most": MOST_CHOICES},
    }
    return [
        FieldProblem(field=field, code=code, facts=facts.get(code, {})) for field, code, is_wrong in checks if is_wrong
    ]


def key_for(label: str, taken: Collection[str]) -> str:
    """The name under which values are kept: made of the label once, and never changed with it."""
    letters = "".join(each for each in unicodedata.normalize("NFKD", label) if not unicodedata.combining(each))
    begun = re.sub(r"[^a-z0-9]+", "_", letters.lower()).strip("_")[:40].strip("_") or "field"
    numbered = (begun if number == 1 else f"{begun}_{number}" for number in range(1, len(taken) + 2))
    return next(each for each in numbered if each not in taken)


def tidied_value(kind: str, value: str) -> str:
    """As it is kept; what is none of its kind is left for ``value_problem`` to see."""
    value = one_line(value)
    if kind == "number" and value:
        try:
            return format(Decimal(value).normalize(), "f")
        except InvalidOperation:
            return value
    return value


def value_problem(field: CustomFieldData, value: str, before: str = "") -> str | None:
    """The code of what is wrong with a tidied value; what was there ``before`` may stay, whatever became of the choices."""
    if not value or value == before:
        return None
    is_right = {
        "text": lambda: len(value) <= LONGEST_VALUE,
        "number": lambda: _is_number(value),
        "date": lambda: _is_day(value),
        "choice": lambda: value in field.choices,
        "flag": lambda: value == YES,
    }[field.kind]()
    return None if is_right else f"custom_value_no_{field.kind}"


def _is_number(value: str) -> bool:
    try:
        found = Decimal(value)
    except InvalidOperation:
        return False
    return found.is_finite() and abs(found) < _FURTHEST and found == found.quantize(Decimal("0.000001"))


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
