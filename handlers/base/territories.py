"""Which countries are inside which territory of the VAT. Pure.

Codes of two letters (ISO 3166-1), as addresses have them. The member states are those of python-stdnum, which checks their VAT numbers
(directive 2006/112/EC, art. 5 and 6). Parts of a member state with rules of their own (the Canary Islands, Åland, Northern Ireland for
goods) have no code here, or belong to another country: whoever writes the document knows.
"""

from __future__ import annotations

from typing import Final

from stdnum.eu import vat

from handlers.base.parties import is_vat_number

HOME: Final = frozenset({"FR", "MC"})
"""Where French VAT is due: Monaco belongs to it (CGI art. 256-0)."""

MEMBER_STATES: Final = frozenset(each.upper() for each in vat.MEMBER_STATES if each != "xi")
"""Of the European Union, France too. Northern Ireland (XI) is part of the United Kingdom for everything but goods."""

OVERSEAS: Final = frozenset({"GP", "MQ", "RE", "GF", "YT"})
"""The overseas departments, which have rules of their own (CGI art. 294): neither home nor abroad."""

_BY_POSTCODE: Final = {
    "971": "GP",
    "972": "MQ",
    "973": "GF",
    "974": "RE",
    "976": "YT",
    "975": "PM",
    "977": "BL",
    "978": "MF",
    "984": "TF",
    "986": "WF",
    "987": "PF",
    "988": "NC",
    "97133": "BL",
    "97150": "MF",
}
"""French postal codes of places with codes of their own: many write France as their country."""

_GREECE: Final = "EL"
"""How its VAT numbers begin."""


def territory(country: str, postal_code: str) -> str:
    """The code of a place by its address: of an overseas one its own, also where the country is written as France."""
    code = postal_code.replace(" ", "")
    if country != "FR" or len(code) != 5:
        return country
    return _BY_POSTCODE.get(code) or _BY_POSTCODE.get(code[:3], country)


def is_other_member_state(country: str) -> bool:
    """Whether goods that go there leave France for another member state."""
    return country in MEMBER_STATES and country not in HOME


def is_outside(country: str) -> bool:
    """Whether goods that go there leave the Union."""
    return country not in MEMBER_STATES | HOME | OVERSEAS


def is_number_of_other_state(number: str) -> bool:
    """Whether a compact VAT number was given by another member state, and its check digits are right."""
    prefix = number[:2]
    return (prefix == _GREECE or is_other_member_state(prefix)) and is_vat_number(number)
