"""What people do to articles, as record commands. The record's key is the article's reference."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.record import Change, RecordContext, RecordTable, record_command
from handlers.base.rows import fields_of, found_by, put
from handlers.catalogue import rules
from handlers.catalogue.tables import Article
from handlers.catalogue.types import ArticleData

KIND: Final = "article"
EDITORS: Final = ("sales_admin", "sales_manager", "purchasing_admin", "purchasing_manager")
"""Who may add and change articles."""

READERS: Final = (*EDITORS, "sales", "warehouse", "accounting", "auditor")
"""Who may see them."""


@data
class AddArticle:
    """A new article."""

    reference: str
    article: ArticleData


@data
class ChangeArticle:
    """An article as it is to be. What it was on documents stays there."""

    reference: str
    article: ArticleData


@record_command(
    "catalogue.add_article",
    event="article:added",
    kind=KIND,
    key="reference",
    may=EDITORS,
    fr="Ajouter un article",
    en="Add an article",
)
def add_article(given: AddArticle, context: RecordContext) -> Change:
    """Raises InvalidInput, also for a reference that is taken."""
    wanted = rules.tidied(given.article)
    found = [*rules.reference_problems(given.reference), *rules.problems(wanted)]
    if not found and _find(context.session, given.reference) is not None:
        found = [FieldProblem(field="reference", code="reference_taken", facts={"reference": given.reference})]
    if found:
        raise InvalidInput(fields=tuple(found))
    row = Article(reference=given.reference, **columns(given.reference, wanted))
    context.session.add(row)
    context.session.flush()
    return Change(before=None, after=_fields(row))


@record_command(
    "catalogue.change_article",
    event="article:changed",
    kind=KIND,
    key="reference",
    may=EDITORS,
    fr="Modifier un article",
    en="Change an article",
)
def change_article(given: ChangeArticle, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``article_unknown``)."""
    wanted = rules.tidied(given.article)
    found = rules.problems(wanted)
    if found:
        raise InvalidInput(fields=tuple(found))
    row = _find(context.session, given.reference)
    if row is None:
        raise NotFound("article_unknown", article=given.reference)
    before = _fields(row)
    put(row, columns(given.reference, wanted))
    context.session.flush()
    return Change(before=before, after=_fields(row))


COMMANDS = RecordTable.of(add_article, change_article)


def columns(reference: str, article: ArticleData) -> dict[str, Any]:
    """The columns of an article that its data fill, with those that follow from them."""
    return asdict(article) | found_by(article.name, reference, article.category)


def _find(session: Session, reference: str) -> Article | None:
    return session.scalar(select(Article).where(Article.reference == reference))


def _fields(row: Article) -> dict[str, Any]:
    return fields_of(ArticleData, row)
