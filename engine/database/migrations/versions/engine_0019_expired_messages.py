"""Messages that nobody received in time are emptied some time after: find those that are not yet.

Revision ID: engine_0019
Revises: engine_0018
"""

from __future__ import annotations

from alembic import op

revision = "engine_0019"
down_revision = "engine_0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index those that carry something, by the end of their time."""
    op.execute("""
        CREATE INDEX message_to_empty ON engine.message (expires_at) WHERE received_at IS NULL AND payload <> '{}'
    """)


def downgrade() -> None:
    """Leave the messages as they are."""
    op.execute("DROP INDEX engine.message_to_empty")
