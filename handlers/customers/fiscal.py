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


REFUSALS: Final = (
    *("fiscal_position_unknown", "fiscal_position_of_a_person", "fiscal_position_without_number"),
    *("fiscal_overseas", "fiscal_consumer_abroad"),
)
"""Why a sale cannot go out (``refusal``)."""


@data
class Proposal:
    """A position and why: the code of a sentence (``fiscal.reason.CODE``)."""

    position: str
    reason: str


def proposed(country: str | None, vat_number: str, *, is_company: bool) -> Proposal:
    """What fits a sale to ``country``: where the goods go, else where the customer is; None where nobody knows.

    Somebody in another member state who has no VAT number of one buys as a private person does: French VAT is due, as long as the company
    sells little there. The overseas departments have rules that are not known here (``refusal``).
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


def refusal(
    position: str,
    territory: str | None,
    vat_number: str,
    *,
    is_company: bool,
    has_goods: bool,
    is_below_threshold: bool,
) -> str | None:
    """Why such a sale cannot go out, as the code of an error; None when it can. ``territory``: where the goods go, else where the customer
    is; ``is_below_threshold``: the company sells less than 10,000 € a year to private persons in other member states.

    What is not known here is refused by name rather than taxed wrongly: the rates of the overseas departments (CGI art. 294), and those of
    the other member states, which goods for private persons there bear above the threshold (art. 258 A, 259 D).
    """
    if code := problem(position, vat_number, is_company=is_company):
        return code
    if territory is None:
        return None
    if territory in territories.OVERSEAS:
        return "fiscal_overseas"
    buys_as_business = is_company and territories.is_number_of_other_state(vat_number)
    if not territories.is_other_member_state(territory) or position != USUAL or buys_as_business:
        return None
    return "fiscal_consumer_abroad" if has_goods and not is_below_threshold else None


def problem(position: str, vat_number: str, *, is_company: bool) -> str | None:
    """Why a sale to this customer cannot have this position, as the code of an error; None when it can."""
    if position not in POSITIONS:
        return "fiscal_position_unknown"
    if position == "intra_eu" and not is_company:
        return "fiscal_position_of_a_person"
    if position == "intra_eu" and not territories.is_number_of_other_state(vat_number):
        return "fiscal_position_without_number"
    return None
