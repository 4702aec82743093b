"""An invoice or a credit note for machines: Cross Industry Invoice of the profile EN 16931, as the French reform wants it. Pure.

The terms (BT-…, BG-…) are those of EN 16931-1; ``factur-x`` writes them as XML. What the reform adds is in XP Z12-012, and its schematrons
judge it (``checking``). Every figure and word is the document's: what machines read is what people read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from engine.texts import say
from handlers.base.money import to_cents
from handlers.documents import units
from handlers.documents.model import (
    INVOICES,
    Adjustment,
    Buyer,
    Document,
    DocumentKind,
    ElectronicAddress,
    Exemption,
    ItemLine,
    NoteLine,
    PaymentMethod,
    PostalAddress,
    Seller,
    VatPart,
)
from handlers.documents.parties import legal_line

_BUSINESS: Final = {"goods": "B", "services": "S", "mixed": "M"}
"""BT-23: what is invoiced; a figure follows it, which says how."""

_CATEGORIES: Final[Mapping[Exemption, tuple[str, str]]] = {
    "franchise": ("E", "VATEX-FR-FRANCHISE"),
    "intra_eu": ("K", "VATEX-EU-IC"),
    "export": ("G", "VATEX-EU-G"),
    "reverse_charge": ("AE", "VATEX-EU-AE"),
    "service_abroad": (
        "G",
        "VATEX-EU-G",
    ),  # O would be nearer, but with it neither side may have a VAT number (BR-O-02)
    "exempt": ("E", ""),
}
"""BT-118 and BT-121: the category of what bears no tax, and the code of its reason."""

_SUBJECTS: Final = {
    "recovery_fee": "PMT",
    "late_penalty": "PMD",
    "late_penalty_legal_rate": "PMD",
    "no_discount": "AAB",
}
"""BT-21: what a mention is about. The reform wants one of each on every invoice (BR-FR-05)."""

_MEANS: Final[Mapping[PaymentMethod, str]] = {
    "transfer": "58",
    "card": "48",
    "direct_debit": "59",
    "cheque": "20",
    "cash": "10",
}
"""BT-81, UNTDID 4461."""

_ON_INVOICE: Final = "invoice"
"""BT-8: the tax is due on the day of the invoice. Where the seller has not chosen so, the law says when, and nothing stands there."""

_SIREN: Final = "0002"
_SIRET: Final = "0009"
_BY_MAIL: Final = "EM"
_HIGHEST_LINES: Final = 3
"""Of an address: EN 16931 knows no more."""


def xml_of(document: Document) -> bytes:
    """The XML of an invoice or a credit note, the same bytes for the same document. Raises ValueError for any other kind."""
    if document.kind not in INVOICES:
        raise ValueError(f"a {document.kind} is not written for machines")
    from facturx import generate_cii_xml

    # its own checks need a server elsewhere, and say yes without one: ours are in `checking`
    made = generate_cii_xml(_invoice(document), level="en16931", check_xsd=False, check_schematron=False)
    assert isinstance(made, bytes)
    return made


def type_code(document: Document) -> str:
    """BT-3, UNTDID 1001."""
    if document.kind is DocumentKind.CREDIT_NOTE:
        return "503" if document.nature == "deposit" else "381"
    return {"plain": "380", "replacement": "384", "deposit": "386", "after_deposits": "380"}[document.nature]


def process_code(document: Document) -> str:
    """BT-23: goods, services or both; a plain invoice, a deposit that was paid already, or the final invoice after deposits."""
    assert document.category is not None
    is_paid_deposit = document.nature == "deposit" and document.kind is DocumentKind.INVOICE and document.payable == 0
    how = "4" if document.nature == "after_deposits" else "2" if is_paid_deposit else "1"
    return _BUSINESS[document.category] + how


def address_of(party: Seller | Buyer) -> ElectronicAddress | None:
    """BT-34, BT-49: where the party gets invoices; None where nothing is known."""
    if party.electronic_address is not None:
        return party.electronic_address
    if party.siren:
        return ElectronicAddress(value=party.siren)
    return ElectronicAddress(scheme=_BY_MAIL, value=party.email) if party.email else None


def _invoice(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = {
        "BT-1": _text(document.number),
        "BT-2": document.issued_on,
        "BT-3": type_code(document),
        "BT-5": document.currency,
        "BT-8": _ON_INVOICE if any(each.code == "vat_on_debits" for each in document.mentions) else "",
        "BT-9": document.due_on,
        "BT-13": _text(document.reference),
        "BT-14": _text(document.order_number),
        "BT-20": _text(document.terms.text),
        "BT-23": process_code(document),
        "BT-72": document.delivered_on,
        "BG-1": _notes(document),
        "BG-3": [{"BT-25": each.number, "BT-26": each.issued_on} for each in document.references],
        "BG-4": _seller(document),
        "BG-7": _buyer(document.buyer),
        "BG-13": _delivery(document),
        "BG-20": [_adjustment(each) for each in document.adjustments if each.amount < 0],
        "BG-21": [_adjustment(each) for each in document.adjustments if each.amount > 0],
        "BG-23": _breakdown(document),
        "BG-25": [
            _line(each, number, document)
            for number, each in enumerate((line for line in document.lines if isinstance(line, ItemLine)), start=1)
        ],
    }
    return {name: value for name, value in (found | _payment(document) | _totals(document)).items() if value}


def _totals(document: Document) -> dict[str, Any]:
    lines = sum((each.amount for each in document.lines if isinstance(each, ItemLine)), Decimal(0))
    allowances = -sum((each.amount for each in document.adjustments if each.amount < 0), Decimal(0))
    charges = sum((each.amount for each in document.adjustments if each.amount > 0), Decimal(0))
    return {
        "BT-106": _money(lines),
        "BT-107": _money(allowances) if allowances else "",
        "BT-108": _money(charges) if charges else "",
        "BT-109": _money(document.totals.net),
        "BT-110": _money(document.totals.vat),
        "BT-112": _money(document.totals.gross),
        "BT-113": _money(document.prepaid) if document.prepaid else "",
        "BT-115": _money(document.payable),
    }


def _payment(document: Document) -> dict[str, Any]:
    """How it is to be paid; a transfer with the account, which is the usual way where nothing was agreed. Nobody pays a credit note: with
    our account on it, machines would.
    """
    if document.kind is DocumentKind.CREDIT_NOTE:
        return {}
    bank = document.seller.bank
    means = _MEANS.get(document.payment_method, _MEANS["transfer"] if bank else "")
    if means != _MEANS["transfer"] or bank is None:
        return {"BT-81": "" if means == _MEANS["transfer"] else means}
    account = {"BT-84": bank.iban, "BT-85": _text(document.seller.name), "BT-86": bank.bic}
    return {"BT-81": means, "BT-83": _text(document.number), **account}


def _notes(document: Document) -> list[dict[str, str]]:
    """The mentions under the codes of their subjects; those that the reform wants of every invoice, even where none is due; the rest of
    what people read.
    """
    said = {_SUBJECTS[each.code]: each.text for each in document.mentions if each.code in _SUBJECTS}
    if document.terms.discount_text:
        said["AAB"] = document.terms.discount_text
    is_credit_note = document.kind is DocumentKind.CREDIT_NOTE
    if is_credit_note or not document.buyer.is_company:
        for subject in ("PMT", "PMD", "AAB"):
            none = "credit_note" if is_credit_note else subject
            said.setdefault(subject, say(f"document.note.{none}", document.language))
    said["BAR"] = _treatment(document.buyer)
    others = (
        document.subject,
        document.introduction,
        *(each.text for each in document.lines if isinstance(each, NoteLine)),
        *(each.text for each in document.mentions if each.code not in _SUBJECTS),
    )
    notes = [{"BT-21": subject, "BT-22": _text(text)} for subject, text in said.items()]
    return notes + [{"BT-22": _text(each)} for each in others if _text(each)]


def _treatment(buyer: Buyer) -> str:
    """Whether it goes through a platform, or is told to the tax office as a sale: to consumers, and to those that have no SIREN, who pay no
    VAT as businesses do.
    """
    is_abroad = buyer.address is not None and buyer.address.country != "FR"
    is_business = buyer.is_company and bool(is_abroad or buyer.siren)
    return ("B2B" if is_business else "B2C") + ("INT" if is_abroad else "")


def _seller(document: Document) -> dict[str, Any]:
    seller = document.seller
    found = _party(seller) | {
        "legal_info": _text(legal_line(document)),
        # whoever invoices no tax has no number for it: the SIREN is the registration then (BT-32)
        "tax_identifier": "" if seller.vat_number else seller.siren,
        "contacts": [_known(name=_text(seller.name), phone=_text(seller.phone), email=_text(seller.email))],
    }
    return {name: value for name, value in found.items() if value}


def _buyer(buyer: Buyer) -> dict[str, Any]:
    found = _party(buyer) | {"contacts": [{"name": _text(buyer.contact)}] if _text(buyer.contact) else []}
    return {name: value for name, value in found.items() if value}


def _party(party: Seller | Buyer) -> dict[str, Any]:
    address = address_of(party)
    return {
        "name": _text(party.name),
        "identifiers": {_SIRET: party.siret} if party.siret else {},
        "legal_identifier": party.siren,
        "legal_identifier_schemeid": _SIREN if party.siren else "",
        "vat_identifier": party.vat_number,
        "einvoicing_addr": "" if address is None else address.value,
        "einvoicing_addr_schemeid": "" if address is None else address.scheme,
        **({} if party.address is None else _place(party.address)),
    }


def _delivery(document: Document) -> dict[str, Any]:
    """Where it goes: to the buyer's own address unless another is named."""
    place = document.delivery_address or document.buyer.address
    if place is None:
        return {}
    return {"name": _text(place.name or document.buyer.name), **_place(replace(place, name=""))}


