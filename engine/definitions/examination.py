"""Examinations: what is proved and played of a content before it is published, done once by a background job and kept.

One row for each content hash and fingerprint (``definitions.fingerprint``): the answer about one content never changes while the engine and
the handlers stay what they are. Whoever asks first queues the job; everybody else finds it. Neither a request nor a transaction waits for
it: the job reads the files, works, and writes what came of it, with progress in small transactions between.

A worker that dies leaves its job to the reaper, and the next worker begins again. A content that kills its workers, or that the examination
fails on, is given up after ``ATTEMPTS``: the row says so, and may be asked for again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine import clock, log
from engine.database.session import Database
from engine.definitions import drafts
from engine.definitions import files as stored_files
from engine.definitions.examining import Examined, Progress, examine
from engine.definitions.findings import examined_of, text_of
from engine.definitions.fingerprint import fingerprint
from engine.definitions.gate import check
from engine.errors import DefinitionError, Facts, NotFound
from engine.handler import Actor, HandlerTable
from engine.jobs import queue
from engine.model.bundle import Bundle, content_hash, read_bundle
from engine.stories import At

ATTEMPTS: Final = 3
"""How often an examination is begun before it is given up."""

KEPT_FOR: Final = timedelta(days=30)

MOST_SECONDS: Final = 300.0
"""After so long no further process is proved and no further story played: what is bounded can still be much."""

_TELL_SECONDS: Final = 0.25

_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """``state``: waiting, running, done or failed. ``now_code`` and ``now_facts`` make the sentence about what happens now.

    ``found`` is there when it is done.
    """

    content_hash: str
    process_key: str
    state: str
    done: int
    total: int
    now_code: str
    now_facts: Facts
    found: Examined | None


_COLUMNS = "content_hash, process_key, state, done, total, now_code, now_facts, findings"

_FIND = text(f"""
    SELECT {_COLUMNS} FROM engine.examination WHERE content_hash = :content_hash AND fingerprint = :fingerprint
""")  # noqa: S608 - composed of constants

# the update changes nothing: it locks the row that somebody else has made
_ASK = text(f"""
    INSERT INTO engine.examination (content_hash, fingerprint, process_key, state, now_code, asked_at, asked_by, changed_at)
    VALUES (:content_hash, :fingerprint, :key, 'waiting', 'examination_waiting', :now, :login, :now)
    ON CONFLICT (content_hash, fingerprint) DO UPDATE SET content_hash = excluded.content_hash
    RETURNING {_COLUMNS}
""")  # noqa: S608 - composed of constants

_CHANGE = text(f"""
    UPDATE engine.examination
    SET state = :state, done = :done, total = :total, now_code = :code, now_facts = :facts, findings = :findings, changed_at = :now
    WHERE content_hash = :content_hash AND fingerprint = :fingerprint AND state = ANY(CAST(:states AS text[]))
    RETURNING {_COLUMNS}
""")  # noqa: S608 - composed of constants

_FORGET = text("""
    DELETE FROM engine.examination WHERE CAST(:before AS timestamptz) IS NULL OR changed_at < :before RETURNING content_hash
