"""Narrowing a list by a business field of its cases, as ``projection`` keeps it: text by how it begins, numbers and days from–to.

The comparison is the type's own (``9 < 10``, also where people see ``9,00 €``). Few cases with such a value are found by the value, by an
index of each type; else the value of each case that a list walks by is looked up, by the case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

Kind = Literal["text", "number", "date"]

KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(("text", "long_text", "choice"), "text"),
    **dict.fromkeys(("number", "integer", "money"), "number"),
    **dict.fromkeys(("date", "datetime"), "date"),
}
"""How a field of each type of a summary is compared; one that is not here is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextField:
    """Cases whose text ``name`` begins so, in whatever case. ``name`` is the expression of the summary (``projection``)."""

    name: str
    begins: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberField:
    """Cases whose number ``name`` lies between these, both included; None: no bound."""

    name: str
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DateField:
    """Cases whose day ``name`` lies between these, both included; None: no bound."""

    name: str
    low: date | None = None
    high: date | None = None


FieldCriterion = TextField | NumberField | DateField

_LAST: Final = "\U0010ffff"
"""Sorts after whatever goes on."""

# byte by byte, so that an index knows what begins so; lower() by the database on both sides
_IS: Final[dict[type[FieldCriterion], str]] = {
    TextField: """
        lower(field.text_value) COLLATE "C" >= lower(:field_begins) COLLATE "C"
        AND lower(field.text_value) COLLATE "C" < lower(:field_begins) || :field_last COLLATE "C"
    """,
    NumberField: "field.number_value >= CAST(:number_low AS numeric) AND field.number_value <= CAST(:number_high AS numeric)",
    DateField: "field.date_value >= CAST(:date_low AS date) AND field.date_value <= CAST(:date_high AS date)",
}


def fits(case: str) -> str:
    """SQL: whether the case of this expression fits; a scalar query, because PostgreSQL would turn EXISTS into reading every field of every
    case.
    """
    return f"""
        (CAST(:field_name AS text) IS NULL OR coalesce((
            SELECT {" OR ".join(f"({each})" for each in _IS.values())}
            FROM engine.case_field AS field WHERE field.instance_id = {case} AND field.name = :field_name), false))
    """  # noqa: S608 - composed of constants


_CASES: Final = {
    kind: text(f"SELECT instance_id FROM engine.case_field AS field WHERE name = :field_name AND {each} LIMIT :few")  # noqa: S608 - as above
    for kind, each in _IS.items()
}


def given(criterion: FieldCriterion | None) -> dict[str, Any]:
    """What ``fits`` and ``cases`` take; None narrows nothing."""
    found: dict[str, Any] = dict.fromkeys(
        ("field_name", "field_begins", "number_low", "number_high", "date_low", "date_high")
    )
    found["field_last"] = _LAST
    match criterion:
        case TextField(name=name, begins=begins):
            return found | {"field_name": name, "field_begins": begins}
        case NumberField(name=name, low=least, high=most):
            least, most = (
                Decimal("-Infinity") if least is None else least,
                Decimal("Infinity") if most is None else most,
            )
            return found | {"field_name": name, "number_low": least, "number_high": most}
        case DateField(name=name, low=first, high=last):
            return found | {"field_name": name, "date_low": first or date.min, "date_high": last or date.max}
        case None:
            return found


def cases(session: Session, criterion: FieldCriterion, most: int) -> list[int]:
    """At most so many cases that fit, ended ones too, in no order."""
    return list(session.scalars(_CASES[type(criterion)], given(criterion) | {"few": most}))
