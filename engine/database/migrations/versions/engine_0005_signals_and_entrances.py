"""Signals between cases, messages without a key, and cases that a signal begins.

Revision ID: engine_0005
Revises: engine_0004
"""

from __future__ import annotations

from alembic import op

revision = "engine_0005"
down_revision = "engine_0004"
branch_labels = None
depends_on = None

TABLES = """
-- correlation_key is empty where no key was given: such a wait takes any message of the name. A signal never has one.
ALTER TABLE engine.subscription ADD COLUMN kind text NOT NULL DEFAULT 'message' CHECK (kind IN ('message', 'signal'));
DROP INDEX engine.subscription_name;
CREATE INDEX subscription_name ON engine.subscription (kind, name, correlation_key, instance_id);

ALTER TABLE engine.definition_version ADD COLUMN start_signals text[] NOT NULL DEFAULT '{}';

-- A signal that was thrown; the ids give their order.
CREATE TABLE engine.signal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    payload text NOT NULL,
    thrown_at timestamptz NOT NULL,
    thrown_by text NOT NULL,
    sender_instance_id bigint REFERENCES engine.instance
);

-- Which cases waited for it then and do not have it yet: the row goes in the step that receives it. No foreign key to the instance:
-- checking it would wait for the receiver's step while the thrower's own row is locked, and two cases may throw at each other.
CREATE TABLE engine.signal_receiver (
    instance_id bigint NOT NULL,
    signal_id bigint NOT NULL REFERENCES engine.signal,
    PRIMARY KEY (instance_id, signal_id)
);
"""

DROPS = """
DROP TABLE engine.signal_receiver, engine.signal;
ALTER TABLE engine.definition_version DROP COLUMN start_signals;
DELETE FROM engine.subscription WHERE kind = 'signal';
DROP INDEX engine.subscription_name;
CREATE INDEX subscription_name ON engine.subscription (name, correlation_key, instance_id);
ALTER TABLE engine.subscription DROP COLUMN kind;
"""


def upgrade() -> None:
    """Tell signals from messages in the subscriptions, and keep signals until every receiver has them."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop all of it; whoever waits for a signal then waits for ever."""
    op.execute(DROPS)
