"""The schemas; people, roles and web sessions; the history, which can only grow.

Revision ID: engine_0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "engine_0001"
down_revision = None
branch_labels = ("engine",)
depends_on = None

REFUSE = """
CREATE FUNCTION engine.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% only grows: % is refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END
$$
"""
ROWS = """
CREATE TRIGGER event_only_grows BEFORE UPDATE OR DELETE ON engine.event
    FOR EACH ROW EXECUTE FUNCTION engine.refuse_change()
"""
EMPTYING = """
CREATE TRIGGER event_is_never_emptied BEFORE TRUNCATE ON engine.event
    FOR EACH STATEMENT EXECUTE FUNCTION engine.refuse_change()
"""


def upgrade() -> None:
    """Create all of it."""
    for schema in ("engine", "business", "jobs"):
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "role",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("title_fr", sa.Text, nullable=False),
        sa.Column("title_en", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_role"),
        schema="engine",
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("login", name="uq_person_login"),
        sa.CheckConstraint("login = lower(login) AND login <> ''", name="ck_person_login_is_lower"),
        sa.CheckConstraint("locale IN ('fr', 'en')", name="ck_person_locale_is_known"),
        schema="engine",
    )
    op.create_table(
        "person_role",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("role_key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "role_key", name="pk_person_role"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["engine.person.id"], name="fk_person_role_person_id_person", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["role_key"], ["engine.role.key"], name="fk_person_role_role_key_role"),
        schema="engine",
    )
    op.create_index("ix_person_role_role_key", "person_role", ["role_key"], schema="engine")
    op.create_table(
        "sign_in_failure",
        sa.Column("login_hash", pg.BYTEA, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("login_hash", name="pk_sign_in_failure"),
        sa.CheckConstraint("failures >= 0", name="ck_sign_in_failure_failures_is_not_negative"),
        schema="engine",
    )
    op.create_index("ix_sign_in_failure_last_at", "sign_in_failure", ["last_at"], schema="engine")
    op.create_table(
        "web_session",
        sa.Column("token_hash", pg.BYTEA, nullable=False),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("opened_at", moment, nullable=False),
        sa.Column("seen_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_web_session"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["engine.person.id"], name="fk_web_session_person_id_person", ondelete="CASCADE"
        ),
        schema="engine",
    )
    op.create_index("ix_web_session_person_id", "web_session", ["person_id"], schema="engine")
    op.create_index("ix_web_session_seen_at", "web_session", ["seen_at"], schema="engine")
    op.create_table(
        "event",
        sa.Column("instance_id", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("hash", pg.BYTEA, nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "sequence", name="pk_event"),
        sa.CheckConstraint("sequence > 0", name="ck_event_sequence_is_positive"),
        sa.CheckConstraint("octet_length(hash) = 32", name="ck_event_hash_is_sha256"),
        schema="engine",
    )
    op.execute(REFUSE)
    op.execute(ROWS)
    op.execute(EMPTYING)
    # also for sessions that replay what others did (session_replication_role): nothing switches these off by the way
    for trigger in ("event_only_grows", "event_is_never_emptied"):
        op.execute(f"ALTER TABLE engine.event ENABLE ALWAYS TRIGGER {trigger}")


def downgrade() -> None:
    """Only for an empty database: the history refuses to be emptied, so it goes with its table."""
    for table in ("event", "web_session", "sign_in_failure", "person_role", "person", "role"):
        op.drop_table(table, schema="engine")
    op.execute("DROP FUNCTION engine.refuse_change()")
