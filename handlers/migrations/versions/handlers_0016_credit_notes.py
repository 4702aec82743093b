"""The form that a credit note was drafted with: sent twice, it drafts one.

Revision ID: handlers_0016
"""

from __future__ import annotations

from alembic import op

revision = "handlers_0016"
down_revision = "handlers_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    op.execute(
        "ALTER TABLE business.invoice ADD COLUMN form_key text, ADD CONSTRAINT uq_invoice_form_key UNIQUE (form_key)"
    )


def downgrade() -> None:
    """Take it back."""
    op.execute("ALTER TABLE business.invoice DROP COLUMN form_key")
