"""Processes and their versions, for everybody who is signed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.definitions import drafts
from engine.definitions import store as definitions
from engine.definitions.drafts import Draft
from engine.definitions.store import Definition, Version
from engine.errors import NotFound
from engine.identity import people
from engine.instances import operators, overview
from engine.instances.overview import CaseCounts
from engine.model.notation import Form
from engine.second_opinion import figures
from web import auth, present, ui
from web.ui import in_language, t
from web.workshop import decisions, moving
from web.workshop.decisions import ListedFile
from web.workshop.versions import OWNERS, numbered

blueprint = Blueprint("workshop", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedProcess:
    """One process of the list."""

    key: str
    title: str
    intro: str
    number: int
    text: str
    running: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundnessView:
    """Whether the cases of a version can come to an end: in a word, in a sentence a process, and why it was published all the same."""

    word: str
    is_sound: bool
    sentences: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One version of a process."""

    number: int
    url: str
    is_shown: bool
    is_latest: bool
    moment: str
    iso: str
    by: str
    note: str
    form: str
    running: int
    ended: int
    hash: str
    soundness: SoundnessView
    opinions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftView:
    """The draft that waits; ``question`` is asked before it is thrown away."""

    text: str
    question: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessView:
    """One version of a process with its neighbours."""

    key: str
    title: str
    intro: str
    number: int
    is_latest: bool
    may_edit: bool
    draft: DraftView | None
    diagram: present.DiagramView
    decisions: tuple[ListedFile, ...]
    versions: tuple[VersionRow, ...]
    behind: tuple[tuple[str, str], ...]
    moves: tuple[tuple[str, str, str], ...]


@blueprint.get("/processes")
@auth.signed_in
def processes() -> Answer:
    """Every published process."""
    with auth.runtime().database.reading() as session:
        names = people.names(session)
        rows = [_listed(session, each, names) for each in overview.processes(session)]
    return ui.page("workshop/processes.html", processes=rows)


def _listed(session: Session, row: overview.ProcessRow, names: Mapping[str, str]) -> ListedProcess:
    version = row.version
    bundle = definitions.load(session, version.id).bundle
    return ListedProcess(
        key=version.process_key,
        title=in_language(version.title),
        intro=in_language(bundle.description),
        number=version.number,
        text=t(
            "web.processes.published",
            number=version.number,
            day=ui.shown(ui.local(version.published_at).date()),
            name=ui.person(names, version.published_by),
        ),
        running=t("web.processes.running", count=row.running),
    )


@blueprint.get("/processes/<process_key>")
@auth.signed_in
def process(process_key: str) -> Answer:
    """A process: its diagram, its versions and who runs on which. ``version`` shows an older one, ``el`` chooses an element."""
    number = request.args.get("version", type=int)
    with auth.runtime().database.reading() as session:
        definition, all_versions = numbered(session, process_key, number)
        names = people.names(session)
        titles = people.role_titles(session)
        counts = overview.case_counts(session, process_key)
        forms = definitions.forms(session, all_versions)
        draft = drafts.find(session, process_key) if auth.has_role(*OWNERS) else None
        moves = moving.latest(session, process_key, names) if auth.has_role(*operators.OPERATORS) else ()
    version, bundle = definition.version, definition.bundle
    view = ProcessView(
        key=process_key,
        title=in_language(version.title),
        intro=in_language(bundle.description),
        number=version.number,
        is_latest=version.number == all_versions[0].number,
        behind=moving.behind(all_versions, counts) if auth.has_role(*operators.OPERATORS) else (),
        moves=moves,
        may_edit=auth.has_role(*OWNERS),
        draft=_draft(draft, names, all_versions[0].number),
        diagram=present.diagram(
            bundle,
            source=url_for("workshop.diagram", process_key=process_key, number=version.number),
            path=present.NO_PATH,
            last_at={},
            selected=request.args.get("el"),
            titles=titles,
            address=lambda element: url_for(
                "workshop.process", process_key=process_key, version=number, el=element, _anchor=f"el-{element}"
            ),
        ),
        decisions=_decisions(definition, draft, is_latest=version.number == all_versions[0].number),
        versions=tuple(
            _row(each, version, all_versions[0], counts, names, form=_form(each, forms)) for each in all_versions
        ),
    )
    return ui.page("workshop/process.html", process=view)


