"""What may stand in the company's identity, and what documents still lack of it. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from stdnum import bic as bics
from stdnum import iban as ibans

from engine.errors import FieldProblem
from handlers.base import parties
from handlers.base.money import CENT
from handlers.base.parties import compact, lines_of, one_line
from handlers.company.types import (
    COMPANY_FORMS,
    FORMS,
    HIGHEST_CAPITAL,
    HIGHEST_PENALTY,
    VAT_REGIMES,
    IdentityData,
    Missing,
)

_ACTIVITY: Final = re.compile(r"[0-9]{4}[A-Z]")
_TERMS: Final = ("payment_terms_fr", "payment_terms_en", "discount_terms_fr", "discount_terms_en")
_SINGLE_LINES: Final = ("name", "postal_code", "city", "registry_city", "phone", "email", *_TERMS)
_SEVERAL_LINES: Final = ("street", "mediator", "own_mentions_fr", "own_mentions_en")
_LONGEST: Final = {
    **dict.fromkeys(("name", "city", "registry_city", "email", "website"), 120),
    **dict.fromkeys(("postal_code", "phone"), 30),
    "street": 300,
    **dict.fromkeys(_TERMS, 400),
    **dict.fromkeys(("mediator", "own_mentions_fr", "own_mentions_en"), 1_000),
}


def tidied(given: IdentityData) -> IdentityData:
    """As it is kept: numbers without spaces, the SIREN from the SIRET, no empty lines."""
    siret = compact(given.siret)
    texts: dict[str, Any] = {name: one_line(getattr(given, name)) for name in _SINGLE_LINES}
    texts |= {name: lines_of(getattr(given, name)) for name in _SEVERAL_LINES}
    texts |= {name: compact(getattr(given, name)) for name in ("vat_number", "iban", "bic")}
    return replace(
        given,
        **texts,
        country=given.country.strip().upper(),
        siren=parties.siren_of(compact(given.siren), siret),
        siret=siret,
        activity_code=compact(given.activity_code).replace(".", ""),
        website=parties.website(given.website),
    )


def problems(given: IdentityData) -> list[FieldProblem]:
    """What is wrong with a tidied identity, by field. What is only missing is no fault: see ``missing``."""
    numbers = {"siren": given.siren, "siret": given.siret, "vat_number": given.vat_number}
    found = parties.too_long(given, _LONGEST)
    found += parties.number_problems(**numbers)
    found += parties.contact_problems(email=given.email, phone=given.phone, website=given.website)
    if given.city or given.street or given.postal_code:
        found += parties.place_problems(postal_code=given.postal_code, city=given.city, country=given.country)
    checks = (
        ("name", "company_name_missing", not given.name),
        ("legal_form", "legal_form_unknown", given.legal_form not in FORMS),
        ("vat_regime", "vat_regime_unknown", given.vat_regime not in VAT_REGIMES),
        (
            "is_vat_on_debits",
            "vat_on_debits_without_vat",
            given.is_vat_on_debits and given.vat_regime == "franchise",
        ),
        ("capital", "capital_invalid", given.capital is not None and not _is_capital(given.capital)),
        ("activity_code", "activity_code_invalid", _differs(_ACTIVITY, given.activity_code)),
        ("iban", "iban_invalid", bool(given.iban) and not ibans.is_valid(given.iban)),
        ("bic", "bic_invalid", bool(given.bic) and not bics.is_valid(given.bic)),
        (
            "penalty_percent",
            "penalty_invalid",
            given.penalty_percent is not None and not _is_rate(given.penalty_percent),
        ),
    )
    found += [FieldProblem(field=field, code=code) for field, code, is_wrong in checks if is_wrong]
    return found or parties.contradictions(**numbers)


def missing(given: IdentityData) -> tuple[Missing, ...]:
    """What the law wants on documents and nobody has said yet, in the order of the page, with what asks for it."""
    is_company = given.legal_form in COMPANY_FORMS
    needed = (
        ("capital", "C. com. art. R. 123-238", is_company and given.capital is None),
        ("street", "C. com. art. R. 123-237", not given.street),
        ("city", "C. com. art. R. 123-237", not given.city),
        ("siren", "C. com. art. R. 123-237", not given.siren),
        ("registry_city", "C. com. art. R. 123-237", is_company and not given.registry_city),
        ("vat_number", "CGI ann. II art. 242 nonies A", given.vat_regime == "normal" and not given.vat_number),
    )
    return tuple(Missing(field=field, source=source) for field, source, is_missing in needed if is_missing)


def _differs(form: re.Pattern[str], value: str) -> bool:
    return bool(value) and not form.fullmatch(value)


def _is_capital(amount: Decimal) -> bool:
    return amount.is_finite() and 0 < amount < HIGHEST_CAPITAL and amount == amount.quantize(CENT)


def _is_rate(percent: Decimal) -> bool:
    return percent.is_finite() and 0 <= percent <= HIGHEST_PENALTY and percent == percent.quantize(Decimal("0.001"))
