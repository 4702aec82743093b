"""The history's one table. Triggers (migration ``engine_0001``) refuse UPDATE, DELETE and TRUNCATE: it only grows."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Integer, LargeBinary, Table, Text

from engine.database.metadata import SCHEMA, metadata

event = Table(
    "event",
    metadata,
    Column("instance_id", BigInteger, primary_key=True, autoincrement=False),
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
