"""Articles with kind, category, sale price and rate of tax; whether they are still sold; what their search compares.

Revision ID: handlers_0004
"""

from __future__ import annotations

from alembic import op

revision = "handlers_0004"
down_revision = "handlers_0003"
branch_labels = None
depends_on = None

# what was there are products that are sold at no known price; search words follow names as the catalogue writes them
TABLES = """
ALTER TABLE business.article
    ADD COLUMN kind text NOT NULL DEFAULT 'product',
    ADD COLUMN category text NOT NULL DEFAULT '',
    ADD COLUMN description text NOT NULL DEFAULT '',
    ADD COLUMN sale_price numeric(16, 6),
    ADD COLUMN vat text NOT NULL DEFAULT 'normal',
    ADD COLUMN is_active boolean NOT NULL DEFAULT true,
    ADD COLUMN sort_name text NOT NULL DEFAULT '',
    ADD COLUMN words tsvector NOT NULL DEFAULT ''::tsvector,
    ADD CONSTRAINT ck_article_kind_known CHECK (kind IN ('product', 'service')),
    ADD CONSTRAINT ck_article_vat_known CHECK (vat IN ('normal', 'intermediate', 'reduced', 'particular')),
    ADD CONSTRAINT ck_article_sale_price_not_negative CHECK (sale_price >= 0);
UPDATE business.article
SET sort_name = lower(name),
    words = array_to_tsvector(
        array_remove(regexp_split_to_array(lower(reference || ' ' || name), '[^[:alnum:]]+'), ''));
ALTER TABLE business.article
    ALTER COLUMN kind DROP DEFAULT,
    ALTER COLUMN category DROP DEFAULT,
    ALTER COLUMN description DROP DEFAULT,
    ALTER COLUMN vat DROP DEFAULT,
    ALTER COLUMN is_active DROP DEFAULT,
    ALTER COLUMN sort_name DROP DEFAULT,
    ALTER COLUMN words DROP DEFAULT;
CREATE INDEX ix_article_words ON business.article USING gin (words);
CREATE INDEX ix_article_sort_name_reference ON business.article (sort_name, reference);
"""


def upgrade() -> None:
    """Widen the table."""
    op.execute(TABLES)
