"""Published versions: immutable, named by their content. An instance keeps the version it began with."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine import clock
from engine.database.session import Database
from engine.definitions import called, drafts, entrances, examination
from engine.definitions import files as stored_files
from engine.definitions.cache import BundleCache
from engine.definitions.examining import Examined, Proved
from engine.definitions.findings import kept_with_version, opinions_of, problems_of, proved_of
from engine.definitions.gate import check, lane_roles
from engine.errors import CommandRejected, Conflict, DefinitionError, InvariantBroken, NotFound, Problem
from engine.handler import SYSTEM, Actor, HandlerTable
from engine.history import publications
from engine.identity import people
from engine.jobs import queue
from engine.model.bundle import Bundle, content_hash, read_bundle
from engine.model.elements import CallActivity
from engine.model.notation import Form, form_of
from engine.second_opinion import Opinion
from engine.stories import At
from engine.timers import starts as start_timers

REASON_LENGTH: Final = 500

_CACHE: Final = BundleCache()


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One published version. ``number`` counts from 1 in its process; ``title`` by locale.

    ``reason``: why it was published although soundness was not decided. ``verdicts``: the text behind ``proved``
    and ``opinions``.
    """

    id: int
    process_key: str
    number: int
    content_hash: str
    title: Mapping[str, str]
    note: str
    published_at: datetime
    published_by: str
    reason: str = ""
    verdicts: str | None = None

    @property
    def proved(self) -> tuple[Proved, ...] | None:
        """Whether its processes are sound, as it was found when it was published; None for versions from before that was asked."""
        return None if self.verdicts is None else tuple(map(proved_of, json.loads(self.verdicts)))

    @property
    def opinions(self) -> tuple[Opinion, ...]:
        """What the second engine said of its stories then; none for versions from before it was asked."""
        return tuple(each for kept in json.loads(self.verdicts or "[]") for each in opinions_of(kept))


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A version with its parsed content."""

    version: Version
    bundle: Bundle


_VERSION = (
    "id, process_key, number, content_hash, title_fr, title_en, note, published_at, published_by, reason, verdicts"
)

_LATEST = text(f"""
    SELECT {_VERSION} FROM engine.definition_version WHERE process_key = :key ORDER BY number DESC LIMIT 1
""")  # noqa: S608 - composed of constants
_TAGGED = text(f"""
    SELECT {_VERSION} FROM engine.definition_version WHERE process_key = :key AND version_tag = :tag ORDER BY number DESC LIMIT 1
""")  # noqa: S608 - composed of constants
_ALL = text(f"SELECT {_VERSION} FROM engine.definition_version WHERE process_key = :key ORDER BY number DESC")  # noqa: S608
_BY_ID = text(f"SELECT {_VERSION} FROM engine.definition_version WHERE id = :id")  # noqa: S608 - composed of constants

_STARTED_BY_MESSAGE = text(f"""
    SELECT {_VERSION} FROM (
        SELECT DISTINCT ON (process_key) * FROM engine.definition_version ORDER BY process_key, number DESC
    ) AS latest WHERE :message = ANY(start_messages) ORDER BY process_key
""")  # noqa: S608 - composed of constants

_STARTED_BY_SIGNAL = text(f"""
    SELECT {_VERSION} FROM (
        SELECT DISTINCT ON (process_key) * FROM engine.definition_version ORDER BY process_key, number DESC
    ) AS latest WHERE :signal = ANY(start_signals) ORDER BY process_key
""")  # noqa: S608 - composed of constants

_IN_FORCE = text(f"""
    SELECT {_VERSION} FROM engine.definition_version v
    WHERE content_hash = :content_hash
      AND number = (SELECT max(number) FROM engine.definition_version WHERE process_key = v.process_key)
""")  # noqa: S608 - composed of constants

# One publisher of a process at a time: the second one sees the first one's version, and its own number follows.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('definition ' || :key, 0))")

_INSERT = text(f"""
    INSERT INTO engine.definition_version
        (process_key, number, content_hash, title_fr, title_en, note, start_roles, lane_roles, start_messages, start_signals,
         published_at, published_by, reason, verdicts, version_tag)
    VALUES (:key, :number, :content_hash, :title_fr, :title_en, :note, :start_roles, :lane_roles, :start_messages, :start_signals,
            :now, :login, :reason, :verdicts, :tag)
    RETURNING {_VERSION}
