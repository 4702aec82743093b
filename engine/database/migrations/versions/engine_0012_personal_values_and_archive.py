"""What the history keeps apart: personal values with their salts; and what finished cases become.

Revision ID: engine_0012
Revises: engine_0011
"""

from __future__ import annotations

revision = "engine_0012"
down_revision = "engine_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
