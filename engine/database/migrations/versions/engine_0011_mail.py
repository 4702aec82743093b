"""Letters that leave the house: how the company sends mail, the outbox of letters, notices, checkpoints by mail.

Revision ID: engine_0011
Revises: engine_0010
"""

from __future__ import annotations

from alembic import op

revision = "engine_0011"
down_revision = "engine_0010"
branch_labels = None
depends_on = None

SETTINGS = """
-- The server that the company's mails go through. password: sealed (engine/mail/sealing.py); the key is not in the database.
CREATE TABLE engine.mail_server (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    host text NOT NULL,
    port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    security text NOT NULL CHECK (security IN ('starttls', 'tls', 'none')),
    login text NOT NULL,
    password bytea,
    sender_name text NOT NULL,
    sender_address text NOT NULL,
    reply_to text NOT NULL
);

-- site: the address under which people open this installation; digest_at: when digests and checkpoints go, in the company's zone.
CREATE TABLE engine.mail_plan (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    site text NOT NULL,
    digest_at time NOT NULL,
    checkpoint_to text[] NOT NULL
);
"""

LETTERS = """
-- The outbox, and what became of each letter. due_at: until then it can be taken back, or when it is tried again; queued_at: its job is in
-- the queue; begun_at: somebody began to send it, and how that ended is not known yet. round goes up when somebody wants it sent again, so
-- that a job of before finds nothing to do. The texts go after a while (engine/mail/outbox.py), the rest stays.
CREATE TABLE engine.letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('process', 'notice', 'checkpoint', 'test')),
    to_login text,
    to_address text NOT NULL,
    to_name text NOT NULL,
    locale text NOT NULL,
    subject text NOT NULL,
    body text,
    html text,
    attachment_name text,
    attachment bytea,
    business_key text,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'uncertain', 'refused', 'taken_back')),
    due_at timestamptz NOT NULL,
    queued_at timestamptz,
    begun_at timestamptz,
    round integer NOT NULL DEFAULT 1,
    attempts integer NOT NULL DEFAULT 0,
    ended_at timestamptz,
    way text CHECK (way IN ('smtp', 'demonstration')),
    code text,
    said text,
    CHECK ((state IN ('waiting', 'uncertain')) = (ended_at IS NULL)),
    CHECK ((state = 'sent') = (way IS NOT NULL)),
    CHECK ((attachment IS NULL) OR (attachment_name IS NOT NULL))
);
CREATE INDEX letter_due ON engine.letter (due_at) WHERE state = 'waiting' AND queued_at IS NULL;
CREATE INDEX letter_login ON engine.letter (to_login, id DESC);
CREATE INDEX letter_texts ON engine.letter (ended_at) WHERE body IS NOT NULL;
"""

NOTICES = """
-- How somebody wants to hear of a kind of thing; without a row as the kind is by default (engine/notices/kinds.py).
CREATE TABLE engine.notice_choice (
    person_login text NOT NULL REFERENCES engine.person (login) ON UPDATE CASCADE ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('assigned', 'offered', 'absence', 'due', 'incident')),
    mode text NOT NULL CHECK (mode IN ('off', 'now', 'digest')),
    PRIMARY KEY (person_login, kind)
);

-- What somebody is to be told of, once each (about: a task, an absence, an incident). due_at: when it goes; ended_at: it went with
-- letter_id, or was not worth telling any more.
CREATE TABLE engine.notice (
    person_login text NOT NULL REFERENCES engine.person (login) ON UPDATE CASCADE ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('assigned', 'offered', 'absence', 'due', 'overdue', 'incident')),
    about bigint NOT NULL,
    occasion bigint NOT NULL DEFAULT 0,
    noted_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    letter_id bigint REFERENCES engine.letter,
    ended_at timestamptz,
    PRIMARY KEY (person_login, kind, about, occasion)
);
CREATE INDEX notice_due ON engine.notice (due_at) WHERE ended_at IS NULL;
CREATE INDEX notice_ended ON engine.notice (ended_at) WHERE ended_at IS NOT NULL;

-- How far each reader has read: a number of the history's order, an incident, or a moment.
CREATE TABLE engine.notice_mark (
    reader text PRIMARY KEY,
    number bigint,
    at timestamptz
);
"""

DROPS = """
DROP TABLE engine.notice_mark, engine.notice, engine.notice_choice, engine.letter, engine.mail_plan, engine.mail_server;
"""


def upgrade() -> None:
    """Make room for all of it."""
    for each in (SETTINGS, LETTERS, NOTICES):
        op.execute(each)


def downgrade() -> None:
    """Drop all of it."""
    op.execute(DROPS)
