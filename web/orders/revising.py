"""Changing an order after it was confirmed: the shared editor with what is still free; the rest stands there as it is, and says why."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.instances.telling import News, Told
from engine.records import Recorded
from engine.texts import say
from handlers.changes import queries
from handlers.changes.commands import Revised, ReviseOrder, revise_order
from handlers.changes.queries import Freedom
from handlers.orders.commands import EDITORS
from handlers.orders.queries import OrderView, find_order
from handlers.orders.types import CHANGED, RevisedLine
from handlers.sales.types import Line
from web import acting, auth, ui
from web.acting import Outcome
from web.orders import forms
from web.orders.forms import OrderForm
from web.sales import editor
from web.sales.forms import LineForm, Meant, typed
from web.sales.forms import meant as meaning
from web.ui import t

blueprint = Blueprint("order_revisions", __name__)

_FIXED = ("text", "unit", "vat", "product_type")
DELIVERY_CHANGED = "delivery_changed"
"""The message that tells the case of a delivery to plan it anew."""


@blueprint.get("/orders/<number>/revise")
@auth.requires(*EDITORS)
def edit(number: str) -> Answer:
    """A confirmed order, to be changed."""
    with auth.runtime().database.reading() as session:
        found = _find(session, number)
        if found.status != "confirmed":
            return redirect(url_for("order_dossiers.order", number=number), 303)
        form = forms.of_order(found.party.number, found.data, [each.line for each in found.lines])
        return _page(session, found, form, None, version=found.version, is_acknowledged=True)


@blueprint.post("/orders/<number>/revise")
@auth.requires(*EDITORS)
def change(number: str) -> Answer:
    """Keep the order as it is to be, and tell the cases; or change something of its form."""
    version = acting.seen_revision(request.form.get("version")) or 0
    is_acknowledged = bool(request.form.get("is_acknowledged"))
    with auth.runtime().database.reading() as session:
        found = _find(session, number)
        form = _typed(found)
        if request.form.get("act") != "save":
            form = editor.changed(session, form)
            return _page(session, found, form, None, version=version, is_acknowledged=is_acknowledged)
    meant = meaning(form)
    given = ReviseOrder(
        number=number,
        version=version,
        lines=_lines(found, meant),
        extras=meant.extras,
        is_acknowledged=is_acknowledged,
        key=acting.key_of(request.form),
    )
    outcome = Outcome(problems=meant.problems) if meant.problems else acting.act(revise_order, given, news=_news(given))
    if not outcome.is_done:
        with auth.runtime().database.reading() as session:
            page = _page(session, found, form, outcome, version=version, is_acknowledged=is_acknowledged)
        return make_response(page, 422)
    flash(t("web.orders.revised", number=number, version=outcome.answer.version), "success")
    return redirect(url_for("order_dossiers.order", number=number), 303)


def _news(given: ReviseOrder) -> Told:
    """What cases are told: nothing where the same form was sent before."""
    changed_by = auth.actor().login

    def news(done: Recorded) -> list[News]:
        answer: Revised = done.answer
        if not answer.is_new:
            return []
        payload = {
            "order_number": given.number,
            "version": answer.version,
            "is_acknowledged": given.is_acknowledged,
            "changed_by": changed_by,
        }
        return [
            News(name=CHANGED, key=f"{given.number}/{answer.version}", payload=payload),
            *(News(name=DELIVERY_CHANGED, key=each) for each in answer.to_replan),
        ]

    return news


def _find(session: Session, number: str) -> OrderView:
    found = find_order(session, number)
    if found is None:
        raise NotFound("order_unknown", order=number)
    return found


def _typed(found: OrderView) -> OrderForm:
    """What was typed; what is fixed is what the order says, whatever came with the form."""
    form = typed(OrderForm, request.form)
    as_it_is = forms.of_order(found.party.number, found.data, [each.line for each in found.lines])
    kept = tuple(
        replace(line, quantity=now.quantity, unit_price=now.unit_price, discount=now.discount)
        if line.kind == "item"
        else line
        for line, now in zip(as_it_is.lines, form.lines, strict=False)
    )
    new: tuple[LineForm, ...] = form.lines[len(kept) :]
    return replace(
        as_it_is, lines=(*kept, *new), discount=form.discount, shipping=form.shipping, adjustment=form.adjustment
    )


def _lines(found: OrderView, meant: Meant) -> tuple[RevisedLine, ...]:
    def line(place: int, now: Line) -> RevisedLine:
        if place >= len(found.lines):
            return RevisedLine(line=now)
        was = found.lines[place]
        free = {name: getattr(now, name) for name in ("quantity", "unit_price", "discount")}
        return RevisedLine(id=was.id, line=replace(was.line, **free) if was.line.kind == "item" else was.line)

    return tuple(line(place, now) for place, now in enumerate(meant.lines))


def _page(
    session: Session, found: OrderView, form: OrderForm, outcome: Outcome | None, *, version: int, is_acknowledged: bool
) -> str:
    freedom = queries.freedom(session, found.number)
    here = url_for("order_dossiers.order", number=found.number)
    return ui.page(
        "orders/revise.html",
        **editor.context(
            session,
            form,
            meaning(form),
            outcome,
            form.warehouse,
            promised=[each.line.quantity for each in found.lines],
        ),
        order=found,
        version=version,
        key=acting.key_of(request.form),
        is_acknowledged=is_acknowledged,
        kept=len(found.lines),
        fixed=_fixed(found, freedom),
        reasons=_reasons(freedom),
        takes_lines=not freedom.is_started,
        is_position_free=False,
        action=url_for("order_revisions.change", number=found.number),
        crumbs=[(t("web.orders.title"), url_for("orders.listing")), (found.number, here)],
        heading=found.number,
        here_title=t("web.orders.revise"),
        save=t("web.orders.revise.save"),
        back=here,
    )


def _fixed(found: OrderView, freedom: Freedom) -> dict[str, str]:
    """Why a field cannot change, by its name in the form; the least that a quantity can be stands with those that are free."""
    fixed: dict[str, str] = {}
    for place, each in enumerate(found.lines):
        names = _FIXED if each.line.kind == "item" else ("text",)
        fixed |= {f"lines.{place}.{name}": _said("order_line_fixed") for name in names}
        if code := freedom.prices.get(each.id):
            fixed |= {f"lines.{place}.{name}": _said(code) for name in ("unit_price", "discount")}
    if freedom.extras is not None:
        fixed |= dict.fromkeys(("discount", "shipping", "adjustment"), _said(freedom.extras))
    return fixed


def _reasons(freedom: Freedom) -> list[str]:
    """What people read above the lines."""
    if freedom.is_started:
        return [t("web.orders.revise.started")]
    return [t("web.orders.revise.free"), *([t("web.orders.revise.invoiced")] if freedom.extras else [])]


def _said(code: str) -> str:
    return say(code, ui.locale())
