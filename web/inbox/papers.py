"""Comments and files of a case, on a page of their own and beside a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.database.session import Database
from engine.errors import InvalidInput
from engine.files.store import MOST_BYTES
from engine.handler import Actor
from engine.identity import people
from engine.instances import papers
from engine.instances.papers import Papers
from web import auth, downloads, errors, ui
from web.ui import t

blueprint = Blueprint("papers", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentView:
    """A comment in words. ``text`` empty: it was taken away, and ``gone`` says by whom."""

    id: int
    who: str
    when: str
    iso: str
    text: str
    gone: str
    may_remove: bool
    is_mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file in words."""

    id: int
    url: str
    name: str
    about: str
    may_remove: bool
    is_mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PapersView:
    """All of a case."""

    case_id: int
    comments: tuple[CommentView, ...]
    files: tuple[FileView, ...]
    may_write: bool
    most_megabytes: int = MOST_BYTES // 1024 // 1024


def view(session: Session, case_id: int) -> PapersView:
    """What the person sees of the case's comments and files. Raises NotFound."""
    found: Papers = papers.papers(session, auth.actor(), case_id)
    names = people.names(session) if found.comments or found.files else {}
    return PapersView(
        case_id=case_id,
        comments=tuple(
            CommentView(
                id=each.id,
                who=ui.person(names, each.author),
                when=ui.ago(each.at),
                iso=ui.local(each.at).isoformat(timespec="minutes"),
                text=each.text or "",
                gone=t("web.papers.gone", name=ui.person(names, each.removed_by)) if each.removed_by else "",
                may_remove=each.may_remove,
                is_mine=each.is_mine,
            )
            for each in found.comments
        ),
        files=tuple(
            FileView(
                id=each.id,
                url=url_for("papers.file", attachment_id=each.id),
                name=each.name,
                about=t(
                    "web.papers.file_about",
                    size=_size(each.size),
                    name=ui.person(names, each.added_by),
                    when=ui.ago(each.added_at),
                ),
                may_remove=each.may_remove,
                is_mine=each.is_mine,
            )
            for each in found.files
        ),
        may_write=found.may_write,
    )


def _size(size: int) -> str:
    if size < 1024 * 1024:
        return t("web.papers.kilobytes", size=max(1, size // 1024))
    return t("web.papers.megabytes", size=ui.shown(round(size / 1024 / 1024)))


@blueprint.get("/cases/<int:case_id>/papers")
@auth.signed_in
def listing(case_id: int) -> Answer:
    """Comments and files of a case, for whoever may see it."""
    return _page(case_id)


def _page(case_id: int, *, typed: str = "", problem: str = "", status: int = 200) -> Response:
    with auth.runtime().database.reading() as session:
        shown = view(session, case_id)
    page = ui.page("inbox/papers.html", papers=shown, typed=typed, problem=problem, back=_back(case_id))
    return make_response(page, status)


def _back(case_id: int) -> str:
    return auth.safe_next(request.values.get("next")) or url_for("papers.listing", case_id=case_id)


@blueprint.post("/cases/<int:case_id>/comments")
@auth.signed_in
def comment(case_id: int) -> Answer:
    """Write a comment. What cannot be kept comes back as it was typed (422)."""
    typed = request.form.get("text", "")
    try:
        papers.comment(auth.runtime().database, auth.actor(), case_id, typed)
    except InvalidInput as error:
        return _page(case_id, typed=typed, problem=_problem(error), status=422)
    flash(t("web.papers.commented"), "success")
    return redirect(_back(case_id), 303)


@blueprint.post("/cases/<int:case_id>/files")
@auth.signed_in
def attach(case_id: int) -> Answer:
    """Attach a file; one that is not taken is refused with the reason (422)."""
    sent = request.files.get("file")
    try:
        name = (sent.filename or "") if sent else ""
        papers.attach(auth.runtime().database, auth.actor(), case_id, name, sent.read() if sent else b"")
    except InvalidInput as error:
        return _page(case_id, problem=_problem(error), status=422)
    flash(t("web.papers.attached"), "success")
    return redirect(_back(case_id), 303)


@blueprint.get("/files/<int:attachment_id>")
@auth.signed_in
def file(attachment_id: int) -> Answer:
    """The file, to be kept: never shown within our pages, whatever it holds."""
    with auth.runtime().database.reading() as session:
        found = papers.content(session, auth.actor(), attachment_id)
    return downloads.attachment(found.content, found.media_type, found.name)


@blueprint.post("/comments/<int:comment_id>/remove")
@auth.signed_in
def remove_comment(comment_id: int) -> Answer:
    """Take a comment away for good; somebody else's with a reason."""
    return _removed(papers.remove_comment, comment_id)


@blueprint.post("/files/<int:attachment_id>/remove")
@auth.signed_in
def remove_file(attachment_id: int) -> Answer:
    """Take a file away for good; somebody else's with a reason."""
    return _removed(papers.remove_file, attachment_id)


def _removed(remove: Callable[[Database, Actor, int, str], int], number: int) -> Answer:
    try:
        case_id = remove(auth.runtime().database, auth.actor(), number, request.form.get("because", ""))
    except InvalidInput as error:
        flash(_problem(error), "warning")
        return redirect(auth.safe_next(request.form.get("next")) or "/", 303)
    flash(t("web.papers.removed"), "info")
    return redirect(_back(case_id), 303)


def _problem(error: InvalidInput) -> str:
    return " ".join(errors.field_sentence(each) for each in error.fields)
