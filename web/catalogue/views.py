"""Articles: the list with stock and what is short, one article with its stock, its form and its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.errors import FieldProblem, NotFound
from engine.identity import people
from engine.instances import overview
from engine.records import queries as recorded
from handlers.catalogue import rules, vat
from handlers.catalogue.commands import EDITORS, KIND, READERS, AddArticle, ChangeArticle, add_article, change_article
from handlers.catalogue.types import KINDS
from handlers.stock import commands as stock
from handlers.stock import queries
from handlers.stock.commands import CountStock, SetReorderLevel, count_stock, set_reorder_level
from handlers.stock.rules import available
from web import acting, auth, errors, goods, ui
from web.acting import Outcome
from web.catalogue import forms
from web.catalogue.forms import ArticleForm
from web.numbers import NumberUnreadable, number
from web.ui import t

blueprint = Blueprint("catalogue", __name__)

PAGE = 50
_SHOWN = ("short", "out", "below", "closed")
_REPLENISHMENT = "replenishment"


@blueprint.get("/articles")
@auth.requires(*READERS)
def listing() -> Answer:
    """Articles by name with their stock; what is typed begins their words."""
    q, shown = request.args.get("q", "").strip()[:100], request.args.get("shown", "")
    name, reference = request.args.get("name"), request.args.get("reference")
    after = (name, reference) if name is not None and reference else None
    with auth.runtime().database.reading() as session:
        page = queries.articles_page(
            session, search=q, stock=shown, is_active=shown != "closed", after=after, limit=PAGE
        )
        may_ask = _may_ask(session)
    kept: dict[str, Any] = {key: value for key, value in (("q", q), ("shown", shown)) if value}
    following = page.next and url_for("catalogue.listing", name=page.next[0], reference=page.next[1], **kept)
    return ui.page(
        "catalogue/articles.html",
        q=q,
        shown=shown,
        filters=[("", t("web.catalogue.sold")), *((each, t(f"web.catalogue.{each}")) for each in _SHOWN)],
        articles=page.articles,
        available=available,
        shown_value=ui.shown,
        shown_price=_price,
        may_edit=auth.has_role(*EDITORS),
        may_ask=may_ask,
        pager=ui.Pager(previous=url_for("catalogue.listing", **kept) if after else None, next=following),
    )


@blueprint.get("/articles/new")
@auth.requires(*EDITORS)
def new() -> Answer:
    """The form of a new article."""
    return _new_page(ArticleForm())


@blueprint.post("/articles/new")
@auth.requires(*EDITORS)
def add() -> Answer:
    """Add an article."""
    form = forms.typed(request.form)
    try:
        outcome = acting.act(add_article, AddArticle(reference=form.reference, article=form.data()))
    except NumberUnreadable as unreadable:
        outcome = _unread(form, unreadable, rules.reference_problems(form.reference))
    if not outcome.is_done:
        return _new_page(form, outcome)
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("catalogue.article", reference=form.reference), 303)


@blueprint.get("/articles/<path:reference>")
@auth.requires(*READERS)
def article(reference: str) -> Answer:
    """One article."""
    return _page(reference)


@blueprint.post("/articles/<path:reference>/change")
@auth.requires(*EDITORS)
def change(reference: str) -> Answer:
    """Change an article. What was typed stays when it is refused."""
    form = forms.typed(request.form)
    seen = acting.seen_revision(request.form.get("seen"))
    try:
        outcome = acting.act(change_article, ChangeArticle(reference=reference, article=form.data()), seen=seen)
    except NumberUnreadable as unreadable:
        outcome = _unread(form, unreadable)
    return _done(reference) if outcome.is_done else _page(reference, outcome, form=form)


@blueprint.post("/articles/<path:reference>/count")
@auth.requires(*stock.EDITORS)
def count(reference: str) -> Answer:
    """Note what was counted. Whoever lacked what is there now is told."""
    try:
        counted = number(request.form.get("counted", ""), "counted")
        given = CountStock(
            reference=reference,
            counted=_or_nothing(counted),
            reason=request.form.get("reason", ""),
            warehouse=request.form.get("warehouse", ""),
        )
        outcome = acting.act(count_stock, given, news=goods.lacked)
    except NumberUnreadable as unreadable:
        outcome = Outcome(problems={unreadable.field: unreadable.said})
    return _done(reference) if outcome.is_done else _page(reference, outcome)


@blueprint.post("/articles/<path:reference>/level")
@auth.requires(*stock.EDITORS)
def level(reference: str) -> Answer:
    """Set the level below which the article is short."""
    try:
        wanted = number(request.form.get("reorder_level", ""), "reorder_level")
        given = SetReorderLevel(
            reference=reference, reorder_level=_or_nothing(wanted), warehouse=request.form.get("warehouse", "")
        )
        outcome = acting.act(set_reorder_level, given)
    except NumberUnreadable as unreadable:
        outcome = Outcome(problems={unreadable.field: unreadable.said})
    return _done(reference) if outcome.is_done else _page(reference, outcome)


def _unread(form: ArticleForm, unreadable: NumberUnreadable, more: Sequence[FieldProblem] = ()) -> Outcome:
    """What cannot be read, and what else is wrong with the article: all at once."""
    found = [*more, *rules.problems(rules.tidied(replace(form, sale_price="").data()))]
    said = {each.field: errors.field_sentence(each) for each in found}
    return Outcome(problems=said | {unreadable.field: unreadable.said})


def _or_nothing(typed: Decimal | None) -> Decimal:
    """An empty field is no quantity, and the command says so."""
    return Decimal("NaN") if typed is None else typed


def _done(reference: str) -> Answer:
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("catalogue.article", reference=reference), 303)


def _may_ask(session: Session) -> bool:
    """Whether this person may begin a replenishment request."""
    return any(each.version.process_key == _REPLENISHMENT for each in overview.startable(session, auth.actor()))


def _new_page(form: ArticleForm, outcome: Outcome | None = None) -> Answer:
    with auth.runtime().database.reading() as session:
        page = ui.page("catalogue/article_new.html", form=form, outcome=outcome or Outcome(), **_choices(session))
    return make_response(page, 200 if outcome is None else 422)


def _page(reference: str, outcome: Outcome | None = None, *, form: ArticleForm | None = None) -> Answer:
    with auth.runtime().database.reading() as session:
        found = queries.find_article(session, reference)
        if found is None:
            raise NotFound("article_unknown", article=reference)
        names = people.names(session)
        shown = outcome or Outcome()
        page = ui.page(
            "catalogue/article.html",
            article=found,
            form=form or forms.of_article(reference, found.data),
            outcome=shown,
            available=available,
            shown_value=ui.shown,
            shown_price=_price,
            typed=request.form,
            may_edit=auth.has_role(*EDITORS),
            may_count=auth.has_role(*stock.EDITORS),
            may_ask=found.is_short and _may_ask(session),
            warehouses=[(each.value, each.label) for each in queries.read_warehouses(session)],
            seen=recorded.revision(session, KIND, reference),
            histories=[
                (title, acting.history(session, kind, reference, names, labels="web.catalogue.field.", say=_say))
                for title, kind in (
                    (t("web.catalogue.history"), KIND),
                    (t("web.catalogue.stock_history"), stock.KIND),
                )
            ],
            **_choices(session),
        )
    return make_response(page, 200 if outcome is None else 422)


def _choices(session: Session) -> dict[str, Any]:
    today = ui.today()
    return {
        "kinds": [(each, t(f"web.catalogue.kind.{each}")) for each in KINDS],
        "rates": [(each, _rate(each, vat.rate(each, today))) for each in vat.NAMES],
        "categories": queries.categories(session),
    }


def _price(price: Decimal | None) -> str:
    """A price of one unit: to the cent, with more decimals where it has them."""
    if price is None or price == round(price, 2):
        return ui.shown(price, "money")
    return f"{ui.shown(price)} €"


def _rate(name: str, rate: Decimal) -> str:
    return t("web.catalogue.vat.rate", name=t(f"web.catalogue.vat.{name}"), percent=ui.shown(rate * 100))


def _say(name: str, value: Any) -> str | None:
    """Values of an article's history that need words of their own."""
    if name == "kind" and value in KINDS:
        return t(f"web.catalogue.kind.{value}")
    if name == "vat" and value in vat.NAMES:
        return t(f"web.catalogue.vat.{value}")
    if name == "sale_price":
        return _price(None if value is None else Decimal(value))
    return None
