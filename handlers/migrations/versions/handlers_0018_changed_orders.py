"""Confirmed orders that change: every state that was confirmed is kept, and only what the rules leave free changes.

Revision ID: handlers_0018
"""

from __future__ import annotations

from alembic import op

revision = "handlers_0018"
down_revision = "handlers_0017"
branch_labels = None
depends_on = None

TABLES = """
-- a line that is not wanted any more stays, with nothing of it: deliveries and invoices point to it
ALTER TABLE business.order_line DROP CONSTRAINT ck_order_line_quantity_positive,
    ADD CONSTRAINT ck_order_line_quantity_not_negative CHECK (quantity >= 0);

ALTER TABLE business.sales_order ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD CONSTRAINT ck_sales_order_version_positive CHECK (version >= 1);
ALTER TABLE business.sales_order ALTER COLUMN version DROP DEFAULT;

CREATE TABLE business.order_version (
    order_id bigint NOT NULL,
    version integer NOT NULL,
    head jsonb NOT NULL,
    lines jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    form_key text NOT NULL,
    written_in text NOT NULL,
    CONSTRAINT pk_order_version PRIMARY KEY (order_id, version),
    CONSTRAINT uq_order_version_form_key UNIQUE (form_key),
    CONSTRAINT fk_order_version_order_id FOREIGN KEY (order_id) REFERENCES business.sales_order (id)
);

-- What the version was is read here, not told: numbers as texts, so that nobody reads them as floats.
CREATE FUNCTION business.keep_order_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'what an order was does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT jsonb_build_object('terms', terms, 'discount', discount::text, 'shipping', shipping::text,
               'adjustment', adjustment::text, 'net', net::text, 'tax', tax::text, 'total', total::text) INTO NEW.head
    FROM business.sales_order WHERE id = NEW.order_id AND version = NEW.version AND status = 'confirmed';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'order % is not confirmed with version %', NEW.order_id, NEW.version USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT coalesce(jsonb_agg(to_jsonb(line) - 'order_id' || jsonb_build_object('quantity', line.quantity::text,
               'unit_price', line.unit_price::text, 'discount', line.discount::text, 'amount', line.amount::text)
               ORDER BY line.place), '[]') INTO NEW.lines
    FROM business.order_line line WHERE line.order_id = NEW.order_id;
    NEW.written_in := pg_current_xact_id()::text;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_order_version BEFORE INSERT OR UPDATE OR DELETE ON business.order_version
    FOR EACH ROW EXECUTE FUNCTION business.keep_order_version();
"""

