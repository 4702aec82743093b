"""Cases that other cases call, and keys of messages that only one may wait for.

Revision ID: engine_0014
Revises: engine_0013
"""

from __future__ import annotations

from alembic import op

revision = "engine_0014"
down_revision = "engine_0013"
branch_labels = None
depends_on = None

CALLS = """
-- A called case knows who called it and where that chain of calls began; depth counts the calls above it. No foreign keys: checking one
-- would wait for the step that has locked the caller, and a caller and what it calls are never locked together.
ALTER TABLE engine.instance
    ADD COLUMN parent_instance_id bigint, ADD COLUMN root_instance_id bigint, ADD COLUMN depth integer NOT NULL DEFAULT 0,
    ADD CHECK ((parent_instance_id IS NULL) = (depth = 0)), ADD CHECK ((parent_instance_id IS NULL) = (root_instance_id IS NULL));
CREATE INDEX instance_root ON engine.instance (root_instance_id) WHERE root_instance_id IS NOT NULL;

-- What a case calls. The id of the called case is drawn when the call begins, so that one activity never begins two: the row is there
-- before the case, which begins in a transaction of its own. number counts the calls of the caller.
-- version_id: of the caller's own version;
-- without it, that of the process with the key, in force or with the tag. given: the inputs, until the case has begun.
-- ended_at: the caller does not wait for it any more.
CREATE TABLE engine.call (
    child_instance_id bigint PRIMARY KEY,
    instance_id bigint NOT NULL,
    activity text NOT NULL,
    element_id text NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    process text NOT NULL,
    version_id bigint REFERENCES engine.definition_version,
    version_tag text,
    given text,
    requested_at timestamptz NOT NULL,
    begun_at timestamptz,
    ended_at timestamptz,
    CHECK (version_id IS NULL OR version_tag IS NULL)
);
CREATE UNIQUE INDEX call_awaited ON engine.call (instance_id, activity) WHERE ended_at IS NULL;
CREATE INDEX call_number ON engine.call (instance_id, number);

ALTER TABLE engine.definition_version ADD COLUMN version_tag text;
CREATE INDEX definition_version_tag ON engine.definition_version (process_key, version_tag, number) WHERE version_tag IS NOT NULL;
"""

MESSAGES = """
-- Keys may be long: the indexes hold their hashes, every question also compares the key itself. is_unique: nobody else who asks for it may
-- wait for the same name and key.
ALTER TABLE engine.subscription ADD COLUMN is_unique boolean NOT NULL DEFAULT false;
DROP INDEX engine.subscription_name, engine.message_waiting;
CREATE INDEX subscription_name ON engine.subscription (kind, name, hashtextextended(correlation_key, 0), instance_id);
CREATE INDEX message_waiting ON engine.message (name, hashtextextended(correlation_key, 0), id) WHERE received_at IS NULL;

-- A case that a message began whose key means one case at a time.
ALTER TABLE engine.instance ADD COLUMN begun_by_message text, ADD COLUMN begun_by_key text,
    ADD CHECK ((begun_by_message IS NULL) = (begun_by_key IS NULL));
CREATE INDEX instance_begun_by ON engine.instance (process_key, begun_by_message, hashtextextended(begun_by_key, 0))
    WHERE status = 'active' AND begun_by_message IS NOT NULL;
"""

DROPS = """
ALTER TABLE engine.instance DROP COLUMN begun_by_message, DROP COLUMN begun_by_key;
DROP INDEX engine.subscription_name, engine.message_waiting;
CREATE INDEX subscription_name ON engine.subscription (kind, name, correlation_key, instance_id);
CREATE INDEX message_waiting ON engine.message (name, correlation_key, id) WHERE received_at IS NULL;
ALTER TABLE engine.subscription DROP COLUMN is_unique;
DROP INDEX engine.definition_version_tag, engine.instance_root;
ALTER TABLE engine.definition_version DROP COLUMN version_tag;
DROP TABLE engine.call;
ALTER TABLE engine.instance DROP COLUMN parent_instance_id, DROP COLUMN root_instance_id, DROP COLUMN depth;
"""


def upgrade() -> None:
    """Make room for both."""
    op.execute(CALLS)
    op.execute(MESSAGES)


def downgrade() -> None:
    """Drop both; callers that wait for a called case wait for ever then."""
    op.execute(DROPS)
