"""Cases that other cases call, and keys of messages that only one may wait for.

Revision ID: engine_0014
Revises: engine_0013
"""

from __future__ import annotations

revision = "engine_0014"
down_revision = "engine_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