""")

_OPEN: Final = ("waiting", "running")


def ask(
    database: Database, actor: Actor, process_key: str, files: Mapping[str, bytes], handlers: HandlerTable
) -> Examination:
    """The examination of ``files``, queued if nobody has asked for it, if it failed, or if its job is lost.

    ``files`` should have passed the gate's ``check``. Raises NotAllowed for whoever may not publish.
    """
    with drafts.publishing(database, actor, files):
        drafts.require_publisher(actor)
    hashed = content_hash(files)
    name = {"content_hash": hashed, "fingerprint": fingerprint(handlers)}
    now = clock.now()
    with database.transaction() as session:
        row = session.execute(_ASK, {**name, "key": process_key, "now": now, "login": actor.login}).one()
        if row.state == "done" or (row.state in _OPEN and queue.is_queued(session, queue.EXAMINE, name)):
            return _examination(row)
        stored_files.keep(session, hashed, files)
        queue.defer(session, queue.EXAMINE, name)
        return _examination(_change(session, name, "waiting", "examination_waiting", of=("failed", *_OPEN)) or row)


def find(session: Session, hashed: str, handlers: HandlerTable) -> Examination | None:
    """The examination of a content with these handlers and this release; None when nobody asked for it."""
    row = session.execute(_FIND, {"content_hash": hashed, "fingerprint": fingerprint(handlers)}).one_or_none()
    return None if row is None else _examination(row)


def report(database: Database, actor: Actor, process_key: str, hashed: str, handlers: HandlerTable) -> Examination:
    """The examination of a content of this process, as far as it is. Raises NotAllowed, NotFound."""
    drafts.require_publisher(actor)
    with database.reading() as session:
        found = find(session, hashed, handlers)
    if found is None or found.process_key != process_key:
        raise NotFound("examination_not_found")
    return found


def examine_now(
    database: Database, actor: Actor, files: Mapping[str, bytes], handlers: HandlerTable, at: At
) -> Examined:
    """Examine ``files`` here and keep the result, unless it is known: for commands, which may take their time.

    Raises DefinitionError for files that cannot be read or do not pass the gate's ``check``.
    """
    hashed = content_hash(files)
    with drafts.publishing(database, actor, files):
        drafts.require_publisher(actor)
        with database.reading() as session:
            known = find(session, hashed, handlers)
        if known is not None and known.found is not None:
            return known.found
        errors = tuple(each for each in check(files, handlers) if each.severity == "error")
        if errors:
            raise DefinitionError(errors)
    bundle = read_bundle(files)
    found = examine(bundle, handlers, at)
    keep(database, actor, bundle, handlers, found)
    return found


def keep(database: Database, actor: Actor, bundle: Bundle, handlers: HandlerTable, found: Examined) -> None:
    """Keep what was found of ``bundle``; what is known already stays."""
    hashed = content_hash(bundle.files)
    name = {"content_hash": hashed, "fingerprint": fingerprint(handlers)}
    with database.transaction() as session:
        session.execute(_ASK, {**name, "key": bundle.key, "now": clock.now(), "login": actor.login})
        _change(session, name, "done", "examination_done", of=("failed", *_OPEN), findings=text_of(found))
        stored_files.forget_unused(session, hashed)


def perform(  # noqa: PLR0917 - what the job is told, and what it runs on
    database: Database, handlers: HandlerTable, at: At, hashed: str, asked_with: str, attempt: int
) -> None:
    """The job: examine the content ``hashed``, for the fingerprint ``asked_with``; ``attempt`` counts from 1.

    Raises to be run again; the last attempt writes that it failed instead. Finds nothing to do the second time.
    """
    name = {"content_hash": hashed, "fingerprint": asked_with}
    if asked_with != fingerprint(handlers):
        # whoever asked runs another release, or other handlers, than this worker
        _fail(database, name, "examination_other_release")
        return
    if attempt > ATTEMPTS:
        _fail(database, name, "examination_gave_up")
        return
    with database.transaction() as session:
        row = _change(session, name, "running", "examination_begins", of=_OPEN)
        files = stored_files.read(session, hashed)
    if row is None:
        return
    try:
        found = text_of(examine(read_bundle(files), handlers, at, _teller(database, name)))
    except Exception as error:
        if attempt < ATTEMPTS and not isinstance(error, _TooLong):
            raise
        _log.exception("examination_gave_up", attempt=attempt)
        _fail(database, name, "examination_gave_up")
        return
    with database.transaction() as session:
        _change(session, name, "done", "examination_done", of=_OPEN, findings=found)
        stored_files.forget_unused(session, hashed)


def forget_old(session: Session, now: datetime) -> None:
    """Drop what has not changed for long, with files that nothing else needs; it can be asked for again."""
    _forget(session, now - KEPT_FOR)


def forget_all(session: Session) -> None:
    """Drop everything: what starts now may be another release. Jobs that are queued then find nothing to do."""
    _forget(session, None)


def _forget(session: Session, before: datetime | None) -> None:
    for hashed in session.scalars(_FORGET, {"before": before}).all():
        stored_files.forget_unused(session, hashed)


class _TooLong(Exception):
    """The examination is given up: the next attempt would take as long."""


def _fail(database: Database, name: Mapping[str, str], code: str) -> None:
    with database.transaction() as session:
        _change(session, name, "failed", code, of=_OPEN)
        stored_files.forget_unused(session, name["content_hash"])


def _teller(database: Database, name: Mapping[str, str]) -> Callable[[Progress], None]:
    """Writes progress a few times a second at most: the examination of a small process is over before anybody looks.

    Raises _TooLong after ``MOST_SECONDS``.
    """
    began = last = time.monotonic()

    def tell(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - began > MOST_SECONDS:
            raise _TooLong
        if time.monotonic() - last < _TELL_SECONDS:
            return
        with database.transaction() as session:
            _change(session, name, "running", progress.code, of=("running",), progress=progress)
        last = time.monotonic()

    return tell


def _change(
    session: Session,
    name: Mapping[str, str],
    state: str,
    code: str,
    *,
    of: tuple[str, ...],
    progress: Progress | None = None,
    findings: str | None = None,
) -> Row[Any] | None:
    """Bring the row from one of the states ``of`` to ``state``; None if it is in another one."""
    given = {
        **name,
        "state": state,
        "states": list(of),
        "code": code,
        "facts": json.dumps({} if progress is None else progress.facts, ensure_ascii=False),
        "done": 0 if progress is None else progress.done,
        "total": 0 if progress is None else progress.total,
        "findings": findings,
        "now": clock.now(),
    }
    return session.execute(_CHANGE, given).one_or_none()


def _examination(row: Row[Any]) -> Examination:
    return Examination(
        content_hash=row.content_hash,
        process_key=row.process_key,
        state=row.state,
        done=row.done,
        total=row.total,
        now_code=row.now_code,
        now_facts=json.loads(row.now_facts),
        found=None if row.findings is None else examined_of(row.findings),
    )
