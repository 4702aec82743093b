"""Quotes.

Revision ID: handlers_0005
"""

from __future__ import annotations

revision = "handlers_0005"
down_revision = "handlers_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet: the tables come with the commands that fill them."""
