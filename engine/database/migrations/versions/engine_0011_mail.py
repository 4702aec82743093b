"""Letters that leave the house: how the company sends mail, the outbox of letters, notices, checkpoints by mail.

Revision ID: engine_0011
Revises: engine_0010
"""

from __future__ import annotations

revision = "engine_0011"
down_revision = "engine_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for all of it."""


def downgrade() -> None:
    """Drop all of it."""
