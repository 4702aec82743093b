"""What a customer sees behind the link that they got: the quote, and what can be answered. Nobody signs in; the link is the key.

Looking changes nothing, so that a mail scanner that follows links accepts nothing. Addresses that try links which are none have to wait, as
those have that guess passwords.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, flash, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine import clock
from engine.errors import CommandRejected, InvalidInput, NotFound
from engine.handler import Actor
from engine.identity import throttle
from engine.instances import telling
from engine.instances.telling import News
from handlers.company.queries import find_identity
from handlers.documents import store as printed
from handlers.documents.model import DocumentKind
from handlers.sales import links, queries
from handlers.sales.commands import BY_LINK, LONGEST_COMMENT, AnswerQuote, answer_quote
from handlers.sales.queries import QuoteView
from handlers.sales.types import ANSWERS
from web import auth, downloads, errors, ui
from web.acting import Outcome
from web.quotes.dossier import CUSTOMER
from web.sales.dossier import price
from web.ui import t

blueprint = Blueprint("portal", __name__)

_GONE: Final = 410


@blueprint.get("/quote/<token>")
def quote(token: str) -> Answer:
    """The quote of the link."""
    return _page(token, _found(token))


@blueprint.get("/quote/<token>/pdf")
def pdf(token: str) -> Answer:
    """The PDF that was sent, as long as the quote can be read."""
    found = _found(token)
    with auth.runtime().database.reading() as session:
        kept = printed.find(session, DocumentKind.QUOTE, found.number, found.version)
        if kept is None or not _is_readable(found):
            raise NotFound("quote_link_unknown")
        return downloads.pdf(printed.read(session, kept), printed.file_name(kept))


@blueprint.post("/quote/<token>")
def answer(token: str) -> Answer:
    """The customer's answer to the version of the link: written down, and told to the case that waits for it, or neither."""
    found = _found(token)
    consents = request.form.get("consent") == "1"
    given = AnswerQuote(
        number=found.number,
        version=found.version,
        content_hash=request.form.get("content_hash", "")[:64],
        answer=request.form.get("answer", "")[:20],
        name=request.form.get("name", "")[:200],
        function=request.form.get("function", "")[:200],
        comment=request.form.get("comment", "")[: LONGEST_COMMENT + 1],
        consent=_consent(found) if consents else "",
        address=auth.address(),
        today=ui.today(),
    )
    customer = Actor(login=CUSTOMER, name=found.party.name, roles=frozenset({BY_LINK}), locale=found.data.locale)
    news = News(name="quote_answered", key=f"{found.number}/{found.version}")
    try:
        telling.execute(auth.runtime().database, answer_quote, given, customer, news)
    except InvalidInput as refusal:
        _count()
        problems = {each.field: errors.field_sentence(each) for each in refusal.fields}
        return _page(token, found, Outcome(problems=problems))
    except CommandRejected as refusal:
        _count()
        return _page(token, _found(token), Outcome(message=errors.sentence(refusal)))
    flash(t(f"web.portal.thanks.{given.answer}"), "success")
    return redirect(url_for("portal.quote", token=token), 303)


def _found(token: str) -> QuoteView:
    """The version of a genuine link. Raises NotFound (``quote_link_unknown``), NotAllowed after too many of those."""
    named = links.named(token)
    with auth.runtime().database.reading() as session:
        throttle.require_patience(session, _asking(), clock.now())
        found = None if named is None else queries.find_quote(session, *named)
    if found is None or found.link_key is None or not links.is_genuine(token, found.link_key):
        _count()
        raise NotFound("quote_link_unknown")
    g.locale = found.data.locale  # the language of the quote, not that of whoever shares the machine
    return found


def _count() -> None:
    """One more that came to nothing, from this address."""
    if _asking():
        with auth.runtime().database.transaction() as session:
            throttle.count_failure(session, _asking(), clock.now())


def _asking() -> str:
    """Whose tries are counted: those of links apart from those of passwords, so that neither keeps the other waiting."""
    return f"link {auth.address()}" if auth.address() else ""


def _is_open(found: QuoteView) -> bool:
    """Whether it can be answered."""
    return found.status == "sent" and found.data.valid_until >= ui.today()


def _is_readable(found: QuoteView) -> bool:
    """Whether its content is shown: what is over or replaced is not."""
    return _is_open(found) or found.status in ("accepted", "refused")


def _consent(found: QuoteView) -> str:
    """What the customer agrees to."""
    total = ui.shown(found.totals.total, "money")
    return t("web.portal.consent", number=found.number, version=found.version, total=total)


def _page(token: str, found: QuoteView, outcome: Outcome | None = None) -> Answer:
    is_open, is_readable = _is_open(found), _is_readable(found)
    is_over = not is_readable and found.status != "change_asked"
    with auth.runtime().database.reading() as session:
        has_paper = printed.find(session, DocumentKind.QUOTE, found.number, found.version) is not None
        seller = find_identity(session)
    page = ui.page(
        "quotes/portal.html",
        token=token,
        quote=found,
        has_paper=has_paper,
        seller=seller.data if seller else None,
        is_open=is_open,
        is_readable=is_readable,
        gone=""
        if is_readable
        else t(f"web.portal.gone.{'change_asked' if found.status == 'change_asked' else 'over'}"),
        consent=_consent(found),
        answers=ANSWERS,
        outcome=outcome or Outcome(),
        typed=request.form,
        money=lambda value: ui.shown(value, "money"),
        price=price,
        shown_value=ui.shown,
    )
    status = _GONE if is_over else 200 if outcome is None else 422 if outcome.problems else 409
    response = make_response(page, status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
