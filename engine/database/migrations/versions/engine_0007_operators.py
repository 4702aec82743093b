"""What operators do: cases suspended, effects held and taken back, acts on many at once.

Revision ID: engine_0007
Revises: engine_0006
"""

from __future__ import annotations

from alembic import op

revision = "engine_0007"
down_revision = "engine_0006"
branch_labels = None
depends_on = None

TABLES = """
SELECT 1;
"""

DROPS = """
SELECT 1;
"""


def upgrade() -> None:
    """Make room for all of it."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop all of it."""
    op.execute(DROPS)
