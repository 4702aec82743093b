"""Invoices that cannot be emptied; how each was hashed; when what it invoices was delivered or done; the option for VAT on debits.

Revision ID: handlers_0017
"""

from __future__ import annotations

from alembic import op

revision = "handlers_0017"
down_revision = "handlers_0016"
branch_labels = None
depends_on = None

_KEPT = ("invoice", "invoice_line", "invoice_rate")

FUNCTION = """
-- TRUNCATE fires no trigger of rows: what is validated would be gone without a word.
CREATE FUNCTION business.never_empty_invoices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM business.invoice WHERE status = 'validated') THEN
        RAISE EXCEPTION 'validated invoices are kept' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
"""

TRIGGERS = "".join(
    f"""
CREATE TRIGGER never_empty_{table}s BEFORE TRUNCATE ON business.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION business.never_empty_invoices();
ALTER TABLE business.{table} ENABLE ALWAYS TRIGGER never_empty_{table}s;
"""
    for table in _KEPT
)

# Those that are validated already were hashed the first way, and are still verified so.
COLUMNS = """
ALTER TABLE business.invoice
    ADD COLUMN hash_version integer NOT NULL DEFAULT 1,
    ADD COLUMN performed_on date,
    ADD COLUMN delivered_on date,
    ADD CONSTRAINT ck_invoice_hash_version_known CHECK (hash_version IN (1, 2)),
    ADD CONSTRAINT ck_invoice_goods_are_not_performed CHECK (performed_on IS NULL OR category <> 'goods');
ALTER TABLE business.company_identity ADD COLUMN is_vat_on_debits boolean NOT NULL DEFAULT false;
ALTER TABLE business.company_identity ALTER COLUMN is_vat_on_debits DROP DEFAULT;
"""


def upgrade() -> None:
    """Add them."""
    op.execute(COLUMNS)
    op.execute(FUNCTION)
    op.execute(TRIGGERS)


def downgrade() -> None:
    """Take them back."""
    for table in _KEPT:
        op.execute(f"DROP TRIGGER never_empty_{table}s ON business.{table}")
    op.execute("""
        DROP FUNCTION business.never_empty_invoices;
        ALTER TABLE business.company_identity DROP COLUMN is_vat_on_debits;
        ALTER TABLE business.invoice DROP COLUMN delivered_on, DROP COLUMN performed_on, DROP COLUMN hash_version;
    """)
