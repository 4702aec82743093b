"""Our own company: one row."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Boolean, CheckConstraint, Integer, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table


class CompanyIdentity(Table):
    """Who we are on documents: what ``IdentityData`` says, and the logo by the hash of its content. There is one row, or none yet."""

    __tablename__ = "company_identity"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("siren = '' OR siren ~ '^[0-9]{9}$'", name="siren_of_nine_digits"),
        CheckConstraint("siret = '' OR (siret ~ '^[0-9]{14}$' AND left(siret, 9) = siren)", name="siret_of_its_siren"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_code"),
        CheckConstraint("vat_regime IN ('normal', 'franchise')", name="vat_regime_known"),
        CheckConstraint("capital > 0", name="capital_positive"),
        CheckConstraint("penalty_percent >= 0", name="penalty_not_negative"),
        CheckConstraint("logo_hash = '' OR logo_hash ~ '^[0-9a-f]{64}$'", name="logo_is_a_hash"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    legal_form: Mapped[str] = mapped_column(Text)
    capital: Mapped[Decimal | None] = mapped_column(Numeric(16, 2))
    street: Mapped[str] = mapped_column(Text)
    postal_code: Mapped[str] = mapped_column(Text)
    city: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text)
    siren: Mapped[str] = mapped_column(Text)
    siret: Mapped[str] = mapped_column(Text)
    registry_city: Mapped[str] = mapped_column(Text)
    vat_regime: Mapped[str] = mapped_column(Text)
    is_vat_on_debits: Mapped[bool] = mapped_column(Boolean)
    is_below_eu_threshold: Mapped[bool] = mapped_column(Boolean)
    vat_number: Mapped[str] = mapped_column(Text)
    activity_code: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    website: Mapped[str] = mapped_column(Text)
    iban: Mapped[str] = mapped_column(Text)
    bic: Mapped[str] = mapped_column(Text)
    payment_terms_fr: Mapped[str] = mapped_column(Text)
    payment_terms_en: Mapped[str] = mapped_column(Text)
    discount_terms_fr: Mapped[str] = mapped_column(Text)
    discount_terms_en: Mapped[str] = mapped_column(Text)
    penalty_percent: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))
    mediator: Mapped[str] = mapped_column(Text)
    own_mentions_fr: Mapped[str] = mapped_column(Text)
    own_mentions_en: Mapped[str] = mapped_column(Text)
    logo_hash: Mapped[str] = mapped_column(Text)