""")  # noqa: S608 - composed of constants


def publish(
    database: Database,
    actor: Actor,
    files: Mapping[str, bytes],
    handlers: HandlerTable,
    note: str = "",
    *,
    reason: str = "",
    base_version: int | None = None,
    draft_revision: int | None = None,
) -> Version:
    """Publish ``files`` as the next version; the next start uses it, running instances keep theirs. The process's draft is done with,
    unless the engine itself publishes: what a person is drawing stays.

    The gate asks in this order, and each refusal is complete: what ``check`` finds (DefinitionError); whether somebody meanwhile published
    (Conflict ``version_newer``) or saved a draft that this version would throw away (``draft_changed``); an examination that is done
    (``examination_running``: ask for it, ``definitions.examination``, and come again); what it found, and a ``reason`` where soundness is
    not decided (DefinitionError). The version and the history of the process keep note, verdicts and reason.

    The content that is published already is not published again: the latest version is given. ``base_version``: the number of the version
    that the editor began with. ``draft_revision``: that of the draft that the editor last saw, 0 for none. Raises besides NotAllowed, and
    CommandRejected for a reason that is too long.
    """
    with drafts.publishing(database, actor, files):
        return _publish(database, actor, files, handlers, note, reason.strip(), base_version, draft_revision)


def _publish(  # noqa: PLR0917 - as publish has them
    database: Database,
    actor: Actor,
    files: Mapping[str, bytes],
    handlers: HandlerTable,
    note: str,
    reason: str,
    base_version: int | None,
    draft_revision: int | None,
) -> Version:
    drafts.require_publisher(actor)
    if len(reason) > REASON_LENGTH:
        raise CommandRejected("soundness_reason_too_long", maximum=REASON_LENGTH)
    now = clock.now()
    with database.transaction() as session:
        problems = _problems(session, files, handlers)
        errors = tuple(each for each in problems if each.severity == "error")
        if errors:
            raise DefinitionError(errors)
        bundle = read_bundle(files)
        lock_process(session, bundle.key)
        before = latest(session, bundle.key)
        if base_version is not None and before is not None and before.number != base_version:
            raise Conflict(
                "version_newer", process=bundle.key, base=base_version, latest=before.number, by=before.published_by
            )
        hashed = content_hash(files)
        if actor.login != SYSTEM.login:
            drafts.discard(session, bundle.key, draft_revision)
        if before is not None and before.content_hash == hashed:
            return before
        found = _examined(session, hashed, bundle, handlers, reason)
        reason = reason if found.needs_reason else ""
        stored_files.keep(session, hashed, files)
        number, verdicts = 1 if before is None else before.number + 1, kept_with_version(found)
        row = session.execute(
            _INSERT,
            {
                "key": bundle.key,
                "number": number,
                "content_hash": hashed,
                "title_fr": bundle.title["fr"],
                "title_en": bundle.title["en"],
                "note": note,
                "start_roles": [] if bundle.starts is None else list(bundle.starts.roles),
                "lane_roles": sorted(lane_roles(bundle)),
                "start_messages": sorted(set(entrances.by_message(bundle).values())),
                "start_signals": sorted(set(entrances.by_signal(bundle).values())),
                "now": now,
                "login": actor.login,
                "reason": reason,
                "verdicts": json.dumps(verdicts, ensure_ascii=False),
                "tag": bundle.process.version_tag,
            },
        ).one()
        version = version_of(row)
        publications.append(
            session,
            bundle.key,
            now,
            actor.login,
            version=number,
            content_hash=hashed,
            note=note,
            reason=reason,
            verdicts=verdicts,
            form=form_of(files),
            form_before=None if before is None else forms(session, [before])[before.number],
        )
        start_timers.end(session, bundle.key)
        if entrances.by_timer(bundle):
            queue.defer(session, queue.PLAN_STARTS, {"version_id": version.id})
        return version


def _examined(session: Session, hashed: str, bundle: Bundle, handlers: HandlerTable, reason: str) -> Examined:
    """What was found of this content, if nothing of it stands against publishing. Raises as ``publish``."""
    examined = examination.find(session, hashed, handlers)
    if examined is None or examined.found is None:
        raise Conflict(drafts.EXAMINING, id=hashed)
    against = tuple(map(bundle.located, problems_of(examined.found, has_reason=bool(reason))))
    if against:
        raise DefinitionError(against)
    return examined.found


def lock_process(session: Session, process_key: str) -> None:
    """Let nobody publish the process until the transaction ends."""
    session.execute(_LOCK, {"key": process_key})


def publish_folder(database: Database, folder: Path, handlers: HandlerTable, at: At) -> Version:
    """Publish ``processes/<key>``, unless its content is published already or people have published versions of their own.

    So a new release brings its processes along, and never overrides what process owners made of them. Gives the version that is in force.
    What is to be published is examined here, before the transaction; ``at`` gives the calendar for its stories. What is in force already is
    not even read: a start that changes nothing is quick. Raises DefinitionError.
    """
    files = read_folder(folder)
    with database.reading() as session:
        row = session.execute(_IN_FORCE, {"content_hash": content_hash(files)}).one_or_none()
    if row is not None:
        return version_of(row)
    bundle = read_bundle(files)
    with database.reading() as session:
        published = versions(session, bundle.key)
    if any(each.published_by != SYSTEM.login for each in published):
        return published[0]
    examination.examine_now(database, SYSTEM, files, handlers, at)
    return publish(database, SYSTEM, files, handlers)


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a process folder by path; hidden files and the README are no part of a version, its stories are."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    relative = ((path, path.relative_to(folder)) for path in found)
    return {
        name.as_posix(): path.read_bytes()
        for path, name in relative
        if not name.name.startswith("README") and not any(part.startswith(".") for part in name.parts)
    }


def latest(session: Session, process_key: str) -> Version | None:
    """The version that the next start uses."""
    row = session.execute(_LATEST, {"key": process_key}).one_or_none()
    return None if row is None else version_of(row)


def versions(session: Session, process_key: str) -> tuple[Version, ...]:
    """Every version of a process, newest first."""
    return tuple(version_of(row) for row in session.execute(_ALL, {"key": process_key}))


def forms(session: Session, found: Collection[Version]) -> dict[int, Form]:
    """Whether these versions of one process are written or drawn, by their numbers."""
    paths = stored_files.paths(session, {each.content_hash for each in found})
    return {each.number: form_of(paths[each.content_hash]) for each in found}


def started_by_message(session: Session, name: str) -> tuple[Version, ...]:
    """The latest versions of the processes that a message ``name`` begins."""
    return tuple(version_of(row) for row in session.execute(_STARTED_BY_MESSAGE, {"message": name}))


def started_by_signal(session: Session, name: str) -> tuple[Version, ...]:
    """The latest versions of the processes that a signal ``name`` begins."""
    return tuple(version_of(row) for row in session.execute(_STARTED_BY_SIGNAL, {"signal": name}))


def load(session: Session, version_id: int) -> Definition:
    """The version with its parsed content. Raises NotFound."""
    row = session.execute(_BY_ID, {"id": version_id}).one_or_none()
    if row is None:
        raise NotFound("version_not_found", version=version_id)
    version = version_of(row)
    return Definition(version=version, bundle=bundle_of(session, version.content_hash))


def load_latest(session: Session, process_key: str) -> Definition:
    """The version that the next start uses. Raises NotFound."""
    version = latest(session, process_key)
    if version is None:
        raise NotFound("process_not_found", process=process_key)
    return Definition(version=version, bundle=bundle_of(session, version.content_hash))


def load_tagged(session: Session, process_key: str, tag: str) -> Definition:
    """The newest version whose process carries the version tag. Raises NotFound (``version_tag_not_found``)."""
    row = session.execute(_TAGGED, {"key": process_key, "tag": tag}).one_or_none()
    if row is None:
        raise NotFound("version_tag_not_found", process=process_key, tag=tag)
    version = version_of(row)
    return Definition(version=version, bundle=bundle_of(session, version.content_hash))


def bundle_of(session: Session, hashed: str) -> Bundle:
    """The parsed content of a published version, from the cache if it is there."""

    def read() -> Bundle:
        files = stored_files.read(session, hashed)
        if not files:
            raise InvariantBroken("version_files_missing", content_hash=hashed)
        return read_bundle(files)

    return _CACHE.get(hashed, read)


def problems_with_draft(database: Database, files: Mapping[str, bytes], handlers: HandlerTable) -> tuple[Problem, ...]:
    """Everything that publishing ``files`` would say, for the editor."""
    with database.reading() as session:
        return _problems(session, files, handlers)


def _problems(session: Session, files: Mapping[str, bytes], handlers: HandlerTable) -> tuple[Problem, ...]:
    """What the gate says of ``files``, held against the roles and processes that there are."""
    found = check(files, handlers, roles=people.role_keys(session))
    try:
        bundle = read_bundle(files)
    except DefinitionError:
        return found

    def published(call: CallActivity) -> Bundle | None:
        if call.process == bundle.key and call.version_tag in {None, bundle.process.version_tag}:
            return bundle  # it calls itself: what is being published
        try:
            if call.version_tag is None:
                return load_latest(session, call.process).bundle
            return load_tagged(session, call.process, call.version_tag).bundle
        except NotFound:
            return None

    return (*found, *called.problems_of(bundle, published))


def version_of(row: Row[Any]) -> Version:
    """The version of a row that has all columns of one."""
    return Version(
        id=row.id,
        process_key=row.process_key,
        number=row.number,
        content_hash=row.content_hash,
        title={"fr": row.title_fr, "en": row.title_en},
        note=row.note,
        published_at=row.published_at,
        published_by=row.published_by,
        reason=row.reason,
        verdicts=row.verdicts,
    )
