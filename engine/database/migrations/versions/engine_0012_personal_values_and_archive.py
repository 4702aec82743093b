"""What the history keeps apart: personal values with their salts; and what finished cases become.

Revision ID: engine_0012
Revises: engine_0011
"""

from __future__ import annotations

from alembic import op

revision = "engine_0012"
down_revision = "engine_0011"
branch_labels = None
depends_on = None


NODES = """
-- Complete subtrees of the tree over all events, from 256 events on (level 8): what leads from one event to a checkpoint is read here and
-- not computed from the whole history. They prove nothing by themselves: a changed one leads nowhere.
CREATE TABLE engine.history_node (
    level integer NOT NULL CHECK (level >= 8),
    position bigint NOT NULL CHECK (position >= 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    CONSTRAINT pk_history_node PRIMARY KEY (level, position)
);
"""

PERSONAL = """
-- Personal values of events and their salts; the events have salted hashes in their places (history.personal). Erasing takes value, salt
-- and words away and names the erasure; the row stays, so that the page can say when, by whom and why.
CREATE TABLE engine.erasure (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    chain text NOT NULL,
    because text NOT NULL,
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    done_at timestamptz,
    done_by text,
    CHECK ((done_at IS NULL) = (done_by IS NULL))
);
CREATE UNIQUE INDEX erasure_waiting ON engine.erasure (kind, chain) WHERE done_at IS NULL;
CREATE TABLE engine.personal_value (
    commitment bytea NOT NULL CHECK (octet_length(commitment) = 32),
    kind text NOT NULL,
    chain text NOT NULL,
    sequence integer NOT NULL,
    name text NOT NULL,
    at timestamptz NOT NULL,
    value text,
    salt bytea CHECK (octet_length(salt) = 32),
    words tsvector,
    erasure_id bigint REFERENCES engine.erasure,
    CONSTRAINT pk_personal_value PRIMARY KEY (commitment),
    CHECK ((value IS NULL) = (salt IS NULL)),
    CHECK ((value IS NULL) = (words IS NULL)),
    CHECK ((value IS NULL) = (erasure_id IS NOT NULL))
);
CREATE INDEX personal_value_chain ON engine.personal_value (kind, chain, sequence);
CREATE INDEX personal_value_words ON engine.personal_value USING gin (words);
"""

SETTINGS = """
-- Whether a second administrator confirms each erasure: one row once somebody set it.
CREATE TABLE engine.erasing_setting (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    four_eyes boolean NOT NULL
);
-- How long cases of a process are kept after their end (months; null: for ever), and how long they stay at hand (archive_days).
CREATE TABLE engine.retention (
    process_key text PRIMARY KEY,
    months integer CHECK (months > 0),
    archive_days integer NOT NULL CHECK (archive_days > 0)
);
"""

ARCHIVE = """
-- Finished cases: what no list or step reads any more, one row a case. archived_at of the instance: it is there; removed_at: its retention
-- is over, and only the chain and the number are left.
CREATE TABLE engine.case_archive (
    instance_id bigint PRIMARY KEY REFERENCES engine.instance,
    archived_at timestamptz NOT NULL,
    snapshot bytea NOT NULL,
    tasks jsonb NOT NULL,
    incidents jsonb NOT NULL
);
ALTER TABLE engine.instance ADD COLUMN archived_at timestamptz, ADD COLUMN removed_at timestamptz,
    ADD CHECK (archived_at IS NULL OR ended_at IS NOT NULL), ADD CHECK (removed_at IS NULL OR archived_at IS NOT NULL);
CREATE INDEX instance_to_archive ON engine.instance (ended_at) WHERE archived_at IS NULL AND ended_at IS NOT NULL;
CREATE INDEX instance_to_remove ON engine.instance (version_id, ended_at) WHERE archived_at IS NOT NULL AND removed_at IS NULL;
"""

DROPS = """
-- what is archived comes back: nothing of a case is lost by going back
UPDATE engine.instance SET snapshot = kept.snapshot FROM engine.case_archive kept WHERE kept.instance_id = instance.id;
INSERT INTO engine.task OVERRIDING SYSTEM VALUE
SELECT task.* FROM engine.case_archive, jsonb_populate_recordset(CAST(NULL AS engine.task), tasks) task;
INSERT INTO engine.incident OVERRIDING SYSTEM VALUE
SELECT incident.* FROM engine.case_archive, jsonb_populate_recordset(CAST(NULL AS engine.incident), incidents) incident;
ALTER TABLE engine.instance DROP COLUMN archived_at, DROP COLUMN removed_at;
DROP TABLE engine.case_archive, engine.retention, engine.erasing_setting;
DROP TABLE engine.personal_value, engine.erasure;
DROP TABLE engine.history_node;
"""


def upgrade() -> None:
    """Make room for all of it."""
    for each in (NODES, PERSONAL, SETTINGS, ARCHIVE):
        op.execute(each)


def downgrade() -> None:
    """Drop all of it."""
    op.execute(DROPS)
