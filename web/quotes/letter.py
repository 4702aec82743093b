"""The letter that sends a quote while it can still be taken back: until when, by whom, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import flash, request

from engine import clock
from engine.errors import InvalidInput, WrongState
from engine.instances import operators
from engine.instances import queries as cases
from handlers.sales.queries import QuoteView
from web import auth, errors, ui
from web.acting import Outcome
from web.sales.dossier import Leading
from web.ui import t

PROCESS: Final = "quote_acceptance"

_SOON: Final = 3
"""Seconds in which the worker has taken up what is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter that waits until ``moment``, or (empty) is being written. ``again``: when the page looks what became of it, for htmx;
    empty: not by itself.
    """

    moment: str
    again: str
    may_act: bool


def letter_of(found: QuoteView, leading: Leading | None) -> Letter | None:
    """The letter of this version that has not gone yet; None when there is none."""
    if leading is None or found.status != "submitted" or found.version != found.latest or not leading.is_running:
        return None
    case = leading.case
    held = next(iter(case.held.values()), None)
    if held is not None:
        left = int((held.held_until - clock.now()).total_seconds())
        return Letter(
            moment=ui.moment(held.held_until),
            again=f"load delay:{left + _SOON}s" if left >= 0 else "",
            may_act=case.may_take_back and case.row.suspended is None,
        )
    is_stopped = case.row.suspended is not None or case.row.open_incidents or any(each.is_open for each in case.tasks)
    return None if is_stopped else Letter(moment="", again="every 2s", may_act=False)


def send_now(number: str) -> Outcome:
    """Let the letter of the quote go. Raises NotAllowed."""
    case, activity = _held(number)
    try:
        operators.send_now(auth.runtime(), auth.actor(), case, activity)
    except WrongState as refusal:
        return Outcome(message=errors.sentence(refusal))
    flash(t("web.quotes.letter.sent"), "success")
    return Outcome()


def take_back(number: str) -> Outcome:
    """Take the letter of the quote back, with the reason that was typed. Raises NotAllowed."""
    case, activity = _held(number)
    try:
        operators.take_back(auth.runtime(), auth.actor(), case, activity, request.form.get("letter_reason", ""))
    except InvalidInput as refusal:
        (wrong,) = refusal.fields
        return Outcome(problems={"letter_reason": errors.field_sentence(wrong)})
    except WrongState as refusal:
        return Outcome(message=errors.sentence(refusal))
    flash(t("web.quotes.letter.taken_back", number=number), "success")
    return Outcome()


def _held(number: str) -> tuple[int, str]:
    """The newest case of the quote, and its effect that waits. Where there is none: what the engine knows nothing of, and refuses."""
    with auth.runtime().database.reading() as session:
        rows = cases.cases(session, auth.actor(), process_key=PROCESS, search=number, limit=5).cases
        case = next((each.id for each in rows if each.business_key == number), 0)
        held = cases.case(session, auth.actor(), case).held if case else {}
    return case, next(iter(held), "")
