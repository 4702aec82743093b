"""The order of all that is recorded, signed checkpoints over it, and the acts that were refused.

Revision ID: engine_0009
Revises: engine_0008
"""

from __future__ import annotations

revision = "engine_0009"
down_revision = "engine_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
