"""What can be asked about articles and their stock."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import and_, func, select, true, tuple_
from sqlalchemy.orm import Session

from engine.data import data
from engine.handler import Choice, ChoiceSource
from handlers.base.rows import begins_words, fields_of
from handlers.catalogue.tables import Article
from handlers.catalogue.types import ArticleData
from handlers.stock.figures import STOCKED, as_level
from handlers.stock.rules import Level, available, concern, is_short, plain, shortage, together
from handlers.stock.tables import Stock, Warehouse

_FIGURES = (
    select(
        func.sum(Stock.on_hand).label("on_hand"),
        func.sum(Stock.reserved).label("reserved"),
        func.sum(Stock.reorder_level).label("reorder_level"),
        func.sum(Stock.missing).label("missing"),
    )
    .where(Stock.article_id == Article.id)
    .lateral("figures")
)
"""The stock of an article in all warehouses together; its columns are null where nobody has counted it yet."""
_AVAILABLE = _FIGURES.c.on_hand - _FIGURES.c.reserved
_IS_SHORT = _FIGURES.c.reorder_level + _FIGURES.c.missing > _AVAILABLE
_SHOWN = {
    "short": _IS_SHORT,
    "out": _AVAILABLE <= 0,
    "below": and_(_AVAILABLE > 0, _FIGURES.c.reorder_level > _AVAILABLE),
}
"""Articles by their stock: what has to come for any reason, and two of the words of ``rules.concern``."""
_ARTICLES = select(Article, *_FIGURES.c).join(_FIGURES, true())


@data
class ArticleRow:
    """An article with its stock in all warehouses; ``level`` None for a service, or where nobody has counted it yet."""

    id: int
    reference: str
    sort_name: str
    data: ArticleData
    level: Level | None

    @property
    def is_short(self) -> bool:
        """Whether what is available lies below the reorder level."""
        return self.level is not None and is_short(self.level)

    @property
    def concern(self) -> str:
        """The word of ``rules.concern``; empty also for a service, and where nobody has counted it yet."""
        return "" if self.level is None else concern(self.level)


@data
class ArticlePage:
    """Some articles by name. ``next``: where the next page begins (sort name, reference); None on the last one."""

    articles: tuple[ArticleRow, ...]
    next: tuple[str, str] | None


def articles_page(
    session: Session,
    *,
    search: str = "",
    stock: str = "",
    is_active: bool = True,
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> ArticlePage:
    """Articles by name; ``search``: each typed word begins a word of the reference, name or category; ``stock``: ``short``, ``out`` or
    ``below``, else of any stock. One statement.
    """
    asked = (
        _ARTICLES.where(Article.is_active == is_active).order_by(Article.sort_name, Article.reference).limit(limit + 1)
    )
    wanted = begins_words(Article.words, search)
    if wanted is not None:
        asked = asked.where(wanted)
    if stock in _SHOWN:
        asked = asked.where(Article.kind == "product", _SHOWN[stock])
    if after is not None:
        asked = asked.where(tuple_(Article.sort_name, Article.reference) > after)
    found = [_listed(*each) for each in session.execute(asked)]
    more, found = len(found) > limit, found[:limit]
    return ArticlePage(articles=tuple(found), next=(found[-1].sort_name, found[-1].reference) if more else None)


def find_article(session: Session, reference: str) -> ArticleRow | None:
    """The article of this reference with its stock; None when there is none."""
    found = session.execute(_ARTICLES.where(Article.reference == reference)).one_or_none()
    return None if found is None else _listed(*found)


def find_articles(session: Session, references: Sequence[str]) -> list[ArticleRow]:
    """The articles of these references with their stock, in this order, less those that there are not. One statement."""
    found = (_listed(*each) for each in session.execute(_ARTICLES.where(Article.reference.in_(references))))
    known = {each.reference: each for each in found}
    return [known[each] for each in references if each in known]


def categories(session: Session) -> list[str]:
    """The categories that articles have, by name."""
    named = select(Article.category).where(Article.category != "").distinct().order_by(Article.category)
    return list(session.scalars(named.limit(200)))


@data
class WarehouseRow:
    """A warehouse."""

    code: str
    name: str
    is_default: bool


def warehouses(session: Session) -> tuple[WarehouseRow, ...]:
    """All warehouses, the default one first, then by name."""
    asked = select(Warehouse).order_by(Warehouse.is_default.desc(), Warehouse.name)
    return tuple(WarehouseRow(**fields_of(WarehouseRow, each)) for each in session.scalars(asked))


def _listed(article: Article, *figures: Decimal | None) -> ArticleRow:
    return ArticleRow(
        id=article.id,
        reference=article.reference,
        sort_name=article.sort_name,
        data=ArticleData(**fields_of(ArticleData, article)),
        level=_level(*figures) if article.kind == "product" else None,
    )


def _level(
    on_hand: Decimal | None, reserved: Decimal | None, reorder_level: Decimal | None, missing: Decimal | None
) -> Level | None:
    if on_hand is None or reserved is None or reorder_level is None or missing is None:
        return None
    return Level(on_hand=on_hand, reserved=reserved, reorder_level=reorder_level, missing=missing)


def level_of(session: Session, article_id: int, *, lock: bool = False) -> Level | None:
    """The stock of an article in all warehouses, None where it is not stocked; ``lock`` keeps it until the transaction ends."""
    asked = select(*STOCKED).where(Stock.article_id == article_id).order_by(Stock.warehouse_id)
    found = [as_level(row) for row in session.execute(asked.with_for_update() if lock else asked)]
    return together(found) if found else None


def read_short_articles(session: Session) -> Sequence[Choice]:
    """The articles that are short, by name, with what is available and what is missing."""
    asked = _ARTICLES.where(Article.is_active, Article.kind == "product", _IS_SHORT).order_by(Article.name)
    choices = []
    for each in session.execute(asked):
        found = _listed(*each)
        if found.level is not None:
            choices.append(
                Choice(
                    value=found.reference,
                    label=f"{found.reference} · {found.data.name}",
                    details={
                        "available": plain(available(found.level)),
                        "missing": plain(shortage(found.level)),
                        "unit": found.data.unit,
                    },
                )
            )
    return choices


SHORT_ARTICLES = ChoiceSource(name="stock.short_articles", read=read_short_articles)


def read_warehouses(session: Session) -> Sequence[Choice]:
    """The warehouses, the default one first."""
    rows = session.scalars(select(Warehouse).order_by(Warehouse.is_default.desc(), Warehouse.name, Warehouse.code))
    return [Choice(value=row.code, label=row.name) for row in rows]


WAREHOUSES = ChoiceSource(name="stock.warehouses", read=read_warehouses)
