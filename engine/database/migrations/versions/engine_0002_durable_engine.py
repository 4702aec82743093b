"""The durable engine: versions, instances, inbox, timers, messages, incidents, jobs; and Procrastinate's tables in schema ``jobs``.

Every time in these tables is given by ``engine.clock``; the tables of Procrastinate keep their own (they say when a queue entry was
fetched, never when something happened in a case).

Revision ID: engine_0002
Revises: engine_0001
"""

from __future__ import annotations

from importlib.resources import files

from alembic import op

revision = "engine_0002"
down_revision = "engine_0001"
branch_labels = None
depends_on = None

TABLES = """
-- A published version never changes and is never deleted. What lists and checks ask of every version stands in columns, so that no list
-- has to parse a model: who may start it, whose lanes it has (they may see its cases), which messages begin it.
CREATE TABLE engine.definition_version (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    process_key text NOT NULL CHECK (process_key <> ''),
    number integer NOT NULL CHECK (number > 0),
    content_hash text NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    title_fr text NOT NULL,
    title_en text NOT NULL,
    note text NOT NULL,
    start_roles text[] NOT NULL,
    lane_roles text[] NOT NULL,
    start_messages text[] NOT NULL,
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    UNIQUE (process_key, number)
);

-- Files by the hash of the whole bundle: versions (and drafts) of one content share them.
CREATE TABLE engine.definition_file (
    content_hash text NOT NULL,
    path text NOT NULL CHECK (path <> ''),
    content bytea NOT NULL,
    PRIMARY KEY (content_hash, path)
);

-- One draft a process, shared by its owners; revision says who has seen what.
CREATE TABLE engine.definition_draft (
    process_key text PRIMARY KEY CHECK (process_key <> ''),
    base_version integer CHECK (base_version > 0),
    revision integer NOT NULL CHECK (revision > 0),
    content_hash text NOT NULL,
    saved_at timestamptz NOT NULL,
    saved_by text NOT NULL
);

-- The state of an instance is one row: the snapshot of its live work, guarded by revision, and the head of its history chain. summary is
-- the projection that lists show (canonical JSON), so that no list has to load a snapshot.
CREATE TABLE engine.instance (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    process_key text NOT NULL,
    version_id bigint NOT NULL REFERENCES engine.definition_version,
    business_key text,
    status text NOT NULL CHECK (status IN ('active', 'completed', 'failed', 'cancelled')),
    snapshot bytea NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    chain_sequence integer NOT NULL CHECK (chain_sequence >= 0),
    chain_hash bytea NOT NULL CHECK (length(chain_hash) = 32),
    summary text NOT NULL,
    started_at timestamptz NOT NULL,
    started_by text NOT NULL,
    ended_at timestamptz,
    CHECK ((status = 'active') = (ended_at IS NULL))
);
CREATE INDEX instance_version ON engine.instance (version_id) WHERE status = 'active';
CREATE INDEX instance_process ON engine.instance (process_key, id DESC);
CREATE INDEX instance_starter ON engine.instance (started_by, id DESC);
CREATE INDEX instance_business_key ON engine.instance (business_key) WHERE business_key IS NOT NULL;

-- The fence of a start form: one submission begins one case, however often it is sent. Its row comes before the case's own.
CREATE TABLE engine.submission (
    key text PRIMARY KEY,
    instance_id bigint NOT NULL REFERENCES engine.instance DEFERRABLE INITIALLY DEFERRED,
    submitted_at timestamptz NOT NULL
);

-- The inbox. sort_at is due_at, or the end of time for a task without a due date, so that pages can go on by (sort_at, id).
CREATE TABLE engine.task (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id bigint NOT NULL REFERENCES engine.instance,
    activity text NOT NULL,
    element_id text NOT NULL,
    process_key text NOT NULL,
    title_fr text NOT NULL,
    title_en text NOT NULL,
    role text,
    assignee text,
    claimed_at timestamptz,
    not_same_as text,
    form text,
    created_at timestamptz NOT NULL,
    due_at timestamptz,
    follow_up_at timestamptz,
    priority integer NOT NULL,
    sort_at timestamptz NOT NULL,
    is_open boolean NOT NULL DEFAULT true,
    closed_at timestamptz,
    closed_by text,
    outcome text CHECK (outcome IN ('completed', 'cancelled')),
    UNIQUE (instance_id, activity),
    CHECK (is_open = (outcome IS NULL)),
    CHECK (is_open = (closed_at IS NULL)),
    CHECK (role IS NOT NULL OR assignee IS NOT NULL)
);
CREATE INDEX task_inbox_role ON engine.task (role, sort_at, id) WHERE is_open AND assignee IS NULL;
CREATE INDEX task_inbox_mine ON engine.task (assignee, sort_at, id) WHERE is_open;
CREATE INDEX task_element ON engine.task (instance_id, element_id);

-- What waits for its time. promoted_at: an advance job was put into the queue for it.
CREATE TABLE engine.timer (
    instance_id bigint NOT NULL REFERENCES engine.instance,
    wait text NOT NULL,
    element_id text NOT NULL,
    due_at timestamptz NOT NULL,
    promoted_at timestamptz,
    PRIMARY KEY (instance_id, wait)
);
CREATE INDEX timer_due ON engine.timer (due_at) WHERE promoted_at IS NULL;

-- Who waits for which message.
CREATE TABLE engine.subscription (
    instance_id bigint NOT NULL REFERENCES engine.instance,
    wait text NOT NULL,
    element_id text NOT NULL,
    name text NOT NULL,
    correlation_key text NOT NULL,
    opened_at timestamptz NOT NULL,
    PRIMARY KEY (instance_id, wait)
);
CREATE INDEX subscription_name ON engine.subscription (name, correlation_key, instance_id);

-- A message is kept until it is received or its time to live is over; idempotency_key makes a sender's second try the same message.
CREATE TABLE engine.message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    correlation_key text,
    payload text NOT NULL,
    idempotency_key text UNIQUE,
    sent_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    sent_by text NOT NULL,
    sender_instance_id bigint REFERENCES engine.instance,
    received_at timestamptz,
    receiver_instance_id bigint REFERENCES engine.instance,
    CHECK ((received_at IS NULL) = (receiver_instance_id IS NULL))
);
CREATE INDEX message_waiting ON engine.message (name, correlation_key, id) WHERE received_at IS NULL;

-- Work that stopped and that an operator can retry. reference is the kernel's id; without one the job itself gave up, and job_name and
-- job_arguments say what to queue again.
CREATE TABLE engine.incident (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id bigint REFERENCES engine.instance,
    reference text,
    activity text,
    element_id text,
    code text NOT NULL,
    place text NOT NULL,
    facts text NOT NULL,
    job_name text,
    job_arguments text,
    raised_at timestamptz NOT NULL,
    resolved_at timestamptz,
    resolved_by text,
    UNIQUE (instance_id, reference),
    CHECK ((reference IS NULL) = (job_name IS NOT NULL)),
    CHECK ((job_name IS NULL) = (job_arguments IS NULL)),
    CHECK ((resolved_at IS NULL) = (resolved_by IS NULL))
);
CREATE INDEX incident_open ON engine.incident (instance_id) WHERE resolved_at IS NULL;

-- The fence of an effect: inserted in the transaction of the effect itself, so that a second run of its job finds it.
CREATE TABLE engine.job_done (
    key text PRIMARY KEY,
    done_at timestamptz NOT NULL
);
CREATE INDEX job_done_at ON engine.job_done (done_at);
"""

DROPS = """
DROP TABLE engine.job_done, engine.incident, engine.message, engine.subscription, engine.timer, engine.task,
    engine.submission, engine.instance, engine.definition_draft, engine.definition_file, engine.definition_version;
DROP SCHEMA jobs CASCADE;
CREATE SCHEMA jobs;
"""


def upgrade() -> None:
    """Create the tables; then Procrastinate's own schema, as its (exactly pinned) package ships it, in ``jobs``.

    Its SQL names nothing by schema, so the search path decides where it lands; it goes through the driver as it is, because its
    ``%`` signs are not ours to escape.
    """
    op.execute("CREATE SCHEMA IF NOT EXISTS engine")
    op.execute("CREATE SCHEMA IF NOT EXISTS jobs")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(TABLES)
    before = driver.execute("SELECT current_setting('search_path')").fetchone()[0]
    driver.execute("SET LOCAL search_path = jobs, public")
    driver.execute(files("procrastinate").joinpath("sql/schema.sql").read_text(encoding="utf-8"))
    driver.execute("SELECT set_config('search_path', %s, true)", [before])


def downgrade() -> None:
    """Drop all of it."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(DROPS)
