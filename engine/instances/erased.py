"""What was erased, as a list that is kept outside of the database: a backup of before has it still, and after a restore it is erased anew.

``erasures.jsonl`` beside the checkpoints, to be kept with them, is written anew whenever something was erased, by a job of the same
transaction; the workers of other machines write theirs within the hour. It names numbers and reasons, never what was erased, a line for
each::

    {"what": "subject", "key": "case/42", "made_at": null, "at": …, "because": …}

``what``: a subject (``erasing``), or a comment, file or letter by its number, with the moment at which it was made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import log, records
from engine.database.session import Database
from engine.errors import CommandRejected, EngineError, NotFound, WrongState
from engine.handler import SYSTEM
from engine.instances import papers
from engine.instances.erasing import RepeatErasure, repeat_erasure, subject_of
from engine.instances.runtime import Runtime
from engine.mail.commands import EraseLetters, erase_letters
from engine.mail.erasing import ERASED

FILE: Final = "erasures.jsonl"
_log = log.get(__name__)
_LARGEST: Final = 64 * 1024 * 1024

_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended('erasures', 0))")
_IS_KNOWN = text("SELECT to_regclass('engine.erasure') IS NOT NULL AND to_regclass('engine.letter') IS NOT NULL")
# what went with a case whose retention is over goes again with it, by itself
_LISTED = text("""
    SELECT 'subject' AS what, kind, chain AS key, NULL AS made_at, done_at AS at, because FROM engine.erasure
    WHERE done_at IS NOT NULL AND because <> 'case:removed'
    UNION ALL
    SELECT 'comment', NULL, comment.id::text, comment.at, comment.removed_at, '' FROM engine.comment
    JOIN engine.instance ON instance.id = instance_id WHERE comment.removed_at IS NOT NULL AND instance.removed_at IS NULL
    UNION ALL
    SELECT 'file', NULL, attachment.id::text, added_at, attachment.removed_at, '' FROM engine.attachment
    JOIN engine.instance ON instance.id = instance_id WHERE attachment.removed_at IS NOT NULL AND instance.removed_at IS NULL
    UNION ALL
    SELECT 'letter', NULL, id::text, made_at, greatest(ended_at, made_at), '' FROM engine.letter WHERE code = :erased
    ORDER BY 5, 1, 3
""")
_MADE = {
    "comment": text("SELECT at FROM engine.comment WHERE id = :id AND removed_at IS NULL"),
    "file": text("SELECT added_at FROM engine.attachment WHERE id = :id AND removed_at IS NULL"),
    "letter": text("SELECT made_at FROM engine.letter WHERE id = :id AND code IS DISTINCT FROM :erased").bindparams(
        erased=ERASED
    ),
}


class ErasuresUnusable(EngineError):
    """The file is no list of erasures."""

    default_code = "erasures_unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One thing that was erased. ``made_at``: when a comment, file or letter was made; ``at``: when it was erased (of a letter: when it
    had ended).
    """

    what: str
    key: str
    made_at: datetime | None
    at: datetime
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """What became of a list: how much was erased again, and what could not be, with its code and facts."""

    done: int
    refused: tuple[tuple[Erasure, CommandRejected], ...]


def listed(session: Session) -> tuple[Erasure, ...]:
    """All that was erased, the oldest first; nothing of a database from before there was any of it. Two statements."""
    if not session.execute(_IS_KNOWN).scalar_one():
        return ()
    return tuple(
        Erasure(
            what=row.what,
            key=subject_of(row.kind, row.key) if row.what == "subject" else row.key,
            made_at=row.made_at,
            at=row.at,
            because=row.because,
        )
        for row in session.execute(_LISTED, {"erased": ERASED})
    )


def keep_beside(runtime: Runtime) -> None:
    """Write the list beside the checkpoints, where this process keeps any; what cannot be written is told in the log as an error."""
    if runtime.keeping is not None:
        try:
            keep(runtime.database, runtime.keeping.folder)
        except OSError:
            _log.exception("erasures_not_listed")


