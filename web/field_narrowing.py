"""Narrowing a list by a business field, as an address says it: ``field=money:invoicing:total&from=100&to=250,50``.

The address carries how the field is compared, so that reading it needs no database; whatever the address says, only values are compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from engine.definitions import store as definitions
from engine.errors import FieldProblem
from engine.feel import Value
from engine.inbox.fields import KINDS, DateField, FieldCriterion, NumberField, TextField
from engine.inbox.projection import LONGEST_TEXT
from engine.instances.overview import ProcessRow
from engine.model.form_input import NotReadable, parse
from engine.texts import format as texts_format
from web import ui
from web.errors import field_sentence
from web.ui import in_language

LONGEST: Final = 200
_PARTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What was typed of a value: for the address, for its input, as it is meant, and what is wrong with it, in words."""

    text: str = ""
    shown: str = ""
    value: Value = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldNarrowing:
    """The field chosen (its ``type``, of which process, by which expression) and what it is to be; a text has only ``low``."""

    type: str
    process: str
    name: str
    low: Bound
    high: Bound

    @property
    def key(self) -> str:
        """The field, as the address names it."""
        return f"{self.type}:{self.process}:{self.name}"

    @property
    def kind(self) -> str:
        """How it is compared."""
        return KINDS[self.type]

    @property
    def problems(self) -> list[str]:
        """What cannot be read, in words."""
        return [each.problem for each in (self.low, self.high) if each.problem]

    @property
    def criterion(self) -> FieldCriterion | None:
        """What the engine is asked for; None while nothing readable narrows."""
        low, high = self.low.value, self.high.value
        if self.problems or (low is None and high is None):
            return None
        if isinstance(low, str):
            return TextField(name=self.name, begins=low)
        if self.kind == "number":
            return NumberField(
                name=self.name,
                low=low if isinstance(low, Decimal) else None,
                high=high if isinstance(high, Decimal) else None,
            )
        return DateField(
            name=self.name, low=low if isinstance(low, date) else None, high=high if isinstance(high, date) else None
        )

    def arguments(self) -> dict[str, str]:
        """Its part of the address."""
        return {"field": self.key, "from": self.low.text, "to": self.high.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldGroup:
    """The fields that cases of one process show: each as the address names it, with its label."""

    title: str
    fields: tuple[tuple[str, str], ...]


def read(asked: Mapping[str, str], process: str) -> FieldNarrowing | None:
    """The field that the arguments name; none that is of another process than the list."""
    parts = asked.get("field", "").split(":", _PARTS - 1)
    if len(parts) < _PARTS or parts[0] not in KINDS or not all(parts) or "\0" in parts[2] or len(parts[2]) > LONGEST:
        return None
    if process and parts[1] != process:
        return None
    found = FieldNarrowing(type=parts[0], process=parts[1][:100], name=parts[2], low=Bound(), high=Bound())
    low = _bound(found.kind, asked.get("from", ""))
    high = Bound() if found.kind == "text" else _bound(found.kind, asked.get("to", ""))
    return FieldNarrowing(type=found.type, process=found.process, name=found.name, low=low, high=high)


def groups(session: Session, processes: Sequence[ProcessRow], process: str) -> list[FieldGroup]:
    """What can be chosen: of the published version of each process, or of the one that the list is narrowed to."""
    found = []
    for each in processes:
        if process in ("", each.version.process_key):
            bundle = definitions.bundle_of(session, each.version.content_hash)
            fields = tuple(
                (f"{field.type}:{bundle.key}:{field.expression.source}", in_language(field.label))
                for field in bundle.summary
                if field.type in KINDS and len(field.expression.source) <= LONGEST
            )
            if fields:
                found.append(FieldGroup(title=in_language(bundle.title), fields=fields))
    return sorted(found, key=lambda each: each.title.casefold())


def _bound(kind: str, typed: str) -> Bound:
    """The address says numbers as both languages read them, so that a list that is kept means the same tomorrow."""
    text = typed.strip()[:LONGEST_TEXT]
    try:
        value = parse(kind, text, ui.locale())
    except NotReadable as error:
        return Bound(
            text=text,
            shown=text,
            problem=field_sentence(FieldProblem(field="field", code=error.code, facts=error.facts)),
        )
    if isinstance(value, Decimal):
        return Bound(text=f"{value:f}", shown=texts_format.number(value, ui.locale()), value=value)
    if isinstance(value, date):
        text = value.isoformat()
    return Bound(text=text, shown=text, value=value)
