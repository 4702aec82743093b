"""Writing a quote: its head, its lines, its figures as they stand; nothing is kept before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import NotFound
from engine.records import queries as recorded
from handlers.company.queries import invoices_vat
from handlers.customers import queries as customers
from handlers.customers.queries import CustomerView
from handlers.customers.types import AddressData
from handlers.sales import queries, rules
from handlers.sales.commands import EDITORS, KIND, AddQuote, ChangeQuote, add_quote, change_quote
from handlers.sales.types import PRODUCT_TYPES, TERMS, Totals
from handlers.stock import queries as stock
from web import acting, auth, ui
from web.acting import Outcome
from web.quotes import forms
from web.quotes.forms import LineForm, QuoteForm
from web.ui import t

blueprint = Blueprint("quote_forms", __name__)

FOUND = 12
"""Customers, or articles, that a search offers."""


@blueprint.get("/quotes/new")
@auth.requires(*EDITORS)
def new() -> Answer:
    """A new quote: for ``customer``, or as a copy of the quote ``copy``; without either, whom it is for is asked."""
    copied, number = request.args.get("copy"), request.args.get("customer")
    today = _today()
    with auth.runtime().database.reading() as session:
        if copied is not None:
            found = queries.find_quote(session, copied)
            if found is None:
                raise NotFound("quote_unknown", quote=copied)
            form = forms.of_quote(found.party.number, found.data, found.lines)
            return _page(session, None, replace(form, valid_until=forms.begun(today).valid_until))
        if number is None:
            return _customers_page(session)
        customer = _customer(session, number)
        return _page(session, None, _for(customer, forms.begun(today)))


@blueprint.post("/quotes/new")
@auth.requires(*EDITORS)
def add() -> Answer:
    """Keep a new quote, or change something of its form."""
    form = forms.typed(request.form)
    if request.form.get("act") != "save":
        return _changed(None, form)
    meant = forms.meant(form)
    given = AddQuote(customer=form.customer, quote=meant.quote, lines=meant.lines, today=_today())
    outcome = Outcome(problems=meant.problems) if meant.problems else acting.act(add_quote, given)
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
    """Keep a draft as it is to be, or change something of its form."""
    form = forms.typed(request.form)
    if request.form.get("act") != "save":
        return _changed(number, form)
    meant = forms.meant(form)
    given = ChangeQuote(number=number, quote=meant.quote, lines=meant.lines, today=_today())
    seen = acting.seen_revision(request.form.get("seen"))
    outcome = Outcome(problems=meant.problems) if meant.problems else acting.act(change_quote, given, seen=seen)
    if not outcome.is_done:
        return _refused(number, form, outcome)
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("dossiers.quote", number=number), 303)


def _changed(number: str | None, form: QuoteForm) -> Answer:
    """The form after a line came, went or moved, or a search; or with its figures worked out anew."""
    act, _, rest = request.form.get("act", "").partition(":")
    place = int(rest) if rest.isdecimal() and len(rest) < 6 else -1
    with auth.runtime().database.reading() as session:
        match act:
            case "free":
                form = forms.with_lines(form, LineForm())
            case "heading" | "note":
                form = forms.with_lines(form, LineForm(kind=act))
            case "remove" if place >= 0:
                form = forms.without(form, place)
            case "up":
                form = forms.raised(form, place)
            case "article":
                form = forms.with_lines(form, *_articles(session, [rest]))
            case "chosen":
                form = forms.with_lines(form, *_articles(session, request.form.getlist("pick")[:FOUND]))
        seen = acting.seen_revision(request.form.get("seen"))
        return _page(session, number, form, seen=seen, search=request.form.get("search", "")[:100])


def _articles(session: Session, references: list[str]) -> list[LineForm]:
    found = (stock.find_article(session, each[:40]) for each in references if each.isprintable())
    return [forms.of_article(each.reference, each.data) for each in found if each is not None and each.data.is_active]


def _refused(number: str | None, form: QuoteForm, outcome: Outcome) -> Answer:
    with auth.runtime().database.reading() as session:
        seen = acting.seen_revision(request.form.get("seen"))
        return make_response(_page(session, number, form, outcome, seen=seen), 422)


def _page(
    session: Session,
    number: str | None,
    form: QuoteForm,
    outcome: Outcome | None = None,
    *,
    seen: int | None = None,
    search: str = "",
) -> str:
    customer = _customer(session, form.customer)
    meant = forms.meant(form)
    rates = rules.rates_on(_today(), is_untaxed=not invoices_vat(session))
    totals = _totals(meant, rates)
    articles = stock.articles_page(session, search=search, limit=FOUND).articles if search.strip() else ()
    return ui.page(
        "quotes/edit.html",
        number=number,
        action=url_for("quote_forms.change", number=number) if number else url_for("quote_forms.add"),
        form=form,
        customer=customer,
        addresses=[("", "–"), *((str(each.id), _place(each.data)) for each in customer.addresses)],
        contacts=[each.data for each in customer.contacts],
        terms=[(each, t(f"quote.terms.{each}")) for each in TERMS],
        rates=[(each, f"{ui.shown(rate * 100)} %") for each, rate in rates.items()],
        types=[(each, t(f"web.catalogue.kind.{each}")) for each in PRODUCT_TYPES],
        totals=totals,
        amount=_amount,
        outcome=outcome or Outcome(problems=meant.problems),
        seen=seen,
        search=search,
        articles=articles,
        shown_value=ui.shown,
    )


def _totals(meant: forms.Meant, rates: Mapping[str, Decimal]) -> Totals | None:
    """The figures as they stand; None while something is wrong with a line."""
    lines = tuple(rules.tidied(each) for each in meant.lines)
    wrong = [each for each in rules.problems(lines, meant.quote.extras, rates) if not each.field.endswith(".text")]
    return None if wrong or meant.problems else rules.totals(lines, meant.quote.extras, rates)


def _customers_page(session: Session) -> str:
    """Whom the quote is for: found by the first letters, or added."""
    q = request.args.get("q", "").strip()[:100]
    found = customers.customers_page(session, search=q, limit=FOUND).customers
    return ui.page("quotes/new.html", q=q, customers=found)


def _customer(session: Session, number: str) -> CustomerView:
    found = customers.find_customer(session, number[:40]) if number.isprintable() else None
    if found is None:
        raise NotFound("customer_unknown", number=number[:40])
    return found


def _for(customer: CustomerView, form: QuoteForm) -> QuoteForm:
    """The form filled from the customer: language, mail, where invoices and goods go."""
    billing = next((str(each.id) for each in customer.addresses if each.data.is_billing), "")
    shipping = next((str(each.id) for each in customer.addresses if each.data.is_shipping), "")
    first = next((each.data for each in customer.contacts), None)
    return replace(
        form,
        customer=customer.number,
        locale=customer.data.locale,
        email=(first.email if first else "") or customer.data.email,
        contact=first.name if first else "",
        billing_id=billing,
        shipping_id=shipping,
    )


def _place(data: AddressData) -> str:
    return ", ".join(
        filter(None, (data.label, data.street.replace("\n", ", "), f"{data.postal_code} {data.city}".strip()))
    )


def _amount(value: Decimal | None) -> str:
    return ui.shown(value, "money") if value is not None else ""


def _today() -> date:
    return ui.local(clock.now()).date()
