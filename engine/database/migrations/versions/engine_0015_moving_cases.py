"""Cases that are moved to another version of their process.

Revision ID: engine_0015
Revises: engine_0014
"""

from __future__ import annotations

from alembic import op

revision = "engine_0015"
down_revision = "engine_0014"
branch_labels = None
depends_on = None

MIGRATIONS = """
-- The chain of a case begins with the version that it began with (NULL: the one it still runs on).
ALTER TABLE engine.instance ADD COLUMN first_version_id bigint REFERENCES engine.definition_version;

-- What somebody asked for: cases of one version moved to another, or only tried (rehearsal), or moved back (undo, of the migration
-- undoes). mapping: canonical JSON, the counterparts that a person chose.
CREATE TABLE engine.migration (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('rehearsal', 'migration', 'undo')),
    process_key text NOT NULL,
    from_version_id bigint NOT NULL REFERENCES engine.definition_version,
    to_version_id bigint NOT NULL REFERENCES engine.definition_version,
    mapping text NOT NULL,
    reason text NOT NULL,
    undoes bigint REFERENCES engine.migration,
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    ended_at timestamptz,
    CHECK ((kind = 'undo') = (undoes IS NOT NULL))
);
CREATE INDEX migration_process ON engine.migration (process_key, id DESC);

-- Each case, and what became of it. result: canonical JSON, what changed, or what has no counterpart. former: the state before, kept
-- until the case moves on (revision: the one that the migration gave it). No foreign key to the case: it may leave for the archive.
CREATE TABLE engine.migration_item (
    migration_id bigint NOT NULL REFERENCES engine.migration,
    instance_id bigint NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'refused', 'undone')),
    code text,
    facts text,
    result text,
    former bytea,
    revision integer,
    done_at timestamptz,
    PRIMARY KEY (migration_id, instance_id),
    CHECK ((state = 'waiting') = (done_at IS NULL)),
    CHECK ((state = 'refused') = (code IS NOT NULL)),
    CHECK ((code IS NULL) = (facts IS NULL))
);
CREATE INDEX migration_item_waiting ON engine.migration_item (migration_id, instance_id) WHERE state = 'waiting';
CREATE INDEX migration_item_former ON engine.migration_item (instance_id) WHERE former IS NOT NULL;
"""

DROPS = """
DROP TABLE engine.migration_item, engine.migration;
ALTER TABLE engine.instance DROP COLUMN first_version_id;
"""


def upgrade() -> None:
    """Make room for migrations."""
    op.execute(MIGRATIONS)


def downgrade() -> None:
    """Forget them; a case that was moved cannot be verified by its new version any more."""
    op.execute(DROPS)
