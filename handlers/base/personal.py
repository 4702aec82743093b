"""Which columns of the business hold personal data. What processes write there is sealed in their history, so that it can be erased
(``docs/personal-data.md``). A customer can be a person, and so can a supplier; reasons and remarks are free text that may name somebody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ADDRESSED: Final = ("contact", "email", "party", "customer_reference", "subject")

PERSONAL: Final[Mapping[str, frozenset[str]]] = {
    table: frozenset(columns)
    for table, columns in {
        "customer": (
            *("name", "sort_name", "siren", "siret", "vat_number", "email", "phone", "website"),
            *("notes", "delivery_notes", "account_code"),
        ),
        "customer_address": ("label", "street", "postal_code", "city"),
        "customer_contact": ("name", "department", "email", "phone"),
        "customer_field_value": ("value",),
        "supplier": ("name", "email"),
        "quote_version": (*_ADDRESSED, "introduction", "terms", "closed_because"),
        "quote_line": ("text",),
        "quote_answer": ("name", "function", "comment", "address"),
        "sales_order": (*_ADDRESSED, "terms", "delivery_method", "closed_because"),
        "order_line": ("text",),
        "order_version": ("head", "lines"),
        "delivery": ("party", "carrier", "tracking", "closed_because"),
        "delivery_line": ("text",),
        "invoice": (*_ADDRESSED, "reason", "terms", "mentions"),
        "invoice_line": ("text",),
        "payment": ("reference", "note"),
        "stock_movement": ("reason",),
        "replenishment_request": ("comment", "refusal_reason", "closed_because"),
        "supplier_receipt": ("delivery_note",),
    }.items()
}
"""By table, without its schema."""

NOT_PERSONAL: Final[Mapping[str, str]] = {
    "article.name": "of a thing",
    "letter_text.subject": "what the company writes to everybody",
    "price_list.name": "of a list of ours",
    "warehouse.name": "of a place of ours",
    "company_identity.name": "our own",
    "company_identity.street": "our own",
    "company_identity.postal_code": "our own",
    "company_identity.city": "our own",
    "company_identity.phone": "our own",
    "company_identity.email": "our own",
    "company_identity.website": "our own",
    "company_identity.siren": "our own",
    "company_identity.siret": "our own",
    "company_identity.vat_number": "our own",
}
"""Columns that are called as personal ones are, and why they hold no personal data."""
