"""Writing a quote: its head, its lines, its figures as they stand; nothing is kept before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.records import queries as recorded
from handlers.orders import queries as orders
from handlers.sales import offer, queries, rules
from handlers.sales.commands import EDITORS, KIND, AddQuote, ChangeQuote, add_quote, change_quote
from web import acting, auth, errors, ui
from web.acting import Outcome
from web.quotes import forms
from web.quotes.dossier import say_quote
from web.quotes.forms import QuoteForm, quote_of
from web.sales import editor
from web.sales.forms import Meant, typed
from web.sales.forms import meant as meaning
from web.ui import t

blueprint = Blueprint("quote_forms", __name__)

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@blueprint.get("/quotes/new")
@auth.requires(*EDITORS)
def new() -> Answer:
    """A new quote: for ``customer``, or as a copy of the quote ``copy`` or of the order ``order``; else whom it is for is asked."""
    copied, ordered, number = (request.args.get(name) for name in ("copy", "order", "customer"))
    with auth.runtime().database.reading() as session:
        if copied is not None:
            found = queries.find_quote(session, copied)
            if found is None:
                raise NotFound("quote_unknown", quote=copied)
            form = forms.of_quote(found.party.number, found.data, found.lines)
            return _page(session, None, replace(form, valid_until=forms.begun(ui.today()).valid_until))
        if ordered is not None:
            order = orders.find_order(session, ordered)
            if order is None:
                raise NotFound("order_unknown", order=ordered)
            sold = [each.line for each in order.lines]
            return _page(session, None, forms.of_other(order.party.number, order.data, sold, ui.today()))
        if number is None:
            return ui.page(
                "sales/for_whom.html",
                **editor.choosing(session),
                title=t("web.quotes.add"),
                crumbs=[_list()],
                begin="quote_forms.new",
                then="quote",
            )
        customer = editor.find_customer(session, number)
        return _page(session, None, editor.for_customer(customer, forms.begun(ui.today()), "quotes"))


@blueprint.post("/quotes/new")
@auth.requires(*EDITORS)
def add() -> Answer:
    """Keep a new quote, or change something of its form."""
    form = typed(QuoteForm, request.form)
    if request.form.get("act") != "save":
        return _changed(None, form)
    meant = meaning(form)
    given = AddQuote(customer=form.customer, quote=quote_of(form, meant), lines=meant.lines, today=ui.today())
    outcome = _unread(meant, given) if meant.problems else acting.act(add_quote, given)
    if not outcome.is_done:
        return _refused(None, form, outcome)
    flash(t("web.quotes.added", number=outcome.answer), "success")
    return redirect(url_for("dossiers.quote", number=outcome.answer), 303)


@blueprint.get("/quotes/<number>/edit")
@auth.requires(*EDITORS)
def edit(number: str) -> Answer:
    """A draft."""
    with auth.runtime().database.reading() as session:
        found = queries.find_quote(session, number)
        if found is None:
            raise NotFound("quote_unknown", quote=number)
        if found.status != "draft":
            return redirect(url_for("dossiers.quote", number=number), 303)
        form = forms.of_quote(found.party.number, found.data, found.lines)
        return _page(session, number, form, seen=recorded.revision(session, KIND, number))


@blueprint.post("/quotes/<number>/edit")
@auth.requires(*EDITORS)
def change(number: str) -> Answer:
    """Keep a draft as it is to be, or change something of its form. ``over``: the revision up to which the person was told what others
    wrote, which gives way to what stands in this form.
    """
    form = typed(QuoteForm, request.form)
    over = editor.typed_over()
    if request.form.get("act") != "save" and over is None:
        return _changed(number, form)
    meant = meaning(form)
    given = ChangeQuote(number=number, quote=quote_of(form, meant), lines=meant.lines, today=ui.today())
    seen = over or acting.seen_revision(request.form.get("seen"))
    outcome = _unread(meant, given) if meant.problems else acting.act(change_quote, given, seen=seen)
    if not outcome.is_done:
        return _refused(number, form, outcome)
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("dossiers.quote", number=number), 303)


def _unread(meant: Meant, given: AddQuote | ChangeQuote) -> Outcome:
    """What cannot be read, and what else is wrong: all at once."""
    found = offer.problems(offer.tidied(given.quote), ui.today())
    for place, line in enumerate(given.lines):
        found += rules.line_problems(rules.tidied(line), f"lines.{place}")
    return Outcome(problems={each.field: errors.field_sentence(each) for each in found} | dict(meant.problems))


def _changed(number: str | None, form: QuoteForm) -> Answer:
    """The form after a line came, went or moved, or a search; or with its figures worked out anew."""
    with auth.runtime().database.reading() as session:
        return _page(session, number, editor.changed(session, form))


def _refused(number: str | None, form: QuoteForm, outcome: Outcome) -> Answer:
    with auth.runtime().database.reading() as session:
        return make_response(_page(session, number, form, outcome, told=_meanwhile(session, number, outcome)), 422)


def _meanwhile(session: Session, number: str | None, outcome: Outcome) -> dict[str, Any]:
    """What others wrote into the draft; nothing of one that no one can write into any more."""
    found = queries.find_quote(session, number) if number and outcome.message else None
    if found is None or found.status != "draft":
        return {}
    return editor.meanwhile(session, KIND, found.number, outcome, labels="web.quotes.field.", say=say_quote)


def _page(
    session: Session,
    number: str | None,
    form: QuoteForm,
    outcome: Outcome | None = None,
    *,
    seen: int | None = None,
    told: Mapping[str, Any] = _NOTHING,
) -> str:
    shared = editor.context(session, form, meaning(form), outcome, None)
    here = url_for("dossiers.quote", number=number) if number else url_for("quotes.listing")
    return ui.page(
        "quotes/edit.html",
        **shared | ({} if seen is None else {"seen": seen}) | dict(told),
        action=url_for("quote_forms.change", number=number) if number else url_for("quote_forms.add"),
        crumbs=[_list(), (number, here)] if number else [_list()],
        heading=number or t("web.quotes.add"),
        here_title=t("web.quotes.edit" if number else "web.quotes.add"),
        save=t("web.quotes.save"),
        back=here,
        see_as_it_is=t("web.quotes.meanwhile.see"),
        email_help=t("web.quotes.email_help"),
    )


def _list() -> tuple[str, str]:
    return t("web.quotes.title"), url_for("quotes.listing")
