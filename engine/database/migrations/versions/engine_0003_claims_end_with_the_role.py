"""Whoever loses a role, or is let in no longer, gives back what they had taken with it, in the same transaction.

By triggers, so that it holds whatever takes the role away: a page, a script, an import, an administrator at the database's own prompt. And
so that the inbox stays one walk of an index: a free task has no assignee, nobody has to ask who still may.

Revision ID: engine_0003
Revises: engine_0002
"""

from __future__ import annotations

from alembic import op

revision = "engine_0003"
down_revision = "engine_0002"
branch_labels = None
depends_on = None

ROLE_LOST = """
CREATE FUNCTION engine.release_with_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE engine.task SET assignee = NULL, claimed_at = NULL
    FROM engine.person
    WHERE person.id = OLD.person_id AND task.assignee = person.login AND task.is_open AND task.claimed_at IS NOT NULL
      AND task.role = OLD.role_key;
    RETURN NULL;
END
$$;
CREATE TRIGGER claims_end_with_the_role AFTER DELETE OR UPDATE ON engine.person_role
    FOR EACH ROW EXECUTE FUNCTION engine.release_with_role();
"""

PERSON_GONE = """
CREATE FUNCTION engine.release_with_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE engine.task SET assignee = NULL, claimed_at = NULL
    WHERE task.assignee = OLD.login AND task.is_open AND task.claimed_at IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER claims_end_with_the_account AFTER UPDATE OF is_active ON engine.person
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION engine.release_with_person();
CREATE TRIGGER claims_end_with_the_person AFTER DELETE ON engine.person
    FOR EACH ROW EXECUTE FUNCTION engine.release_with_person();
"""

ALREADY_LOST = """
UPDATE engine.task SET assignee = NULL, claimed_at = NULL
FROM engine.person
WHERE task.is_open AND task.claimed_at IS NOT NULL AND person.login = task.assignee
  AND NOT (person.is_active AND EXISTS (
      SELECT FROM engine.person_role WHERE person_role.person_id = person.id AND person_role.role_key = task.role))
"""


def upgrade() -> None:
    """Create the triggers, and give back what is held without the role today."""
    op.execute(ROLE_LOST)
    op.execute(PERSON_GONE)
    op.execute(ALREADY_LOST)


def downgrade() -> None:
    """Drop the triggers."""
    op.execute("DROP FUNCTION engine.release_with_role() CASCADE")
    op.execute("DROP FUNCTION engine.release_with_person() CASCADE")
