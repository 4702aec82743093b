"""The dossier of a delivery: its lines with what is reserved, what came back, its case, and what can be done now, or why not."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.identity import people
from handlers.customers.queries import delivery_notes
from handlers.deliveries import queries, rules
from handlers.deliveries.commands import KIND, READERS, WORKERS, RecordReturn, Returned, record_return
from handlers.deliveries.queries import CarriedLine, DeliveryView
from handlers.documents import store as printed
from handlers.documents.model import DocumentKind
from handlers.orders.commands import READERS as ORDER_READERS
from handlers.stock.rules import is_short
from web import acting, auth, goods, ui
from web.acting import Outcome
from web.numbers import NumberUnreadable, number
from web.sales.dossier import Act, Leading, leading, tasks
from web.ui import t

blueprint = Blueprint("delivery_dossiers", __name__)

PROCESS: Final = "preparation"
_REPLENISHMENT: Final = "replenishment"
_MAY_ASK: Final = "sales_admin"
"""Who asks for what is short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """A line as the page has it. ``returnable``: what can still come back; ``ask_url``: where a replenishment request begins, filled."""

    line: CarriedLine
    returnable: Decimal
    ask_url: str


@blueprint.get("/deliveries/<number>")
@auth.requires(*READERS)
def delivery(number: str) -> Answer:
    """One delivery, or one return."""
    return _page(number)


@blueprint.post("/deliveries/<number>/return")
@auth.requires(*WORKERS)
def take_back(number: str) -> Answer:
    """Note what comes back. Whoever lacks such goods is told."""
    with auth.runtime().database.reading() as session:
        found = _find(session, number)
    try:
        given = _typed(found)
    except NumberUnreadable as unreadable:
        return _page(number, Outcome(problems={unreadable.field: unreadable.said}))
    back = {each.place for each in given.lines if each.quantity}
    news = goods.came(each.article for each in found.lines if each.article and each.place in back)
    outcome = acting.act(record_return, given, news=lambda _done: news)
    if not outcome.is_done:
        return _page(number, outcome)
    flash(t("web.deliveries.returned", number=outcome.answer), "success")
    return redirect(url_for("delivery_dossiers.delivery", number=number), 303)


def leads(case: Leading | None, found: DeliveryView) -> bool:
    """Whether the case of its order leads this delivery: it may have gone on to the next one."""
    return case is not None and case.case.variables.get("delivery_number") == found.number


def leading_case(session: Session, found: DeliveryView, names: Any) -> Leading | None:
    """The case that leads this delivery now."""
    case = leading(session, PROCESS, found.order_number, names)
    return case if leads(case, found) else None


def _find(session: Session, number: str) -> DeliveryView:
    found = queries.find_delivery(session, number)
    if found is None:
        raise NotFound("delivery_unknown", delivery=number)
    return found


def _typed(found: DeliveryView) -> RecordReturn:
    """What was typed about a return. Raises NumberUnreadable."""
    lines = []
    for each in found.lines:
        quantity = number(request.form.get(f"returned_{each.place}", ""), f"lines.{each.place}")
        if quantity:
            lines.append(Returned(place=each.place, quantity=quantity))
    return RecordReturn(
        number=found.number,
        lines=tuple(lines),
        reason=request.form.get("reason", "")[:1_000],
        is_redelivered=bool(request.form.get("is_redelivered")),
        key=request.form.get("key", "")[:64],
        today=ui.today(),
    )


def _page(number: str, outcome: Outcome | None = None) -> Answer:
    with auth.runtime().database.reading() as session:
        found = _find(session, number)
        names = people.names(session)
        path = leading(session, PROCESS, found.order_number, names)
        case = path if leads(path, found) else None
        lines = [_line(each) for each in found.lines]
        may_return = (
            found.kind == "delivery"
            and found.status == "shipped"
            and auth.has_role(*WORKERS)
            and any(each.returnable for each in lines)
        )
        page = ui.page(
            "deliveries/delivery.html",
            delivery=found,
            instructions=delivery_notes(session, found.party.number),
            lines=lines,
            leading=case,
            path=path,
            paper=printed.find(session, DocumentKind.DELIVERY_NOTE, number, 1),
            changed=_changed(case) if found.is_open else "",
            acts=list(_acts(found, case)),
            may_return=may_return,
            may_see_order=auth.has_role(*ORDER_READERS),
            key=request.form.get("key") or secrets.token_hex(16),
            outcome=outcome or Outcome(),
            typed=request.form,
            names=names,
            person=ui.person,
            shown_value=ui.shown,
            history=acting.history(session, KIND, number, names, labels="web.deliveries.field."),
        )
    return make_response(page, 200 if outcome is None else 422)


def _line(each: CarriedLine) -> LineView:
    url = ""
    if each.missing and each.level is not None and is_short(each.level) and auth.has_role(_MAY_ASK):
        url = url_for(
            "inbox.start_process", process_key=_REPLENISHMENT, article=each.article, quantity=math.ceil(each.missing)
        )
    return LineView(line=each, returnable=rules.returnable(each.quantity, each.returned), ask_url=url)


def _changed(case: Leading | None) -> str:
    """What the order changed of it since it was planned, a line each, as its picker reads it."""
    said = case.case.variables.get("changed") if case is not None else None
    return said if isinstance(said, str) else ""


def _acts(found: DeliveryView, case: Leading | None) -> Iterator[Act]:
    """The open tasks of its case; what the warehouse does has pages of its own, made for a phone."""
    own = {
        url_for("inbox.task", task_id=each.id): url_for(f"delivery_picking.{each.element_id}", number=found.number)
        for each in (case.case.tasks if case and auth.has_role(*WORKERS) else ())
        if each.is_open and each.element_id in {"pick", "ship"}
    }
    for each in tasks(case):
        yield replace(each, url=own.get(each.url, each.url))
