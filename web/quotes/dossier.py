"""The dossier of a quote: lines, money, versions, the customer's answer, its case, and what can be done now, or why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.identity import people
from engine.instances import queries as cases
from engine.instances.queries import Case
from handlers.documents import store as printed
from handlers.documents.model import DocumentKind
from handlers.sales import queries
from handlers.sales.commands import EDITORS, KIND, READERS, CancelQuote, cancel_quote
from handlers.sales.queries import QuoteView
from handlers.sales.types import STATUSES, TERMS
from web import acting, auth, present, ui
from web.acting import Outcome
from web.ui import in_language, t

blueprint = Blueprint("dossiers", __name__)

CUSTOMER: Final = "link:quote"
"""Who answered by the link, in the history; no person's login is written so."""

_PROCESS: Final = "quote_acceptance"
_MONEY: Final = frozenset({"net", "tax", "total", "shipping", "adjustment"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that can be done with the quote; ``url`` empty: not now, ``why`` says why."""

    title: str
    url: str = ""
    why: str = ""
    is_first: bool = False


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


def _page(number: str, outcome: Outcome | None = None) -> Answer:
    with auth.runtime().database.reading() as session:
        found = queries.find_quote(session, number, request.args.get("version", type=int))
        if found is None:
            raise NotFound("quote_unknown", quote=number)
        case = _case(session, number)
        names = people.names(session) | {CUSTOMER: t("web.portal.customer")}
        titles = people.role_titles(session)
        page = ui.page(
            "quotes/quote.html",
            quote=found,
            is_latest=found.version == found.latest,
            paper=printed.find(session, DocumentKind.QUOTE, number, found.version),
            case=None if case is None else case.row,
            stages=None if case is None else present.stage_bar(case.stages),
            diagram=None if case is None else _diagram(case, titles),
            waiting=[] if case is None else _waiting(case, titles, names),
            acts=list(_acts(found, case)),
            may_cancel=found.status == "draft" and auth.has_role(*EDITORS),
            outcome=outcome or Outcome(),
            typed=request.form,
            rates={each.vat: each.rate for each in found.totals.rates},
            names=names,
            person=ui.person,
            money=lambda value: ui.shown(value, "money"),
            price=price,
            shown_value=ui.shown,
            history=acting.history(session, KIND, number, names, labels="web.quotes.field.", say=_say),
        )
    return make_response(page, 200 if outcome is None else 422)


def _case(session: Session, number: str) -> Case | None:
    """The newest case of the quote that the person may see."""
    actor = auth.actor()
    page = cases.cases(session, actor, process_key=_PROCESS, search=number, limit=5)
    row = next((each for each in page.cases if each.business_key == number), None)
    return None if row is None else cases.case(session, actor, row.id)


def _diagram(case: Case, titles: people.RoleTitles) -> present.DiagramView:
    address = url_for("records.case", case_id=case.row.id)
    return present.diagram(
        case.definition.bundle,
        source=url_for("records.diagram", case_id=case.row.id),
        path=case.path,
        last_at={each.element_id: each.at for each in case.timeline if each.element_id},
        selected=None,
        titles=titles,
        address=lambda element: f"{address}?el={element}#el-{element}",
        process_id=case.process_id,
    )


def _waiting(case: Case, titles: people.RoleTitles, names: Mapping[str, str]) -> list[tuple[str, str, ui.Due | None]]:
    """What is to be done by whom."""
    return [
        (
            in_language(each.title),
            t("web.case.waiting.person", name=ui.person(names, each.assignee))
            if each.assignee
            else t("web.case.waiting.role", role=present.role_title(titles, each.role)),
            ui.due(each.due_at),
        )
        for each in case.tasks
        if each.is_open
    ]


def _acts(found: QuoteView, case: Case | None) -> Iterator[Act]:
    """What can be done now, first what leads on; and what cannot, with the reason."""
    if not auth.has_role(*EDITORS):
        return
    actor = auth.actor()
    is_running = case is not None and case.row.status == "active"
    tasks = [] if case is None else [each for each in case.tasks if each.is_open]
    for each in tasks:
        if each.role in actor.roles or each.assignee == actor.login:
            yield Act(title=in_language(each.title), url=url_for("inbox.task", task_id=each.id), is_first=True)
        else:
            yield Act(title=in_language(each.title), why=t("web.quotes.why.others"))
    if found.version != found.latest:
        yield Act(title=t("web.quotes.edit"), why=t("web.quotes.why.old"))
        return
    is_draft = found.status == "draft"
    if is_draft and not is_running:
        url = url_for("inbox.start_process", process_key=_PROCESS, quote=found.number)
        yield Act(title=t("web.quotes.send"), url=url, is_first=True)
    elif not is_draft:
        yield Act(title=t("web.quotes.send"), why=t(f"web.quotes.why.{found.status}"))
    if is_draft:
        yield Act(title=t("web.quotes.edit"), url=url_for("quote_forms.edit", number=found.number))
    else:
        yield Act(title=t("web.quotes.edit"), why=t("web.quotes.why.frozen"))
    yield Act(title=t("web.quotes.copy"), url=url_for("quote_forms.new", copy=found.number))


def price(value: Decimal) -> str:
    """A price of one unit: to the cent, with more decimals where it has them."""
    return ui.shown(value, "money") if value == round(value, 2) else f"{ui.shown(value)} €"


def _say(name: str, value: Any) -> str | None:
    """Values of a quote's history that need words of their own."""
    if name == "status" and value in STATUSES:
        return t(f"web.quotes.status.{value}")
    if name == "terms" and value in TERMS:
        return t(f"quote.terms.{value}")
    if name in _MONEY and isinstance(value, Decimal):
        return ui.shown(value, "money")
    if name == "content_hash":
        return f"{value[:16]}…"  # the whole one stands beside the answer
    if name == "party" and isinstance(value, Mapping):
        places = (value.get("billing"), value.get("shipping"))
        return ", ".join(dict.fromkeys(filter(None, (value.get("name"), *(each["city"] for each in places if each)))))
    if name.startswith("line ") and isinstance(value, Mapping):
        return _line(value)
    return None


def _line(value: Mapping[str, Any]) -> str:
    """A line in one line."""
    if value.get("kind") != "item":
        return str(value.get("text", ""))
    quantity, unit, price = (ui.shown(value.get(each)) for each in ("quantity", "unit", "unit_price"))
    discount = value.get("discount")
    less = f" (−{ui.shown(discount)} %)" if discount else ""
    return f"{value.get('text', '')}, {quantity} {unit} × {price} €{less}"
