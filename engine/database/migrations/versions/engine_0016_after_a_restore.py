"""What a backup that was brought back cannot know: whether what waited in it has left the house since.

Revision ID: engine_0016
Revises: engine_0015
"""

from __future__ import annotations

from alembic import op

revision = "engine_0016"
down_revision = "engine_0015"
branch_labels = None
depends_on = None

RESTORATION = """
-- A backup of made_at that was brought back at restored_at. Until somebody lets them go (released_at), no letter and no effect that must
-- not be repeated leaves the house: it may have done so after made_at already. At most one is open.
CREATE TABLE engine.restoration (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    made_at timestamptz NOT NULL,
    restored_at timestamptz NOT NULL,
    released_at timestamptz,
    released_by text,
    CHECK ((released_at IS NULL) = (released_by IS NULL))
);
CREATE UNIQUE INDEX restoration_open ON engine.restoration ((true)) WHERE released_at IS NULL;
"""

DROPS = """
DROP TABLE engine.restoration;
"""


def upgrade() -> None:
    """Make room for it."""
    op.execute(RESTORATION)


def downgrade() -> None:
    """Drop it: what waits goes."""
    op.execute(DROPS)
