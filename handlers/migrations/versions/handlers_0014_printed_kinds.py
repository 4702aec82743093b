"""More kinds of documents leave the house.

Revision ID: handlers_0014
"""

from __future__ import annotations

from alembic import op

revision = "handlers_0014"
down_revision = "handlers_0013"
branch_labels = None
depends_on = None

KINDS = "'quote', 'order_acknowledgement', 'delivery_note', 'proforma', 'invoice', 'credit_note', 'statement'"


def upgrade() -> None:
    """Let every kind be kept."""
    _known(KINDS)


def downgrade() -> None:
    """Quotes alone again: refused as long as others are kept."""
    _known("'quote'")


def _known(kinds: str) -> None:
    op.execute("ALTER TABLE business.printed_document DROP CONSTRAINT ck_printed_document_kind_known")
    op.execute(
        f"ALTER TABLE business.printed_document ADD CONSTRAINT ck_printed_document_kind_known CHECK (kind IN ({kinds}))"
    )
