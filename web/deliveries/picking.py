"""Picking and shipping a delivery, made for a phone: a field for each article, a button; they answer the tasks of the case."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from flask import Blueprint, make_response, request
from flask.typing import ResponseReturnValue as Answer

from handlers.deliveries import rules
from handlers.deliveries.commands import WORKERS
from web import auth, ui
from web.acting import Outcome
from web.deliveries import answering
from web.deliveries.answering import Asked
from web.numbers import NumberUnreadable, number, plain

blueprint = Blueprint("delivery_picking", __name__)


@blueprint.get("/deliveries/<number>/pick")
@auth.requires(*WORKERS)
def pick(number: str) -> Answer:
    """What to take out, and how much of it."""
    asked = _asked(number, "pick")
    if asked is None:
        return answering.elsewhere(number)
    return _pick(asked, {place: plain(each) for place, each in _reserved(asked).items()})


@blueprint.post("/deliveries/<number>/pick")
@auth.requires(*WORKERS)
def note_picked(number: str) -> Answer:
    """Complete the task with what was typed, or cancel the preparation."""
    asked = _asked(number, "pick")
    if asked is None:
        return answering.elsewhere(number)
    typed = {place: request.form.get(f"picked_{place}", "")[:40] for place in _reserved(asked)}
    try:
        answers = _cancelled() or _picked(_reserved(asked), typed)
    except NumberUnreadable as unreadable:
        return _pick(asked, typed, Outcome(problems={unreadable.field: unreadable.said}))
    done = answering.complete(asked, answers)
    return _pick(asked, typed, done) if isinstance(done, Outcome) else done


@blueprint.get("/deliveries/<number>/ship")
@auth.requires(*WORKERS)
def ship(number: str) -> Answer:
    """What leaves, and by whom."""
    asked = _asked(number, "ship")
    return answering.elsewhere(number) if asked is None else _ship(asked)


@blueprint.post("/deliveries/<number>/ship")
@auth.requires(*WORKERS)
def note_shipped(number: str) -> Answer:
    """Complete the task with what was typed, or cancel the preparation."""
    asked = _asked(number, "ship")
    if asked is None:
        return answering.elsewhere(number)
    typed = {name: request.form.get(name, "")[:200] for name in ("carrier", "tracking")}
    done = answering.complete(asked, _cancelled() or {"outcome": "shipped", **typed})
    return _ship(asked, done) if isinstance(done, Outcome) else done


def _asked(number: str, step: str) -> Asked | None:
    with auth.runtime().database.reading() as session:
        return answering.find(session, number, step)


def _reserved(asked: Asked) -> dict[int, Decimal]:
    """What is reserved, by the places of the lines."""
    quantities = asked.variables.get("quantities")
    return (rules.read_quantities(quantities) if isinstance(quantities, str) else None) or {}


def _cancelled() -> dict[str, str]:
    """The answers that cancel; none where another button was pressed."""
    if request.form.get("act") != "cancel":
        return {}
    return {"outcome": "cancelled", "reason": request.form.get("reason", "")[:1_000]}


def _picked(reserved: Mapping[int, Decimal], typed: Mapping[int, str]) -> dict[str, str]:
    """The answers to the form ``picking``. Raises NumberUnreadable."""
    picked = {place: number(text, f"picked_{place}") or Decimal(0) for place, text in typed.items()}
    if picked == reserved:
        return {"outcome": "all"}
    return {"outcome": "some", "picked": "\n".join(f"{place} : {rules.plain(each)}" for place, each in picked.items())}


def _pick(asked: Asked, typed: Mapping[int, str], outcome: Outcome | None = None) -> Answer:
    reserved, lines = _reserved(asked), asked.delivery.lines
    page = ui.page(
        "deliveries/pick.html",
        delivery=asked.delivery,
        instructions=asked.instructions,
        lines=[each for each in lines if each.place in reserved],
        later=[each for each in lines if each.place not in reserved or reserved[each.place] < each.quantity],
        asked=reserved,
        quantities=typed,
        due=ui.due(asked.task.due_at),
        reason=request.form.get("reason", ""),
        outcome=outcome or Outcome(),
        shown_value=ui.shown,
    )
    return make_response(page, 200 if outcome is None else 422)


def _ship(asked: Asked, outcome: Outcome | None = None) -> Answer:
    page = ui.page(
        "deliveries/ship.html",
        delivery=asked.delivery,
        instructions=asked.instructions,
        due=ui.due(asked.task.due_at),
        typed=request.form,
        reason=request.form.get("reason", ""),
        outcome=outcome or Outcome(),
        shown_value=ui.shown,
    )
    return make_response(page, 200 if outcome is None else 422)
