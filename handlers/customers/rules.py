"""What may stand in a customer's record, and how it is written. Pure.

Numbers of companies are checked by their check digits: SIREN and SIRET (INSEE), VAT numbers of the member states (directive 2006/112/EC,
art. 214), through python-stdnum. That a number exists is asked of nobody here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from stdnum.eu import vat
from stdnum.fr import siren, siret

from engine.errors import FieldProblem
from handlers.customers.types import PAYMENTS, AddressData, ContactData, CustomerData

LONGEST: Final = 200
LONGEST_NOTES: Final = 4_000
MOST_TAGS: Final = 20

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_PHONE = re.compile(r"\+?[0-9][0-9 .()/-]{4,24}")
_WEBSITE = re.compile(r"https?://[^\s<>\"']+")
_ACCOUNT = re.compile(r"[0-9A-Z]{1,20}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_SPACES = re.compile(r"\s+")
_LONG: Final = frozenset({"notes", "delivery_notes", "street"})


def tidied(given: CustomerData) -> CustomerData:
    """As it is kept: numbers without spaces, the SIREN from the SIRET, the address of a website complete, tags each once."""
    own_siren, own_siret = _compact(given.siren), _compact(given.siret)
    if not own_siren and siret.is_valid(own_siret):
        own_siren = own_siret[:9]
    website = given.website.strip()
    if website and "://" not in website:
        website = f"https://{website}"
    tags = tuple(dict.fromkeys(filter(None, (_one_line(each) for each in given.tags))))
    return replace(
        given,
        name=_one_line(given.name),
        email=given.email.strip(),
        phone=_one_line(given.phone),
        website=website,
        tags=tags,
        notes=given.notes.strip(),
        delivery_notes=given.delivery_notes.strip(),
        siren=own_siren,
        siret=own_siret,
        vat_number=_compact(given.vat_number),
        account_code=_compact(given.account_code),
    )


def problems(given: CustomerData) -> list[FieldProblem]:
    """What is wrong with a tidied customer, by field."""
    found = _too_long(given, ("name", "email", "phone", "website", "notes", "delivery_notes", "account_code"))
    checks = (
        ("name", "customer_name_missing", not given.name),
        ("siren", "siren_invalid", bool(given.siren) and not siren.is_valid(given.siren)),
        ("siret", "siret_invalid", bool(given.siret) and not siret.is_valid(given.siret)),
        ("vat_number", "vat_number_invalid", bool(given.vat_number) and not is_vat_number(given.vat_number)),
        ("email", "email_invalid", bool(given.email) and not _EMAIL.fullmatch(given.email)),
        ("phone", "phone_invalid", bool(given.phone) and not _PHONE.fullmatch(given.phone)),
        ("website", "website_invalid", bool(given.website) and not _WEBSITE.fullmatch(given.website)),
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
    return found or _contradictions(given)


def _contradictions(given: CustomerData) -> list[FieldProblem]:
    """Numbers that are right each, but of different companies."""
    is_other = (
        ("siret", "siret_of_another_siren", given.siret and not given.siret.startswith(given.siren)),
        (
            "vat_number",
            "vat_number_of_another_siren",
            _is_french(given.vat_number) and given.vat_number[4:] != given.siren,
        ),
    )
    return [FieldProblem(field=field, code=code) for field, code, differs in is_other if given.siren and differs]


def tidied_address(given: AddressData) -> AddressData:
    """As it is kept: no empty lines, the country in capitals."""
    street = "\n".join(filter(None, (_one_line(each) for each in given.street.splitlines())))
    return replace(
        given,
        label=_one_line(given.label),
        street=street,
        postal_code=_one_line(given.postal_code),
        city=_one_line(given.city),
        country=given.country.strip().upper(),
    )


def address_problems(given: AddressData) -> list[FieldProblem]:
    """What is wrong with a tidied address. French postal codes have five digits; of others nothing is known."""
    found = _too_long(given, ("label", "street", "postal_code", "city"))
    is_french = given.country == "FR"
    checks = (
        ("city", "city_missing", not given.city),
        ("country", "country_invalid", not _COUNTRY.fullmatch(given.country)),
        ("postal_code", "postal_code_invalid", is_french and not re.fullmatch(r"[0-9]{5}", given.postal_code)),
    )
    return found + [FieldProblem(field=field, code=code) for field, code, is_wrong in checks if is_wrong]


def tidied_contact(given: ContactData) -> ContactData:
    """As it is kept."""
    return ContactData(
        name=_one_line(given.name),
        department=_one_line(given.department),
        email=given.email.strip(),
        phone=_one_line(given.phone),
    )


def contact_problems(given: ContactData) -> list[FieldProblem]:
    """What is wrong with a tidied contact."""
    checks = (
        ("name", "contact_name_missing", not given.name),
        ("email", "email_invalid", bool(given.email) and not _EMAIL.fullmatch(given.email)),
        ("phone", "phone_invalid", bool(given.phone) and not _PHONE.fullmatch(given.phone)),
    )
    found = _too_long(given, ("name", "department", "email", "phone"))
    return found + [FieldProblem(field=field, code=code) for field, code, is_wrong in checks if is_wrong]


def is_vat_number(number: str) -> bool:
    """Whether a number with its country before it has right check digits; of countries outside the Union, whether it could be one."""
    if number[:2].lower() in {*vat.MEMBER_STATES, "el"}:
        return bool(vat.is_valid(number))
    return re.fullmatch(r"[A-Z]{2}[0-9A-Z.-]{2,18}", number) is not None


def _is_french(number: str) -> bool:
    return number.startswith("FR")


def _compact(number: str) -> str:
    return _SPACES.sub("", number).upper()


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _too_long(given: CustomerData | AddressData | ContactData, names: Iterable[str]) -> list[FieldProblem]:
    most = {name: LONGEST_NOTES if name in _LONG else LONGEST for name in names}
    return [
        FieldProblem(field=name, code="text_too_long", facts={"most": limit})
        for name, limit in most.items()
        if len(getattr(given, name)) > limit
    ]