def keep(database: Database, folder: Path) -> None:
    """Write the list into ``folder``, whole or not at all, if it says something that the file there does not. Raises OSError.

    One at a time: who read the list earlier would otherwise write over who read it later. A subject that is in the file and not known here
    stays in it: an older backup was brought back, and what was erased since could not be erased again (``repeat``).
    """
    with database.transaction() as session:
        session.execute(_TURN)
        found = listed(session)
        known = {each.key for each in found if each.what == "subject"}
        kept = [each for each in _there(folder) if each.what == "subject" and each.key not in known]
        _write("".join(json.dumps(_told(each), ensure_ascii=False) + "\n" for each in (*kept, *found)), folder)


def _there(folder: Path) -> tuple[Erasure, ...]:
    """What the file in ``folder`` says; nothing if it is no list: it is written anew."""
    try:
        return read(folder / FILE) if (folder / FILE).is_file() else ()
    except ErasuresUnusable:
        return ()


def _write(content: str, folder: Path) -> None:
    file = folder / FILE
    if not content or (file.is_file() and file.read_text(encoding="utf-8") == content):
        return
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{FILE}.{os.getpid()}"
    unfinished.write_text(content, encoding="utf-8")
    unfinished.chmod(0o600)
    unfinished.replace(file)


def read(file: Path) -> tuple[Erasure, ...]:
    """The list in ``file``. Raises ErasuresUnusable."""
    try:
        if file.stat().st_size > _LARGEST:
            raise ErasuresUnusable(None, file=str(file))
        return tuple(_read(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines())
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ErasuresUnusable(None, file=str(file)) from error


def repeat(database: Database, erasures: Iterable[Erasure], since: datetime, now: datetime, because: str) -> Repeated:
    """Erase again what was erased after ``since``, each in a transaction of its own and in the history; ``because``: the reason where the
    list has none. What is gone already, or was never there, is none of either.
    """
    done, refused = 0, []
    for each in sorted(set(erasures), key=lambda found: (found.at, found.what, found.key)):
        # of a letter the list knows the moment only from below
        if each.what != "letter" and each.at <= since:
            continue
        try:
            done += _repeat(database, each, each.because or because, now)
        except NotFound:
            continue
        except CommandRejected as error:
            refused.append((each, error))
    return Repeated(done=done, refused=tuple(refused))


def _repeat(database: Database, erasure: Erasure, because: str, now: datetime) -> bool:
    """Whether there was something to erase. Raises CommandRejected."""
    if erasure.what == "subject":
        given = RepeatErasure(subject=erasure.key, because=because)
        records.execute(database, repeat_erasure, given, SYSTEM, now=now)
        return True
    with database.reading() as session:
        made = session.scalar(_MADE[erasure.what], {"id": int(erasure.key)})
    if made is None or made != erasure.made_at:
        return False
    cleaner = replace(SYSTEM, roles=papers.CLEANERS)
    try:
        if erasure.what == "comment":
            papers.remove_comment(database, cleaner, int(erasure.key), because)
        elif erasure.what == "file":
            papers.remove_file(database, cleaner, int(erasure.key), because)
        else:
            records.execute(
                database, erase_letters, EraseLetters(letter=int(erasure.key), because=because), SYSTEM, now=now
            )
    except WrongState as error:
        if error.code in {"comment_gone", "file_gone", "letter_erased_already"}:
            return False
        raise
    return True


def _told(erasure: Erasure) -> dict[str, Any]:
    return {
        "what": erasure.what,
        "key": erasure.key,
        "made_at": None if erasure.made_at is None else erasure.made_at.isoformat(),
        "at": erasure.at.isoformat(),
        "because": erasure.because,
    }


def _read(given: dict[str, Any]) -> Erasure:
    made_at, what, key = given["made_at"], str(given["what"]), str(given["key"])
    if what != "subject" and (what not in _MADE or not key.isdecimal() or len(key) > 18):
        raise ValueError(what)
    at = datetime.fromisoformat(given["at"])
    made = None if made_at is None else datetime.fromisoformat(made_at)
    if at.tzinfo is None or (made is not None and made.tzinfo is None):
        raise ValueError(given["at"])
    return Erasure(what=what, key=key, made_at=made, at=at, because=str(given["because"])[:500])
