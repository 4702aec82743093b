"""What is known of our own company, for those who ask and change."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from engine.data import Money, data

COMPANY_FORMS: Final = ("sas", "sasu", "sarl", "eurl", "sa", "snc", "selarl", "scop")
"""Forms that have a capital and stand in the register of companies (C. com. art. R. 123-237, R. 123-238)."""

FORMS: Final = (*COMPANY_FORMS, "ei", "association", "other")

VAT_REGIMES: Final = ("normal", "franchise")
"""*franchise*: in the franchise en base no VAT is invoiced, and documents say so."""


@data
class IdentityData:
    """Everything that people write about the company. Texts may be empty, but not ``name``.

    ``name``: as it is registered. ``legal_form``: one of ``FORMS``. ``registry_city``: of the RCS. ``activity_code``: NAF, without its dot.
    ``is_vat_on_debits``: VAT on services is due with the invoice, not with the payment; the company has chosen so, and invoices say it.
    ``is_below_eu_threshold``: the company sells so little to private persons in other member states that it taxes them at home.
    ``penalty_percent``: of late payment in a year; None: the rate of the law. ``payment_terms``: how to pay, after the term of
    each document. ``discount_terms``: for paying early, empty: none is given.
    ``mediator``: for consumers, with name and address of the site. ``own_mentions``: what the company's trade asks besides (an
    insurance, an approval). Texts that stand on documents exist in both languages of documents.
    """

    name: str
    legal_form: str = "sas"
    capital: Money | None = None
    street: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = "FR"
    siren: str = ""
    siret: str = ""
    registry_city: str = ""
    vat_regime: str = "normal"
    is_vat_on_debits: bool = False
    is_below_eu_threshold: bool = False
    vat_number: str = ""
    activity_code: str = ""
    phone: str = ""
    email: str = ""
    website: str = ""
    iban: str = ""
    bic: str = ""
    payment_terms_fr: str = ""
    payment_terms_en: str = ""
    discount_terms_fr: str = ""
    discount_terms_en: str = ""
    penalty_percent: Money | None = None
    mediator: str = ""
    own_mentions_fr: str = ""
    own_mentions_en: str = ""


@data
class Missing:
    """Something that the law wants on documents and nobody has said yet. ``field``: of ``IdentityData``; ``source``: what asks for it."""

    field: str
    source: str


LogoType = Literal["image/png", "image/jpeg"]

MOST_LOGO_BYTES: Final = 1024 * 1024
MOST_LOGO_PIXELS: Final = 4_000
"""On each side."""

HIGHEST_PENALTY: Final = Decimal(100)
HIGHEST_CAPITAL: Final = Decimal(10) ** 12
