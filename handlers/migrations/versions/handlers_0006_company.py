"""Our own company as documents show it.

Revision ID: handlers_0006
"""

from __future__ import annotations

from alembic import op

revision = "handlers_0006"
down_revision = "handlers_0005"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE business.company_identity (
    id integer NOT NULL,
    name text NOT NULL,
    legal_form text NOT NULL,
    capital numeric(16, 2),
    street text NOT NULL,
    postal_code text NOT NULL,
    city text NOT NULL,
    country text NOT NULL,
    siren text NOT NULL,
    siret text NOT NULL,
    registry_city text NOT NULL,
    vat_regime text NOT NULL,
    vat_number text NOT NULL,
    activity_code text NOT NULL,
    phone text NOT NULL,
    email text NOT NULL,
    website text NOT NULL,
    iban text NOT NULL,
    bic text NOT NULL,
    payment_terms_fr text NOT NULL,
    payment_terms_en text NOT NULL,
    discount_terms_fr text NOT NULL,
    discount_terms_en text NOT NULL,
    penalty_percent numeric(6, 3),
    mediator text NOT NULL,
    own_mentions_fr text NOT NULL,
    own_mentions_en text NOT NULL,
    logo_hash text NOT NULL,
    CONSTRAINT pk_company_identity PRIMARY KEY (id),
    CONSTRAINT ck_company_identity_only_one CHECK (id = 1),
    CONSTRAINT ck_company_identity_siren_of_nine_digits CHECK (siren = '' OR siren ~ '^[0-9]{9}$'),
    CONSTRAINT ck_company_identity_siret_of_its_siren CHECK (siret = '' OR (siret ~ '^[0-9]{14}$' AND left(siret, 9) = siren)),
    CONSTRAINT ck_company_identity_country_code CHECK (country ~ '^[A-Z]{2}$'),
    CONSTRAINT ck_company_identity_vat_regime_known CHECK (vat_regime IN ('normal', 'franchise')),
    CONSTRAINT ck_company_identity_capital_positive CHECK (capital > 0),
    CONSTRAINT ck_company_identity_penalty_not_negative CHECK (penalty_percent >= 0),
    CONSTRAINT ck_company_identity_logo_is_a_hash CHECK (logo_hash = '' OR logo_hash ~ '^[0-9a-f]{64}$')
);
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(TABLE)


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE business.company_identity")
