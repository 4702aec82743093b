"""The histories of records; roles for a time and by group; passwords to be set, sessions to be listed; service accounts; the company.

Revision ID: engine_0007
Revises: engine_0006
"""

from __future__ import annotations

from alembic import op

revision = "engine_0007"
down_revision = "engine_0006"
branch_labels = None
depends_on = None

RECORDS = """
-- The history of each record that people change outside a process: the head of its chain, and its events. is_deleted: a tombstone.
CREATE TABLE engine.record_chain (
    kind text NOT NULL,
    key text NOT NULL,
    sequence integer NOT NULL,
    hash bytea NOT NULL,
    is_deleted boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_record_chain PRIMARY KEY (kind, key),
    CONSTRAINT ck_record_chain_kind_is_a_word CHECK (kind ~ '^[a-z_]+$'),
    CONSTRAINT ck_record_chain_hash_is_sha256 CHECK (octet_length(hash) = 32)
);
CREATE TABLE engine.record_event (
    kind text NOT NULL,
    key text NOT NULL,
    sequence integer NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    type text NOT NULL,
    record text NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT pk_record_event PRIMARY KEY (kind, key, sequence),
    CONSTRAINT ck_record_event_sequence_is_positive CHECK (sequence > 0),
    CONSTRAINT ck_record_event_hash_is_sha256 CHECK (octet_length(hash) = 32)
);
CREATE TRIGGER record_event_only_grows BEFORE UPDATE OR DELETE ON engine.record_event
    FOR EACH ROW EXECUTE FUNCTION engine.refuse_change();
CREATE TRIGGER record_event_is_never_emptied BEFORE TRUNCATE ON engine.record_event
    FOR EACH STATEMENT EXECUTE FUNCTION engine.refuse_change();
ALTER TABLE engine.record_event ENABLE ALWAYS TRIGGER record_event_only_grows;
ALTER TABLE engine.record_event ENABLE ALWAYS TRIGGER record_event_is_never_emptied;
"""

GROUPS = """
CREATE TABLE engine.role_group (
    key text NOT NULL,
    title_fr text NOT NULL,
    title_en text NOT NULL,
    CONSTRAINT pk_role_group PRIMARY KEY (key)
);
CREATE TABLE engine.role_group_role (
    group_key text NOT NULL,
    role_key text NOT NULL,
    CONSTRAINT pk_role_group_role PRIMARY KEY (group_key, role_key),
    CONSTRAINT fk_role_group_role_group_key_role_group FOREIGN KEY (group_key) REFERENCES engine.role_group ON DELETE CASCADE,
    CONSTRAINT fk_role_group_role_role_key_role FOREIGN KEY (role_key) REFERENCES engine.role
);
CREATE INDEX ix_role_group_role_role_key ON engine.role_group_role (role_key);

-- Who has which role, by itself or by a group, from when until when (until_at is not in it any more). What holds now of it stands in
-- person_role, which the inbox reads; identity/memberships.py keeps the two together.
CREATE TABLE engine.membership (
    id bigint GENERATED ALWAYS AS IDENTITY,
    person_id uuid NOT NULL,
    role_key text,
    group_key text,
    from_at timestamptz NOT NULL,
    until_at timestamptz,
    CONSTRAINT pk_membership PRIMARY KEY (id),
    CONSTRAINT fk_membership_person_id_person FOREIGN KEY (person_id) REFERENCES engine.person ON DELETE CASCADE,
    CONSTRAINT fk_membership_role_key_role FOREIGN KEY (role_key) REFERENCES engine.role,
    CONSTRAINT fk_membership_group_key_role_group FOREIGN KEY (group_key) REFERENCES engine.role_group ON DELETE CASCADE,
    CONSTRAINT ck_membership_role_or_group CHECK (num_nonnulls(role_key, group_key) = 1),
    CONSTRAINT ck_membership_ends_after_it_begins CHECK (until_at > from_at)
);
CREATE INDEX ix_membership_person_id ON engine.membership (person_id);
CREATE INDEX ix_membership_role_key ON engine.membership (role_key);
CREATE INDEX ix_membership_group_key ON engine.membership (group_key);
INSERT INTO engine.membership (person_id, role_key, from_at) SELECT person_id, role_key, '2026-01-01Z' FROM engine.person_role;

ALTER TABLE engine.person_role ADD COLUMN until_at timestamptz;

-- a role that is kept for longer is no role lost
DROP TRIGGER claims_end_with_the_role ON engine.person_role;
CREATE TRIGGER claims_end_with_the_role AFTER DELETE OR UPDATE OF person_id, role_key ON engine.person_role
    FOR EACH ROW EXECUTE FUNCTION engine.release_with_role();
"""

