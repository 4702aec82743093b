"""Quotes of a company that invoices no VAT.

Revision ID: handlers_0008
"""

from __future__ import annotations

from alembic import op

revision = "handlers_0008"
down_revision = "handlers_0007"
branch_labels = None
depends_on = None

# all that were written have VAT
COLUMN = """
ALTER TABLE business.quote_version ADD COLUMN is_untaxed boolean NOT NULL DEFAULT false;
ALTER TABLE business.quote_version ALTER COLUMN is_untaxed DROP DEFAULT;
"""


def upgrade() -> None:
    """Widen the table."""
    op.execute(COLUMN)


def downgrade() -> None:
    """Take it back."""
    op.execute("ALTER TABLE business.quote_version DROP COLUMN is_untaxed")
