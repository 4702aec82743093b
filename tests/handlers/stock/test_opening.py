"""Stock of before the ledger: it lies in the first warehouse afterwards, by movements that say so, and every figure stays."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import text

from engine.database.migrations import upgrade
from engine.database.session import Database
from handlers.stock.ledger import OPENING, availability
from handlers.stock.movements import movements_page, promises

BEFORE = """
INSERT INTO business.article (reference, name, unit, kind, category, description, vat, is_active, sort_name, words)
SELECT reference, reference, 'pièce', 'product', '', '', 'normal', true, reference, ''::tsvector
FROM unnest(ARRAY['BUR', 'LAM', 'CAI']) reference;
INSERT INTO business.stock (article_id, on_hand, reserved, reorder_level)
SELECT id, 4.5, 3, 10 FROM business.article WHERE reference = 'BUR'
UNION ALL SELECT id, 0, 0, 20 FROM business.article WHERE reference = 'LAM';
INSERT INTO business.replenishment_request
    (number, article_id, quantity, submitted_by, submitted_at, status, decided_by, decided_at, idempotency_key)
SELECT 'DA-2026-00001', id, 30, 'camille', '2026-11-23', 'launched', 'gabriel', '2026-11-23', 'k'
FROM business.article WHERE reference = 'LAM';
"""


def test_old_stock_becomes_an_opening(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA engine, business, jobs CASCADE"))
        upgrade(connection, revision="handlers_0009")
        connection.execute(text(BEFORE))
        upgrade(connection)
    with database.reading() as session:
        levels = availability(session, ["BUR", "LAM", "CAI"])
        figures = {key: [each.on_hand, each.reserved, each.reorder_level, each.missing] for key, each in levels.items()}
        assert figures == {"BUR": [Decimal("4.5"), 3, 10, 0], "LAM": [0, 0, 20, 0], "CAI": [0, 0, 0, 0]}
        (opened,) = movements_page(session, "BUR", warehouse="DEPOT").movements
        assert (opened.kind, opened.quantity, opened.by) == ("count", Decimal("4.5"), "system")
        assert [[each.document, each.quantity] for each in promises(session, "BUR")] == [[OPENING, 3]]
        assert movements_page(session, "LAM").movements == ()
        warehouse = session.execute(
            text(
                "SELECT code FROM business.warehouse JOIN business.replenishment_request r ON r.warehouse_id = warehouse.id"
            )
        )
        assert warehouse.scalars().all() == ["DEPOT"]
