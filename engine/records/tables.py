"""The histories of records. Triggers (migration ``engine_0007``) refuse UPDATE, DELETE and TRUNCATE of events: they only grow."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, Integer, LargeBinary, Table, Text, false

from engine.database.metadata import SCHEMA, metadata

record_chain = Table(
    "record_chain",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("is_deleted", Boolean, nullable=False, server_default=false()),
    CheckConstraint("kind ~ '^[a-z_]+$'", name="kind_is_a_word"),
    CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
    schema=SCHEMA,
)

record_event = Table(
    "record_event",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("sequence > 0", name="sequence_is_positive"),
    CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
    schema=SCHEMA,
)
