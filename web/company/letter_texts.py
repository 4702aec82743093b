"""How the company words its letters to customers: all of them, and one in one language with what it can name and how it would read."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.errors import NotFound
from engine.identity import people
from engine.records import queries as recorded
from engine.texts import say
from handlers.base import letter_rules as rules
from handlers.company.letter_texts import (
    EDITORS,
    KIND,
    UnwordLetter,
    WordLetter,
    key_of,
    own_texts,
    unword_letter,
    word_letter,
)
from web import acting, auth, ui
from web.acting import Outcome
from web.ui import t

blueprint = Blueprint("letter_texts", __name__)

_MAIL = "mail."
"""What every code of a letter begins with; addresses of pages leave it out."""


@blueprint.get("/admin/company/letters")
@auth.requires(*EDITORS)
def listing() -> Answer:
    """All letters to customers, and which the company words itself."""
    with auth.runtime().database.reading() as session:
        own = own_texts(session)
    letters = [
        (each.removeprefix(_MAIL), t(f"web.letter_texts.{each}"), {locale for code, locale in own if code == each})
        for each in rules.LETTERS
    ]
    return ui.page("company/letter_texts.html", letters=letters, crumbs=_crumbs(), languages_=ui.LANGUAGES)


@blueprint.get("/admin/company/letters/<name>/<locale>")
@auth.requires(*EDITORS)
def letter(name: str, locale: str) -> Answer:
    """One letter in one language."""
    return _page(name, locale)


@blueprint.post("/admin/company/letters/<name>/<locale>")
@auth.requires(*EDITORS)
def change(name: str, locale: str) -> Answer:
    """Word it. What was typed stays when it is refused."""
    typed = (request.form.get("subject", ""), request.form.get("body", ""))
    seen = acting.seen_revision(request.form.get("seen"))
    given = WordLetter(key=key_of(_MAIL + name, locale), subject=typed[0], body=typed[1])
    outcome = acting.act(word_letter, given, seen=seen)
    return _done(name, locale) if outcome.is_done else _page(name, locale, outcome, typed)


@blueprint.post("/admin/company/letters/<name>/<locale>/restore")
@auth.requires(*EDITORS)
def restore(name: str, locale: str) -> Answer:
    """The product's own words again."""
    outcome = acting.act(unword_letter, UnwordLetter(key=key_of(_MAIL + name, locale)))
    return _done(name, locale) if outcome.is_done else _page(name, locale, outcome)


def _done(name: str, locale: str) -> Answer:
    flash(t("web.admin.saved"), "success")
    return redirect(url_for("letter_texts.letter", name=name, locale=locale), 303)


def _page(name: str, locale: str, outcome: Outcome | None = None, typed: tuple[str, str] | None = None) -> Answer:
    code = _MAIL + name
    if code not in rules.LETTERS or locale not in dict(ui.LANGUAGES):
        raise NotFound("letter_unknown", letter=name[:60])
    key = key_of(code, locale)
    with auth.runtime().database.reading() as session:
        own = own_texts(session).get((code, locale))
        shown = typed or own or rules.ordinary(code, locale)
        page = ui.page(
            "company/letter_text.html",
            name=name,
            locale_=locale,
            title=t(f"web.letter_texts.{code}"),
            language=dict(ui.LANGUAGES)[locale],
            is_own=own is not None,
            subject=shown[0],
            body=shown[1],
            facts=[(each, t(f"web.letter_texts.fact.{each}")) for each in rules.names(code)],
            example=_example(code, locale, own or rules.ordinary(code, locale)),
            crumbs=[*_crumbs(), (t("web.letter_texts.title"), url_for("letter_texts.listing"))],
            outcome=outcome or Outcome(),
            seen=recorded.revision(session, KIND, key),
            history=acting.history(session, KIND, key, people.names(session), labels="web.letter_texts.field."),
        )
    return make_response(page, 200 if outcome is None else 422)


def _example(code: str, locale: str, texts: tuple[str, str]) -> tuple[str, str]:
    """How the letter as it is kept would read, in its own language."""
    facts = {each: say(f"web.letter_texts.example.{each}", locale) for each in rules.names(code)}
    return rules.filled(texts[0], facts), rules.filled(texts[1], facts)


def _crumbs() -> list[tuple[str, Any]]:
    if auth.has_role("admin"):
        return [(t("web.company.title"), url_for("company.page"))]
    return [(t("web.customers.title"), url_for("customers.listing"))]
