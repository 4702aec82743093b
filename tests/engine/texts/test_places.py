"""Places in files, said in both languages."""

from __future__ import annotations

import pytest

from engine.texts.places import place_text


@pytest.mark.parametrize(
    ("place", "french", "english"),
    [
        ("rule:3/input:1 Amount", "ligne 3, entrée 1 (Amount)", "rule 3, input 1 (Amount)"),
        (
            "entry:tax rate/else",
            "ligne du contexte «\N{NO-BREAK SPACE}tax rate\N{NO-BREAK SPACE}», sinon",
            "context entry “tax rate”, else",
        ),
        ("entry:2024", "ligne du contexte 2024", "context entry 2024"),
        (
            "entry:2nd rate",
            "ligne du contexte «\N{NO-BREAK SPACE}2nd rate\N{NO-BREAK SPACE}»",
            "context entry “2nd rate”",
        ),
        ("output:2 a\u2215b/values", "sortie 2 (a\u2215b), valeurs admises", "output 2 (a\u2215b), allowed values"),
        ("line:12", "ligne 12", "line 12"),
        ("input order", "input order", "input order"),
        ("eventDefinition", "eventDefinition", "eventDefinition"),
        ("17", "17", "17"),
        ("condition x/y", "condition x/y", "condition x/y"),
    ],
)
def test_a_place_is_said_in_words(place: str, french: str, english: str) -> None:
    assert place_text(place, "fr") == french
    assert place_text(place, "en") == english
