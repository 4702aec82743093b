"""What can be asked about stock."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.handler import Choice, ChoiceSource
from handlers.catalogue.tables import Article
from handlers.stock.rules import Level, available, is_short, shortage
from handlers.stock.tables import Stock


def level_of(session: Session, article_id: int, *, lock: bool = False) -> Level | None:
    """The stock figures of an article, None where it is not stocked; ``lock`` keeps them until the transaction ends."""
    found = session.get(Stock, article_id, with_for_update=True if lock else None)
    if found is None:
        return None
    return Level(on_hand=found.on_hand, reserved=found.reserved, reorder_level=found.reorder_level)


def _plain(quantity: Decimal) -> str:
    return format(quantity.normalize(), "f")


def read_short_articles(session: Session) -> Sequence[Choice]:
    """The articles that are short, by name, with what is available and what is missing."""
    rows = session.execute(select(Article, Stock).join(Stock, Stock.article_id == Article.id).order_by(Article.name))
    choices = []
    for article, stock in rows:
        level = Level(on_hand=stock.on_hand, reserved=stock.reserved, reorder_level=stock.reorder_level)
        if is_short(level):
            choices.append(
                Choice(
                    value=article.reference,
                    label=f"{article.reference} · {article.name}",
                    details={
                        "available": _plain(available(level)),
                        "missing": _plain(shortage(level)),
                        "unit": article.unit,
                    },
                )
            )
    return choices


SHORT_ARTICLES = ChoiceSource(name="stock.short_articles", read=read_short_articles)