def _place(place: PostalAddress) -> dict[str, str]:
    """An address has three lines at most; what is more stands in the last."""
    lines = [_text(each) for each in (place.name, *place.street.splitlines()) if _text(each)]
    last = _HIGHEST_LINES - 1
    lines = [*lines[:last], ", ".join(lines[last:])]
    named = {f"addr_l{at}": line for at, line in enumerate(lines, start=1)}
    return _known(**named, postcode=_text(place.postal_code), city=_text(place.city), country_code=place.country)


def _line(line: ItemLine, number: int, document: Document) -> dict[str, Any]:
    found: dict[str, Any] = {
        "BT-126": str(number),
        "BT-129": _plain(line.quantity),
        "BT-130": units.code_of(line.unit),
        "BT-131": _money(line.amount),
        "BT-146": _plain(line.unit_price),
        "BT-151": _category(line.exemption),
        "BT-152": _percent(line.vat_rate),
        "BT-153": _text(line.name) or _text(line.reference) or str(number),
        "BT-154": _text(line.description),
        "BT-155": _text(line.reference),
        "BG-27": [],
    }
    if line.discount_percent:
        full = to_cents(line.quantity * line.unit_price)
        found["BG-27"] = [
            {
                "rate": _plain(line.discount_percent),
                "base_amount": _money(full),
                "amount": _money(full - line.amount),
                "reason": say("document.column.discount", document.language),
            }
        ]
    return {name: value for name, value in found.items() if value}


