"""What the tables of the business share: their fields as data, and the search by the beginnings of words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, text
from sqlalchemy.orm import InstrumentedAttribute

from engine.texts.words import query_of, words_of
from handlers.base.tables import Table


def fields_of(kind: type[Any], row: Table) -> dict[str, Any]:
    """The columns of a row that are called as the fields of the ``@data`` class ``kind``, by name."""
    return {name: getattr(row, name) for name in kind.__dataclass_fields__}


def put(row: Table, values: Mapping[str, Any]) -> None:
    """Write these columns of a row."""
    for name, value in values.items():
        setattr(row, name, value)


def words(*texts: str) -> ColumnElement[str]:
    """The column that the search compares: what is found by the words of ``texts``."""
    return func.array_to_tsvector(words_of(texts))


def found_by(name: str, *more: str) -> dict[str, Any]:
    """The columns ``sort_name`` and ``words`` of what is called ``name`` and found by its words and those of ``more``."""
    return {"sort_name": " ".join(words_of([name])), "words": words(name, *more)}


def begins_words(column: InstrumentedAttribute[str], typed: str) -> ColumnElement[bool] | None:
    """Where each typed word begins one of the words of ``column``; None where no word was typed."""
    wanted = query_of(typed)
    # words are letters and digits only, and the query is bound
    return None if wanted is None else column.op("@@")(text("CAST(:wanted AS tsquery)").bindparams(wanted=wanted))
