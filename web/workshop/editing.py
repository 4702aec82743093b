"""The editors of a process: its diagram and its decision tables, one draft for both (process owners only; the commands check it again)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from engine.definitions import drafts
from engine.definitions import store as definitions
from engine.definitions.drafts import Draft
from engine.definitions.store import Definition
from engine.errors import CommandRejected, Conflict, DefinitionError, NotFound
from engine.identity import people
from engine.model.notation import Form, form_of
from engine.model.short_form.diagram import as_diagrams
from web import auth, errors, ui
from web.ui import in_language, t
from web.workshop import decisions, editor, examining, expression
from web.workshop.posting import files_with, posted, sent
from web.workshop.sent import is_count
from web.workshop.versions import OWNERS

blueprint = Blueprint("editors", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorView:
    """What an editor begins with. ``file``: the decision file that it is about; empty for the diagram."""

    base_version: int | str
    revision: int
    state_text: str
    data: Markup
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What the owners of a process are at: the latest version, and the draft if there is one. ``files`` are those to go on with, with a
    diagram of each process.
    """

    latest: Definition
    draft: Draft | None
    names: Mapping[str, str]

    @property
    def files(self) -> Mapping[str, bytes]:
        return as_diagrams(self.latest.bundle.files if self.draft is None else self.draft.files)

    @property
    def _is_text(self) -> bool:
        return form_of(self.latest.bundle.files) is not Form.DIAGRAM

    def view(self, data: Markup, file: str = "") -> EditorView:
        number = self.latest.version.number
        if self.draft is None:
            return EditorView(
                base_version=number,
                revision=0,
                state_text=t(
                    "web.editor.from_text" if self._is_text and not file else "web.editor.from_version", number=number
                ),
                data=data,
                file=file,
            )
        who, when = ui.person(self.names, self.draft.saved_by), ui.moment(self.draft.saved_at)
        return EditorView(
            base_version=self.draft.base_version or "",
            revision=self.draft.revision,
            state_text=t("web.editor.from_draft", name=who, moment=when, number=self.draft.base_version or "–"),
            data=data,
            file=file,
        )

    def listed(self) -> dict[str, str]:
        return {"key": self.latest.version.process_key, "title": in_language(self.latest.version.title)}


def _work(session: Session, process_key: str) -> _Work:
    """Raises NotFound."""
    return _Work(
        latest=definitions.load_latest(session, process_key),
        draft=drafts.find(session, process_key),
        names=people.names(session),
    )


@blueprint.get("/processes/<process_key>/edit")
@auth.requires(*OWNERS)
def edit(process_key: str) -> Answer:
    """The editor of the diagram: of the draft, or of the latest version when there is none."""
    with auth.runtime().database.reading() as session:
        work, roles = _work(session, process_key), people.role_titles(session)
    data = editor.data(work.files, work.latest.bundle, auth.runtime().handlers, roles)
    return ui.page(
        "workshop/edit.html",
        process=work.listed(),
        editor=work.view(data),
        decisions=decisions.listed(process_key, work.files, None, may_edit=True),
    )


@blueprint.get("/processes/<process_key>/decisions/<path>")
@auth.requires(*OWNERS)
def decision(process_key: str, path: str) -> Answer:
    """The editor of a decision file: of the draft, or of the latest version when there is none."""
    with auth.runtime().database.reading() as session:
        work = _work(session, process_key)
    if not decisions.is_decision(path) or path not in work.files:
        raise NotFound("web.decision.not_found", file=path[:100])
    data = editor.decision_data(work.files, path, work.latest.bundle)
    return ui.page(
        "workshop/decision.html",
        process=work.listed(),
        editor=work.view(data, path),
        title=decisions.title_of(work.files[path], path),
        sheets=_readable(work.files[path], path),
    )


def _readable(content: bytes, path: str) -> tuple[decisions.SheetView, ...]:
    """What phones show in place of the editor; nothing while the draft cannot be read."""
    try:
        return decisions.views(content, path)
    except DefinitionError:
        return ()


