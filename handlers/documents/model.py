"""What stands on a printed document: pure data, complete in itself, so that the same document gives the same pages for ever.

A ``Document`` is filled from a record of the business (a quote, an order, a delivery, an invoice) as a copy: names, addresses and texts as
they were that day. Amounts come finished, as the record's own rules made them; a document that contradicts itself is refused (``rules``).
Nothing here is formatted or translated: that is the work of those who draw it, or write it for machines.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal

from engine.data import Money, data

Language = Literal["fr", "en"]


class DocumentKind(StrEnum):
    """What a document is. Each kind comes with the process that makes it."""

    QUOTE = "quote"
    ORDER_ACKNOWLEDGEMENT = "order_acknowledgement"
    DELIVERY_NOTE = "delivery_note"
    PROFORMA = "proforma"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    STATEMENT = "statement"


INVOICES: Final = frozenset({DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE})
"""What the law calls invoices (CGI art. 289): numbered in one series, final, and also written for machines."""

UNPRICED: Final = frozenset({DocumentKind.DELIVERY_NOTE, DocumentKind.STATEMENT})
"""What has no lines with prices, and so neither taxes nor totals."""

Category = Literal["goods", "services", "mixed"]
"""What is sold: delivered, done, or both (the *category of operation* of invoices, décret 2022-1299)."""

Nature = Literal["plain", "replacement", "deposit", "after_deposits"]
"""What an invoice is in a row of invoices. *replacement*: cancels and replaces the one that it names; *deposit*: asks for money before
anything is delivered, or, of a credit note, takes such an invoice back; *after_deposits*: the final one, which names them.
"""

Exemption = Literal["franchise", "intra_eu", "export", "reverse_charge", "service_abroad", "exempt"]
"""Why lines without a rate bear no tax. *franchise*: the seller's regime; *intra_eu*, *export*: goods go to a business in another member
state, or leave the Union; *reverse_charge*, *service_abroad*: services to a business in another member state, or outside the Union;
*exempt*: an exemption of the trade, which the company's own mentions name.
"""

PaymentMethod = Literal["", "transfer", "card", "direct_debit", "cheque", "cash"]
"""How it is to be paid (``handlers.customers.types.PAYMENTS``); empty: nothing was agreed."""


@data
class ElectronicAddress:
    """Where invoices for machines arrive. ``scheme``: of the EAS list; 0225 is the French one, whose ``value`` begins with the SIREN."""

    scheme: str = "0225"
    value: str


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
    not registered there; ``vat_number``: empty under the franchise. ``electronic_address``: None, its SIREN is.
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
    electronic_address: ElectronicAddress | None = None


@data
class Buyer:
    """Whom the document is for. ``number``: the customer's, in our books; ``siren``, ``siret``: empty where there is none; ``contact``: *à
    l'attention de*; ``email``: of the customer. ``electronic_address``: None, its SIREN is, or else its mail.
    """

    number: str
    name: str
    is_company: bool
    address: PostalAddress | None
    siren: str = ""
    siret: str = ""
    vat_number: str = ""
    contact: str = ""
    email: str = ""
    electronic_address: ElectronicAddress | None = None


@data
class ItemLine:
    """Something that is sold. ``vat_rate``: a part of one (0.2000), None where no tax is due for the reason ``exemption``;
    ``discount_percent``: of this line, 10 for ten per cent; ``amount``: before tax, after the discount, to the cent. What an invoice gives
    back (a deposit that was paid) has a negative quantity, never a negative price.
    """

    reference: str = ""
    name: str
    description: str = ""
    quantity: Money
    unit: str
    unit_price: Money
    discount_percent: Money | None = None
    vat_rate: Money | None
    exemption: Exemption | None = None
    amount: Money


@data
class DeliveryLine:
    """Something that is delivered, without its price. ``ordered``: in all; ``remaining``: what is still to come after this delivery; None:
    not said.
    """

    reference: str = ""
    name: str
    description: str = ""
    quantity: Decimal
    unit: str
    ordered: Decimal | None = None
    remaining: Decimal | None = None


@data
class SectionLine:
    """A title above the lines that follow it. ``subtotal``: their amount before tax, printed at their end; None: none is printed."""

    title: str
    subtotal: Money | None = None


@data
class NoteLine:
    """A text among the lines."""

    text: str


Line = ItemLine | DeliveryLine | SectionLine | NoteLine


@data
class Adjustment:
    """An amount before tax that belongs to no line: a discount of the whole (negative), shipping, rounding in the customer's favour."""

    label: str
    vat_rate: Money | None
    exemption: Exemption | None = None
    amount: Money