ORDERS = """
-- What was confirmed is frozen but its terms, as long as it is not over, and what a new version changes whose predecessor this
-- transaction has kept; a status is reached only from those that lead to it.
CREATE OR REPLACE FUNCTION business.keep_sales_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    way CONSTANT text := OLD.status || ' ' || CASE WHEN TG_OP = 'DELETE' THEN '' ELSE NEW.status END;
    free text[] := CASE
        WHEN OLD.status = 'confirmed' THEN ARRAY['status', 'closed_at', 'closed_because', 'terms']
        -- its own rule closed it, and now somebody gives up what its rule did not wait for
        WHEN OLD.status = 'closed' AND OLD.closed_because = '' THEN ARRAY['closed_because']
        ELSE ARRAY[]::text[] END;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'an order is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status <> NEW.status AND way NOT IN (
        'draft confirmed', 'draft cancelled', 'confirmed closed', 'confirmed cancelled') THEN
        RAISE EXCEPTION 'an order does not go from % to %', OLD.status, NEW.status USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.version <> NEW.version THEN
        IF way <> 'confirmed confirmed' OR NEW.version <> OLD.version + 1 OR NOT EXISTS (
            SELECT FROM business.order_version kept WHERE kept.order_id = OLD.id AND kept.version = OLD.version
                AND kept.written_in = pg_current_xact_id()::text) THEN
            RAISE EXCEPTION 'version % of this order was not kept', OLD.version USING ERRCODE = 'restrict_violation';
        END IF;
        free := free || ARRAY['version', 'discount', 'shipping', 'adjustment', 'net', 'tax', 'total'];
    END IF;
    IF (OLD.id, OLD.number, OLD.customer_id, OLD.origin_quote, OLD.origin_version, OLD.idempotency_key)
            IS DISTINCT FROM (NEW.id, NEW.number, NEW.customer_id, NEW.origin_quote, NEW.origin_version, NEW.idempotency_key)
       OR OLD.status <> 'draft' AND (to_jsonb(OLD) - free) IS DISTINCT FROM (to_jsonb(NEW) - free) THEN
        RAISE EXCEPTION 'this order is frozen' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- Of a confirmed order, lines come or change only with a new version (domain 5.2-17): no line goes; quantities, prices and discounts
-- change, never below what is invoiced (drafts counted), prices never of what is; once something is prepared, quantities only grow.
CREATE OR REPLACE FUNCTION business.keep_order_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    frozen text;
    changing bigint[];
    started bigint[];
    wrong bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT min(number) INTO frozen FROM business.sales_order
        WHERE id IN (SELECT order_id FROM gone) AND status <> 'draft';
        IF frozen IS NOT NULL THEN
            RAISE EXCEPTION 'the lines of order % are frozen', frozen USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(id) FILTER (WHERE status <> 'draft'), min(number) FILTER (WHERE status NOT IN ('draft', 'confirmed'))
        INTO changing, frozen FROM business.sales_order WHERE id IN (SELECT order_id FROM come);
    ELSE
        SELECT array_agg(id) FILTER (WHERE status <> 'draft'), min(number) FILTER (WHERE status NOT IN ('draft', 'confirmed'))
        INTO changing, frozen FROM business.sales_order
        WHERE id IN (SELECT order_id FROM gone UNION SELECT order_id FROM come);
    END IF;
    SELECT coalesce(frozen, min(number)) INTO frozen FROM business.sales_order
    WHERE id = ANY(changing) AND NOT EXISTS (
        SELECT FROM business.order_version kept WHERE kept.order_id = sales_order.id
            AND kept.version = sales_order.version - 1 AND kept.written_in = pg_current_xact_id()::text);
    IF frozen IS NOT NULL THEN
        RAISE EXCEPTION 'the lines of order % are frozen', frozen USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT min(id) INTO wrong FROM come WHERE quantity = 0 AND NOT order_id = ANY(coalesce(changing, ARRAY[]::bigint[]));
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'line % of a draft has nothing', wrong USING ERRCODE = 'check_violation';
    END IF;
    IF changing IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(DISTINCT order_id) INTO started FROM business.delivery
    WHERE order_id = ANY(changing) AND kind = 'delivery' AND status IN ('prepared', 'shipped');
    IF TG_OP = 'INSERT' THEN
        SELECT min(id) INTO wrong FROM come WHERE order_id = ANY(started);
    ELSE
        SELECT min(coalesce(was.id, now.id)) INTO wrong
        FROM gone was FULL JOIN come now ON now.id = was.id
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(CASE invoice.kind WHEN 'invoice' THEN line.quantity ELSE -line.quantity END), 0) AS quantity
            FROM business.invoice_line line JOIN business.invoice ON invoice.id = line.invoice_id
            WHERE line.order_line_id = was.id
              AND (invoice.kind = 'invoice' OR invoice.status = 'validated' AND invoice.is_reinvoiceable)) invoiced ON true
        WHERE coalesce(was.order_id, now.order_id) = ANY(changing) AND (
            (to_jsonb(was) - ARRAY['quantity', 'unit_price', 'discount', 'amount'])
                IS DISTINCT FROM (to_jsonb(now) - ARRAY['quantity', 'unit_price', 'discount', 'amount'])
            OR now.quantity < invoiced.quantity
            OR now.quantity < was.quantity AND was.order_id = ANY(started)
            OR (now.unit_price, now.discount) IS DISTINCT FROM (was.unit_price, was.discount)
                AND (invoiced.quantity <> 0 OR was.order_id = ANY(started)));
    END IF;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'line % of a confirmed order does not change so', wrong USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
"""

