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

MESSAGES = """
-- Received messages that still have what they carried (messages.forgetting); most have not.
CREATE INDEX message_to_forget ON engine.message (received_at) WHERE received_at IS NOT NULL AND payload <> '{}';
"""

REPEATS = """
-- Refusals that repeat within a minute: the first is in the chain at once, the others are counted here and follow as one.
CREATE TABLE engine.refusal_repeat (
    refused text NOT NULL,
    what text NOT NULL,
    since timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    repeats integer NOT NULL DEFAULT 0,
    record text NOT NULL,
    PRIMARY KEY (refused, what)
);
"""

LOST = """
-- Tasks that went back because whoever had taken them lost the role or the account: the triggers note them here, and the worker writes them
-- into the histories of their cases, whose chains a trigger cannot lock.
CREATE TABLE engine.claim_lost (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id bigint NOT NULL,
    activity text NOT NULL,
    element_id text NOT NULL,
    login text NOT NULL
);
CREATE OR REPLACE FUNCTION engine.release_with_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH lost AS (
        UPDATE engine.task SET assignee = NULL, claimed_at = NULL
        FROM engine.person
        WHERE person.id = OLD.person_id AND task.assignee = person.login AND task.is_open AND task.claimed_at IS NOT NULL
          AND task.role = OLD.role_key
        RETURNING task.instance_id, task.activity, task.element_id, person.login
    )
    INSERT INTO engine.claim_lost (instance_id, activity, element_id, login) SELECT * FROM lost;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION engine.release_with_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH lost AS (
        UPDATE engine.task SET assignee = NULL, claimed_at = NULL
        WHERE task.assignee = OLD.login AND task.is_open AND task.claimed_at IS NOT NULL
        RETURNING task.instance_id, task.activity, task.element_id
    )
    INSERT INTO engine.claim_lost (instance_id, activity, element_id, login) SELECT lost.*, OLD.login FROM lost;
    RETURN NULL;
END
$$;
"""

NOT_LOST = """
CREATE OR REPLACE FUNCTION engine.release_with_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE engine.task SET assignee = NULL, claimed_at = NULL
    FROM engine.person
    WHERE person.id = OLD.person_id AND task.assignee = person.login AND task.is_open AND task.claimed_at IS NOT NULL
      AND task.role = OLD.role_key;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION engine.release_with_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE engine.task SET assignee = NULL, claimed_at = NULL
    WHERE task.assignee = OLD.login AND task.is_open AND task.claimed_at IS NOT NULL;
    RETURN NULL;
END
$$;
DROP TABLE engine.claim_lost, engine.refusal_repeat;
DROP INDEX engine.message_to_forget;
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
    for each in (NODES, PERSONAL, SETTINGS, ARCHIVE, MESSAGES, REPEATS, LOST):
        op.execute(each)


def downgrade() -> None:
    """Put cases back out of the archive and drop the rest; erased values stay erased."""
    for each in (NOT_LOST, DROPS):
        op.execute(each)
