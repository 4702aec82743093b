"""A form of operators that comes back: what was typed and ticked in it, and what is wrong, beside the field and above the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import request

from engine.errors import InvalidInput
from web import errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What a page shows of the form that came back; of a page that is merely opened, nothing.

    ``form``: which form of the page, by the id of its field for the reason. ``ticked``: cases or incidents, by number; ``which``: whether
    those are meant or all. ``problems``: sentences by field.
    """

    form: str = ""
    reason: str = ""
    ticked: frozenset[int] = frozenset()
    which: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)

    def typed(self, form: str) -> str:
        """The reason that was typed in this form."""
        return self.reason if form == self.form else ""

    def problem(self, form: str) -> str:
        """What is wrong with the reason of this form."""
        return self.problems.get("reason", "") if form == self.form else ""


def returned(refusal: InvalidInput, form: str = "reason", *, ticks: str = "target") -> Returned:
    """The form of this request. ``ticks``: what its boxes are called.

    Raises ``refusal`` again when a program asked: it reads no page.
    """
    if errors.wants_json():
        raise refusal
    given = request.form
    return Returned(
        form=form,
        reason=given.get("reason", ""),
        ticked=frozenset(given.getlist(ticks, type=int)),
        which=given.get("which", ""),
        problems={each.field: errors.field_sentence(each) for each in refusal.fields},
    )
