"""Lists can be narrowed by a field of their cases: begin at the few cases that have the value.

Revision ID: engine_0018
Revises: engine_0017
"""

from __future__ import annotations

from alembic import op

revision = "engine_0018"
down_revision = "engine_0017"
branch_labels = None
depends_on = None

INDEXES = (
    'CREATE INDEX case_field_text ON engine.case_field (name, (lower(text_value)) COLLATE "C") WHERE text_value IS NOT NULL',
    "CREATE INDEX case_field_number ON engine.case_field (name, number_value) WHERE number_value IS NOT NULL",
    "CREATE INDEX case_field_date ON engine.case_field (name, date_value) WHERE date_value IS NOT NULL",
)


def upgrade() -> None:
    """Index what the steps have written so far."""
    for each in INDEXES:
        op.execute(each)


def downgrade() -> None:
    """Leave the fields as they were."""
    op.execute("DROP INDEX engine.case_field_text, engine.case_field_number, engine.case_field_date")
