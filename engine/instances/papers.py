"""Comments and files of a case: whoever takes part in it reads and writes them; each is an event of its history.

The history holds what proves them, not what they say: of a comment a salted hash, of a file its hash. So what somebody wrote can be taken
away for good (a tombstone stays, and the chain still holds), and what was kept can be shown to be what was written.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine import clock
from engine.database.session import Database
from engine.errors import FieldProblem, InvalidInput, NotAllowed, NotFound, WrongState
from engine.files import store as files
from engine.files.names import safe_name
from engine.handler import Actor
from engine.history.store import ChainHead
from engine.inbox import acts
from engine.inbox.standing_in import standing_in
from engine.instances.access import may_see_case
from engine.instances.clearing import NAMELESS
from engine.jobs import queue
from engine.record import reason_of

LONGEST_COMMENT: Final = 5_000
MOST_FILES: Final = 100
"""Of a case."""
CLEANERS: Final = frozenset({"process_owner", "admin"})
"""Roles that may take away what somebody else wrote or attached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What somebody wrote. ``text`` None: it was taken away, by ``removed_by``. ``is_mine``: who takes away another's says why."""

    id: int
    author: str
    at: datetime
    text: str | None
    removed_by: str | None
    may_remove: bool
    is_mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of a case."""

    id: int
    name: str
    size: int
    media_type: str
    added_by: str
    added_at: datetime
    may_remove: bool
    is_mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """All of a case, oldest first."""

    comments: tuple[Comment, ...]
    files: tuple[Attachment, ...]
    may_write: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A file to be sent."""

    name: str
    media_type: str
    content: bytes


_CASE = """
    SELECT instance.id, instance.started_by, instance.process_key, version.lane_roles, instance.chain_sequence, instance.chain_hash
    FROM engine.instance JOIN engine.definition_version version ON version.id = instance.version_id WHERE instance.id = :instance
"""
_LOOK = text(_CASE)
_LOCK = text(f"{_CASE} FOR UPDATE OF instance")
_COMMENTS = text("""
    SELECT id, author, at, body, removed_by FROM engine.comment WHERE instance_id = :instance ORDER BY id LIMIT 1000
""")
_FILES = text("""
    SELECT attachment.id, attachment.name, attachment.added_by, attachment.added_at, content.size, content.media_type
    FROM engine.attachment JOIN engine.file_content content ON content.hash = attachment.hash
    WHERE attachment.instance_id = :instance AND attachment.removed_at IS NULL ORDER BY attachment.id
""")
_ADD_COMMENT = text("""
    INSERT INTO engine.comment (instance_id, author, at, body, salt) VALUES (:instance, :author, :now, :body, :salt) RETURNING id
""")
_FIND_COMMENT = text("SELECT id, instance_id, author, removed_at FROM engine.comment WHERE id = :id")
_REMOVE_COMMENT = text("""
    UPDATE engine.comment SET body = NULL, salt = NULL, removed_at = :now, removed_by = :by
    WHERE id = :id AND removed_at IS NULL RETURNING id
""")
_COUNT_FILES = text("SELECT count(*) FROM engine.attachment WHERE instance_id = :instance AND removed_at IS NULL")
_ATTACH = text("""
    INSERT INTO engine.attachment (instance_id, hash, name, added_by, added_at) VALUES (:instance, :hash, :name, :by, :now) RETURNING id
""")
_FIND_FILE = text("SELECT id, instance_id, name, hash, added_by, removed_at FROM engine.attachment WHERE id = :id")
# the content goes with the last case that has it, unless it is kept for good
_REMOVE_FILE = text("""
    WITH removed AS (
        UPDATE engine.attachment SET removed_at = :now, removed_by = :by, hash = NULL, name = :nameless
        WHERE id = :id AND removed_at IS NULL RETURNING id
    ), dropped AS (
        DELETE FROM engine.file_content
        WHERE hash = :hash AND NOT is_kept AND EXISTS (SELECT FROM removed)
          AND NOT EXISTS (SELECT FROM engine.attachment other WHERE other.hash = :hash AND other.id <> :id)
    )
    SELECT id FROM removed
""")


