"""Price lists: all of them, one with the prices of its articles, and by which a customer pays."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotFound
from engine.identity import people
from engine.records import queries as recorded
from handlers.catalogue.commands import READERS
from handlers.prices import queries
from handlers.prices.commands import (
    EDITORS,
    KIND,
    AddPriceList,
    ArticlePrice,
    AssignPriceList,
    ChangePriceList,
    PriceListData,
    SetPrices,
    add_list,
    assign_list,
    change_list,
    set_prices,
    tidied_code,
)
from handlers.stock import queries as articles
from web import acting, auth, ui
from web.acting import Outcome
from web.numbers import NumberUnreadable, number, plain
from web.ui import t

blueprint = Blueprint("prices", __name__)

PAGE = 50
_PRICE = "price "
"""What the name of a field begins with that holds the price of an article."""


@blueprint.get("/price-lists")
@auth.requires(*READERS)
def listing() -> Answer:
    """All lists."""
    with auth.runtime().database.reading() as session:
        found = queries.price_lists(session)
    return ui.page("prices/price_lists.html", price_lists=found, may_edit=auth.has_role(*EDITORS))


@blueprint.get("/price-lists/new")
@auth.requires(*EDITORS)
def new() -> Answer:
    """The form of a new list."""
    return _new_page("", PriceListData(name=""))


@blueprint.post("/price-lists/new")
@auth.requires(*EDITORS)
def add() -> Answer:
    """Add a list."""
    code, typed = tidied_code(request.form.get("code", "")), PriceListData(name=request.form.get("name", ""))
    outcome = acting.act(add_list, AddPriceList(code=code, price_list=typed))
    if not outcome.is_done:
        return _new_page(code, typed, outcome)
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("prices.price_list", code=code), 303)


@blueprint.get("/price-lists/<code>")
@auth.requires(*READERS)
def price_list(code: str) -> Answer:
    """One list with the articles, by name; what is typed begins their words."""
    return _page(code)


@blueprint.post("/price-lists/<code>")
@auth.requires(*EDITORS)
def change(code: str) -> Answer:
    """Change a list. What was typed stays when it is refused."""
    typed = PriceListData(name=request.form.get("name", ""), is_active="is_active" in request.form)
    seen = acting.seen_revision(request.form.get("seen"))
    outcome = acting.act(change_list, ChangePriceList(code=code, price_list=typed), seen=seen)
    return _done(code) if outcome.is_done else _page(code, outcome, typed=typed)


@blueprint.post("/price-lists/<code>/prices")
@auth.requires(*EDITORS)
def price(code: str) -> Answer:
    """Keep the prices of the articles shown that are not what they were; an empty one is the usual price again."""
    prices = {name.removeprefix(_PRICE): each for name, each in request.form.items() if name.startswith(_PRICE)}
    problems, told = {}, []
    for article, typed in prices.items():
        if typed == request.form.get(f"was {article}"):
            continue
        try:
            told.append(ArticlePrice(article=article[:40], price=number(typed, _PRICE + article)))
        except NumberUnreadable as unreadable:
            problems[unreadable.field] = unreadable.said
    outcome = Outcome(problems=problems)
    if not problems and told:
        outcome = acting.act(set_prices, SetPrices(code=code, prices=tuple(told)))
    return _done(code, _shown()) if outcome.is_done else _page(code, outcome, priced=prices)


@blueprint.post("/customers/<number>/price-list")
@auth.requires(*EDITORS)
def assign(number: str) -> Answer:
    """Choose by which list a customer pays."""
    outcome = acting.act(assign_list, AssignPriceList(number=number, code=request.form.get("price_list", "")[:40]))
    flash(t("web.admin.saved") if outcome.is_done else outcome.message, "success" if outcome.is_done else "error")
    return redirect(url_for("customers.customer", number=number, _anchor="prices"), 303)


def _shown() -> dict[str, str]:
    """Which part of the articles the page shows."""
    kept = {name: request.values.get(name, "")[:200] for name in ("q", "name", "reference")}
    return {name: value for name, value in kept.items() if value}


def _done(code: str, shown: Mapping[str, Any] | None = None) -> Answer:
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("prices.price_list", code=code, **(shown or {})), 303)


def _new_page(code: str, typed: PriceListData, outcome: Outcome | None = None) -> Answer:
    page = ui.page("prices/price_list_new.html", code=code, form=typed, outcome=outcome or Outcome())
    return make_response(page, 200 if outcome is None else 422)


def _page(
    code: str,
    outcome: Outcome | None = None,
    *,
    typed: PriceListData | None = None,
    priced: Mapping[str, str] | None = None,
) -> Answer:
    """The page of a list; what was refused stands where it was typed."""
    shown = _shown()
    search = shown.get("q", "").strip()
    after = (shown["name"], shown["reference"]) if {"name", "reference"} <= set(shown) else None
    with auth.runtime().database.reading() as session:
        found = queries.find_list(session, code)
        if found is None:
            raise NotFound("price_list_unknown", code=code)
        page = articles.articles_page(session, search=search, after=after, limit=PAGE)
        prices = queries.prices_in(session, code, [each.reference for each in page.articles])
        kept: dict[str, Any] = {"q": search} if search else {}
        following = page.next and url_for(
            "prices.price_list", code=code, name=page.next[0], reference=page.next[1], **kept
        )
        rendered = ui.page(
            "prices/price_list.html",
            price_list=found,
            form=typed or found.data,
            q=search,
            shown=shown,
            lines=[_line(each, prices.get(each.reference), priced) for each in page.articles],
            pager=ui.Pager(previous=url_for("prices.price_list", code=code, **kept) if after else None, next=following),
            outcome=outcome or Outcome(),
            may_edit=auth.has_role(*EDITORS),
            seen=recorded.revision(session, KIND, code),
            history=acting.history(session, KIND, code, people.names(session), labels="web.prices.field.", say=_say),
        )
    return make_response(rendered, 200 if outcome is None else 422)


def _line(article: articles.ArticleRow, price: Decimal | None, priced: Mapping[str, str] | None) -> dict[str, str]:
    """An article of the list: what it usually costs, what it costs here, as it was and as it was typed."""
    was = "" if price is None else plain(price)
    usual = article.data.sale_price
    return {
        "reference": article.reference,
        "name": article.data.name,
        "usual": _amount(usual),
        "price": _amount(price),
        "was": was,
        "typed": was if priced is None else priced.get(article.reference, was),
    }


def _amount(price: Decimal | None) -> str:
    """A price of one unit: to the cent, with more decimals where it has them."""
    is_cents = price is None or price == round(price, 2)
    return ui.shown(price, "money") if is_cents else f"{ui.shown(price)} €"


def _say(name: str, value: Any) -> str | None:
    """The history names the article before its price."""
    if not name.startswith(_PRICE):
        return None
    amount = t("web.prices.usual") if value is None else _amount(Decimal(value))
    return f"{name.removeprefix(_PRICE)} {amount}"
