"""What a backup that was brought back cannot know: whether what waited in it has left the house since. Letters found to be erased.

Revision ID: engine_0016
Revises: engine_0015
"""

from __future__ import annotations

from alembic import op

revision = "engine_0016"
down_revision = "engine_0015"
branch_labels = None
depends_on = None

RESTORATION = """
-- A backup of made_at that was brought back at restored_at. Until somebody lets them go (released_at), no letter and no effect that must
-- not be repeated leaves the house: it may have done so after made_at already. At most one is open.
CREATE TABLE engine.restoration (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    made_at timestamptz NOT NULL,
    restored_at timestamptz NOT NULL,
    released_at timestamptz,
    released_by text,
    CHECK ((released_at IS NULL) = (released_by IS NULL))
);
CREATE UNIQUE INDEX restoration_open ON engine.restoration ((true)) WHERE released_at IS NULL;
"""

LETTERS = """
-- The letters that a case wrote (their keys begin with its number), and those to an address: what is erased with it.
CREATE INDEX letter_of_case ON engine.letter (split_part(key, ':', 1)) WHERE kind = 'process';
CREATE INDEX letter_address ON engine.letter (lower(to_address) text_pattern_ops);
"""

DROPS = """
DROP INDEX engine.letter_of_case, engine.letter_address;
DROP TABLE engine.restoration;
"""


def upgrade() -> None:
    """Make room for it."""
    for each in (RESTORATION, LETTERS):
        op.execute(each)


def downgrade() -> None:
    """Drop it: what waits goes."""
    op.execute(DROPS)
