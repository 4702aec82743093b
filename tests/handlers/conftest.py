"""What the tests of handlers share: the demonstration's articles and suppliers, and a context to run one handler in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from engine import records
from engine.database.session import Database
from engine.handler import Actor, HandlerContext
from handlers.catalogue.commands import columns
from handlers.catalogue.tables import Article
from handlers.catalogue.types import ArticleData
from handlers.demonstration.stock import seed_stock
from handlers.purchasing.tables import Supplier

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture
def company(database: Database) -> Database:
    """Two articles, of which ``LAM`` is short and ``CAI`` is not; two suppliers, of which ``OLD`` is not active."""
    with database.transaction() as session:
        for reference, name, on_hand, reorder_level in (("LAM", "Lampe", 0, 20), ("CAI", "Caisson", 40, 12)):
            article = Article(reference=reference, **columns(reference, ArticleData(name=name, unit="pièce")))
            session.add(article)
            session.flush()
            seed_stock(session, article, Decimal(on_hand), Decimal(0), Decimal(reorder_level))
        session.add(Supplier(code="PRO", name="Lumière Pro", email="pro@example.test", is_active=True))
        session.add(Supplier(code="OLD", name="Ancien Bois", email="old@example.test", is_active=False))
    return database


ContextMaker = Callable[..., HandlerContext]


@pytest.fixture
def context_of() -> ContextMaker:
    """Makes the context of one handler call; the key tells calls apart."""

    def make(session: Session, login: str = "camille", key: str = "1:a1:handler") -> HandlerContext:
        actor = Actor(login=login, name=login.title())
        return HandlerContext(
            session=session,
            actor=actor,
            business_key="DA-2026-00001",
            attempt=1,
            idempotency_key=key,
            now=NOW,
            starter="camille",
            keep=lambda command, given: records.apply(session, command, given, actor, now=NOW),
        )

    return make
