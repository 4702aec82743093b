"""Units beside quantities: the plural of each language, and nothing guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.texts import LOCALES, catalogue
from handlers.base import units
from handlers.base.units import counted, plain


@pytest.mark.parametrize(
    ("quantity", "unit", "french", "english"),
    [
        ("1", "pièce", "1 pièce", "1 piece"),
        ("1.0000", "pièce", "1 pièce", "1 piece"),
        ("3.0000", "pièce", "3 pièces", "3 pieces"),
        ("10", "Pièce", "10 Pièces", "10 Pieces"),
        ("1.5", "heure", "1,5 heure", "1.5 hours"),  # French has a plural from two on
        ("0", "heure", "0 heure", "0 hours"),
        ("2.5", "hour", "2,5 heures", "2.5 hours"),
        ("2", "panneau", "2 panneaux", "2 panels"),
        ("2", "rouleaux", "2 rouleaux", "2 rolls"),
        ("2", "boite", "2 boîtes", "2 boxes"),
        ("1000000", "jour", "1\u202f000\u202f000 jours", "1,000,000 days"),
        ("2", "mois", "2 mois", "2 months"),
        ("2", "kg", "2 kg", "2 kg"),
        ("2", "m²", "2 m²", "2 m²"),
        ("2", "bobineau", "2 bobineau", "2 bobineau"),
        ("2", "", "2", "2"),
    ],
)
def test_a_unit_has_the_plural_of_the_readers_language(quantity: str, unit: str, french: str, english: str) -> None:
    assert counted(Decimal(quantity), unit, "fr") == french
    assert counted(Decimal(quantity), unit, "en") == english


def test_no_word_is_a_form_of_two_units() -> None:
    codes = [code for code in catalogue() if code.startswith("unit.")]
    forms = [
        (plain(word), code)
        for code in codes
        for locale in LOCALES
        for word in dict(catalogue()[code][locale]).values()  # type: ignore[arg-type]
    ]
    assert len(dict(forms)) == len(set(forms))
    assert sorted(codes) == sorted(f"unit.{name}" for name in units._NAMES)
