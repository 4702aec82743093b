"""Record commands and their history; people with dates, service accounts.

Revision ID: engine_0007
Revises: engine_0006
"""

from __future__ import annotations

revision = "engine_0007"
down_revision = "engine_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
