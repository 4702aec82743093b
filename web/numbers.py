"""Numbers as people type them, in their language."""

from __future__ import annotations

from decimal import Decimal

from engine.errors import FieldProblem
from engine.model.form_input import NotReadable, parse
from web import errors, ui


class NumberUnreadable(ValueError):
    """A number of the form cannot be read; ``field`` and what to say there."""

    def __init__(self, field: str, said: str) -> None:
        super().__init__(field)
        self.field = field
        self.said = said


def number(text: str, field: str) -> Decimal | None:
    """The number that somebody typed in their language; None for none. Raises NumberUnreadable."""
    try:
        found = parse("number", text, ui.locale())
    except NotReadable as unreadable:
        problem = FieldProblem(field=field, code=unreadable.code, facts=unreadable.facts)
        raise NumberUnreadable(field, errors.field_sentence(problem)) from unreadable
    assert found is None or isinstance(found, Decimal)
    return found


def plain(value: Decimal) -> str:
    """A number as it is typed: no groups, no idle zeros, the comma of French."""
    said = format(value.normalize(), "f")
    return said.replace(".", ",") if ui.locale() == "fr" else said
