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
