"""Units of quantities for machines: the code of what people typed (UN/ECE recommendation 20). How people read it: ``base.units``. Pure."""

from __future__ import annotations

from typing import Final

from handlers.base.units import plain

_OF_NO_KIND: Final = "C62"
"""*One*: of whatever the line says."""

_CODES: Final = {
    "H87": "piece pce pc unite unit u article",
    "HUR": "heure hour h hr",
    "MIN": "minute min mn",
    "DAY": "jour journee day j",
    "WEE": "semaine week",
    "MON": "mois month",
    "ANN": "an annee year",
    "KGM": "kg kilo kilogramme kilogram",
    "GRM": "g gramme gram",
    "TNE": "t tonne",
    "MTR": "m metre meter",
    "CMT": "cm centimetre",
    "MMT": "mm millimetre",
    "KMT": "km kilometre",
    "MTK": "m2",
    "MTQ": "m3",
    "LTR": "l litre liter",
    "LS": "forfait lump flat",
    "SET": "lot jeu set ensemble",
    "XPK": "paquet colis pack package",
    "XCT": "carton",
    "XBX": "boite box",
    "XRO": "rouleau roll",
    "XPX": "palette pallet",
}
_BY_WORD: Final = {word: code for code, words in _CODES.items() for word in words.split()}


def code_of(unit: str) -> str:
    """The code of ``unit``; that of *one* for a word that is not known (*ml* is a millilitre for some, a running metre for others)."""
    word = plain(unit)
    return _BY_WORD.get(word) or _BY_WORD.get(word.removesuffix("s")) or _OF_NO_KIND
