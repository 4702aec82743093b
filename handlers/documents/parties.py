"""Who writes to whom: names, addresses and registrations as they stand on a document. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from babel import Locale

from engine.texts import format as forms
from engine.texts import say
from handlers.documents.model import Buyer, Document, DocumentKind, PostalAddress, Seller
from handlers.documents.words import Words, grouped
from handlers.documents.writing import written

Block = dict[str, str]


def legal_line(document: Document) -> str:
    """The seller's form, capital and registration in one line."""
    parties, seller = Parties(words=Words(document=document)), document.seller
    return ", ".join(filter(None, (parties.form(seller), parties.registration(seller))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Seller and buyer of one document."""

    words: Words

    @property
    def document(self) -> Document:
        """Whose parties they are."""
        return self.words.document

    def blocks(self) -> dict[str, Block | None]:
        """The seller, the box that shows through the window of an envelope, and beside it who else is concerned: the place of delivery
        where it is another; on a delivery note, which goes to that place, the customer.
        """
        buyer, place = self.document.buyer, self.document.delivery_address
        seller = {"name": self.seller_name(), "text": "\n".join(self.seller_lines())}
        customer = {
            "label": self.words.word("buyer"),
            "name": written(buyer.name),
            "text": "\n".join(self.buyer_lines(buyer)),
        }
        if place is None:
            return {"seller": seller, "buyer": customer, "delivery": None}
        label = self.words.word("delivery")
        if self.document.kind is not DocumentKind.DELIVERY_NOTE:
            return {
                "seller": seller,
                "buyer": customer,
                "delivery": {"label": label, "name": "", "text": "\n".join(self.place(place))},
            }
        there = {
            "label": label,
            "name": written(buyer.name),
            "text": "\n".join([*self.contact(buyer), *self.place(place)]),
        }
        return {"seller": seller, "buyer": there, "delivery": customer}

    def seller_name(self) -> str:
        """With what the law puts beside the name of somebody who trades alone (C. com. art. R. 526-27)."""
        seller = self.document.seller
        return written(f"{seller.name} EI" if seller.legal_form == "ei" else seller.name)

    def seller_lines(self) -> list[str]:
        """Where the seller is and how to reach them."""
        seller = self.document.seller
        phone = self.words.word("phone", number=seller.phone) if seller.phone else ""
        others = (phone, seller.email, seller.website.removeprefix("https://"))
        return self.place(seller.address) + [written(each) for each in others if each]

    def buyer_lines(self, buyer: Buyer) -> list[str]:
        """Where the customer is, and the numbers by which the law knows them."""
        numbers = (
            self.words.word("siren", number=grouped(buyer.siren)) if buyer.siren else "",
            self.words.word("vat_number", number=buyer.vat_number) if buyer.vat_number else "",
        )
        places = [] if buyer.address is None else self.place(buyer.address)
        return self.contact(buyer) + places + [each for each in numbers if each]

    def contact(self, buyer: Buyer) -> list[str]:
        """Whose hands it is for."""
        return [self.words.word("attention", name=buyer.contact)] if buyer.contact else []

    def place(self, place: PostalAddress) -> list[str]:
        """An address as on a letter; the country where it is not the seller's."""
        town = " ".join(filter(None, (place.postal_code, place.city)))
        is_abroad = place.country != self.document.seller.address.country
        country = str(Locale(self.words.language).territories.get(place.country, place.country)).upper()
        lines = (place.name, *place.street.splitlines(), town, country if is_abroad else "")
        return [written(each) for each in lines if each]

    def footer(self) -> str:
        """Who the company is, as its papers must say (C. com. art. R. 123-237, R. 123-238)."""
        seller, word = self.document.seller, self.words.word
        town = f"{seller.address.postal_code} {seller.address.city}".strip()
        office = ", ".join(line for line in (*seller.address.street.splitlines(), town) if line)
        lines = (
            (self.seller_name(), self.form(seller), office),
            (
                self.registration(seller),
                word("siret", number=grouped(seller.siret)) if seller.siret else "",
                word("activity", code=_activity(seller.activity_code)) if seller.activity_code else "",
                word("vat_number", number=seller.vat_number) if seller.vat_number else "",
            ),
        )
        return "\n".join(written(" · ".join(filter(None, each))) for each in lines)

    def form(self, seller: Seller) -> str:
        """The legal form with its capital."""
        if seller.legal_form in {"other", "ei"}:
            return ""
        language = self.words.language
        title = say(f"company.form.{seller.legal_form}", language)
        if seller.capital is None:
            return title
        whole = seller.capital == seller.capital.to_integral_value()
        capital = forms.number(seller.capital, language) if whole else forms.amount(seller.capital, language)
        return self.words.word("capital", form=title, capital=capital)

    def registration(self, seller: Seller) -> str:
        """In the register of companies, or by the SIREN alone."""
        number = grouped(seller.siren)
        if not number:
            return ""
        if not seller.registry_city:
            return self.words.word("siren", number=number)
        return self.words.word("registry", number=number, city=seller.registry_city)


def _activity(code: str) -> str:
    return f"{code[:2]}.{code[2:]}"
