"""Fiscal positions of customers, orders and invoices.

Revision ID: handlers_0019
"""

from __future__ import annotations

from alembic import op

revision = "handlers_0019"
down_revision = "handlers_0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Do it."""
    op.execute("SELECT 1")


def downgrade() -> None:
    """Take it back."""
    op.execute("SELECT 1")
