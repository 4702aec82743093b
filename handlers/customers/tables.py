"""Customers, their addresses and the people whom we talk to there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Boolean, CheckConstraint, DateTime, ForeignKey, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from handlers.base.tables import Table


class Customer(Table):
    """Whom we sell to, or hope to (*prospect*). ``number`` is what people call the record; ``words`` is what its search compares.

    ``notes`` are ours alone. Numbers of companies stand without spaces; ``siren`` and ``vat_number`` are checked by their check digits.
    """

    __tablename__ = "customer"
    __table_args__ = (
        CheckConstraint("name <> ''", name="name_given"),
        CheckConstraint("siren = '' OR siren ~ '^[0-9]{9}$'", name="siren_of_nine_digits"),
        CheckConstraint("siret = '' OR (siret ~ '^[0-9]{14}$' AND left(siret, 9) = siren)", name="siret_of_its_siren"),
        CheckConstraint("locale IN ('fr', 'en')", name="locale_known"),
        CheckConstraint(
            "preferred_payment IN ('', 'transfer', 'card', 'direct_debit', 'cheque', 'cash')",
            name="preferred_payment_known",
        ),
        CheckConstraint(
            "fiscal_position IN ('', 'domestic', 'intra_eu', 'export')",
            name="fiscal_position_known",
        ),
        CheckConstraint("is_company OR (siren = '' AND siret = '')", name="only_companies_have_a_siren"),
        Index("ix_customer_words", "words", postgresql_using="gin"),
        Index("ix_customer_sort_name_number", "sort_name", "number"),
        Index("ux_customer_siren", "siren", "siret", unique=True, postgresql_where=text("siren <> ''")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    sort_name: Mapped[str] = mapped_column(Text)
    is_company: Mapped[bool] = mapped_column(Boolean)
    is_prospect: Mapped[bool] = mapped_column(Boolean)
    siren: Mapped[str] = mapped_column(Text)
    siret: Mapped[str] = mapped_column(Text)
    vat_number: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    website: Mapped[str] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    notes: Mapped[str] = mapped_column(Text)
    delivery_notes: Mapped[str] = mapped_column(Text)
    preferred_payment: Mapped[str] = mapped_column(Text)
    account_code: Mapped[str] = mapped_column(Text)
    fiscal_position: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(TSVECTOR)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CustomerAddress(Table):
    """A place of a customer. At most one is where invoices go, at most one where goods go unless an order says otherwise."""

    __tablename__ = "customer_address"
    __table_args__ = (
        CheckConstraint("city <> ''", name="city_given"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_code"),
        Index("ux_customer_address_billing", "customer_id", unique=True, postgresql_where=text("is_billing")),
        Index("ux_customer_address_shipping", "customer_id", unique=True, postgresql_where=text("is_shipping")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id, ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(Text)
    street: Mapped[str] = mapped_column(Text)
    postal_code: Mapped[str] = mapped_column(Text)
    city: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text)
    is_billing: Mapped[bool] = mapped_column(Boolean)
    is_shipping: Mapped[bool] = mapped_column(Boolean)


class CustomerContact(Table):
    """Somebody whom we talk to at a customer. ``receives``: the documents that go to their address (``types.DOCUMENTS``)."""

    __tablename__ = "customer_contact"
    __table_args__ = (
        CheckConstraint("name <> ''", name="name_given"),
        CheckConstraint("receives <@ ARRAY['quotes', 'orders', 'delivery_notes', 'invoices']", name="receives_known"),
        CheckConstraint("receives = '{}' OR email <> ''", name="receives_somewhere"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id, ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    receives: Mapped[list[str]] = mapped_column(ARRAY(Text))


class CustomField(Table):
    """A field that this company added to its customers. ``key``: under which values are kept; it and ``kind`` never change."""

    __tablename__ = "customer_field"
    __table_args__ = (
        CheckConstraint("label_fr <> ''", name="label_given"),
        CheckConstraint("kind IN ('text', 'number', 'date', 'choice', 'flag')", name="kind_known"),
        CheckConstraint("(kind = 'choice') = (choices <> '{}')", name="choices_of_a_choice"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    label_fr: Mapped[str] = mapped_column(Text)
    label_en: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    choices: Mapped[list[str]] = mapped_column(ARRAY(Text))
    is_active: Mapped[bool] = mapped_column(Boolean)


class CustomFieldValue(Table):
    """What a field that the company added says of a customer; no row where it says nothing."""

    __tablename__ = "customer_field_value"
    __table_args__ = (CheckConstraint("value <> ''", name="value_given"),)

    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id, ondelete="CASCADE"), primary_key=True)
    field_id: Mapped[int] = mapped_column(ForeignKey(CustomField.id), primary_key=True, index=True)
    value: Mapped[str] = mapped_column(Text)
