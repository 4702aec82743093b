"""What orders begin with; and the reason of an order that its own rule has closed before somebody gives the rest of it up.

Revision ID: handlers_0015
"""

from __future__ import annotations

from alembic import op

revision = "handlers_0015"
down_revision = "handlers_0014"
branch_labels = None
depends_on = None

SETTINGS = """
CREATE TABLE business.order_settings (
    id integer NOT NULL,
    shipping_policy text NOT NULL,
    invoicing_policy text NOT NULL,
    closing_rule text NOT NULL,
    is_numbered_by_hand boolean NOT NULL,
    CONSTRAINT pk_order_settings PRIMARY KEY (id),
    CONSTRAINT ck_order_settings_only_one CHECK (id = 1),
    CONSTRAINT ck_order_settings_shipping_policy_known CHECK (shipping_policy IN ('each_when_ready', 'all_at_once')),
    CONSTRAINT ck_order_settings_invoicing_policy_known CHECK (invoicing_policy IN ('on_order', 'on_delivery')),
    CONSTRAINT ck_order_settings_closing_rule_known CHECK (closing_rule IN ('invoiced', 'shipped', 'both', 'paid'))
);
"""

KEEP = """
-- What was confirmed is frozen but its terms, as long as it is not over; a status is reached only from those that lead to it.
CREATE OR REPLACE FUNCTION business.keep_sales_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    way CONSTANT text := OLD.status || ' ' || CASE WHEN TG_OP = 'DELETE' THEN '' ELSE NEW.status END;
    free CONSTANT text[] := CASE
        WHEN OLD.status = 'confirmed' THEN ARRAY['status', 'closed_at', 'closed_because', 'terms']
        {early}
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
"""

EARLY = """-- its own rule closed it, and now somebody gives up what its rule did not wait for
        WHEN OLD.status = 'closed' AND OLD.closed_because = '' THEN ARRAY['closed_because']"""


def upgrade() -> None:
    """Make the table, and let the reason come later."""
    op.execute(SETTINGS)
    op.execute(KEEP.replace("{early}", EARLY))


def downgrade() -> None:
    """Take them back."""
    op.execute(KEEP.replace("{early}", ""))
    op.execute("DROP TABLE business.order_settings")
