"""Every code that the short form can give has its sentence in both languages, and the catalogue names no other."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from engine.model import short_form

FOLDER = Path(short_form.__file__).parent
CATALOGUE = FOLDER.parents[1] / "texts" / "catalogue" / "short_form.yaml"


def test_codes_and_sentences_are_the_same() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (*FOLDER.glob("*.py"), FOLDER / "schema.json"))
    said = set(re.findall(r"\"(short_form_\w+)\"", sources))
    assert said == set(yaml.safe_load(CATALOGUE.read_text(encoding="utf-8")))
