"""What lies in the warehouse of the demonstration company."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy.orm import Session

from engine import clock
from engine.handler import SYSTEM
from handlers.catalogue.tables import Article
from handlers.stock import ledger
from handlers.stock.ledger import Wanted
from handlers.stock.tables import Stock


def seed_stock(session: Session, article: Article, on_hand: Decimal, reserved: Decimal, reorder_level: Decimal) -> None:
    """The stock of an article in the default warehouse: counted, partly promised, with its reorder level."""
    now, by = clock.now(), SYSTEM.login
    store = ledger.store_of(session, "")
    session.add(
        Stock(
            article_id=article.id,
            warehouse_id=store.id,
            on_hand=Decimal(0),
            reserved=Decimal(0),
            missing=Decimal(0),
            reorder_level=reorder_level,
        )
    )
    session.flush()
    ledger.count(session, "", article.reference, on_hand, reason="Stock d’ouverture", by=by, now=now)
    promised = Wanted(line=article.id, article=article.reference, quantity=reserved)
    ledger.reserve(session, ledger.OPENING, "", (promised,), by=by, now=now)