def _adjustment(given: Adjustment) -> dict[str, str]:
    """A discount of the whole, or a charge: the amount itself has no sign."""
    return {
        "amount": _money(abs(given.amount)),
        "reason": _text(given.label),
        "vat_category_code": _category(given.exemption),
        "vat_rate": _percent(given.vat_rate),
    }


def _breakdown(document: Document) -> list[dict[str, str]]:
    """Each rate, and each category of what bears none once, whatever reasons it has (BR-E-01 and its like)."""
    found: dict[tuple[str, Decimal | None], list[VatPart]] = {}
    for each in document.vat:
        found.setdefault((_category(each.exemption), each.rate), []).append(each)
    return [
        {
            "BT-116": _money(sum((each.base for each in parts), Decimal(0))),
            "BT-117": _money(sum((each.vat for each in parts), Decimal(0))),
            "BT-118": category,
            "BT-119": _percent(rate),
            **_reason(parts, document),
        }
        for (category, rate), parts in found.items()
    ]


def _category(exemption: Exemption | None) -> str:
    return "S" if exemption is None else _CATEGORIES[exemption][0]


def _reason(parts: Sequence[VatPart], document: Document) -> dict[str, str]:
    """Why no tax is due: its code, and the sentences that are printed."""
    exemptions = [each.exemption for each in parts if each.exemption is not None]
    if not exemptions:
        return {}
    codes = {f"vat_{each}" for each in exemptions}
    said = [each.text for each in document.mentions if each.code in codes]
    return _known(**{"BT-120": " ".join(said), "BT-121": _CATEGORIES[exemptions[0]][1]})


def _known(**facts: str) -> dict[str, str]:
    return {name: value for name, value in facts.items() if value}


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _percent(rate: Decimal | None) -> str:
    return f"{(rate or 0) * 100:.2f}"


def _plain(number: Decimal) -> str:
    """Without an exponent and without zeros that say nothing."""
    written = f"{number:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _text(text: str) -> str:
    """Composed, without what XML or screens do not take; lines stay lines."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(each for each in composed if each == "\n" or unicodedata.category(each)[0] != "C").strip()