def _decisions(definition: Definition, draft: Draft | None, *, is_latest: bool) -> tuple[ListedFile, ...]:
    """The decision files of a version; beside the latest one, owners see those that only the draft has."""
    version, files = definition.version, definition.bundle.files
    may_edit = is_latest and auth.has_role(*OWNERS)
    found = decisions.listed(version.process_key, files, version.number, may_edit=may_edit)
    if draft is None or not may_edit:
        return found
    added = {path: content for path, content in draft.files.items() if path not in files}
    return found + decisions.listed(version.process_key, added, None, may_edit=True)


@blueprint.get("/processes/<process_key>/versions/<int:number>/decisions/<path>")
@auth.signed_in
def decision(process_key: str, number: int, path: str) -> Answer:
    """The decision tables of a version, to be read by everybody."""
    with auth.runtime().database.reading() as session:
        definition, all_versions = numbered(session, process_key, number)
    content = definition.bundle.files.get(path)
    if content is None or not decisions.is_decision(path):
        raise NotFound("web.decision.not_found", file=path[:100])
    is_latest = number == all_versions[0].number
    may_edit = is_latest and auth.has_role(*OWNERS)
    file = decisions.listed(process_key, {path: content}, number, may_edit=may_edit)[0]
    process = {
        "key": process_key,
        "title": in_language(definition.version.title),
        "number": number,
        "is_latest": is_latest,
        "url": url_for("workshop.process", process_key=process_key, version=number),
    }
    return ui.page("workshop/sheet.html", process=process, file=file, sheets=decisions.views(content, path))


def _draft(draft: Draft | None, names: Mapping[str, str], latest: int) -> DraftView | None:
    if draft is None:
        return None
    name = ui.person(names, draft.saved_by)
    return DraftView(
        text=t("web.process.draft", name=name, moment=ui.moment(draft.saved_at)),
        question=t("web.process.discard.sure", name=name, number=latest),
        revision=draft.revision,
    )


def _row(
    version: Version,
    shown: Version,
    latest: Version,
    counts: Mapping[int, CaseCounts],
    names: Mapping[str, str],
    *,
    form: str,
) -> VersionRow:
    count = counts.get(version.id, CaseCounts(running=0, ended=0))
    return VersionRow(
        number=version.number,
        url=url_for("workshop.process", process_key=version.process_key, version=version.number),
        is_shown=version.number == shown.number,
        is_latest=version.number == latest.number,
        moment=ui.moment(version.published_at),
        iso=ui.local(version.published_at).isoformat(timespec="minutes"),
        by=ui.person(names, version.published_by),
        note=version.note,
        form=form,
        running=count.running,
        ended=count.ended,
        hash=version.content_hash,
        soundness=_soundness(version, names),
        opinions=_opinions(version),
    )


def _form(version: Version, forms: Mapping[int, Form]) -> str:
    """In words, where it is not as in the version before; of the first version, where it is not a diagram, as most are."""
    form, before = forms[version.number], forms.get(version.number - 1)
    if before is None:
        return "" if form is Form.DIAGRAM else t("web.process.form_is", form=t(f"web.process.form.{form}"))
    if form is before:
        return ""
    return t("web.process.form_changed", before=t(f"web.process.form.{before}"), now=t(f"web.process.form.{form}"))


def _soundness(version: Version, names: Mapping[str, str]) -> SoundnessView:
    """In words: what was proved when it was published."""
    if version.proved is None:
        return SoundnessView(word=t("web.process.not_examined"), is_sound=False, sentences=(), reason="")
    undecided = [each for each in version.proved if not each.verdict.is_sound]
    return SoundnessView(
        word=t("web.process.not_decided" if undecided else "web.process.sound"),
        is_sound=not undecided,
        sentences=tuple(each.sentence(ui.locale()) for each in undecided),
        reason=t("web.process.reason", name=ui.person(names, version.published_by), reason=version.reason)
        if version.reason
        else "",
    )


def _opinions(version: Version) -> str:
    """In how many of its stories the second engine went the same way when it was published; nothing where it was not asked."""
    found = figures(version.opinions)
    return t("web.process.second_opinion", count=found.same, total=found.total) if found.total else ""


@blueprint.get("/processes/<process_key>/versions/<int:number>.bpmn")
@auth.signed_in
def diagram(process_key: str, number: int) -> Answer:
    """The diagram of a version."""
    with auth.runtime().database.reading() as session:
        definition, _ = numbered(session, process_key, number)
    return present.bpmn(definition)
