"""Moving the running cases of a version to another one: what stands for what, a rehearsal, the move with its results, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.definitions import store as definitions
from engine.definitions.store import Definition, Version
from engine.errors import InvalidInput, NotFound
from engine.identity import people
from engine.instances import migrations, overview
from engine.instances.migrations import Migration, MigrationItem
from engine.instances.operators import OPERATORS
from engine.migration import counterparts, possible
from web import auth, present, ui
from web.errors import field_sentence
from web.returned import Returned, returned
from web.ui import in_language, t
from web.workshop.wording_of_moves import Words

blueprint = Blueprint("moving", __name__)

SHOWN_ITEMS: Final = 200
"""Cases of a migration on a page: first those that need somebody."""
FIELD: Final = "map-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An element of the new version that an old one can stand for."""

    id: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An element of the old version that has no counterpart by itself. ``waiting``: in how many cases something waits there, in words."""

    id: str
    name: str
    kind: str
    waiting: str
    targets: tuple[Target, ...]
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Same:
    """An element that is the same in both versions, or a new one."""

    id: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveView:
    """The choice of what stands for what."""

    key: str
    title: str
    old: int
    new: int
    running: int
    versions: tuple[tuple[int, str], ...]
    rows: tuple[Row, ...]
    same: tuple[Same, ...]
    added: tuple[Same, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One case of a migration."""

    id: int
    title: str
    url: str
    state: str
    state_text: str
    lines: tuple[str, ...]
    is_choosable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationView:
    """A migration with how far it is. ``next``: what can be done with its result: ``start``, ``undo`` or nothing."""

    id: int
    kind: str
    title: str
    url: str
    asked: str
    reason: str
    progress: str
    finished: int
    total: int
    is_over: bool
    next: str
    count: int
    mapped: tuple[tuple[str, str], ...]


@blueprint.get("/processes/<process_key>/move")
@auth.requires(*sorted(OPERATORS))
def choose(process_key: str) -> Answer:
    """What stands for what between two versions (``from``, ``to``: the latest); whatever differs first."""
    with auth.runtime().database.reading() as session:
        versions = _versions(session, process_key)
        old = request.args.get("from", default=_oldest_running(session, versions), type=int)
        return _choice(
            session, process_key, (old, request.args.get("to", default=versions[0].number, type=int)), {}, {}
        )


@blueprint.post("/processes/<process_key>/move")
@auth.requires(*sorted(OPERATORS))
def rehearse(process_key: str) -> Answer:
    """Try the move with what was chosen: nothing is written but the results."""
    pair = (request.form.get("from", default=0, type=int), request.form.get("to", default=0, type=int))
    chosen = _chosen(request.form)
    try:
        asked = migrations.ask(auth.runtime(), auth.actor(), "rehearsal", process_key, pair, mapping=chosen)
    except InvalidInput as refused:
        problems = {each.field: field_sentence(each) for each in refused.fields}
        with auth.runtime().database.reading() as session:
            return _choice(session, process_key, pair, chosen, problems), 422
    return redirect(url_for("moving.moved", process_key=process_key, migration_id=asked), 303)


@blueprint.get("/processes/<process_key>/moves/<int:migration_id>")
@auth.requires(*sorted(OPERATORS))
def moved(process_key: str, migration_id: int) -> Answer:
    """A rehearsal, a move or an undo: its progress, the result of each case in pages, refused ones first, and what can be done next."""
    return _moved(process_key, migration_id, Returned())


def _moved(process_key: str, migration_id: int, back: Returned) -> str:
    after = ui.after_item(request.args)
    with auth.runtime().database.reading() as session:
        found = _found(session, process_key, migration_id)
        words = _words(session, found)
        view = _migration(found, words)
        rows = migrations.items(session, migration_id, SHOWN_ITEMS + 1, after=after)
        items = [_item(found, each, words) for each in rows[:SHOWN_ITEMS]]
    next_ = None
    if len(rows) > SHOWN_ITEMS:
        last = rows[SHOWN_ITEMS - 1]
        arguments: dict[str, Any] = {"process_key": process_key, "migration_id": migration_id}
        next_ = url_for("moving.moved", **arguments, state=last.state, after=last.instance_id)
    return ui.page(
        "workshop/moved.html",
        move=view,
        items=items,
        returned=back,
        pager=ui.Pager(previous=view.url if after else None, next=next_),
        process={"key": process_key, "title": in_language(words.new.version.title)},
    )


