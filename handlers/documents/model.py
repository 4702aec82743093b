"""What stands on a printed document: pure data, complete in itself, so that the same document gives the same pages for ever.

A ``Document`` is filled from a record of the business (a quote today) as a copy: names, addresses and texts as they were that day. Amounts
come finished, as the record's own rules made them; a document whose figures do not agree is refused. Nothing here is formatted or
translated: that is the work of those who draw it.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Literal

from engine.data import Money, data

Language = Literal["fr", "en"]


class DocumentKind(StrEnum):
    """What a document is. Each kind comes with the process that makes it."""

    QUOTE = "quote"


@data
class PostalAddress:
    """A place as it is written on a letter. ``name``: of the site or department, where it differs from the party's; ``street`` may have
    several lines; ``country``: code of two letters (ISO 3166-1), written out only where it is not the seller's.
    """

    name: str = ""
    street: str = ""
    postal_code: str = ""
    city: str
    country: str = "FR"


@data
class Logo:
    """The picture at the head of the page."""

    content: bytes
    media_type: Literal["image/png", "image/jpeg"]


@data
class BankAccount:
    """Where money goes; ``iban`` without spaces."""

    iban: str
    bic: str = ""


@data
class Seller:
    """The company as it was on that day. ``capital``: None where the legal form has none; ``registry_city``: of the RCS, empty when it is
    not registered there; ``vat_number``: empty under the franchise.
    """

    name: str
    legal_form: str
    capital: Money | None
    address: PostalAddress
    siren: str
    siret: str
    registry_city: str
    vat_number: str
    activity_code: str
    phone: str
    email: str
    website: str
    bank: BankAccount | None
    logo: Logo | None


@data
class Buyer:
    """Whom the document is for. ``number``: the customer's, in our books; ``siren``: empty where there is none; ``contact``: *à l'attention
    de*.
    """

    number: str
    name: str
    is_company: bool
    address: PostalAddress | None
    siren: str = ""
    vat_number: str = ""
    contact: str = ""


@data
class ItemLine:
    """Something that is sold. ``vat_rate``: a part of one (0.2000), None where no tax is due (the mention says why); ``discount_percent``:
    of this line, 10 for ten per cent; ``amount``: before tax, after the discount, to the cent.
    """

    reference: str = ""
    name: str
    description: str = ""
    quantity: Money
    unit: str
    unit_price: Money
    discount_percent: Money | None = None
    vat_rate: Money | None
    amount: Money


@data
class SectionLine:
    """A title above the lines that follow it. ``subtotal``: their amount before tax, printed at their end; None: none is printed."""

    title: str
    subtotal: Money | None = None


@data
class NoteLine:
    """A text among the lines."""

    text: str


Line = ItemLine | SectionLine | NoteLine


@data
class Adjustment:
    """An amount before tax that belongs to no line: a discount of the whole (negative), shipping, rounding in the customer's favour."""

    label: str
    vat_rate: Money | None
    amount: Money


@data
class VatPart:
    """One rate of the breakdown: what it is due on, and what is due."""

    rate: Money | None
    base: Money
    vat: Money


@data
class Totals:
    """``net``: before tax; ``gross``: with tax."""

    net: Money
    vat: Money
    gross: Money


@data
class PaymentTerms:
    """``text``: in the document's language, as it was agreed; ``discount_text``: for paying early, empty: none is given."""

    text: str
    discount_text: str = ""


@data
class Document:
    """One document.

    ``is_draft``: every page says so, and it binds nobody. ``version``: of a quote that was changed after it was sent, 1 for the first.
    ``valid_until``: the last day of an offer. ``reference``: the customer's own.
    ``delivery_address``: where it differs from the buyer's. ``mentions``: whole sentences of ``mentions.due``, in the document's language,
    in their order.
    """

    kind: DocumentKind
    language: Language
    number: str
    version: int = 1
    is_draft: bool
    issued_on: date
    valid_until: date | None = None
    currency: str = "EUR"
    seller: Seller
    buyer: Buyer
    delivery_address: PostalAddress | None = None
    reference: str = ""
    subject: str = ""
    introduction: str = ""
    lines: tuple[Line, ...]
    adjustments: tuple[Adjustment, ...] = ()
    vat: tuple[VatPart, ...]
    totals: Totals
    terms: PaymentTerms
    mentions: tuple[str, ...]
