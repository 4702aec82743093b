"""What the heads of all documents of sales have: to whom, in which words, on which terms. Pure."""

from __future__ import annotations

from typing import Any, Final, Protocol

from engine.errors import FieldProblem
from handlers.base import parties
from handlers.base.parties import one_line
from handlers.customers import fiscal
from handlers.sales.types import TERMS

CURRENCY: Final = "EUR"

_LONGEST: Final = {"subject": 200, "contact": 200, "email": 254, "customer_reference": 80}


class Head(Protocol):
    """The fields of ``QuoteData`` that every document has."""

    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def contact(self) -> str: ...  # noqa: D102
    @property
    def email(self) -> str: ...  # noqa: D102
    @property
    def locale(self) -> str: ...  # noqa: D102
    @property
    def customer_reference(self) -> str: ...  # noqa: D102
    @property
    def terms(self) -> str: ...  # noqa: D102
    @property
    def currency(self) -> str: ...  # noqa: D102
    @property
    def fiscal_position(self) -> str: ...  # noqa: D102


def tidied(given: Head) -> dict[str, Any]:
    """The fields that are kept otherwise than they were typed, as they are kept."""
    return {
        "subject": one_line(given.subject),
        "contact": one_line(given.contact),
        "email": given.email.strip(),
        "customer_reference": one_line(given.customer_reference),
        "currency": given.currency.strip().upper(),
    }


def problems(given: Head) -> list[FieldProblem]:
    """What is wrong with a tidied head, by field."""
    found = parties.too_long(given, _LONGEST)
    found += parties.contact_problems(email=given.email, phone="")
    if given.currency != CURRENCY:
        found.append(FieldProblem(field="currency", code="currency_not_ours", facts={"currency": given.currency[:20]}))
    if given.locale not in {"fr", "en"}:
        found.append(FieldProblem(field="locale", code="locale_unknown"))
    return found + terms_problems(given.terms)


def position_problems(given: Head, vat_number: str, *, is_company: bool) -> list[FieldProblem]:
    """Why a sale to a customer with this VAT number cannot have the fiscal position of its head."""
    code = fiscal.problem(given.fiscal_position, vat_number, is_company=is_company)
    return [] if code is None else [FieldProblem(field="fiscal_position", code=code)]


def terms_problems(terms: str) -> list[FieldProblem]:
    """What is wrong with the terms of payment."""
    return [] if terms in TERMS else [FieldProblem(field="terms", code="terms_unknown")]
