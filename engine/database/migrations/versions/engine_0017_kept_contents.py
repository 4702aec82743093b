"""Contents that are kept for good: what the business made or showed (a printed document, a logo), whatever cases do with a copy of it.

Revision ID: engine_0017
Revises: engine_0016
"""

from __future__ import annotations

from alembic import op

revision = "engine_0017"
down_revision = "engine_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing that is there is of that sort."""
    op.execute("ALTER TABLE engine.file_content ADD COLUMN is_kept boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    """Let them be like all others."""
    op.execute("ALTER TABLE engine.file_content DROP COLUMN is_kept")
