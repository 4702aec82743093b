"""What operators have done to many cases at once besides suspending and ending them: move, skip, edit.

Revision ID: engine_0013
Revises: engine_0012
"""

from __future__ import annotations

from alembic import op

revision = "engine_0013"
down_revision = "engine_0012"
branch_labels = None
depends_on = None

BATCHES = """
-- what: the rest of what was asked for (where a token goes, which value), canonical JSON; NULL for acts that need nothing but a reason
ALTER TABLE engine.batch DROP CONSTRAINT batch_act_check, ADD COLUMN what text,
    ADD CONSTRAINT batch_act_check CHECK (act IN ('suspend', 'resume', 'cancel', 'retry', 'move', 'skip', 'edit')),
    ADD CONSTRAINT batch_what_check CHECK ((what IS NULL) = (act IN ('suspend', 'resume', 'cancel', 'retry')));
"""

DROPS = """
DELETE FROM engine.batch_item WHERE batch_id IN (SELECT id FROM engine.batch WHERE what IS NOT NULL);
DELETE FROM engine.batch WHERE what IS NOT NULL;
ALTER TABLE engine.batch DROP CONSTRAINT batch_what_check, DROP CONSTRAINT batch_act_check, DROP COLUMN what,
    ADD CONSTRAINT batch_act_check CHECK (act IN ('suspend', 'resume', 'cancel', 'retry'));
"""


def upgrade() -> None:
    """Make room for them."""
    op.execute(BATCHES)


def downgrade() -> None:
    """Forget the batches of these acts; what they did stays."""
    op.execute(DROPS)
