"""Fiscal positions: whether a sale to a customer bears French VAT. Pure.

*domestic*: it does (CGI art. 256). *intra_eu*: goods go to a business in another member state (art. 262 ter I), services are taxed there
by who buys them (art. 259-1°, 283-2). *export*: goods leave the Union (art. 262 I), services are taxed outside it (art. 259-1°). What the
seller's own regime exempts (art. 293 B) belongs to the company, not to its customers.
"""

from __future__ import annotations

from typing import Final

from engine.data import data
from handlers.base import territories

POSITIONS: Final = ("domestic", "intra_eu", "export")
USUAL: Final = "domestic"
BY_ADDRESS: Final = ""
"""Of a customer: the position follows from where goods or invoices go and from the VAT number, each time anew."""


@data
class Proposal:
    """A position and why: the code of a sentence (``fiscal.reason.CODE``)."""

    position: str
    reason: str


def proposed(country: str | None, vat_number: str, *, is_company: bool) -> Proposal:
    """What fits a sale to ``country``: where the goods go, else where the customer is; None where nobody knows.

    Somebody in another member state who has no VAT number of one buys as a private person does: French VAT is due. The overseas
    departments have rules that are not known here.
    """
    if country is None:
        return Proposal(position="domestic", reason="no_address")
    if country in territories.HOME:
        return Proposal(position="domestic", reason="home")
    if country in territories.OVERSEAS:
        return Proposal(position="domestic", reason="overseas")
    if territories.is_outside(country):
        return Proposal(position="export", reason="outside")
    if is_company and territories.is_number_of_other_state(vat_number):
        return Proposal(position="intra_eu", reason="business_in_eu")
    return Proposal(position="domestic", reason="no_number")


def problem(position: str, vat_number: str, *, is_company: bool) -> str | None:
    """Why a sale to this customer cannot have this position, as the code of an error; None when it can."""
    if position not in POSITIONS:
        return "fiscal_position_unknown"
    if position == "intra_eu" and not is_company:
        return "fiscal_position_of_a_person"
    if position == "intra_eu" and not territories.is_number_of_other_state(vat_number):
        return "fiscal_position_without_number"
    return None
