"""What may stand in an article's record, and how it is written. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Final

from engine.errors import FieldProblem
from handlers.catalogue.types import KINDS, MOST_DECIMALS, ArticleData
from handlers.catalogue.vat import NAMES

HIGHEST_PRICE: Final = Decimal(10) ** 9
_REFERENCE = re.compile(r"[0-9A-Z][0-9A-Z._/-]{0,39}")
_LONGEST: Final = {"name": 200, "unit": 30, "category": 80, "description": 4_000}


def tidied_reference(reference: str) -> str:
    """As it is kept: capitals, no spaces."""
    return "".join(reference.split()).upper()


def reference_problems(reference: str) -> list[FieldProblem]:
    """What is wrong with a tidied reference."""
    return [] if _REFERENCE.fullmatch(reference) else [FieldProblem(field="reference", code="reference_invalid")]


def tidied(given: ArticleData) -> ArticleData:
    """As it is kept: one line each, but for the description."""
    return replace(
        given,
        name=" ".join(given.name.split()),
        unit=" ".join(given.unit.split()),
        category=" ".join(given.category.split()),
        description=given.description.strip(),
    )


def problems(given: ArticleData) -> list[FieldProblem]:
    """What is wrong with a tidied article, by field."""
    found = [
        FieldProblem(field=name, code="text_too_long", facts={"most": most})
        for name, most in _LONGEST.items()
        if len(getattr(given, name)) > most
    ]
    checks = (
        ("name", "article_name_missing", not given.name),
        ("unit", "unit_missing", not given.unit),
        ("kind", "article_kind_unknown", given.kind not in KINDS),
        ("vat", "vat_unknown", given.vat not in NAMES),
        ("sale_price", "price_invalid", given.sale_price is not None and not is_price(given.sale_price)),
    )
    return found + [FieldProblem(field=field, code=code) for field, code, is_wrong in checks if is_wrong]


def is_price(price: Decimal) -> bool:
    """Whether something can cost so much: at least nothing, with six decimals at most."""
    return price.is_finite() and 0 <= price < HIGHEST_PRICE and price == price.quantize(MOST_DECIMALS)