DELIVERIES = """
-- What was shipped or cancelled is frozen; before, only what the warehouse does with it changes. Nothing is prepared of what the order
-- does not say any more.
CREATE OR REPLACE FUNCTION business.keep_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free CONSTANT text[] := ARRAY['status', 'carrier', 'tracking', 'prepared_by', 'shipped_at', 'shipped_on', 'shipped_by',
                                  'closed_because'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a delivery is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status IN ('shipped', 'cancelled') THEN
        RAISE EXCEPTION 'delivery % is frozen', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    IF (to_jsonb(OLD) - free) IS DISTINCT FROM (to_jsonb(NEW) - free) THEN
        RAISE EXCEPTION 'what delivery % is of does not change', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status <> NEW.status AND OLD.kind || ' ' || OLD.status || ' ' || NEW.status NOT IN (
        'delivery to_prepare reserved', 'delivery reserved to_prepare', 'delivery prepared reserved',
        'delivery prepared to_prepare', 'delivery to_prepare prepared', 'delivery reserved prepared',
        'delivery prepared shipped', 'delivery to_prepare cancelled', 'delivery reserved cancelled',
        'delivery prepared cancelled', 'return to_prepare shipped') THEN
        RAISE EXCEPTION 'a % does not go from % to %', OLD.kind, OLD.status, NEW.status USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status = 'prepared' AND OLD.status <> 'prepared' AND EXISTS (
        SELECT FROM business.delivery_line carried JOIN business.order_line ordered ON ordered.id = carried.order_line_id
        WHERE carried.delivery_id = NEW.id AND ordered.quantity < (
            SELECT sum(CASE other.kind WHEN 'return' THEN -line.quantity ELSE line.quantity END)
            FROM business.delivery_line line JOIN business.delivery other ON other.id = line.delivery_id
            WHERE line.order_line_id = ordered.id AND (other.id = NEW.id OR other.status IN ('prepared', 'shipped')))) THEN
        RAISE EXCEPTION 'delivery % has more than its order says by now', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""

BEFORE = """
CREATE OR REPLACE FUNCTION business.keep_sales_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    way CONSTANT text := OLD.status || ' ' || CASE WHEN TG_OP = 'DELETE' THEN '' ELSE NEW.status END;
    free CONSTANT text[] := CASE
        WHEN OLD.status = 'confirmed' THEN ARRAY['status', 'closed_at', 'closed_because', 'terms']
        -- its own rule closed it, and now somebody gives up what its rule did not wait for
        WHEN OLD.status = 'closed' AND OLD.closed_because = '' THEN ARRAY['closed_because']
        ELSE ARRAY[]::text[] END;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'an order is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status <> NEW.status AND way NOT IN (
        'draft confirmed', 'draft cancelled', 'confirmed closed', 'confirmed cancelled') THEN
        RAISE EXCEPTION 'an order does not go from % to %', OLD.status, NEW.status USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.id, OLD.number, OLD.customer_id, OLD.origin_quote, OLD.origin_version, OLD.idempotency_key)
            IS DISTINCT FROM (NEW.id, NEW.number, NEW.customer_id, NEW.origin_quote, NEW.origin_version, NEW.idempotency_key)
       OR OLD.status <> 'draft' AND (to_jsonb(OLD) - free) IS DISTINCT FROM (to_jsonb(NEW) - free) THEN
        RAISE EXCEPTION 'this order is frozen' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION business.keep_order_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    frozen text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT min(number) INTO frozen FROM business.sales_order
        WHERE id IN (SELECT order_id FROM gone) AND status <> 'draft';
    ELSIF TG_OP = 'INSERT' THEN
        SELECT min(number) INTO frozen FROM business.sales_order
        WHERE id IN (SELECT order_id FROM come) AND status <> 'draft';
    ELSE
        SELECT min(number) INTO frozen FROM business.sales_order
        WHERE id IN (SELECT order_id FROM gone UNION SELECT order_id FROM come) AND status <> 'draft';
    END IF;
    IF frozen IS NOT NULL THEN
        RAISE EXCEPTION 'the lines of order % are frozen', frozen USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION business.keep_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free CONSTANT text[] := ARRAY['status', 'carrier', 'tracking', 'prepared_by', 'shipped_at', 'shipped_on', 'shipped_by',
                                  'closed_because'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a delivery is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status IN ('shipped', 'cancelled') THEN
        RAISE EXCEPTION 'delivery % is frozen', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    IF (to_jsonb(OLD) - free) IS DISTINCT FROM (to_jsonb(NEW) - free) THEN
        RAISE EXCEPTION 'what delivery % is of does not change', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status <> NEW.status AND OLD.kind || ' ' || OLD.status || ' ' || NEW.status NOT IN (
        'delivery to_prepare reserved', 'delivery reserved to_prepare', 'delivery prepared reserved',
        'delivery prepared to_prepare', 'delivery to_prepare prepared', 'delivery reserved prepared',
        'delivery prepared shipped', 'delivery to_prepare cancelled', 'delivery reserved cancelled',
        'delivery prepared cancelled', 'return to_prepare shipped') THEN
        RAISE EXCEPTION 'a % does not go from % to %', OLD.kind, OLD.status, NEW.status USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

DROP TABLE business.order_version;
DROP FUNCTION business.keep_order_version;
ALTER TABLE business.sales_order DROP COLUMN version;
ALTER TABLE business.order_line DROP CONSTRAINT ck_order_line_quantity_not_negative,
    ADD CONSTRAINT ck_order_line_quantity_positive CHECK (quantity > 0);
"""


def upgrade() -> None:
    """Add the versions, and free what may change."""
    op.execute(TABLES)
    op.execute(ORDERS)
    op.execute(DELIVERIES)


def downgrade() -> None:
    """Take it back; raises where a line has nothing any more."""
    op.execute(BEFORE)
