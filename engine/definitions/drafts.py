"""What process owners are drawing: one draft a process. It may be broken; only publishing asks for more.

Two people on one draft: each save names the revision that the person last saw, so the second one is told and nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine import clock
from engine.database.session import Database
from engine.definitions import files as stored_files
from engine.errors import CommandRejected, Conflict, DefinitionError, NotAllowed
from engine.handler import SYSTEM, Actor
from engine.history import refusals
from engine.model.bundle import content_hash, read_bundle

OWNER_ROLES: Final = frozenset({"process_owner", "admin"})
MAXIMUM_BYTES: Final = 5_000_000
EXAMINING: Final = "examination_running"
"""Of a Conflict that only asks to come again: what is to be published is being examined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A draft as it is stored. ``base_version``: the number of the version it began with; None for a new process."""

    process_key: str
    base_version: int | None
    revision: int
    content_hash: str
    saved_at: datetime
    saved_by: str
    files: Mapping[str, bytes]


_COLUMNS = "process_key, base_version, revision, content_hash, saved_at, saved_by"

_FIND = text(f"SELECT {_COLUMNS} FROM engine.definition_draft WHERE process_key = :key")  # noqa: S608 - composed of constants

_CREATE = text(f"""
    INSERT INTO engine.definition_draft (process_key, base_version, revision, content_hash, saved_at, saved_by)
    VALUES (:key, :base, 1, :content_hash, :now, :login)
    ON CONFLICT (process_key) DO NOTHING RETURNING {_COLUMNS}
""")  # noqa: S608 - composed of constants

_CHANGE = text(f"""
    UPDATE engine.definition_draft
    SET base_version = :base, revision = revision + 1, content_hash = :content_hash, saved_at = :now, saved_by = :login
    WHERE process_key = :key AND revision = :revision RETURNING {_COLUMNS}
""")  # noqa: S608 - composed of constants

_DISCARD = text("""
    DELETE FROM engine.definition_draft
    WHERE process_key = :key AND (CAST(:revision AS integer) IS NULL OR revision = :revision)
    RETURNING content_hash
""")


def save(  # noqa: PLR0917 - the contract of the editor
    database: Database,
    actor: Actor,
    process_key: str,
    files: Mapping[str, bytes],
    base_version: int | None,
    revision: int,
) -> Draft:
    """Store the draft; ``revision`` is the one that the actor last saw, 0 when there was none. Gives it with its new revision.

    Raises NotAllowed; Conflict (``draft_changed``) if somebody saved, published or discarded meanwhile; CommandRejected if it is too large.
    """
    with refusals.remembering(database, actor.login, "processes.save_draft", {"process": process_key}):
        _require_owner(actor)
        require_bounded(files)
        hashed = content_hash(files)
        given = {
            "key": process_key,
            "base": base_version,
            "revision": revision,
            "content_hash": hashed,
            "now": clock.now(),
            "login": actor.login,
        }
        with database.transaction() as session:
            before = session.execute(_FIND, {"key": process_key}).one_or_none()
            row = session.execute(_CREATE if revision == 0 else _CHANGE, given).one_or_none()
            if row is None:
                raise Conflict("draft_changed", process=process_key, by=None if before is None else before.saved_by)
            stored_files.keep(session, hashed, files)
            if before is not None and before.content_hash != hashed:
                stored_files.forget_unused(session, before.content_hash)
            return _draft(row, files)


def require_bounded(files: Mapping[str, bytes]) -> None:
    """Raises CommandRejected if ``files`` are too large together for a draft."""
    if sum(len(content) for content in files.values()) > MAXIMUM_BYTES:
        raise CommandRejected("draft_too_large", maximum=MAXIMUM_BYTES)


def throw_away(database: Database, actor: Actor, process_key: str, revision: int) -> None:
    """Drop the draft of a process because its owner wants to begin again from the latest version. ``revision``: the one that they saw.

    Raises NotAllowed; Conflict (``draft_changed``) if somebody saved meanwhile. A draft that is gone already is no error.
    """
    with refusals.remembering(database, actor.login, "processes.discard_draft", {"process": process_key}):
        _require_owner(actor)
        with database.transaction() as session:
            discard(session, process_key, revision)


def find(session: Session, process_key: str) -> Draft | None:
    """The draft of a process, with its files."""
    row = session.execute(_FIND, {"key": process_key}).one_or_none()
    return None if row is None else _draft(row, stored_files.read(session, row.content_hash))


def discard(session: Session, process_key: str, revision: int | None = None) -> None:
    """Drop the draft, if there is one. ``revision``: the one that the actor last saw, 0 for none; None drops whatever is there.

    Raises Conflict (``draft_changed``) if there is a draft of another revision: nobody has published or refused what stands in it.
    """
    hashed = session.execute(_DISCARD, {"key": process_key, "revision": revision}).scalar_one_or_none()
    if hashed is not None:
        stored_files.forget_unused(session, hashed)
        return
    other = session.execute(_FIND, {"key": process_key}).one_or_none()
    if other is not None:
        raise Conflict("draft_changed", process=process_key, by=other.saved_by)


def publishing(database: Database, actor: Actor, files: Mapping[str, bytes]) -> AbstractContextManager[None]:
    """Around publishing, and what leads to it: who is refused stands in the history, with the process that was meant."""

    def about() -> Mapping[str, str]:
        try:
            return {"process": read_bundle(files).key}
        except DefinitionError:
            return {}

    return refusals.remembering(database, actor.login, "processes.publish", about, but={EXAMINING})


def require_publisher(actor: Actor) -> None:
    """Raises NotAllowed for whoever may not publish: process owners may, and the engine itself."""
    if actor.login != SYSTEM.login and not actor.roles & OWNER_ROLES:
        raise NotAllowed("publish_not_allowed")


def _require_owner(actor: Actor) -> None:
    if not actor.roles & OWNER_ROLES:
        raise NotAllowed("draft_not_allowed")


def _draft(row: Row[Any], files: Mapping[str, bytes]) -> Draft:
    return Draft(
        process_key=row.process_key,
        base_version=row.base_version,
        revision=row.revision,
        content_hash=row.content_hash,
        saved_at=row.saved_at,
        saved_by=row.saved_by,
        files=files,
    )
