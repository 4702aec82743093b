"""Our own company: who we are on documents, what they lack, the logo, and a specimen to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import Blueprint, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.errors import FieldProblem, InvariantBroken, NotFound
from engine.identity import people
from engine.records import queries as recorded
from handlers.company import logo as pictures
from handlers.company import queries, rules
from handlers.company.commands import (
    EDITORS,
    KEY,
    KIND,
    RemoveLogo,
    SetIdentity,
    SetLogo,
    remove_logo,
    set_identity,
    set_logo,
)
from handlers.company.types import FORMS, VAT_REGIMES, IdentityData, LogoType
from handlers.documents.model import DocumentKind, Language
from handlers.documents.ours import find_ours
from handlers.documents.press import pdf_of
from handlers.documents.specimen import KINDS, specimen, with_logo
from web import acting, auth, downloads, errors, ui
from web.acting import Outcome
from web.company import forms
from web.countries import countries
from web.numbers import NumberUnreadable
from web.ui import t

blueprint = Blueprint("company", __name__)

_TITLED = {"legal_form": "form", "vat_regime": "vat_regime"}


@blueprint.get("/admin/company")
@auth.requires(*EDITORS)
def page() -> Answer:
    """The identity, what is missing, its history."""
    return _page()


@blueprint.post("/admin/company")
@auth.requires(*EDITORS)
def change() -> Answer:
    """Save the identity. What was typed stays when it is refused."""
    typed = forms.typed(request.form)
    try:
        wanted = forms.identity(typed)
    except NumberUnreadable as unreadable:
        return _page(Outcome(problems={unreadable.field: unreadable.said}), typed)
    outcome = acting.act(
        set_identity, SetIdentity(identity=wanted), seen=acting.seen_revision(request.form.get("seen"))
    )
    return _saved() if outcome.is_done else _page(outcome, typed)


@blueprint.post("/admin/company/logo")
@auth.requires(*EDITORS)
def logo() -> Answer:
    """Take another logo. It is drawn once on a page that nobody sees: a picture that cannot be drawn would stop every document."""
    sent = request.files.get("logo")
    content = sent.read() if sent else b""
    if not pictures.problems(content) and not _can_be_drawn(content):
        said = errors.field_sentence(FieldProblem(field="logo", code="logo_unreadable"))
        return _page(Outcome(problems={"logo": said}))
    outcome = acting.act(set_logo, SetLogo(content=content))
    return _saved() if outcome.is_done else _page(outcome)


@blueprint.post("/admin/company/logo/remove")
@auth.requires(*EDITORS)
def drop_logo() -> Answer:
    """Let the name stand in its place."""
    outcome = acting.act(remove_logo, RemoveLogo())
    return _saved() if outcome.is_done else _page(outcome)


@blueprint.get("/admin/company/logo/<hashed>")
@auth.requires(*EDITORS)
def picture(hashed: str) -> Answer:
    """The logo in force, by its hash."""
    with auth.runtime().database.reading() as session:
        found = queries.find_identity(session)
        if found is None or not hashed or hashed != found.logo_hash:
            raise NotFound("not_found")
        shown = queries.read_logo(session, hashed)
    response = make_response(shown.content)
    response.headers["Content-Type"] = shown.media_type
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return response


@blueprint.get("/admin/company/specimen/<language>.pdf")
@auth.requires(*EDITORS)
def example(language: str) -> Answer:
    """A document that nobody asked for, in the house style with our identity; ``kind``: which, a quote where none is named."""
    kind = request.args.get("kind", DocumentKind.QUOTE.value)
    if language not in dict(ui.LANGUAGES) or kind not in KINDS:
        raise NotFound("not_found")
    with auth.runtime().database.reading() as session:
        ours = find_ours(session)
    if ours is None:
        raise NotFound("company_identity_missing")
    today = ui.today()
    content = pdf_of(specimen(ours, cast("Language", language), today, DocumentKind(kind)))
    return downloads.pdf(content, t("web.company.specimen.name", kind=t(f"document.kind.{kind}")))


def _can_be_drawn(content: bytes) -> bool:
    media_type = cast("LogoType", pictures.kind_of_logo(content).media_type)
    try:
        pdf_of(with_logo(content, media_type, ui.today()))
    except InvariantBroken:
        return False
    return True


def _saved() -> Answer:
    flash(t("web.company.saved"), "success")
    return redirect(url_for("company.page"), 303)


def _page(outcome: Outcome | None = None, typed: Mapping[str, str] | None = None) -> Answer:
    with auth.runtime().database.reading() as session:
        found = queries.find_identity(session)
        known = IdentityData(name="") if found is None else found.data
        rendered = ui.page(
            "company/company.html",
            form=typed or forms.of_identity(known),
            is_known=found is not None,
            logo=found.logo_hash if found else "",
            missing=rules.missing(known),
            outcome=outcome or Outcome(),
            seen=recorded.revision(session, KIND, KEY),
            history=acting.history(session, KIND, KEY, people.names(session), labels="web.company.field.", say=_say),
            legal_forms=[(each, t(f"company.form.{each}")) for each in FORMS],
            vat_regimes=[(each, t(f"company.vat_regime.{each}")) for each in VAT_REGIMES],
            countries=countries(),
            other_language="en" if ui.locale() == "fr" else "fr",
            specimens=[each.value for each in KINDS],
        )
    return make_response(rendered, 200 if outcome is None else 422)


def _say(name: str, value: Any) -> str | None:
    """Values of the history that need words of their own."""
    if name in _TITLED and value:
        return t(f"company.{_TITLED[name]}.{value}")
    if name == "logo" and value:
        return str(value)[:12]
    return None
