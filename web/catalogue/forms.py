"""What was typed about an article, as it was typed, and the numbers that it means in the person's language."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from handlers.catalogue.rules import tidied_reference
from handlers.catalogue.types import ArticleData
from web.numbers import number, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleForm:
    """What stands in the form; ``sale_price`` as it was typed."""

    reference: str = ""
    name: str = ""
    unit: str = ""
    kind: str = "product"
    category: str = ""
    description: str = ""
    sale_price: str = ""
    vat: str = "normal"
    is_active: bool = True

    def data(self) -> ArticleData:
        """What it means. Raises NumberUnreadable."""
        return ArticleData(
            name=self.name,
            unit=self.unit,
            kind=self.kind,
            category=self.category,
            description=self.description,
            sale_price=number(self.sale_price, "sale_price"),
            vat=self.vat,
            is_active=self.is_active,
        )


def typed(form: MultiDict[str, str]) -> ArticleForm:
    """What was typed."""
    return ArticleForm(
        reference=tidied_reference(form.get("reference", "")),
        name=form.get("name", ""),
        unit=form.get("unit", ""),
        kind=form.get("kind", ""),
        category=form.get("category", ""),
        description=form.get("description", ""),
        sale_price=form.get("sale_price", ""),
        vat=form.get("vat", ""),
        is_active="is_active" in form,
    )


def of_article(reference: str, article: ArticleData) -> ArticleForm:
    """The form of an article as it is."""
    return ArticleForm(
        reference=reference,
        name=article.name,
        unit=article.unit,
        kind=article.kind,
        category=article.category,
        description=article.description,
        sale_price="" if article.sale_price is None else plain(article.sale_price),
        vat=article.vat,
        is_active=article.is_active,
    )