@blueprint.post("/processes/<process_key>/moves/<int:migration_id>/start")
@auth.requires(*sorted(OPERATORS))
def start(process_key: str, migration_id: int) -> Answer:
    """Move for good what was rehearsed: all the cases of the version, or the ticked ones (``which`` = ``chosen``).

    What cannot be accepted comes back as it was ticked and typed (422).
    """
    with auth.runtime().database.reading() as session:
        found = _found(session, process_key, migration_id)
    if found.kind != "rehearsal":
        raise NotFound("migration_not_found", migration=migration_id)
    pair, reason = (found.from_version, found.to_version), request.form.get("reason", "")
    try:
        asked = migrations.ask(
            auth.runtime(),
            auth.actor(),
            "migration",
            process_key,
            pair,
            mapping=found.mapping,
            reason=reason,
            cases=_cases(),
        )
    except InvalidInput as refusal:
        return _moved(process_key, migration_id, returned(refusal, ticks="case")), 422
    return redirect(url_for("moving.moved", process_key=process_key, migration_id=asked), 303)


@blueprint.post("/processes/<process_key>/moves/<int:migration_id>/undo")
@auth.requires(*sorted(OPERATORS))
def undo(process_key: str, migration_id: int) -> Answer:
    """Put back what has not moved on since: all of it, or the ticked cases."""
    with auth.runtime().database.reading() as session:
        _found(session, process_key, migration_id)
    reason = request.form.get("reason", "")
    try:
        asked = migrations.ask_undo(auth.runtime(), auth.actor(), migration_id, reason, cases=_cases())
    except InvalidInput as refusal:
        return _moved(process_key, migration_id, returned(refusal, ticks="case")), 422
    flash(t("web.moving.undo_asked"), "success")
    return redirect(url_for("moving.moved", process_key=process_key, migration_id=asked), 303)


def _cases() -> list[int] | None:
    return request.form.getlist("case", type=int) if request.form.get("which") == "chosen" else None


def _chosen(given: Mapping[str, str]) -> dict[str, str]:
    """What the person chose: nothing is chosen of an element that is left open."""
    return {name.removeprefix(FIELD): to for name, to in given.items() if name.startswith(FIELD) and to}


def _versions(session: Session, process_key: str) -> tuple[Version, ...]:
    found = definitions.versions(session, process_key)
    if not found:
        raise NotFound("process_not_found", process=process_key)
    return found


def _oldest_running(session: Session, versions: tuple[Version, ...]) -> int:
    """The oldest version but the latest that has running cases."""
    counts = overview.case_counts(session, versions[0].process_key)
    running = [each.number for each in versions[1:] if each.id in counts and counts[each.id].running]
    return min(running, default=versions[-1].number)


def _found(session: Session, process_key: str, migration_id: int) -> Migration:
    found = migrations.find(session, migration_id)
    if found.process_key != process_key:
        raise NotFound("migration_not_found", migration=migration_id)
    return found


def _words(session: Session, found: Migration) -> Words:
    old, new = (definitions.load(session, each) for each in (found.from_version_id, found.to_version_id))
    return Words(old=old, new=new, roles=people.role_titles(session), people=people.names(session))


def _choice(
    session: Session,
    process_key: str,
    pair: tuple[int, int],
    chosen: Mapping[str, str],
    problems: Mapping[str, str],
) -> str:
    versions = _versions(session, process_key)
    old, new = (_numbered(session, versions, number) for number in pair)
    counts = overview.case_counts(session, process_key)
    running = counts[old.version.id].running if old.version.id in counts else 0
    standing = migrations.standing(session, old.version.id)
    one, other = old.bundle.process, new.bundle.process
    pairs = counterparts(old.bundle.model, new.bundle.model, one.id, other.id, chosen)
    known, open_ = pairs.elements[one.id], possible(one, other, pairs)

    def proposed(element: str, targets: tuple[str, ...]) -> str | None:
        """What was chosen; before anything was, the only one of the same name."""
        if chosen or problems or element in known:
            return chosen.get(element, known.get(element))
        name = present.name_of(old.bundle, element)
        alike = [to for to in targets if present.name_of(new.bundle, to) == name]
        return alike[0] if len(alike) == 1 else None

    rows = (
        Row(
            id=each,
            name=present.name_of(old.bundle, each),
            kind=present.kind_of(one.nodes[each]),
            waiting=t("web.moving.waiting", count=standing[each]) if each in standing else "",
            targets=tuple(
                Target(id=to, name=present.name_of(new.bundle, to), is_chosen=to == proposed(each, targets))
                for to in targets
            ),
            problem=problems.get(f"{FIELD}{each}", ""),
        )
        for each, targets in open_.items()
    )
    view = MoveView(
        key=process_key,
        title=in_language(new.version.title),
        old=pair[0],
        new=pair[1],
        running=running,
        versions=tuple((each.number, _named(each, counts)) for each in versions),
        rows=tuple(sorted(rows, key=lambda row: (not row.waiting, not row.targets))),
        same=tuple(_same(old, each) for each in one.nodes if each not in open_),
        added=tuple(_same(new, each) for each in other.nodes if each not in known.values()),
    )
    others = [said for name, said in problems.items() if not name.startswith(FIELD)]
    return ui.page("workshop/move.html", move=view, problems=others)


