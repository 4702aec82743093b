"""What can be asked about articles and their stock."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from engine.data import data
from engine.handler import Choice, ChoiceSource
from handlers.base.rows import begins_words, fields_of
from handlers.catalogue.tables import Article
from handlers.catalogue.types import ArticleData
from handlers.stock.rules import Level, available, is_short, shortage
from handlers.stock.tables import Stock


@data
class ArticleRow:
    """An article with its stock; ``level`` None for a service, or where nobody has counted it yet."""

    reference: str
    sort_name: str
    data: ArticleData
    level: Level | None

    @property
    def is_short(self) -> bool:
        """Whether what is available lies below the reorder level."""
        return self.level is not None and is_short(self.level)


@data
class ArticlePage:
    """Some articles by name. ``next``: where the next page begins (sort name, reference); None on the last one."""

    articles: tuple[ArticleRow, ...]
    next: tuple[str, str] | None


def articles_page(
    session: Session,
    *,
    search: str = "",
    only_short: bool = False,
    is_active: bool = True,
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> ArticlePage:
    """Articles by name; ``search``: each typed word begins a word of the reference, name or category. One statement."""
    asked = (
        select(Article, Stock)
        .outerjoin(Stock, Stock.article_id == Article.id)
        .where(Article.is_active == is_active)
        .order_by(Article.sort_name, Article.reference)
        .limit(limit + 1)
    )
    wanted = begins_words(Article.words, search)
    if wanted is not None:
        asked = asked.where(wanted)
    if only_short:
        asked = asked.where(Stock.on_hand - Stock.reserved < Stock.reorder_level)
    if after is not None:
        asked = asked.where(tuple_(Article.sort_name, Article.reference) > after)
    found = [_listed(article, stock) for article, stock in session.execute(asked)]
    more, found = len(found) > limit, found[:limit]
    return ArticlePage(articles=tuple(found), next=(found[-1].sort_name, found[-1].reference) if more else None)


def find_article(session: Session, reference: str) -> ArticleRow | None:
    """The article of this reference with its stock; None when there is none."""
    found = session.execute(
        select(Article, Stock).outerjoin(Stock, Stock.article_id == Article.id).where(Article.reference == reference)
    ).one_or_none()
    return None if found is None else _listed(*found)


def categories(session: Session) -> list[str]:
    """The categories that articles have, by name."""
    named = select(Article.category).where(Article.category != "").distinct().order_by(Article.category)
    return list(session.scalars(named.limit(200)))


def _listed(article: Article, stock: Stock | None) -> ArticleRow:
    return ArticleRow(
        reference=article.reference,
        sort_name=article.sort_name,
        data=ArticleData(**fields_of(ArticleData, article)),
        level=None
        if stock is None or article.kind != "product"
        else Level(on_hand=stock.on_hand, reserved=stock.reserved, reorder_level=stock.reorder_level),
    )


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
    rows = session.execute(
        select(Article, Stock)
        .join(Stock, Stock.article_id == Article.id)
        .where(Article.is_active, Article.kind == "product")
        .order_by(Article.name)
    )
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
