"""What may stand in the company's identity, what documents lack of it, and which pictures may be its logo."""

from __future__ import annotations

import struct
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from handlers.company import logo
from handlers.company.rules import missing, problems, tidied
from handlers.company.types import MOST_LOGO_BYTES, IdentityData

OURS = IdentityData(
    name="Atelier du Jura",
    capital=Decimal(50000),
    street="4 rue des Artisans",
    postal_code="39000",
    city="Lons-le-Saunier",
    siret="303 265 045 00011",
    registry_city="Lons-le-Saunier",
    vat_number="fr 40 303265045",
    activity_code="31.01z",
    iban="FR76 3000 6000 0112 3456 7890 189",
    bic="agrifrpp",
    website="atelier.example",
    payment_terms_fr="À 30 jours.",
    payment_terms_en="Within 30 days.",
)


def found(**changed: Any) -> list[tuple[str, str]]:
    return [(each.field, each.code) for each in problems(tidied(replace(OURS, **changed)))]


def test_numbers_are_kept_without_spaces_and_the_siren_follows_from_the_siret() -> None:
    kept = tidied(replace(OURS, siret="30326504500011"))
    assert (kept.siren, kept.siret) == ("303265045", "30326504500011")
    assert (kept.vat_number, kept.activity_code, kept.bic) == ("FR40303265045", "3101Z", "AGRIFRPP")
    assert (kept.iban, kept.website) == ("FR7630006000011234567890189", "https://atelier.example")
    assert problems(kept) == []
    assert tidied(kept) == kept


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"name": " "}, [("name", "company_name_missing")]),
        ({"siret": "30326504500017"}, [("siret", "siret_invalid")]),
        ({"siret": "", "siren": "303265046"}, [("siren", "siren_invalid")]),
        (
            {"vat_number": "FR83404833048"},
            [("vat_number", "vat_number_of_another_siren")],
        ),
        (
            {"vat_regime": "franchise", "vat_number": "", "is_vat_on_debits": True},
            [("is_vat_on_debits", "vat_on_debits_without_vat")],
        ),
        ({"iban": "FR7630006000011234567890188"}, [("iban", "iban_invalid")]),
        ({"bic": "AGRI"}, [("bic", "bic_invalid")]),
        ({"capital": Decimal("NaN")}, [("capital", "capital_invalid")]),
        ({"capital": Decimal("0.005")}, [("capital", "capital_invalid")]),
        ({"penalty_percent": Decimal(-1)}, [("penalty_percent", "penalty_invalid")]),
        ({"penalty_percent": Decimal("Infinity")}, [("penalty_percent", "penalty_invalid")]),
        ({"activity_code": "31"}, [("activity_code", "activity_code_invalid")]),
        ({"postal_code": "390"}, [("postal_code", "postal_code_invalid")]),
        ({"legal_form": "gmbh"}, [("legal_form", "legal_form_unknown")]),
        ({"vat_regime": "none"}, [("vat_regime", "vat_regime_unknown")]),
        ({"own_mentions_fr": "x" * 1001}, [("own_mentions_fr", "text_too_long")]),
    ],
)
def test_what_cannot_stand_there(changed: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert found(**changed) == expected


def test_what_documents_still_lack_depends_on_form_and_regime() -> None:
    complete = replace(OURS, siret="30326504500011", siren="303265045")
    assert missing(complete) == ()
    nothing = IdentityData(name="Nouvelle")
    assert [each.field for each in missing(nothing)] == [
        *("capital", "street", "city", "siren", "registry_city", "vat_number")
    ]
    alone = replace(complete, legal_form="ei", capital=None, registry_city="", vat_regime="franchise", vat_number="")
    assert missing(alone) == ()


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", width, height, 8, 2, 0, 0, 0)


def jpeg(width: int, height: int) -> bytes:
    frame = struct.pack(">HHBHHB", 0xFFC0, 17, 8, height, width, 3)
    return b"\xff\xd8" + struct.pack(">HH", 0xFFE0, 4) + b"ab" + frame + b"\0" * 9


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (png(600, 200), None),
        (jpeg(600, 200), None),
        (b"", "logo_missing"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "logo_kind_refused"),
        (b"GIF89a", "logo_kind_refused"),
        (b"%PDF-1.7", "logo_kind_refused"),
        (b"\x89PNG\r\n\x1a\n", "logo_unreadable"),
        (b"\xff\xd8\xff\xd9", "logo_unreadable"),
        (png(0, 10), "logo_pixels"),
        (jpeg(65535, 65535), "logo_pixels"),
        (png(10, 10) + b"\0" * MOST_LOGO_BYTES, "logo_too_large"),
    ],
)
def test_which_pictures_may_be_the_logo(content: bytes, code: str | None) -> None:
    assert [each.code for each in logo.problems(content)] == ([code] if code else [])


@given(some.binary(max_size=200).map(lambda end: b"\xff\xd8" + end))
def test_no_bytes_make_the_reading_of_a_size_fail(content: bytes) -> None:
    logo.size_of(content)
