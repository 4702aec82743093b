"""What can be searched of a case: its words and its typed fields, as its bundle's summary shows them.

Written by the very statement that saves the case, and only when something of it changed: a step sends no statement more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from engine.feel import Value
from engine.texts.words import words_of

LONGEST_TEXT: Final = 200

PROJECT: Final = """
    worded AS (
        INSERT INTO engine.case_words (instance_id, words) VALUES (:instance, array_to_tsvector(CAST(:words AS text[])))
        ON CONFLICT (instance_id) DO UPDATE SET words = EXCLUDED.words
    ), fielded AS (
        INSERT INTO engine.case_field (instance_id, name, text_value, number_value, date_value)
        SELECT :instance, f.name, f.text_value, f.number_value, f.date_value
        FROM unnest(CAST(:names AS text[]), CAST(:texts AS text[]), CAST(:numbers AS numeric[]), CAST(:dates AS date[]))
            AS f(name, text_value, number_value, date_value)
        ON CONFLICT (instance_id, name) DO UPDATE
            SET text_value = EXCLUDED.text_value, number_value = EXCLUDED.number_value, date_value = EXCLUDED.date_value
    )
"""
"""SQL: common table expressions that write the projection of the case ``:instance``; what else they take, ``projected`` gives."""


def projected(business_key: str | None, fields: Mapping[str, Value]) -> dict[str, Any]:
    """What ``PROJECT`` takes. ``fields``: the values of the summary by the expression that gives each (``Bundle.summary``)."""
    texts = [each for each in fields.values() if isinstance(each, str)]
    rows = [(name, _text(value), _number(value), _date(value)) for name, value in fields.items()]
    return {
        "words": words_of([*([] if business_key is None else [business_key]), *texts]),
        "names": _column(rows, 0),
        "texts": _column(rows, 1),
        "numbers": _column(rows, 2),
        "dates": _column(rows, 3),
    }


def _column(rows: Sequence[tuple[Any, ...]], number: int) -> list[Any]:
    return [row[number] for row in rows]


def _text(value: Value) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value[:LONGEST_TEXT] if isinstance(value, str) else None


def _number(value: Value) -> Decimal | None:
    return value if isinstance(value, Decimal) and value.is_finite() else None


def _date(value: Value) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None
