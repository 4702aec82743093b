"""Cases that a timer begins: the schedule of the versions in force.

Revision ID: engine_0004
Revises: engine_0003
"""

from __future__ import annotations

from alembic import op

revision = "engine_0004"
down_revision = "engine_0003"
branch_labels = None
depends_on = None

TABLES = """
-- remaining counts the firings still to come (null: without end); period is that of a cycle, null for a single moment.
CREATE TABLE engine.start_timer (
    process_key text NOT NULL,
    element_id text NOT NULL,
    version_id bigint NOT NULL REFERENCES engine.definition_version,
    due_at timestamptz NOT NULL,
    remaining integer CHECK (remaining > 0),
    period text,
    PRIMARY KEY (process_key, element_id)
);
CREATE INDEX start_timer_due ON engine.start_timer (due_at);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop it; processes that a timer begins then wait for nobody."""
    op.execute("DROP TABLE engine.start_timer")
