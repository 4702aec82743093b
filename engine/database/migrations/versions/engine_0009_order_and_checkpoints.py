"""The order of all that is recorded, signed checkpoints over it, and the acts that were refused.

Revision ID: engine_0009
Revises: engine_0008
"""

from __future__ import annotations

from alembic import op

revision = "engine_0009"
down_revision = "engine_0008"
branch_labels = None
depends_on = None

TABLES = """
-- Acts that were refused, a chain for each person.
CREATE TABLE engine.refusal_chain (
    refused text NOT NULL,
    sequence integer NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT pk_refusal_chain PRIMARY KEY (refused)
);
CREATE TABLE engine.refusal_event (
    refused text NOT NULL,
    sequence integer NOT NULL CHECK (sequence > 0),
    at timestamptz NOT NULL,
    actor text NOT NULL,
    type text NOT NULL,
    record text NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    CONSTRAINT pk_refusal_event PRIMARY KEY (refused, sequence)
);

-- What was appended to a chain and has no number yet (types: of its events, joined by commas); written with the events, taken away by the
-- sequencer. No index: it is nearly empty, and every step writes into it. Its ids go up along each chain, because the next step waits for
-- the one before.
CREATE TABLE engine.history_pending (
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    chain text NOT NULL,
    first integer NOT NULL,
    last integer NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    types text NOT NULL
);
ALTER TABLE engine.history_pending SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- The order of the whole history: events number "first" to "last" are those of the chain from "sequence" on. The rest is for finding them:
-- who, when, of which process, and the topic, which is the weightiest thing that happened (history.topics). It proves nothing.
CREATE TABLE engine.history_order (
    first bigint NOT NULL,
    last bigint NOT NULL,
    kind text NOT NULL,
    chain text NOT NULL,
    sequence integer NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    process_key text,
    topic text NOT NULL,
    CONSTRAINT pk_history_order PRIMARY KEY (first),
    CONSTRAINT uq_history_order_kind_chain_sequence UNIQUE (kind, chain, sequence),
    CONSTRAINT ck_history_order_goes_up CHECK (first > 0 AND last >= first AND sequence > 0)
);
CREATE INDEX ix_history_order_at_first ON engine.history_order (at, first);
CREATE INDEX ix_history_order_actor_at_first ON engine.history_order (actor, at, first);
CREATE INDEX ix_history_order_process_key_at_first ON engine.history_order (process_key, at, first);
CREATE INDEX ix_history_order_topic_at_first ON engine.history_order (topic, at, first);
CREATE INDEX ix_history_order_actor_topic_at_first ON engine.history_order (actor, topic, at, first);
CREATE INDEX ix_history_order_process_key_topic_at_first ON engine.history_order (process_key, topic, at, first);
CREATE INDEX ix_history_order_actor_process_key_at_first ON engine.history_order (actor, process_key, at, first);

-- peaks: the right edge of the tree, 32 bytes each, so that the next checkpoint begins there.
CREATE TABLE engine.history_checkpoint (
    number integer NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    at timestamptz NOT NULL,
    previous bytea NOT NULL,
    public_key bytea NOT NULL,
    signature bytea NOT NULL,
    peaks bytea NOT NULL,
    CONSTRAINT pk_history_checkpoint PRIMARY KEY (number),
    CONSTRAINT ck_history_checkpoint_goes_up CHECK (number > 0 AND size > 0)
);

CREATE FUNCTION engine.note_recorded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO engine.history_pending (kind, chain, first, last, at, actor, types)
    SELECT TG_ARGV[0], string_agg(to_jsonb(NEW) ->> name, '/' ORDER BY place), NEW.sequence, NEW.sequence, NEW.at, NEW.actor, NEW.type
    FROM unnest(TG_ARGV[1:]) WITH ORDINALITY AS named(name, place);
    RETURN NULL;
END
$$;
"""

NOTED = (
    ("process", "definition_event", "process_key"),
    ("record", "record_event", "kind, key"),
    ("refusal", "refusal_event", "refused"),
)
"""Kinds of chain whose events are noted by a trigger. Those of cases are noted by the statement that writes them (``history.store``): that
is a twentieth of a millisecond less for each step.
"""

GROWING = ("refusal_event", "history_order", "history_checkpoint")

KNOWN = """
INSERT INTO engine.history_pending (kind, chain, first, last, at, actor, types)
SELECT 'case', CAST(instance_id AS text), min(sequence), max(sequence), at, actor, string_agg(DISTINCT type, ',')
FROM (SELECT *, sequence - row_number() OVER (PARTITION BY instance_id, at, actor ORDER BY sequence) AS step FROM engine.event) stepped
GROUP BY instance_id, at, actor, step ORDER BY instance_id, min(sequence);
INSERT INTO engine.history_pending (kind, chain, first, last, at, actor, types)
SELECT 'process', process_key, sequence, sequence, at, actor, type FROM engine.definition_event ORDER BY process_key, sequence;
INSERT INTO engine.history_pending (kind, chain, first, last, at, actor, types)
SELECT 'record', kind || '/' || key, sequence, sequence, at, actor, type FROM engine.record_event ORDER BY kind, key, sequence;
"""


def upgrade() -> None:
    """Make the tables; what was recorded before this release gets its place in the order, too."""
    op.execute(TABLES)
    for kind, table, columns in NOTED:
        op.execute(
            f"CREATE TRIGGER {table}_is_noted AFTER INSERT ON engine.{table}"
            f" FOR EACH ROW EXECUTE FUNCTION engine.note_recorded('{kind}', {columns})"
        )
        op.execute(f"ALTER TABLE engine.{table} ENABLE ALWAYS TRIGGER {table}_is_noted")
    for table in GROWING:
        for name, when, each in (
            ("only_grows", "UPDATE OR DELETE", "ROW"),
            ("is_never_emptied", "TRUNCATE", "STATEMENT"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {when} ON engine.{table}"
                f" FOR EACH {each} EXECUTE FUNCTION engine.refuse_change()"
            )
            op.execute(f"ALTER TABLE engine.{table} ENABLE ALWAYS TRIGGER {table}_{name}")
    op.execute(KNOWN)


def downgrade() -> None:
    """Drop all of it: the chains stay, their order and its proofs go."""
    for _, table, _ in NOTED:
        op.execute(f"DROP TRIGGER {table}_is_noted ON engine.{table}")
    op.execute("DROP TABLE engine.history_checkpoint, engine.history_order, engine.history_pending")
    op.execute("DROP TABLE engine.refusal_event, engine.refusal_chain")
    op.execute("DROP FUNCTION engine.note_recorded()")
