"""What was typed about a quote, and what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from handlers.sales.types import Line, QuoteData
from web import ui
from web.sales import forms
from web.sales.forms import DocumentForm, Meant

VALIDITY: Final = timedelta(days=30)
"""Of a new quote, until somebody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteForm(DocumentForm):
    """A quote as it stands in the form."""

    introduction: str = ""
    valid_until: str = ""


def of_quote(customer: str, quote: QuoteData, lines: Sequence[Line]) -> QuoteForm:
    """The form of a quote as it is."""
    return QuoteForm(
        **forms.of_document(customer, quote, lines),
        introduction=quote.introduction,
        valid_until=quote.valid_until.isoformat(),
    )


def of_other(customer: str, head: Any, lines: Sequence[Line], today: date) -> QuoteForm:
    """The form of a new quote that begins as another document, whose head is ``head``."""
    return QuoteForm(**forms.of_document(customer, head, lines), valid_until=begun(today).valid_until)


def quote_of(form: QuoteForm, meant: Meant) -> QuoteData:
    """What the head means; a validity that is no day has passed."""
    return QuoteData(**meant.head, introduction=form.introduction, valid_until=ui.day(form.valid_until) or date.min)


def begun(today: date) -> QuoteForm:
    """The form of a new quote."""
    return QuoteForm(valid_until=(today + VALIDITY).isoformat())