def _numbered(session: Session, versions: tuple[Version, ...], number: int) -> Definition:
    found = next((each for each in versions if each.number == number), None)
    if found is None:
        raise NotFound("process_not_found", process=versions[0].process_key)
    return definitions.load(session, found.id)


def _named(version: Version, counts: Mapping[int, overview.CaseCounts]) -> str:
    running = counts[version.id].running if version.id in counts else 0
    return t("web.moving.version", number=version.number, count=running)


def _same(definition: Definition, element: str) -> Same:
    node = definition.bundle.process.nodes[element]
    return Same(id=element, name=present.name_of(definition.bundle, element), kind=present.kind_of(node))


def _migration(found: Migration, words: Words) -> MigrationView:
    is_over = found.ended_at is not None
    # the way back has the same choices, between the versions in the other order
    one, other = (words.new, words.old) if found.kind == "undo" else (words.old, words.new)
    next_ = "start" if found.kind == "rehearsal" and found.done else "undo" if found.undoable else ""
    return MigrationView(
        id=found.id,
        kind=found.kind,
        title=t(f"web.moving.title.{found.kind}", old=found.from_version, new=found.to_version),
        url=url_for("moving.moved", process_key=found.process_key, migration_id=found.id),
        asked=t("web.moving.asked", name=ui.person(words.people, found.asked_by), moment=ui.moment(found.asked_at)),
        reason=t("web.operations.batch.reason", reason=found.reason) if found.reason else "",
        progress=t(
            f"web.moving.progress.{found.kind}",
            done=found.done,
            refused=found.refused,
            waiting=found.waiting,
            undone=found.undone,
        ),
        finished=found.total - found.waiting,
        total=found.total,
        is_over=is_over,
        next=next_ if is_over else "",
        count=found.undoable if next_ == "undo" else found.done,
        mapped=tuple(
            (present.name_of(one.bundle, element), present.name_of(other.bundle, to) if to else "–")
            for element, to in found.mapping.items()
        ),
    )


def _item(found: Migration, row: MigrationItem, words: Words) -> ItemView:
    lines = [words.of_lack(each) for each in row.lacks] or [words.of_change(each) for each in row.changes]
    if row.code and not row.lacks:
        lines = [t(row.code, **row.facts)]
    elif row.is_there:
        lines = [t("web.moving.is_there")]
    elif not lines and row.state == "done" and found.kind != "undo":
        lines = [t("web.moving.nothing_changes")]
    return ItemView(
        id=row.instance_id,
        title=row.business_key or f"n° {row.instance_id}",
        url=url_for("records.case", case_id=row.instance_id),
        state=row.state,
        state_text=t(f"web.moving.state.{found.kind}.{row.state}"),
        lines=tuple(dict.fromkeys(lines)),
        is_choosable=row.state == "done" and not row.is_there and found.kind != "undo",
    )


def latest(session: Session, process_key: str, names: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """What was asked for last of a process: address, title, how far it is. For the page of the process."""
    return tuple(
        (
            url_for("moving.moved", process_key=process_key, migration_id=each.id),
            t(f"web.moving.title.{each.kind}", old=each.from_version, new=each.to_version),
            t("web.moving.asked", name=ui.person(names, each.asked_by), moment=ui.moment(each.asked_at)),
        )
        for each in migrations.latest(session, process_key, 5)
    )


def behind(versions: tuple[Version, ...], counts: Mapping[int, overview.CaseCounts]) -> tuple[tuple[str, str], ...]:
    """For each version but the latest that running cases still follow: how many, and the address that leads on. For the same page."""
    latest_one = versions[0]

    def address(version: Version) -> str:
        pair: dict[str, Any] = {"from": version.number, "to": latest_one.number}
        return url_for("moving.choose", process_key=version.process_key, **pair)

    return tuple(
        (
            t("web.moving.link", count=counts[each.id].running, old=each.number, new=latest_one.number),
            address(each),
        )
        for each in versions[1:]
        if each.id in counts and counts[each.id].running
    )
