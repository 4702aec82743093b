"""The dossier of a quote: lines, money, versions, the customer's answer, its case, and what can be done now, or why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotFound
from engine.identity import people
from handlers.documents import store as printed
from handlers.documents.model import DocumentKind
from handlers.orders import queries as orders
from handlers.sales import queries
from handlers.sales.commands import EDITORS, KIND, READERS, CancelQuote, cancel_quote
from handlers.sales.queries import QuoteView
from handlers.sales.types import STATUSES
from web import acting, auth, ui
from web.acting import Outcome
from web.quotes import letter
from web.quotes.letter import Letter, letter_of
from web.sales.dossier import Act, Leading, leading, price, say, stages, tasks
from web.ui import t

blueprint = Blueprint("dossiers", __name__)

_FROZEN: Final = {"submitted": "frozen", "sent": "frozen", "accepted": "agreed"}
"""Why a quote that is no draft is not changed; any other is over."""

CUSTOMER: Final = "link:quote"
"""Who answered by the link, in the history; no person's login is written so."""


@blueprint.get("/quotes/<number>")
@auth.requires(*READERS)
def quote(number: str) -> Answer:
    """The latest version, or ``version``."""
    return _page(number)


@blueprint.post("/quotes/<number>/cancel")
@auth.requires(*EDITORS)
def cancel(number: str) -> Answer:
    """Give a draft up."""
    outcome = acting.act(cancel_quote, CancelQuote(number=number, reason=request.form.get("reason", "")))
    if not outcome.is_done:
        return _page(number, outcome)
    flash(t("web.quotes.cancelled", number=number), "success")
    return redirect(url_for("dossiers.quote", number=number), 303)


@blueprint.post("/quotes/<number>/letter/send")
@auth.requires(*EDITORS)
def send_now(number: str) -> Answer:
    """Send the letter that waits. The engine says who may: who takes part in the process, or began this case."""
    return _after(number, letter.send_now(number))


@blueprint.post("/quotes/<number>/letter/take-back")
@auth.requires(*EDITORS)
def take_back(number: str) -> Answer:
    """Take the letter that waits back: the quote is a draft again."""
    return _after(number, letter.take_back(number))


def _after(number: str, outcome: Outcome) -> Answer:
    if not outcome.is_done:
        return _page(number, outcome)
    return redirect(url_for("dossiers.quote", number=number), 303)


def _page(number: str, outcome: Outcome | None = None) -> Answer:
    with auth.runtime().database.reading() as session:
        found = queries.find_quote(session, number, request.args.get("version", type=int))
        if found is None:
            raise NotFound("quote_unknown", quote=number)
        names = people.names(session) | {CUSTOMER: t("web.portal.customer")}
        case = leading(session, letter.PROCESS, number, names)
        waiting = letter_of(found, case)
        order = orders.order_of_quote(session, number)
        page = ui.page(
            "quotes/quote.html",
            quote=found,
            is_latest=found.version == found.latest,
            paper=printed.find(session, DocumentKind.QUOTE, number, found.version),
            leading=case,
            stages=stages(session, case, letter.PROCESS, is_begun=found.status != "draft"),
            letter=waiting,
            order=order,
            acts=list(_acts(found, case, order, waiting)),
            may_cancel=found.status == "draft" and auth.has_role(*EDITORS),
            outcome=outcome or Outcome(),
            typed=request.form,
            names=names,
            person=ui.person,
            money=lambda value: ui.shown(value, "money"),
            price=price,
            shown_value=ui.shown,
            history=acting.history(session, KIND, number, names, labels="web.quotes.field.", say=say_quote),
        )
    return make_response(page, 200 if outcome is None else 422)


def _acts(found: QuoteView, case: Leading | None, order: str | None, waiting: Letter | None) -> Iterator[Act]:
    """What can be done now, first what leads on; and what cannot, with the reason."""
    if not auth.has_role(*EDITORS):
        return
    yield from tasks(case)
    if found.version != found.latest:
        yield Act(title=t("web.quotes.edit"), why=t("web.quotes.why.old"))
        return
    if found.status == "accepted" and order is None and not (case and case.is_running):
        url = url_for("order_forms.of_quote", number=found.number)
        yield Act(title=t("web.quotes.make_order"), url=url, is_first=True, is_post=True)
    is_draft = found.status == "draft"
    if is_draft and not (case and case.is_running):
        url = url_for("inbox.start_process", process_key=letter.PROCESS, quote=found.number)
        yield Act(title=t("web.quotes.send"), url=url, is_first=True)
    elif not is_draft:
        yield Act(title=t("web.quotes.send"), why=t(f"web.quotes.why.{'held' if waiting else found.status}"))
    if is_draft:
        yield Act(title=t("web.quotes.edit"), url=url_for("quote_forms.edit", number=found.number))
    else:
        code = "take_back_first" if waiting and waiting.may_act else _FROZEN.get(found.status, "closed")
        yield Act(title=t("web.quotes.edit"), why=t(f"web.quotes.why.{code}"))
    yield Act(title=t("web.quotes.copy"), url=url_for("quote_forms.new", copy=found.number))


def say_quote(name: str, value: Any) -> str | None:
    """Values of a quote's history that need words of their own."""
    if name == "status" and value in STATUSES:
        return t(f"web.quotes.status.{value}")
    if name == "content_hash":
        return f"{value[:16]}…"  # the whole one stands beside the answer
    return say(name, value)
