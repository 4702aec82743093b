"""Fiscal positions of customers, quotes and orders; lines and rates of invoices that bear no VAT say why.

Revision ID: handlers_0019
"""

from __future__ import annotations

from alembic import op

revision = "handlers_0019"
down_revision = "handlers_0018"
branch_labels = None
depends_on = None

# All that was written so far was sold at home. No trigger sees it: the rows that are frozen stay what they are, and what an invoice's hash
# is taken of does not change.
COLUMNS = "".join(
    f"""
ALTER TABLE business.{table} ADD COLUMN fiscal_position text NOT NULL DEFAULT 'domestic',
    ADD CONSTRAINT ck_{table}_fiscal_position_known CHECK (fiscal_position IN ({known}));
ALTER TABLE business.{table} ALTER COLUMN fiscal_position DROP DEFAULT;
"""
    for table, known in (
        ("customer", "'', 'domestic', 'intra_eu', 'export'"),
        ("quote_version", "'domestic', 'intra_eu', 'export'"),
        ("sales_order", "'domestic', 'intra_eu', 'export'"),
    )
)

AT_HOME = "'normal', 'intermediate', 'reduced', 'particular'"
EXEMPT = "'intra_eu', 'export', 'reverse_charge', 'service_abroad'"


def _known(names: str) -> str:
    return "".join(
        f"""
ALTER TABLE business.{table} DROP CONSTRAINT ck_{table}_vat_known,
    ADD CONSTRAINT ck_{table}_vat_known CHECK (vat IN ({names}));
"""
        for table in ("invoice_line", "invoice_rate")
    )


FREE = f"""
ALTER TABLE business.invoice_rate ADD CONSTRAINT ck_invoice_rate_exempt_is_free
    CHECK (vat NOT IN ({EXEMPT}) OR (rate = 0 AND tax = 0));
"""


def upgrade() -> None:
    """Widen the tables."""
    op.execute(COLUMNS)
    op.execute(_known(f"{AT_HOME}, {EXEMPT}"))
    op.execute(FREE)


def downgrade() -> None:
    """Take it back; what was invoiced without VAT cannot be."""
    op.execute("ALTER TABLE business.invoice_rate DROP CONSTRAINT ck_invoice_rate_exempt_is_free")
    op.execute(_known(AT_HOME))
    for table in ("customer", "quote_version", "sales_order"):
        op.execute(f"ALTER TABLE business.{table} DROP COLUMN fiscal_position")
