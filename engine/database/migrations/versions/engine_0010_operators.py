"""What operators do: cases suspended, effects held and taken back, acts on many at once.

Revision ID: engine_0010
Revises: engine_0009
"""

from __future__ import annotations

from alembic import op

revision = "engine_0010"
down_revision = "engine_0009"
branch_labels = None
depends_on = None

EFFECTS = """
-- What is known of an effect beside its job, while the case waits for it; most effects need no row. held_until: it may be taken back before
-- then, queued_at: its job is in the queue. begun_at: an effect that must not be repeated has begun, and how that ended is not known
-- yet. outcome: it was done while the case stood still, which hears of it when it goes on.
-- No foreign key to the instance: checking it would wait for the step that has locked it, and effects begin without that lock.
CREATE TABLE engine.effect (
    instance_id bigint NOT NULL,
    activity text NOT NULL,
    element_id text NOT NULL,
    handler text NOT NULL,
    held_until timestamptz,
    queued_at timestamptz,
    begun_at timestamptz,
    outcome text,
    PRIMARY KEY (instance_id, activity)
);
CREATE INDEX effect_held ON engine.effect (held_until) WHERE queued_at IS NULL AND held_until IS NOT NULL;
"""

SUSPENSION = """
-- A suspended case stands still: what reaches it waits in parked_job (or, where an effect had begun, its outcome does) and goes back into
-- the queue when the case goes on, or ends.
ALTER TABLE engine.instance
    ADD COLUMN suspended_at timestamptz, ADD COLUMN suspended_by text, ADD COLUMN suspended_because text,
    ADD CHECK ((suspended_at IS NULL) = (suspended_by IS NULL)),
    ADD CHECK ((suspended_at IS NULL) = (suspended_because IS NULL)),
    ADD CHECK (suspended_at IS NULL OR status = 'active');
CREATE INDEX instance_suspended ON engine.instance (id DESC) WHERE suspended_at IS NOT NULL;

CREATE TABLE engine.parked_job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id bigint NOT NULL REFERENCES engine.instance,
    name text NOT NULL,
    arguments text NOT NULL,
    parked_at timestamptz NOT NULL
);
CREATE INDEX parked_job_instance ON engine.parked_job (instance_id, id);
"""

BATCHES = """
-- One act on many things (cases, or incidents), each in a transaction of its own that also writes its result.
CREATE TABLE engine.batch (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    act text NOT NULL CHECK (act IN ('suspend', 'resume', 'cancel', 'retry')),
    reason text NOT NULL,
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    ended_at timestamptz
);
CREATE TABLE engine.batch_item (
    batch_id bigint NOT NULL REFERENCES engine.batch,
    target bigint NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'refused')),
    code text,
    facts text,
    done_at timestamptz,
    PRIMARY KEY (batch_id, target),
    CHECK ((state = 'waiting') = (done_at IS NULL)),
    CHECK ((state = 'refused') = (code IS NOT NULL)),
    CHECK ((code IS NULL) = (facts IS NULL))
);
CREATE INDEX batch_item_waiting ON engine.batch_item (batch_id, target) WHERE state = 'waiting';

-- The list of open incidents, newest first; and messages that nobody has received.
CREATE INDEX incident_unresolved ON engine.incident (id DESC) WHERE resolved_at IS NULL;
CREATE INDEX message_unreceived ON engine.message (id DESC) WHERE received_at IS NULL;
"""

DROPS = """
DROP INDEX engine.message_unreceived, engine.incident_unresolved;
DROP TABLE engine.batch_item, engine.batch, engine.parked_job, engine.effect;
ALTER TABLE engine.instance DROP COLUMN suspended_at, DROP COLUMN suspended_by, DROP COLUMN suspended_because;
"""


def upgrade() -> None:
    """Make room for all of it."""
    for each in (EFFECTS, SUSPENSION, BATCHES):
        op.execute(each)


def downgrade() -> None:
    """Drop all of it; what is held or parked is lost."""
    op.execute(DROPS)
