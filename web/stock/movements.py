"""The stock of an article: by warehouse, every movement with what, why, who and for which document, and what is promised and awaited."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine import clock
from engine.errors import NotFound
from engine.identity import people
from handlers.catalogue.commands import READERS
from handlers.purchasing.queries import awaited
from handlers.stock import commands as stock
from handlers.stock import ledger, movements, queries, warehouses
from handlers.stock.commands import ReleaseOpening, TransferStock, release_opening, transfer_stock
from handlers.stock.rules import available
from web import acting, auth, goods, ui
from web.acting import Outcome
from web.numbers import NumberUnreadable, number
from web.stock.drawing import HEIGHT, WIDTH, curve
from web.ui import t

blueprint = Blueprint("stock", __name__)

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A movement in words."""

    when: str
    iso: str
    kind: str
    warehouse: str
    quantity: str
    after: str
    document: str
    reason: str
    who: str


@blueprint.get("/articles/<path:reference>/movements")
@auth.requires(*READERS)
def ledger_page(reference: str) -> Answer:
    """What moved the stock of the article."""
    return _page(reference)


@blueprint.post("/articles/<path:reference>/transfer")
@auth.requires(*stock.EDITORS)
def transfer(reference: str) -> Answer:
    """Bring some of it to another warehouse. Whoever lacks it there is told."""
    form = request.form
    try:
        quantity = number(form.get("quantity", ""), "quantity")
        given = TransferStock(
            reference=reference,
            quantity=Decimal("NaN") if quantity is None else quantity,
            source=form.get("source", ""),
            target=form.get("target", ""),
            reason=form.get("reason", ""),
            today=ui.today(),
        )
        outcome = acting.act(transfer_stock, given, news=goods.lacked)
    except NumberUnreadable as unreadable:
        outcome = Outcome(problems={unreadable.field: unreadable.said})
    return _done(reference) if outcome.is_done else _page(reference, outcome, "transfer")


@blueprint.post("/articles/<path:reference>/release")
@auth.requires(*stock.EDITORS)
def release(reference: str) -> Answer:
    """Release what was promised before reservations were kept. Whoever lacks it is told."""
    given = ReleaseOpening(reference=reference, reason=request.form.get("reason", ""))
    outcome = acting.act(release_opening, given, news=goods.lacked)
    return _done(reference) if outcome.is_done else _page(reference, outcome, "release")


def _done(reference: str) -> Answer:
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("stock.ledger_page", reference=reference), 303)


def _page(reference: str, outcome: Outcome | None = None, asked: str = "") -> Answer:
    chosen = request.args.get("warehouse", "")
    before = request.args.get("before", type=int)
    with auth.runtime().database.reading() as session:
        article = queries.find_article(session, reference)
        if article is None or article.data.kind != "product":
            raise NotFound("article_unknown", article=reference)
        page = movements.movements_page(session, reference, warehouse=chosen, before=before, limit=PAGE)
        names = people.names(session)
        choices = [(each.value, each.label) for each in queries.read_warehouses(session)]
        promised = movements.promises(session, reference)
        answer = ui.page(
            "stock/movements.html",
            article=article,
            available=available,
            shown_value=ui.shown,
            lying=warehouses.lying(session, article.id),
            chosen=chosen,
            warehouses=choices,
            rows=[_row(each, names) for each in page.movements],
            curve=curve([(each.at, each.after) for each in reversed(page.movements)], clock.now())
            if before is None
            else None,
            box=(WIDTH, HEIGHT),
            promises=promised,
            opening=ledger.OPENING,
            has_opening=any(each.document == ledger.OPENING for each in promised),
            awaited=awaited(session, reference),
            shown_day=lambda day: "–" if day is None else ui.shown(day, "date"),
            moment=ui.moment,
            may_move=auth.has_role(*stock.EDITORS),
            outcome=outcome or Outcome(),
            no_outcome=Outcome(),
            asked=asked,
            typed=request.form,
            pager=ui.Pager(
                previous=url_for("stock.ledger_page", reference=reference, warehouse=chosen or None)
                if before is not None
                else None,
                next=None
                if page.next is None
                else url_for("stock.ledger_page", reference=reference, warehouse=chosen or None, before=page.next),
            ),
        )
    return make_response(answer, 200 if outcome is None else 422)


def _row(each: movements.Movement, names: dict[str, str]) -> Row:
    sign = "+" if each.quantity > 0 else "−"
    return Row(
        when=ui.moment(each.at),
        iso=ui.local(each.at).isoformat(timespec="minutes"),
        kind=t(f"web.stock.kind.{each.kind}"),
        warehouse=each.warehouse_name,
        quantity=f"{sign}{ui.shown(abs(each.quantity))}",
        after=ui.shown(each.after),
        document=each.document,
        reason=each.reason,
        who=ui.person(names, each.by),
    )