PASSWORDS = """
-- password_hash NULL: no password opens the account. secret_hash: a secret for one sign-in, after which a password has to be set.
ALTER TABLE engine.person ALTER COLUMN password_hash DROP NOT NULL;
ALTER TABLE engine.person ADD COLUMN secret_hash bytea;
ALTER TABLE engine.person ADD COLUMN secret_until timestamptz;
ALTER TABLE engine.person ADD COLUMN must_set_password boolean NOT NULL DEFAULT false;
ALTER TABLE engine.person ADD CONSTRAINT ck_person_secret_ends CHECK ((secret_hash IS NULL) = (secret_until IS NULL));

ALTER TABLE engine.web_session ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY;
ALTER TABLE engine.web_session ADD CONSTRAINT uq_web_session_id UNIQUE (id);
ALTER TABLE engine.web_session ADD COLUMN address text NOT NULL DEFAULT '';
ALTER TABLE engine.web_session ADD COLUMN agent text NOT NULL DEFAULT '';

-- failures by login, and by the address that they come from
ALTER TABLE engine.sign_in_failure RENAME COLUMN login_hash TO key_hash;
"""

SERVICES = """
CREATE TABLE engine.service_account (
    key text NOT NULL,
    title text NOT NULL,
    roles text[] NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    CONSTRAINT pk_service_account PRIMARY KEY (key),
    CONSTRAINT ck_service_account_key_is_a_word CHECK (key ~ '^[a-z][a-z0-9-]*$')
);

-- prefix: the beginning of the token, by which people recognise it. The token itself is nowhere, only its SHA-256.
CREATE TABLE engine.service_token (
    prefix text NOT NULL,
    account_key text NOT NULL,
    token_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    seen_at timestamptz,
    CONSTRAINT pk_service_token PRIMARY KEY (prefix),
    CONSTRAINT uq_service_token_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_service_token_account_key_service_account FOREIGN KEY (account_key) REFERENCES engine.service_account,
    CONSTRAINT ck_service_token_token_hash_is_sha256 CHECK (octet_length(token_hash) = 32)
);
CREATE INDEX ix_service_token_account_key ON engine.service_token (account_key);

-- One row, once `bordereau init` made this the database of a real company.
CREATE TABLE engine.company (
    is_only boolean NOT NULL DEFAULT true,
    name text NOT NULL,
    zone text NOT NULL,
    began_at timestamptz NOT NULL,
    CONSTRAINT pk_company PRIMARY KEY (is_only),
    CONSTRAINT ck_company_there_is_one CHECK (is_only)
);
"""

DROPS = """
DROP TABLE engine.company, engine.service_token, engine.service_account;
ALTER TABLE engine.sign_in_failure RENAME COLUMN key_hash TO login_hash;
ALTER TABLE engine.web_session DROP COLUMN id, DROP COLUMN address, DROP COLUMN agent;
ALTER TABLE engine.person DROP COLUMN must_set_password, DROP COLUMN secret_hash, DROP COLUMN secret_until;
UPDATE engine.person SET password_hash = '' WHERE password_hash IS NULL;
ALTER TABLE engine.person ALTER COLUMN password_hash SET NOT NULL;
DROP TRIGGER claims_end_with_the_role ON engine.person_role;
CREATE TRIGGER claims_end_with_the_role AFTER DELETE OR UPDATE ON engine.person_role
    FOR EACH ROW EXECUTE FUNCTION engine.release_with_role();
ALTER TABLE engine.person_role DROP COLUMN until_at;
DROP TABLE engine.membership, engine.role_group_role, engine.role_group, engine.record_event, engine.record_chain;
"""


def upgrade() -> None:
    """Make room for all of it; roles that people have today they have from the beginning of this year, without an end."""
    for each in (RECORDS, GROUPS, PASSWORDS, SERVICES):
        op.execute(each)


def downgrade() -> None:
    """Drop all of it, the histories of records too; what holds of roles now stays."""
    op.execute(DROPS)