@blueprint.post("/processes/<process_key>/check")
@auth.requires(*OWNERS)
def check(process_key: str) -> Response:
    """Everything that publishing this would say."""
    runtime = auth.runtime()
    problems = definitions.problems_with_draft(runtime.database, files_with(process_key, sent()), runtime.handlers)
    return jsonify(problems=[errors.problem_record(each) for each in problems])


@blueprint.post("/processes/<process_key>/expression")
@auth.requires(*OWNERS)
def check_expression(process_key: str) -> Response:
    """What is wrong with one expression, while it is typed."""
    asked = expression.read_asked(posted())
    with auth.runtime().database.reading() as session:
        work = _work(session, process_key)
    return jsonify(expression.checked(asked, work.latest.bundle, work.files, auth.runtime().handlers))


@blueprint.post("/processes/<process_key>/draft")
@auth.requires(*OWNERS)
def save_draft(process_key: str) -> Response:
    """Keep what was drawn as the process's draft, broken or not."""
    drawn = sent()
    files = files_with(process_key, drawn)
    try:
        saved = drafts.save(
            auth.runtime().database, auth.actor(), process_key, files, drawn.base_version, drawn.revision
        )
    except Conflict as conflict:
        return _conflict(process_key, conflict)
    return jsonify(revision=saved.revision)


@blueprint.post("/processes/<process_key>/publish")
@auth.requires(*OWNERS)
def publish(process_key: str) -> Response:
    """Publish what was drawn as the next version.

    422 with the problems when it cannot be; 409 ``examination_running`` with the report while it is still examined (this asks for it).
    """
    drawn, runtime = sent(), auth.runtime()
    files = files_with(process_key, drawn)
    try:
        version = definitions.publish(
            runtime.database,
            auth.actor(),
            files,
            runtime.handlers,
            drawn.note,
            reason=drawn.reason,
            base_version=drawn.base_version,
            draft_revision=drawn.revision,
        )
    except DefinitionError as error:
        return _refused(error)
    except Conflict as conflict:
        if conflict.code != examining.RUNNING:
            return _conflict(process_key, conflict)
        return examining.running(process_key, files, conflict)
    return jsonify(version=version.number, url=url_for("workshop.process", process_key=process_key))


def _refused(error: DefinitionError) -> Response:
    """Why it cannot be published; the code says if a reason is all that is missing."""
    codes = {each.code for each in error.problems}
    return errors.answer(
        errors.status_of(error),
        error.code if len(codes) > 1 else codes.pop(),
        errors.sentence(error),
        problems=[errors.problem_record(each) for each in error.problems],
        message=errors.sentence(error),
    )


def _conflict(process_key: str, conflict: Conflict) -> Response:
    """What somebody who was too late needs for going on: whose work stands there now, and its revision and version.

    ``revision`` and ``latest`` are what a post must name that is meant to take the place of what stands there.
    """
    with auth.runtime().database.reading() as session:
        work = _work(session, process_key)
    draft, version = work.draft, work.latest.version
    if draft is None:
        by, moment = version.published_by, version.published_at
        now = t("web.editor.now_version", number=version.number, name=ui.person(work.names, by))
    else:
        by, moment = draft.saved_by, draft.saved_at
        now = t("web.editor.now_draft", name=ui.person(work.names, by), moment=ui.moment(moment))
    return errors.answer(
        errors.status_of(conflict),
        conflict.code,
        f"{errors.sentence(conflict)} {now}",
        by=ui.person(work.names, by),
        moment=ui.moment(moment),
        is_mine=by == auth.actor().login,
        has_draft=draft is not None,
        revision=0 if draft is None else draft.revision,
        latest=version.number,
        url=url_for("workshop.process", process_key=process_key)
        if draft is None
        else url_for(".edit", process_key=process_key),
    )


@blueprint.post("/processes/<process_key>/draft/discard")
@auth.requires(*OWNERS)
def discard(process_key: str) -> Answer:
    """Throw the draft away and begin again from the latest version. ``revision``: of the draft that the person saw."""
    revision = request.form.get("revision", type=int)
    if revision is None or not is_count(revision):
        raise CommandRejected("web.editor.not_json")
    drafts.throw_away(auth.runtime().database, auth.actor(), process_key, revision)
    flash(t("web.process.discarded"), "success")
    return redirect(url_for("workshop.process", process_key=process_key), 303)
