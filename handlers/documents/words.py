"""How a document says labels, amounts, days and numbers: final texts in its language, which the house font can write. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.texts import format as forms
from engine.texts import say
from handlers.base.units import beside
from handlers.documents.model import DeliveryLine, Document, Exemption, ItemLine
from handlers.documents.writing import written


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of one document."""

    document: Document

    @property
    def language(self) -> str:
        """Of the document."""
        return self.document.language

    def word(self, part: str, **facts: object) -> str:
        """A text of the catalogue (``document.PART``)."""
        return written(say(f"document.{part}", self.language, **facts))

    def amount(self, value: Decimal) -> str:
        """Without its currency, which the head of the column says."""
        return forms.amount(value, self.language)

    def money(self, value: Decimal) -> str:
        """With its currency."""
        return forms.money(value, self.language, self.document.currency)

    def quantity(self, value: Decimal) -> str:
        """Without zeros that say nothing."""
        return forms.number(value, self.language)

    def unit(self, line: ItemLine | DeliveryLine) -> str:
        """As it stands beside the line's quantity."""
        return beside(line.quantity, line.unit, self.language)

    def rate(self, rate: Decimal | None, exemption: Exemption | None) -> str:
        """Of VAT, or why there is none, in a word."""
        if exemption is not None:
            return self.word(f"exempt.{exemption}")
        return "–" if rate is None else forms.percent(rate, self.language)

    def percent(self, value: Decimal | None) -> str:
        """Of a discount, 10 for ten per cent; nothing for none."""
        return forms.percent(value / 100, self.language) if value else ""

    def day(self, day: date | None) -> str:
        """In words; nothing for none."""
        return "" if day is None else forms.day(day, self.language, "long")

    def short_day(self, day: date | None) -> str:
        """In figures, for tables; nothing for none."""
        return "" if day is None else forms.day(day, self.language, "short")


def grouped(number: str, by: int = 3) -> str:
    """``303 265 045``: groups that do not part at the end of a line; a SIRET ends with its own five digits."""
    head, tail = (number[:9], number[9:]) if by == 3 and len(number) == 14 else (number, "")
    groups = [head[at : at + by] for at in range(0, len(head), by)]
    return "\u00a0".join(filter(None, (*groups, tail)))
