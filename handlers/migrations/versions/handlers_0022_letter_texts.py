"""How a company words its letters to customers.

Revision ID: handlers_0022
"""

from __future__ import annotations

from alembic import op

revision = "handlers_0022"
down_revision = "handlers_0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.execute(
        """
        CREATE TABLE business.letter_text (
            code text NOT NULL,
            locale text NOT NULL,
            subject text NOT NULL,
            body text NOT NULL,
            CONSTRAINT pk_letter_text PRIMARY KEY (code, locale),
            CONSTRAINT ck_letter_text_locale_known CHECK (locale IN ('fr', 'en')),
            CONSTRAINT ck_letter_text_texts_given CHECK (subject <> '' AND body <> '')
        )
        """
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE business.letter_text")