def papers(session: Session, actor: Actor, instance_id: int) -> Papers:
    """Comments and files of the case. Raises NotFound, also when the actor may not see it."""
    row = _visible(session, _LOOK, actor, instance_id)
    may_clean = not actor.roles.isdisjoint(CLEANERS)
    comments = tuple(
        Comment(
            id=each.id,
            author=each.author,
            at=each.at,
            text=each.body,
            removed_by=each.removed_by,
            may_remove=each.body is not None and (may_clean or each.author == actor.login),
            is_mine=each.author == actor.login,
        )
        for each in session.execute(_COMMENTS, {"instance": instance_id})
    )
    attached = tuple(
        Attachment(
            id=each.id,
            name=each.name,
            size=each.size,
            media_type=each.media_type,
            added_by=each.added_by,
            added_at=each.added_at,
            may_remove=may_clean or each.added_by == actor.login,
            is_mine=each.added_by == actor.login,
        )
        for each in session.execute(_FILES, {"instance": instance_id})
    )
    return Papers(comments=comments, files=attached, may_write=_takes_part(session, actor, row))


def comment(database: Database, actor: Actor, instance_id: int, body: str) -> int:
    """Write a comment on the case; gives its id. Raises NotFound; NotAllowed (who only looks on); InvalidInput (``text``)."""
    said, now = body.replace("\0", "").strip(), clock.now()
    code = "comment_empty" if not said else "comment_too_long" if len(said) > LONGEST_COMMENT else None
    if code is not None:
        raise InvalidInput((FieldProblem(field="text", code=code, facts={"most": LONGEST_COMMENT}),))
    salt = secrets.token_bytes(16)
    with database.transaction() as session:
        row = _writable(session, actor, instance_id)
        given = {"instance": instance_id, "author": actor.login, "now": now, "body": said, "salt": salt}
        made = int(session.execute(_ADD_COMMENT, given).scalar_one())
        told = {"comment": made, "salted_sha256": hashlib.sha256(salt + said.encode()).hexdigest()}
        _record(session, row, actor, now, "comment:added", told)
        return made


def remove_comment(database: Database, actor: Actor, comment_id: int, because: str = "") -> int:
    """Take a comment away for good, its salt too; gives the case. By its author or ``CLEANERS``, who say why.

    Raises NotFound; NotAllowed; InvalidInput (``because``); WrongState (it is gone already).
    """
    now = clock.now()
    with database.transaction() as session:
        found = session.execute(_FIND_COMMENT, {"id": comment_id}).one_or_none()
        if found is None:
            raise NotFound("comment_not_found")
        row = _visible(session, _LOCK, actor, found.instance_id)
        told = _reason(actor, found.author, because)
        if session.execute(_REMOVE_COMMENT, {"id": comment_id, "now": now, "by": actor.login}).first() is None:
            raise WrongState("comment_gone")
        _record(session, row, actor, now, "comment:removed", {"comment": comment_id} | told)
        queue.defer(session, queue.LIST_ERASURES, {})
        return int(found.instance_id)


def attach(database: Database, actor: Actor, instance_id: int, name: str, content: bytes) -> int:
    """Attach a file to the case; gives its id.

    Raises NotFound; NotAllowed (who only looks on); InvalidInput (``file``: empty, too large, not of a kind that is taken, too many).
    """
    kind, now = files.check(content, name), clock.now()
    with database.transaction() as session:
        row = _writable(session, actor, instance_id)
        if session.execute(_COUNT_FILES, {"instance": instance_id}).scalar_one() >= MOST_FILES:
            raise InvalidInput((FieldProblem(field="file", code="files_too_many", facts={"most": MOST_FILES}),))
        stored = files.put(session, content, kind, now)
        given = {"instance": instance_id, "hash": stored.hash, "name": safe_name(name, kind.extension)}
        made = int(session.execute(_ATTACH, given | {"by": actor.login, "now": now}).scalar_one())
        told = {"file": made, "sha256": stored.hash, "size": stored.size, "media_type": kind.media_type}
        _record(session, row, actor, now, "file:attached", told)
        return made


