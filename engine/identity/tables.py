"""The tables of people. Everything in them comes from our clock; nothing from PostgreSQL's."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    false,
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
    Column("password_hash", Text),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    Column("secret_hash", LargeBinary),
    Column("secret_until", DateTime(timezone=True)),
    Column("must_set_password", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("login"),
    CheckConstraint("login = lower(login) AND login <> ''", name="login_is_lower"),
    CheckConstraint("locale IN ('fr', 'en')", name="locale_is_known"),
    CheckConstraint("(secret_hash IS NULL) = (secret_until IS NULL)", name="secret_ends"),
    schema=SCHEMA,
)
"""``password_hash`` None: no password opens the account. ``secret_hash``: SHA-256 of a secret for one sign-in."""

role_group = Table(
    "role_group",
    metadata,
    Column("key", Text, primary_key=True),
    Column("title_fr", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    schema=SCHEMA,
)

role_group_role = Table(
    "role_group_role",
    metadata,
    Column("group_key", ForeignKey(role_group.c.key, ondelete="CASCADE"), primary_key=True),
    Column("role_key", ForeignKey(role.c.key), primary_key=True),
    Index(None, "role_key"),
    schema=SCHEMA,
)

membership = Table(
    "membership",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), nullable=False),
    Column("role_key", ForeignKey(role.c.key)),
    Column("group_key", ForeignKey(role_group.c.key, ondelete="CASCADE")),
    Column("from_at", DateTime(timezone=True), nullable=False),
    Column("until_at", DateTime(timezone=True)),
    CheckConstraint("num_nonnulls(role_key, group_key) = 1", name="role_or_group"),
    CheckConstraint("until_at > from_at", name="ends_after_it_begins"),
    Index(None, "person_id"),
    Index(None, "role_key"),
    Index(None, "group_key"),
    schema=SCHEMA,
)
"""Who has a role, or belongs to a group that has roles, from when until when; the truth that ``person_role`` is made from."""

person_role = Table(
    "person_role",
    metadata,
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), primary_key=True),
    Column("role_key", ForeignKey(role.c.key), primary_key=True),
    Column("until_at", DateTime(timezone=True)),
    Index(None, "role_key"),
    schema=SCHEMA,
)
"""The roles that people have now, whichever way; ``until_at``: when the last membership that gives the role ends."""

sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("key_hash", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("failures >= 0", name="failures_is_not_negative"),
    Index(None, "last_at"),
    schema=SCHEMA,
)
"""Sign-ins that did not succeed, by SHA-256 of the login as typed (people sometimes type their password there), and of the address."""

web_session = Table(
    "web_session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("address", Text, nullable=False, server_default=""),
    Column("agent", Text, nullable=False, server_default=""),
    Index(None, "person_id"),
    Index(None, "seen_at"),
    UniqueConstraint("id"),
    schema=SCHEMA,
)
"""Only the SHA-256 of the token is here: who reads this table cannot sign in with it."""

service_account = Table(
    "service_account",
    metadata,
    Column("key", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    CheckConstraint("key ~ '^[a-z][a-z0-9-]*$'", name="key_is_a_word"),
    schema=SCHEMA,
)

service_token = Table(
    "service_token",
    metadata,
    Column("prefix", Text, primary_key=True),
    Column("account_key", ForeignKey(service_account.c.key), nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("made_by", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("seen_at", DateTime(timezone=True)),
    UniqueConstraint("token_hash"),
    CheckConstraint("octet_length(token_hash) = 32", name="token_hash_is_sha256"),
    Index(None, "account_key"),
    schema=SCHEMA,
)
"""Only the SHA-256 of a token is here, and its beginning, by which people recognise it."""

company = Table(
    "company",
    metadata,
    Column("is_only", Boolean, primary_key=True, server_default=true()),
    Column("name", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("began_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("is_only", name="there_is_one"),
    schema=SCHEMA,
)
"""One row, once this is the database of a real company."""