@data
class VatPart:
    """One rate of the breakdown, or one reason for none: what it is due on, and what is due."""

    rate: Money | None
    exemption: Exemption | None = None
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
    """``text``: in the document's language, as it was agreed, of a credit note what becomes of the money; ``discount_text``: for paying
    early, empty: none is given.
    """

    text: str
    discount_text: str = ""


@data
class Mention:
    """A sentence that the law or the trade asks for. ``code``: of ``mentions.MENTIONS``, or ``own``: the company's own words."""

    code: str
    text: str


@data
class InvoiceReference:
    """An earlier invoice that this one is about, by its number and its day."""

    number: str
    issued_on: date
    is_deposit: bool = False


@data
class StatementRow:
    """What moved an account. ``label``: what it was, in the document's language (*Facture*, *Règlement par chèque*), ``number``: its own.
    ``debit``: what the customer owes by it, ``credit``: what no longer; one of them is zero. ``due_on`` and ``is_overdue``: of an invoice
    that is not wholly paid.
    """

    day: date
    label: str
    number: str = ""
    due_on: date | None = None
    is_overdue: bool = False
    debit: Money = Decimal(0)
    credit: Money = Decimal(0)


@data
class Statement:
    """A customer's account from ``since`` to ``until``. ``opening``: what was owed before, ``closing``: what is owed at the end;
    ``overdue``: what of it should have been paid already. A negative balance is the customer's.
    """

    since: date
    until: date
    opening: Money
    rows: tuple[StatementRow, ...]
    closing: Money
    overdue: Money = Decimal(0)


NO_TOTALS: Final = Totals(net=Decimal(0), vat=Decimal(0), gross=Decimal(0))
"""Of what has no prices."""


@data
class Document:
    """One document.

    ``is_draft``: every page says so, and it binds nobody. ``number``: may be empty for a draft and for a statement. ``version``: of a quote
    that was changed after it was sent, 1 for the first. ``valid_until``: the last day of an offer. ``reference``: the customer's own;
    ``order_number``: of the order, in our books.
    ``delivery_address``: where it differs from the buyer's. ``delivered_on``: the day on which it was, or is to be, delivered or done;
    ``delivery_method``, ``carrier``, ``tracking``: how. ``mentions``: whole sentences, in the document's language, in their order
    (``Ours.mentions``).

    Of invoices and credit notes: ``nature``; ``category``, which they must have; ``due_on``, the last day for paying; ``references``, the
    invoices that they are about; ``prepaid``, what was paid already of ``totals.gross``. All amounts of a credit note are positive: what
    is given back; it has no ``due_on`` and no ``payment_method``. ``cents_off``: how many cents the tax of a rate may be off its own
    rounding. ``statement``: of a statement, and of it alone.
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
    delivered_on: date | None = None
    delivery_method: str = ""
    carrier: str = ""
    tracking: str = ""
    reference: str = ""
    order_number: str = ""
    subject: str = ""
    introduction: str = ""
    nature: Nature = "plain"
    category: Category | None = None
    references: tuple[InvoiceReference, ...] = ()
    lines: tuple[Line, ...]
    adjustments: tuple[Adjustment, ...] = ()
    vat: tuple[VatPart, ...] = ()
    totals: Totals = NO_TOTALS
    prepaid: Money = Decimal(0)
    cents_off: int = 1
    terms: PaymentTerms = PaymentTerms(text="")
    payment_method: PaymentMethod = ""
    due_on: date | None = None
    statement: Statement | None = None
    mentions: tuple[Mention, ...] = ()

    @property
    def exemptions(self) -> tuple[Exemption, ...]:
        """Why some of it bears no tax, each reason once."""
        return tuple(dict.fromkeys(each.exemption for each in self.vat if each.exemption is not None))

    @property
    def payable(self) -> Decimal:
        """What is still to be paid of it."""
        return self.totals.gross - self.prepaid
