"""The inbox complete: absences, filters, fields to search, comments, files, drafts, and why a task came.

Revision ID: engine_0008
Revises: engine_0007
"""

from __future__ import annotations

from alembic import op

revision = "engine_0008"
down_revision = "engine_0007"
branch_labels = None
depends_on = None

HANDED_ON = """
-- why: a record (engine/instances/why.py); offered: logins of those who had the role when the task was created. Both NULL for tasks from
-- before that was kept. given_…: who passed the task on to its assignee, when, with which words; closed_for: the absent person for whom
-- closed_by did it.
ALTER TABLE engine.task
    ADD COLUMN given_by text, ADD COLUMN given_at timestamptz, ADD COLUMN given_note text, ADD COLUMN closed_for text,
    ADD COLUMN why text, ADD COLUMN offered text[],
    ADD CHECK ((given_by IS NULL) = (given_at IS NULL)),
    ADD CHECK (closed_for IS NULL OR closed_by IS NOT NULL OR is_open);
"""

ABSENCES = """
-- Somebody is away from first_day to last_day, both included, in the company's zone; begins_at and ends_at are what that meant when it was
-- written down (ends_at moves forward when somebody comes back earlier). process_keys NULL: in all processes. Rows stay for ever.
CREATE TABLE engine.absence (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_login text NOT NULL REFERENCES engine.person (login) ON UPDATE CASCADE ON DELETE CASCADE,
    substitute_login text NOT NULL REFERENCES engine.person (login) ON UPDATE CASCADE ON DELETE CASCADE,
    first_day date NOT NULL,
    last_day date NOT NULL,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    process_keys text[],
    announced_at timestamptz NOT NULL,
    announced_by text NOT NULL,
    ended_at timestamptz,
    ended_by text,
    CHECK (person_login <> substitute_login),
    CHECK (first_day <= last_day),
    CHECK (begins_at <= ends_at),
    CHECK (process_keys <> '{}'),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX absence_substitute ON engine.absence (substitute_login, ends_at);
CREATE INDEX absence_person ON engine.absence (person_login, ends_at);
"""

LISTS = """
CREATE INDEX task_inbox_priority ON engine.task (role, (-priority), sort_at, id) WHERE is_open AND assignee IS NULL;

-- What can be searched of a case: the words of what its bundle shows of it, and these fields with their types. Written by the step that
-- changes them, in the statement that saves the case.
CREATE TABLE engine.case_words (
    instance_id bigint PRIMARY KEY REFERENCES engine.instance ON DELETE CASCADE,
    words tsvector NOT NULL
);
CREATE INDEX case_words_words ON engine.case_words USING gin (words);
CREATE TABLE engine.case_field (
    instance_id bigint NOT NULL REFERENCES engine.instance ON DELETE CASCADE,
    name text NOT NULL,
    text_value text,
    number_value numeric,
    date_value date,
    PRIMARY KEY (instance_id, name),
    CHECK (num_nonnulls(text_value, number_value, date_value) <= 1)
);

-- A list that somebody keeps under a name: the query of its address.
CREATE TABLE engine.task_filter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_login text NOT NULL REFERENCES engine.person (login) ON UPDATE CASCADE ON DELETE CASCADE,
    name text NOT NULL CHECK (name <> ''),
    query text NOT NULL,
    saved_at timestamptz NOT NULL,
    UNIQUE (person_login, name)
);
"""

PAPERS = """
-- Contents by their SHA-256, each once. Attachments and comments that were taken away stay as tombstones.
CREATE TABLE engine.file_content (
    hash text PRIMARY KEY CHECK (hash ~ '^[0-9a-f]{64}$'),
    size integer NOT NULL CHECK (size > 0),
    media_type text NOT NULL,
    content bytea NOT NULL,
    stored_at timestamptz NOT NULL,
    CHECK (octet_length(content) = size)
);
CREATE TABLE engine.attachment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id bigint NOT NULL REFERENCES engine.instance ON DELETE CASCADE,
    hash text REFERENCES engine.file_content,
    name text NOT NULL CHECK (name <> ''),
    added_by text NOT NULL,
    added_at timestamptz NOT NULL,
    removed_by text,
    removed_at timestamptz,
    CHECK ((hash IS NULL) = (removed_at IS NOT NULL)),
    CHECK ((removed_by IS NULL) = (removed_at IS NULL))
);
CREATE INDEX attachment_instance ON engine.attachment (instance_id);
CREATE INDEX attachment_hash ON engine.attachment (hash) WHERE hash IS NOT NULL;
CREATE TABLE engine.comment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id bigint NOT NULL REFERENCES engine.instance ON DELETE CASCADE,
    author text NOT NULL,
    at timestamptz NOT NULL,
    body text,
    salt bytea,
    removed_by text,
    removed_at timestamptz,
    CHECK ((body IS NULL) = (removed_at IS NOT NULL)),
    CHECK ((salt IS NULL) = (body IS NULL)),
    CHECK ((removed_by IS NULL) = (removed_at IS NULL))
);
CREATE INDEX comment_instance ON engine.comment (instance_id);

-- What somebody has typed and not sent: JSON text by field. Gone when the task is done.
CREATE TABLE engine.task_draft (
    task_id bigint NOT NULL REFERENCES engine.task ON DELETE CASCADE,
    person_login text NOT NULL REFERENCES engine.person (login) ON UPDATE CASCADE ON DELETE CASCADE,
    answers text NOT NULL,
    saved_at timestamptz NOT NULL,
    PRIMARY KEY (task_id, person_login)
);
"""

# cases from before: their words as SQL can find them; the next step of each says it exactly
WORDS_SO_FAR = """
INSERT INTO engine.case_words (instance_id, words)
SELECT instance.id, array_to_tsvector(ARRAY(
    SELECT DISTINCT left(word, 60) FROM regexp_split_to_table(
        translate(lower(coalesce(instance.business_key, '') || ' ' || coalesce(
            (SELECT string_agg(field ->> 'value', ' ') FROM json_array_elements(CAST(instance.summary AS json)) AS field
             WHERE field ->> 'type' IN ('text', 'choice')), '')),
            'àâäçéèêëîïôöùûüÿ', 'aaaceeeeiioouuuy'), '[^[:alnum:]]+') AS word
    WHERE word <> ''))
FROM engine.instance
"""

DROPS = """
DROP TABLE engine.task_draft, engine.comment, engine.attachment, engine.file_content;
DROP TABLE engine.task_filter, engine.case_field, engine.case_words;
DROP INDEX engine.task_inbox_priority;
DROP TABLE engine.absence;
ALTER TABLE engine.task DROP COLUMN given_by, DROP COLUMN given_at, DROP COLUMN given_note, DROP COLUMN closed_for,
    DROP COLUMN why, DROP COLUMN offered;
"""


def upgrade() -> None:
    """Make room for all of it."""
    for each in (HANDED_ON, ABSENCES, LISTS, PAPERS, WORDS_SO_FAR):
        op.execute(each)


def downgrade() -> None:
    """Drop all of it."""
    op.execute(DROPS)