def remove_file(database: Database, actor: Actor, attachment_id: int, because: str = "") -> int:
    """Take a file and its name away for good; gives the case. By who attached it or ``CLEANERS``, who say why. Raises as
    ``remove_comment``.
    """
    now = clock.now()
    with database.transaction() as session:
        found = session.execute(_FIND_FILE, {"id": attachment_id}).one_or_none()
        if found is None:
            raise NotFound("file_not_found")
        row = _visible(session, _LOCK, actor, found.instance_id)
        told = _reason(actor, found.added_by, because)
        if found.hash is not None:
            files.lock(session, found.hash)
        given = {"id": attachment_id, "hash": found.hash, "now": now, "by": actor.login, "nameless": NAMELESS}
        if session.execute(_REMOVE_FILE, given).first() is None:
            raise WrongState("file_gone")
        _record(session, row, actor, now, "file:removed", {"file": attachment_id} | told)
        queue.defer(session, queue.LIST_ERASURES, {})
        return int(found.instance_id)


def content(session: Session, actor: Actor, attachment_id: int) -> Content:
    """The file, for whoever may see its case. Raises NotFound."""
    found = session.execute(_FIND_FILE, {"id": attachment_id}).one_or_none()
    if found is None or found.removed_at is not None:
        raise NotFound("file_not_found")
    _visible(session, _LOOK, actor, found.instance_id)
    kept = files.get(session, found.hash)
    if kept is None:
        raise NotFound("file_not_found")
    return Content(name=found.name, media_type=kept[0], content=kept[1])


def _visible(session: Session, statement: Any, actor: Actor, instance_id: int) -> Row[Any]:
    row = session.execute(statement, {"instance": instance_id}).one_or_none()
    if row is None or not (
        may_see_case(actor, started_by=row.started_by, lane_roles=row.lane_roles) or _takes_part(session, actor, row)
    ):
        raise NotFound("case_not_found", case=instance_id)
    found: Row[Any] = row
    return found


def _writable(session: Session, actor: Actor, instance_id: int) -> Row[Any]:
    row = _visible(session, _LOCK, actor, instance_id)
    if not _takes_part(session, actor, row):
        raise NotAllowed("papers_not_allowed")
    return row


def _takes_part(session: Session, actor: Actor, row: Row[Any]) -> bool:
    """Who began the case, who has a role in it, who owns or administrates processes, and who stands in for one of the former."""
    if actor.login == row.started_by or not actor.roles.isdisjoint({*row.lane_roles, *CLEANERS}):
        return True
    return any(
        (each.process_keys is None or row.process_key in each.process_keys)
        and (each.login == row.started_by or not each.roles.isdisjoint(row.lane_roles))
        for each in standing_in(session, actor, clock.now())
    )


def _reason(actor: Actor, author: str, because: str) -> dict[str, str]:
    """What the history says besides; who takes away what is their own need not say why."""
    if author == actor.login:
        return {}
    if actor.roles.isdisjoint(CLEANERS):
        raise NotAllowed("papers_not_yours")
    return {"reason": reason_of(because)}


def _record(  # noqa: PLR0917 - what happened where, by whom, when
    session: Session, row: Row[Any], actor: Actor, now: datetime, kind: str, told: dict[str, Any]
) -> None:
    head = ChainHead(sequence=row.chain_sequence, hash=bytes(row.chain_hash))
    acts.record_of_case(session, row.id, head, actor, now, {"type": kind, **told})
