"""What may stand in a customer's record, and how it is written. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from engine.errors import FieldProblem
from handlers.base import parties
from handlers.base.parties import compact, lines_of, one_line
from handlers.customers import fiscal
from handlers.customers.types import DOCUMENTS, PAYMENTS, AddressData, ContactData, CustomerData

LONGEST: Final = 200
LONGEST_NOTES: Final = 4_000
MOST_TAGS: Final = 20

_ACCOUNT = re.compile(r"[0-9A-Z]{1,20}")
_LONG: Final = frozenset({"notes", "delivery_notes", "street"})


def tidied(given: CustomerData) -> CustomerData:
    """As it is kept: numbers without spaces, the SIREN from the SIRET, the address of a website complete, tags each once."""
    siret = compact(given.siret)
    tags = tuple(dict.fromkeys(filter(None, (one_line(each) for each in given.tags))))
    return replace(
        given,
        name=one_line(given.name),
        email=given.email.strip(),
        phone=one_line(given.phone),
        website=parties.website(given.website),
        tags=tags,
        notes=given.notes.strip(),
        delivery_notes=given.delivery_notes.strip(),
        siren=parties.siren_of(compact(given.siren), siret),
        siret=siret,
        vat_number=compact(given.vat_number),
        account_code=compact(given.account_code),
    )


def problems(given: CustomerData) -> list[FieldProblem]:
    """What is wrong with a tidied customer, by field."""
    numbers = {"siren": given.siren, "siret": given.siret, "vat_number": given.vat_number}
    found = _too_long(given, ("name", "email", "phone", "website", "notes", "delivery_notes", "account_code"))
    found += parties.number_problems(**numbers)
    found += parties.contact_problems(email=given.email, phone=given.phone, website=given.website)
    checks = (
        ("name", "customer_name_missing", not given.name),
        ("locale", "locale_unknown", given.locale not in ("fr", "en")),
        ("preferred_payment", "payment_unknown", given.preferred_payment not in ("", *PAYMENTS)),
        (
            "account_code",
            "account_code_invalid",
            bool(given.account_code) and not _ACCOUNT.fullmatch(given.account_code),
        ),
        ("tags", "tags_too_many", len(given.tags) > MOST_TAGS or any(len(each) > LONGEST for each in given.tags)),
        ("siren", "siren_of_a_person", not given.is_company and bool(given.siren or given.siret)),
    )
    found += [FieldProblem(field=field, code=code) for field, code, is_wrong in checks if is_wrong]
    return found or parties.contradictions(**numbers) or _position_problems(given)


def _position_problems(given: CustomerData) -> list[FieldProblem]:
    """A position that was chosen must fit the customer; the one that is worked out does."""
    code = None
    if given.fiscal_position != fiscal.BY_ADDRESS:
        code = fiscal.problem(given.fiscal_position, given.vat_number, is_company=given.is_company)
    return [] if code is None else [FieldProblem(field="fiscal_position", code=code)]


def tidied_address(given: AddressData) -> AddressData:
    """As it is kept: no empty lines, the country in capitals."""
    return replace(
        given,
        label=one_line(given.label),
        street=lines_of(given.street),
        postal_code=one_line(given.postal_code),
        city=one_line(given.city),
        country=given.country.strip().upper(),
    )


def address_problems(given: AddressData) -> list[FieldProblem]:
    """What is wrong with a tidied address."""
    return _too_long(given, ("label", "street", "postal_code", "city")) + parties.place_problems(
        postal_code=given.postal_code, city=given.city, country=given.country
    )


def tidied_contact(given: ContactData) -> ContactData:
    """As it is kept."""
    return ContactData(
        name=one_line(given.name),
        department=one_line(given.department),
        email=given.email.strip(),
        phone=one_line(given.phone),
        receives=tuple(dict.fromkeys(given.receives)),
    )


def contact_problems(given: ContactData) -> list[FieldProblem]:
    """What is wrong with a tidied contact."""
    found = _too_long(given, ("name", "department", "email", "phone"))
    if not given.name:
        found.append(FieldProblem(field="name", code="contact_name_missing"))
    if not set(given.receives) <= set(DOCUMENTS):
        found.append(FieldProblem(field="receives", code="documents_unknown"))
    if given.receives and not given.email:
        found.append(FieldProblem(field="email", code="contact_receives_nowhere"))
    return found + parties.contact_problems(email=given.email, phone=given.phone)


def _too_long(given: CustomerData | AddressData | ContactData, names: Iterable[str]) -> list[FieldProblem]:
    return parties.too_long(given, {name: LONGEST_NOTES if name in _LONG else LONGEST for name in names})
