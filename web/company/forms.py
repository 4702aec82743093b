"""What was typed about the company, as it was typed, and what it means in the person's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from handlers.company.types import IdentityData
from web.numbers import number, plain

NUMBERS: Final = ("capital", "penalty_percent")
CHOICES: Final = ("is_vat_on_debits", "is_below_eu_threshold")
"""What is ticked or not."""
NAMES: Final = tuple(each.name for each in fields(IdentityData))


def typed(form: MultiDict[str, str]) -> dict[str, str]:
    """What was typed."""
    return {name: form.get(name, "") for name in NAMES}


def of_identity(identity: IdentityData) -> dict[str, str]:
    """The form of the company as it is."""
    known: dict[str, Any] = {name: getattr(identity, name) for name in NAMES}
    return {name: _text(value) for name, value in known.items()}


def identity(form: Mapping[str, str]) -> IdentityData:
    """What it means. Raises NumberUnreadable."""
    meant: dict[str, Any] = {name: form[name] for name in NAMES} | {name: bool(form[name]) for name in CHOICES}
    return IdentityData(**meant | {name: number(form[name], name) for name in NUMBERS})


def _text(value: str | Decimal | bool | None) -> str:  # noqa: FBT001 - any value of the record
    if value is None or isinstance(value, bool):
        return "yes" if value else ""
    return plain(value) if isinstance(value, Decimal) else value
