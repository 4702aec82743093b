"""Texts of people as the house font can write them: every character has a glyph, and every word fits somewhere. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

FONTS: Final = Path(__file__).parent / "fonts"

_NO_GLYPH: Final = "□"
_LONG_WORD: Final = re.compile(r"\S{28,}")
_BREAK: Final = "\u200b"


def written(text: str) -> str:
    """``text`` in composed characters, without what steers screens; what the font lacks becomes a plainer form, or an empty square.

    PDF/A allows no character without a glyph: one would keep the whole document from being made. Words too long for any column may break.
    """
    kept = "".join(_kept(each) for each in unicodedata.normalize("NFC", text))
    return _LONG_WORD.sub(_breakable, kept)


@cache
def characters() -> frozenset[str]:
    """What both weights of the font can write."""
    ranges = (each.partition("-") for each in (FONTS / "characters.txt").read_text(encoding="ascii").split())
    return frozenset(
        chr(code) for first, _, last in ranges for code in range(int(first, 16), int(last or first, 16) + 1)
    )


def _kept(character: str) -> str:
    if character == "\n":
        return character
    if character == "\t":
        return " "
    if unicodedata.category(character)[0] == "C":
        return ""
    if character in characters():
        return character
    plainer = unicodedata.normalize("NFKC", character)
    return plainer if set(plainer) <= characters() else _NO_GLYPH


def _breakable(word: re.Match[str]) -> str:
    """The word with a place to break after every twelve characters: no column is narrower."""
    text = word.group()
    return _BREAK.join(text[at : at + 12] for at in range(0, len(text), 12))
