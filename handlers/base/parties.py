"""How names, places and numbers of companies and people are written, ours and our customers'. Pure.

Numbers of companies are checked by their check digits: SIREN and SIRET (INSEE), VAT numbers of the member states (directive 2006/112/EC,
art. 214), through python-stdnum. That a number exists is asked of nobody here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from stdnum.eu import vat
from stdnum.fr import siren as sirens
from stdnum.fr import siret as sirets

from engine.addresses import is_address
from engine.errors import FieldProblem

_PHONE: Final = re.compile(r"\+?[0-9][0-9 .()/-]{4,24}")
_WEBSITE: Final = re.compile(r"https?://[^\s<>\"'/:@?#]+(:[0-9]{1,5})?([/?#][^\s<>\"']*)?")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_SPACES: Final = re.compile(r"\s+")


def compact(number: str) -> str:
    """A number as it is kept: capitals, no spaces."""
    return _SPACES.sub("", number).upper()


def one_line(text: str) -> str:
    """A text on one line, each space once."""
    return " ".join(text.split())


def lines_of(text: str) -> str:
    """A text of several lines without those that are empty."""
    return "\n".join(filter(None, (one_line(each) for each in text.splitlines())))


def website(typed: str) -> str:
    """The address of a website, complete."""
    typed = typed.strip()
    return f"https://{typed}" if typed and "://" not in typed else typed


def siren_of(siren: str, siret: str) -> str:
    """The SIREN, or that of the SIRET where only this is known. Both compact."""
    return siret[:9] if not siren and sirets.is_valid(siret) else siren


def is_vat_number(number: str) -> bool:
    """Whether a number with its country before it has right check digits; of countries outside the Union, whether it could be one."""
    if number[:2].lower() in {*vat.MEMBER_STATES, "el"}:
        return bool(vat.is_valid(number))
    return re.fullmatch(r"[A-Z]{2}[0-9A-Z.-]{2,18}", number) is not None


def contact_problems(*, email: str, phone: str, website: str = "") -> list[FieldProblem]:
    """What is wrong with the ways to reach somebody; each may be empty."""
    checks = (
        ("email", "email_invalid", email, is_address),
        ("phone", "phone_invalid", phone, _PHONE.fullmatch),
        ("website", "website_invalid", website, _WEBSITE.fullmatch),
    )
    return [FieldProblem(field=name, code=code) for name, code, value, fits in checks if value and not fits(value)]


def place_problems(*, postal_code: str, city: str, country: str) -> list[FieldProblem]:
    """What is wrong with a place. French postal codes have five digits; of others nothing is known."""
    checks = (
        ("city", "city_missing", not city),
        ("country", "country_invalid", not _COUNTRY.fullmatch(country)),
        ("postal_code", "postal_code_invalid", country == "FR" and not re.fullmatch(r"[0-9]{5}", postal_code)),
    )
    return [FieldProblem(field=name, code=code) for name, code, is_wrong in checks if is_wrong]


def number_problems(*, siren: str, siret: str, vat_number: str) -> list[FieldProblem]:
    """What is wrong with the numbers of a company, compact each; any may be empty."""
    checks = (
        ("siren", "siren_invalid", bool(siren) and not sirens.is_valid(siren)),
        ("siret", "siret_invalid", bool(siret) and not sirets.is_valid(siret)),
        ("vat_number", "vat_number_invalid", bool(vat_number) and not is_vat_number(vat_number)),
    )
    return [FieldProblem(field=name, code=code) for name, code, is_wrong in checks if is_wrong]


def contradictions(*, siren: str, siret: str, vat_number: str) -> list[FieldProblem]:
    """Numbers that are right each, but of different companies."""
    is_french = vat_number.startswith("FR")
    is_other = (
        ("siret", "siret_of_another_siren", bool(siret) and not siret.startswith(siren)),
        ("vat_number", "vat_number_of_another_siren", is_french and vat_number[4:] != siren),
    )
    return [FieldProblem(field=name, code=code) for name, code, differs in is_other if siren and differs]


def too_long(given: Any, most: Mapping[str, int]) -> list[FieldProblem]:
    """The fields of ``given`` that are longer than they may be."""
    return [
        FieldProblem(field=name, code="text_too_long", facts={"most": limit})
        for name, limit in most.items()
        if len(getattr(given, name)) > limit
    ]
