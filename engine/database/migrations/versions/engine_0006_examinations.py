"""Examinations of contents before they are published; what a version was published with; the history of publications.

Revision ID: engine_0006
Revises: engine_0005
"""

from __future__ import annotations

from alembic import op

revision = "engine_0006"
down_revision = "engine_0005"
branch_labels = None
depends_on = None

TABLES = """
-- What was proved and played of a content, by one release with one set of handlers (its fingerprint). findings: JSON text, when it is done.
CREATE TABLE engine.examination (
    content_hash text NOT NULL,
    fingerprint text NOT NULL,
    process_key text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    done integer NOT NULL DEFAULT 0,
    total integer NOT NULL DEFAULT 0,
    now_code text NOT NULL,
    now_facts text NOT NULL DEFAULT '{}',
    findings text,
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (content_hash, fingerprint),
    CHECK ((state = 'done') = (findings IS NOT NULL))
);
CREATE INDEX examination_changed_at ON engine.examination (changed_at);

-- verdicts: JSON text of what was proved; NULL for versions from before that was asked. reason: why a version was published all the same.
ALTER TABLE engine.definition_version ADD COLUMN reason text NOT NULL DEFAULT '';
ALTER TABLE engine.definition_version ADD COLUMN verdicts text;

-- The history of a process: its publications, chained as the events of a case are. The head stands beside, as a case's does in its row.
CREATE TABLE engine.definition_event (
    process_key text NOT NULL,
    sequence integer NOT NULL CHECK (sequence > 0),
    at timestamptz NOT NULL,
    actor text NOT NULL,
    type text NOT NULL,
    record text NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (process_key, sequence)
);
CREATE TABLE engine.definition_chain (
    process_key text PRIMARY KEY,
    sequence integer NOT NULL,
    hash bytea NOT NULL
);
CREATE TRIGGER definition_event_only_grows BEFORE UPDATE OR DELETE ON engine.definition_event
    FOR EACH ROW EXECUTE FUNCTION engine.refuse_change();
CREATE TRIGGER definition_event_is_never_emptied BEFORE TRUNCATE ON engine.definition_event
    FOR EACH STATEMENT EXECUTE FUNCTION engine.refuse_change();
ALTER TABLE engine.definition_event ENABLE ALWAYS TRIGGER definition_event_only_grows;
ALTER TABLE engine.definition_event ENABLE ALWAYS TRIGGER definition_event_is_never_emptied;
"""

DROPS = """
DROP TABLE engine.definition_event, engine.definition_chain, engine.examination;
ALTER TABLE engine.definition_version DROP COLUMN reason, DROP COLUMN verdicts;
"""


def upgrade() -> None:
    """Make room for all of it; versions that are published stay as they are."""
    op.execute(TABLES)


def downgrade() -> None:
    """Drop all of it, the history of publications too: it goes with its table."""
    op.execute(DROPS)
