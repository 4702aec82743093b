"""The tables of people. Everything in them comes from our clock; nothing from PostgreSQL's."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    true,
)

from engine.database.metadata import SCHEMA, metadata

role = Table(
    "role",
    metadata,
    Column("key", Text, primary_key=True),
    Column("title_fr", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    schema=SCHEMA,
)

person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("login", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    UniqueConstraint("login"),
    CheckConstraint("login = lower(login) AND login <> ''", name="login_is_lower"),
    CheckConstraint("locale IN ('fr', 'en')", name="locale_is_known"),
    schema=SCHEMA,
)

person_role = Table(
    "person_role",
    metadata,
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), primary_key=True),
    Column("role_key", ForeignKey(role.c.key), primary_key=True),
    Index(None, "role_key"),
    schema=SCHEMA,
)

sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("login_hash", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("failures >= 0", name="failures_is_not_negative"),
    Index(None, "last_at"),
    schema=SCHEMA,
)
"""Sign-ins in a row that did not succeed, by SHA-256 of the login as typed: people sometimes type their password there."""

web_session = Table(
    "web_session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Index(None, "person_id"),
    Index(None, "seen_at"),
    schema=SCHEMA,
)
"""Only the SHA-256 of the token is here: who reads this table cannot sign in with it."""
