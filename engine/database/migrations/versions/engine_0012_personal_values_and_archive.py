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

DROPS = """
DROP TABLE engine.history_node;
"""


def upgrade() -> None:
    """Make room for all of it."""
    op.execute(NODES)


def downgrade() -> None:
    """Drop all of it."""
    op.execute(DROPS)
