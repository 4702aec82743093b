"""A document as the style lays it out: every text final, formatted and in the document's language. Pure.

The style (``style.typ``) gets nothing but strings from here; numbers, days, labels and the order of things are decided in this file and
those that it puts together: ``parties``, ``rows``, ``sums``.
"""

from __future__ import annotations

from typing import Any, Final

from handlers.documents.model import Document, DocumentKind
from handlers.documents.parties import Parties
from handlers.documents.rows import Table
from handlers.documents.sums import breakdown, totals
from handlers.documents.words import Words, grouped
from handlers.documents.writing import written

_SIGNED: Final = frozenset({DocumentKind.QUOTE, DocumentKind.DELIVERY_NOTE})
"""What somebody signs: that they want it, that they got it."""

_PAID: Final = frozenset(DocumentKind) - {DocumentKind.DELIVERY_NOTE, DocumentKind.CREDIT_NOTE}
"""What says where the money goes."""


def sheet(document: Document) -> dict[str, Any]:
    """What ``style.typ`` reads as ``data.json``."""
    words = Words(document=document)
    parties, table = Parties(words=words), Table(words=words)
    logo = document.seller.logo
    title = _title(words)
    return {
        "lang": words.language,
        "title": title,
        "number": written(document.number),
        "heading": f"{title} {written(document.number)}".strip(),
        "version": words.word("version", version=document.version) if document.version > 1 else "",
        "draft": words.word("draft") if document.is_draft else "",
        "logo": "" if logo is None else f"logo.{logo.media_type.removeprefix('image/')}",
        **parties.blocks(),
        "facts": _facts(words),
        "relation": _relation(words),
        "subject": written(document.subject),
        "introduction": written(document.introduction),
        "columns": table.columns(),
        "is_wide": table.is_wide,
        "rows": table.rows(),
        "vat": breakdown(words),
        "totals": totals(words),
        "terms": _terms(words),
        "signature": _signature(words),
        "mentions": [written(each.text) for each in document.mentions],
        "footer": parties.footer(),
        "page": words.word("page"),
    }


def _title(words: Words) -> str:
    """What it is called; an invoice of another nature than most has a name of its own."""
    kind, nature = words.document.kind, words.document.nature
    is_special = nature in {"replacement", "deposit"}
    return words.word(f"kind.{kind}.{nature}" if is_special else f"kind.{kind}")


def _facts(words: Words) -> list[tuple[str, str]]:
    """What people look for first: days, numbers, ways; only what is known."""
    given, word = words.document, words.word
    statement = given.statement
    delivered = {
        DocumentKind.DELIVERY_NOTE: "shipped_on",
        DocumentKind.INVOICE: "delivered_on",
        DocumentKind.CREDIT_NOTE: "delivered_on",
    }.get(given.kind, "delivery_on")
    found = (
        (word("issued_on"), words.day(given.issued_on)),
        (
            word("period"),
            ""
            if statement is None
            else word("period.days", since=words.short_day(statement.since), until=words.short_day(statement.until)),
        ),
        (word("valid_until"), words.day(given.valid_until)),
        (word("due_on"), words.day(given.due_on)),
        (word(delivered), words.day(given.delivered_on)),
        (word("delivery_method"), given.delivery_method),
        (word("carrier"), given.carrier),
        (word("tracking"), given.tracking),
        (word("order_number"), given.order_number),
        (word("reference"), given.reference),
        (word("buyer_number"), given.buyer.number),
        (word("payment_method"), word(f"payment.{given.payment_method}") if given.payment_method else ""),
        (word("category"), word(f"category.{given.category}") if given.category else ""),
    )
    return [(label, written(value)) for label, value in found if value]


def _relation(words: Words) -> str:
    """What an invoice does to the earlier ones that it names (CGI art. 289 I-5)."""
    given = words.document
    if not given.references:
        return ""
    listed = [
        words.word("relation.invoice", number=each.number, day=words.day(each.issued_on)) for each in given.references
    ]
    how = "credit_note" if given.kind is DocumentKind.CREDIT_NOTE else given.nature
    return words.word(f"relation.{how}", invoices=", ".join(listed))


def _terms(words: Words) -> list[tuple[str, str]]:
    """What was agreed about paying, and where the money goes."""
    given, word = words.document, words.word
    bank = given.seller.bank if given.kind in _PAID else None
    account = [] if bank is None else [word("bank.account", iban=grouped(bank.iban, 4))]
    if bank is not None and bank.bic:
        account.append(word("bank.bic", bic=bank.bic))
    if bank is not None and given.kind is DocumentKind.INVOICE and given.number:
        account.append(word("bank.reference", number=given.number))
    found = (
        ("settlement" if given.kind is DocumentKind.CREDIT_NOTE else "terms", given.terms.text),
        ("discount_terms", given.terms.discount_text),
        ("bank", "\n".join(account)),
    )
    return [(word(name), written(text)) for name, text in found if text]


def _signature(words: Words) -> dict[str, Any] | None:
    """Where somebody signs, and what for; None where nobody does."""
    kind = words.document.kind
    if kind not in _SIGNED:
        return None
    about = "acceptance" if kind is DocumentKind.QUOTE else "receipt"
    fields = ("date", "name", "signature") if kind is DocumentKind.QUOTE else ("date", "name", "reserves", "signature")
    return {
        "title": words.word(f"{about}.title"),
        "text": words.word(f"{about}.text"),
        "fields": [words.word(f"{about}.{name}") for name in fields],
    }
