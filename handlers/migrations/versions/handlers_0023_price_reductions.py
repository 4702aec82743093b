"""Credit notes that reduce a price and give no quantity back; sales to consumers of other member states below the threshold.

Revision ID: handlers_0023
"""

from __future__ import annotations

from alembic import op

revision = "handlers_0023"
down_revision = "handlers_0022"
branch_labels = None
depends_on = None

# What was drafted so far is of quantities; nobody has said yet that the company sells little to consumers of other member states.
COLUMNS = """
ALTER TABLE business.invoice ADD COLUMN is_reduction boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT ck_invoice_reductions_give_no_quantity CHECK (NOT is_reduction OR kind = 'credit_note' AND NOT is_reinvoiceable);
ALTER TABLE business.invoice ALTER COLUMN is_reduction DROP DEFAULT;
ALTER TABLE business.company_identity ADD COLUMN is_below_eu_threshold boolean NOT NULL DEFAULT false;
ALTER TABLE business.company_identity ALTER COLUMN is_below_eu_threshold DROP DEFAULT;
"""

KEEP = """
CREATE OR REPLACE FUNCTION business.keep_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
    sums record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'draft' THEN
            RAISE EXCEPTION 'an invoice begins as a draft' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.status = 'validated' THEN
        RAISE EXCEPTION 'invoice %% is validated', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF (OLD.id, OLD.kind, OLD.order_id, OLD.customer_id, OLD.corrects_id, OLD.is_reinvoiceable%(old)s)
            IS DISTINCT FROM (NEW.id, NEW.kind, NEW.order_id, NEW.customer_id, NEW.corrects_id, NEW.is_reinvoiceable%(new)s)
       OR OLD.idempotency_key <> NEW.idempotency_key THEN
        RAISE EXCEPTION 'what draft %% is about is frozen', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status = 'validated' THEN
        SELECT sequence, hash, issued_on INTO last FROM business.invoice
        WHERE sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1;
        IF NEW.sequence <> coalesce(last.sequence, 0) + 1 OR NEW.previous_hash <> coalesce(last.hash, repeat('0', 64))
           OR NEW.issued_on < last.issued_on THEN
            RAISE EXCEPTION 'invoice %% is not the next of the chain', NEW.number USING ERRCODE = 'restrict_violation';
        END IF;
        SELECT coalesce(sum(base), 0) AS net, coalesce(sum(tax), 0) AS tax, coalesce(sum(lines), 0) AS lines,
               coalesce(sum(charges), 0) AS charges
        INTO sums FROM business.invoice_rate WHERE invoice_id = NEW.id;
        IF (sums.net, sums.tax, sums.charges) IS DISTINCT FROM (NEW.net, NEW.tax, NEW.shipping + NEW.adjustment)
           OR sums.lines IS DISTINCT FROM (SELECT sum(amount) FROM business.invoice_line WHERE invoice_id = NEW.id) THEN
            RAISE EXCEPTION 'the figures of invoice %% are not those of its lines', NEW.number USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
"""

# Never more is credited than was invoiced of a line, in quantity and in amount: what reduces a price counts in the amount alone.
BOUNDS = """
CREATE OR REPLACE FUNCTION business.bound_invoice_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong bigint;
BEGIN
    SELECT min(ordered.id) INTO wrong FROM business.order_line ordered CROSS JOIN LATERAL (
        SELECT coalesce(sum(CASE invoice.kind WHEN 'invoice' THEN line.quantity ELSE -line.quantity END), 0) AS quantity,
               coalesce(sum(CASE invoice.kind WHEN 'invoice' THEN line.amount ELSE -line.amount END), 0) AS amount
        FROM business.invoice_line line JOIN business.invoice ON invoice.id = line.invoice_id
        WHERE line.order_line_id = ordered.id
          AND (invoice.kind = 'invoice' OR invoice.status = 'validated' AND invoice.is_reinvoiceable)) invoiced
    WHERE ordered.id IN (SELECT order_line_id FROM come)
      AND (invoiced.quantity > ordered.quantity OR invoiced.amount > ordered.amount OR invoiced.quantity < 0 OR invoiced.amount < 0);
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'more is invoiced than was ordered of line %%', wrong USING ERRCODE = 'check_violation';
    END IF;
    SELECT min(invoiced.id) INTO wrong FROM business.invoice_line invoiced CROSS JOIN LATERAL (
        SELECT coalesce(sum(%(quantity)s), 0) AS quantity, coalesce(sum(line.amount), 0) AS amount
        FROM business.invoice_line line JOIN business.invoice note ON note.id = line.invoice_id
        WHERE line.corrects_line_id = invoiced.id) credited
    WHERE invoiced.id IN (SELECT corrects_line_id FROM come)
      AND (credited.quantity > invoiced.quantity OR credited.amount > invoiced.amount);
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'more is credited than was invoiced of line %%', wrong USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    """Add them."""
    op.execute(COLUMNS)
    op.execute(KEEP % {"old": ", OLD.is_reduction", "new": ", NEW.is_reduction"})
    op.execute(BOUNDS % {"quantity": "CASE WHEN note.is_reduction THEN 0 ELSE line.quantity END"})


def downgrade() -> None:
    """Take them back; raises where a price was reduced: that is not a credit of quantities."""
    op.execute("""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM business.invoice WHERE is_reduction) THEN
                RAISE EXCEPTION 'prices were reduced by credit notes' USING ERRCODE = 'restrict_violation';
            END IF;
        END $$
    """)
    op.execute(KEEP % {"old": "", "new": ""})
    op.execute(BOUNDS % {"quantity": "line.quantity"})
    op.execute("""
        ALTER TABLE business.company_identity DROP COLUMN is_below_eu_threshold;
        ALTER TABLE business.invoice DROP COLUMN is_reduction;
    """)
