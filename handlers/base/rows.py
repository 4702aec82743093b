"""What the tables of the business share: their fields as data, and the search by the beginnings of words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, text
from sqlalchemy.orm import InstrumentedAttribute

from engine.texts.words import query_of, words_of
from handlers.base.tables import Table


def fields_of(kind: type[Any], row: Table) -> dict[str, Any]:
    """The columns of a row that are called as the fields of the ``@data`` class ``kind``, by name."""
    return {name: getattr(row, name) for name in kind.__dataclass_fields__}


def found_by(name: str, *more: str) -> dict[str, Any]:
    """The columns ``sort_name`` and ``words`` of what is called ``name`` and found by its words and those of ``more``."""
    return {"sort_name": " ".join(words_of([name])), "words": func.array_to_tsvector(words_of([name, *more]))}


def begins_words(words: InstrumentedAttribute[str], typed: str) -> ColumnElement[bool] | None:
    """Where each typed word begins one of ``words``; None where no word was typed."""
    wanted = query_of(typed)
    # words are letters and digits only, and the query is bound
    return None if wanted is None else words.op("@@")(text("CAST(:wanted AS tsquery)").bindparams(wanted=wanted))
