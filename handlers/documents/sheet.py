"""A document as the style lays it out: every text final, formatted and in the document's language. Pure.

The style (``style.typ``) gets nothing but strings from here; numbers, days, labels and the order of things are decided in this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from babel import Locale

from engine.texts import format as forms
from engine.texts import say
from handlers.documents.model import Document, ItemLine, NoteLine, PostalAddress, SectionLine, Seller
from handlers.documents.writing import written

LONG: Final = 900
"""Characters from which a line may run over the end of a page; shorter ones stay whole."""

Row = dict[str, Any]


def sheet(document: Document) -> dict[str, Any]:
    """What ``style.typ`` reads as ``data.json``."""
    return _Writer(document=document).sheet()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    document: Document
    language: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "language", self.document.language)

    def word(self, part: str, **facts: object) -> str:
        return say(f"document.{part}", self.language, **facts)

    def amount(self, value: Decimal) -> str:
        return forms.amount(value, self.language)

    def rate(self, rate: Decimal | None) -> str:
        return "–" if rate is None else forms.percent(rate, self.language)

    @property
    def has_vat(self) -> bool:
        return any(each.rate is not None for each in self.document.vat)

    @property
    def has_discount(self) -> bool:
        return any(isinstance(each, ItemLine) and each.discount_percent for each in self.document.lines)

    @property
    def is_wide(self) -> bool:
        """Some quantity with its unit needs more room than most."""
        items = (each for each in self.document.lines if isinstance(each, ItemLine))
        return any(len(forms.number(each.quantity, self.language)) + len(each.unit) > 16 for each in items)

    def sheet(self) -> dict[str, Any]:
        given = self.document
        title = self.word(f"kind.{given.kind}")
        return {
            "lang": self.language,
            "title": title,
            "number": written(given.number),
            "heading": f"{title} {written(given.number)}",
            "version": self.word("version", version=given.version) if given.version > 1 else "",
            "draft": self.word("draft") if given.is_draft else "",
            "logo": "" if given.seller.logo is None else f"logo.{given.seller.logo.media_type.removeprefix('image/')}",
            "seller": {"name": self.seller_name(), "text": "\n".join(self.seller_lines())},
            "buyer": {
                "label": self.word("buyer"),
                "name": written(given.buyer.name),
                "text": "\n".join(self.buyer_lines()),
            },
            "delivery": self.delivery(),
            "facts": self.facts(),
            "subject": written(given.subject),
            "introduction": written(given.introduction),
            "has_discount": self.has_discount,
            "has_vat": self.has_vat,
            "columns": self.columns(),
            "is_wide": self.is_wide,
            "rows": self.rows(),
            "vat": self.vat(),
            "totals": self.totals(),
            "terms": self.terms(),
            "acceptance": self.acceptance(),
            "mentions": [written(each) for each in given.mentions],
            "footer": "\n".join(self.footer()),
            "page": self.word("page"),
        }

    def seller_name(self) -> str:
        """With what the law puts beside the name of somebody who trades alone (C. com. art. R. 526-27)."""
        seller = self.document.seller
        return written(f"{seller.name} EI" if seller.legal_form == "ei" else seller.name)

    def seller_lines(self) -> list[str]:
        seller = self.document.seller
        phone = self.word("phone", number=seller.phone) if seller.phone else ""
        return self.place(seller.address) + [
            written(each) for each in (phone, seller.email, seller.website.removeprefix("https://")) if each
        ]

    def buyer_lines(self) -> list[str]:
        buyer = self.document.buyer
        numbers = (
            self.word("siren", number=_grouped(buyer.siren)) if buyer.siren else "",
            self.word("vat_number", number=buyer.vat_number) if buyer.vat_number else "",
        )
        contact = [written(self.word("attention", name=buyer.contact))] if buyer.contact else []
        places = [] if buyer.address is None else self.place(buyer.address)
        return contact + places + [written(each) for each in numbers if each]

    def place(self, place: PostalAddress) -> list[str]:
        town = " ".join(filter(None, (place.postal_code, place.city)))
        country = "" if place.country == self.document.seller.address.country else self.country(place.country)
        lines = (place.name, *place.street.splitlines(), town, country)
        return [written(each) for each in lines if each]

    def country(self, code: str) -> str:
        return str(Locale(self.language).territories.get(code, code)).upper()

    def delivery(self) -> dict[str, str] | None:
        place = self.document.delivery_address
        return None if place is None else {"label": self.word("delivery"), "text": "\n".join(self.place(place))}

    def facts(self) -> list[tuple[str, str]]:
        given = self.document
        found = (
            ("issued_on", forms.day(given.issued_on, self.language, "long")),
            ("valid_until", "" if given.valid_until is None else forms.day(given.valid_until, self.language, "long")),
            ("buyer_number", given.buyer.number),
            ("reference", given.reference),
        )
        return [(self.word(name), written(value)) for name, value in found if value]

    def columns(self) -> list[str]:
        names = ["name", "quantity", "unit_price"]
        names += ["discount"] if self.has_discount else []
        names += ["vat"] if self.has_vat else []
        return [self.word(f"column.{name}", currency=_sign(self.document.currency)) for name in (*names, "amount")]

    def rows(self) -> list[Row]:
        """The lines, with the subtotal of each part at its end, and the totals last; each tied to what it must not be parted from."""
        found: list[Row] = []
        part: SectionLine | None = None
        for line in self.document.lines:
            if isinstance(line, SectionLine):
                found += self.subtotal(part)
                found.append({"kind": "section", "title": written(line.title)})
                part = line
            elif isinstance(line, NoteLine):
                found.append({"kind": "note", "text": written(line.text), "is_long": _is_long(line.text)})
            else:
                found.append(self.item(line))
        return _tied([*found, *self.subtotal(part), {"kind": "totals"}])

    def item(self, line: ItemLine) -> Row:
        discount = "" if not line.discount_percent else forms.percent(line.discount_percent / 100, self.language)
        return {
            "kind": "item",
            "name": written(line.name),
            "reference": written(line.reference),
            "description": written(line.description),
            "quantity": forms.number(line.quantity, self.language),
            "unit": written(line.unit),
            "price": self.amount(line.unit_price),
            "discount": discount,
            "vat": self.rate(line.vat_rate),
            "amount": self.amount(line.amount),
            "is_long": _is_long(line.name + line.description),
        }

    def subtotal(self, part: SectionLine | None) -> list[Row]:
        if part is None or part.subtotal is None:
            return []
        label = written(self.word("subtotal", title=part.title))
        return [{"kind": "subtotal", "label": label, "amount": self.amount(part.subtotal)}]

    def vat(self) -> dict[str, Any]:
        return {
            "columns": [self.word(f"vat.{name}") for name in ("rate", "base", "vat")],
            "rows": [
                (self.rate(each.rate), self.amount(each.base), self.amount(each.vat)) for each in self.document.vat
            ]
            if self.has_vat
            else [],
        }

    def totals(self) -> list[tuple[str, str]]:
        """The last one is what is to be paid."""
        given = self.document
        changes = [(written(each.label), each.amount) for each in given.adjustments]
        of_lines = given.totals.net - sum((amount for _, amount in changes), Decimal(0))
        rows = [(self.word("total.lines"), of_lines), *changes] if changes else []
        if self.has_vat:
            rows += [(self.word("total.net"), given.totals.net), (self.word("total.vat"), given.totals.vat)]
        rows.append((self.word("total.gross" if self.has_vat else "total.no_vat"), given.totals.gross))
        return [(label, forms.money(amount, self.language, given.currency)) for label, amount in rows]

    def terms(self) -> list[tuple[str, str]]:
        given = self.document
        bank = given.seller.bank
        account = "" if bank is None else self.word("bank.account", iban=_grouped(bank.iban, 4))
        if bank is not None and bank.bic:
            account += "\n" + self.word("bank.bic", bic=bank.bic)
        found = (("terms", given.terms.text), ("discount_terms", given.terms.discount_text), ("bank", account))
        return [(self.word(name), written(text)) for name, text in found if text]

    def acceptance(self) -> dict[str, Any]:
        fields = [self.word(f"acceptance.{name}") for name in ("date", "name", "signature")]
        return {"title": self.word("acceptance.title"), "text": self.word("acceptance.text"), "fields": fields}

    def footer(self) -> list[str]:
        """Who the company is, as its papers must say (C. com. art. R. 123-237, R. 123-238)."""
        seller = self.document.seller
        office = ", ".join(line for line in (*seller.address.street.splitlines(), self.town(seller)) if line)
        return [
            written(" · ".join(filter(None, each)))
            for each in (
                (f"{self.seller_name()}", self.form(seller), office),
                (
                    self.registration(seller),
                    self.word("siret", number=_grouped(seller.siret)) if seller.siret else "",
                    self.word("activity", code=_activity(seller.activity_code)) if seller.activity_code else "",
                    self.word("vat_number", number=seller.vat_number) if seller.vat_number else "",
                ),
            )
        ]

    def town(self, seller: Seller) -> str:
        return f"{seller.address.postal_code} {seller.address.city}".strip()

    def form(self, seller: Seller) -> str:
        if seller.legal_form in {"other", "ei"}:
            return ""
        title = say(f"company.form.{seller.legal_form}", self.language)
        if seller.capital is None:
            return title
        whole = seller.capital == seller.capital.to_integral_value()
        capital = forms.number(seller.capital, self.language) if whole else forms.amount(seller.capital, self.language)
        return self.word("capital", form=title, capital=capital)

    def registration(self, seller: Seller) -> str:
        number = _grouped(seller.siren)
        if not number:
            return ""
        if not seller.registry_city:
            return self.word("siren", number=number)
        return self.word("registry", number=number, city=seller.registry_city)


def _is_long(text: str) -> bool:
    return len(text) > LONG or text.count("\n") > LONG // 60


def _tied(rows: Sequence[Row]) -> list[Row]:
    """Each row with ``tied``: how many rows, from it on, no page may part; 0 for those that an earlier one counts. A subtotal never begins
    a page, nor do the totals, as long as what comes before is short.
    """
    found = [{**each, "tied": 1} for each in rows]
    first = 0
    for at in range(1, len(found)):
        before = found[at - 1]
        can_tie = before["kind"] not in {"section", "totals"} and not before.get("is_long")
        if found[at]["kind"] in {"subtotal", "totals"} and can_tie:
            found[first]["tied"] += 1
            found[at]["tied"] = 0
        else:
            first = at
    return found


def _grouped(number: str, by: int = 3) -> str:
    """``303 265 045``: groups that do not part at the end of a line; a SIRET ends with its own five digits."""
    head, tail = (number[:9], number[9:]) if by == 3 and len(number) == 14 else (number, "")
    groups = [head[at : at + by] for at in range(0, len(head), by)]
    return "\u00a0".join(filter(None, (*groups, tail)))


def _activity(code: str) -> str:
    return f"{code[:2]}.{code[2:]}"


def _sign(currency: str) -> str:
    return "€" if currency == "EUR" else currency
