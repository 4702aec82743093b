"""The inbox complete: absences, filters, fields to search, comments, files, drafts, and why a task came.

Revision ID: engine_0008
Revises: engine_0007
"""

from __future__ import annotations

revision = "engine_0008"
down_revision = "engine_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
