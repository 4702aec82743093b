"""Checkpoints: how the whole history stood at a moment, in one line, signed, made to be kept elsewhere.

A checkpoint names the number of events, the root of the Merkle tree over their hashes, the moment, and the checkpoint before it
(``docs/history-format.md``). Whoever keeps one outside can prove later, with ``verifier.py`` alone, that no event before it was changed,
removed, added or moved, whatever was done in the database meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.errors import InvariantBroken, NotFound
from engine.history import order, verifier
from engine.history.signing import Signer
from engine.history.store import moment_text

MOST_EVENTS: Final = 200_000
"""Of one checkpoint: what was recorded before there were any is signed in parts."""

_WRITTEN = "number, size, root, at, previous, public_key, signature, peaks"
# what was signed since the backup that was brought back was made, and is lost, has the same numbers
_COLUMNS = f"""
    {_WRITTEN}, EXISTS (SELECT FROM engine.restoration WHERE restoration.made_at < history_checkpoint.at) AS is_after_restore
"""
_LAST = text(f"SELECT {_COLUMNS} FROM engine.history_checkpoint ORDER BY number DESC LIMIT 1")  # noqa: S608 - composed of constants
_ONE = text(f"SELECT {_COLUMNS} FROM engine.history_checkpoint WHERE number = :number")  # noqa: S608 - composed of constants
_PAGE = text(f"""
    SELECT {_COLUMNS} FROM engine.history_checkpoint
    WHERE CAST(:before AS integer) IS NULL OR number < :before ORDER BY number DESC LIMIT :limit
""")  # noqa: S608 - composed of constants
_AFTER = text(f"SELECT {_COLUMNS} FROM engine.history_checkpoint WHERE number > :after ORDER BY number")  # noqa: S608 - composed of constants
_INSERT = text(f"""
    INSERT INTO engine.history_checkpoint ({_WRITTEN})
    VALUES (:number, :size, :root, :at, :previous, :public_key, :signature, :peaks)
    RETURNING {_COLUMNS}
""")  # noqa: S608 - composed of constants
_END = text("SELECT max(last) FROM engine.history_order WHERE first > :size AND first <= :most")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint as it leaves the house: ``said`` is its content with the signature. ``is_after_restore``: another one of its number may
    have left the house before.
    """

    number: int
    size: int
    at: datetime
    said: Mapping[str, Any]
    is_after_restore: bool = False

    @property
    def text(self) -> bytes:
        """The file's content, one line."""
        return f"{verifier.canonical(self.said)}\n".encode()

    @property
    def file_name(self) -> str:
        """The file's name; one of its own where another checkpoint of this number may lie in the same folder."""
        return self.longer_name if self.is_after_restore else f"checkpoint-{self.number:06}.json"

    @property
    def longer_name(self) -> str:
        """A name that no other checkpoint has, whatever its number."""
        return f"checkpoint-{self.number:06}-{hashlib.sha256(self.text).hexdigest()[:8]}.json"


def make(session: Session, signer: Signer, now: datetime) -> Checkpoint | None:
    """Sign the history as far as it is numbered; None when nothing is new. In a transaction of its own (READ COMMITTED): one at a time.

    Only the events since the last checkpoint are read. Raises InvariantBroken when the last checkpoint is not what was signed
    (``history_checkpoint_changed``) or an event is gone that has a number (``history_numbered_event_gone``): that is not signed over.
    """
    order.wait_for_turn(session)
    last = session.execute(_LAST).one_or_none()
    tree = verifier.Tree() if last is None else _tree(last)
    end = session.execute(_END, {"size": tree.size, "most": tree.size + MOST_EVENTS}).scalar()
    if end is None:
        return None
    for number, event_hash in order.hashes(session, tree.size, end):
        if number != tree.size + 1:
            break
        tree.add(event_hash)
    if tree.size != end:
        raise InvariantBroken("history_numbered_event_gone", event=tree.size + 1)
    at = now if last is None else max(now, last.at)
    said = {
        "at": moment_text(at),
        "format": verifier.CHECKPOINT_FORMAT,
        "key": signer.public_key.hex(),
        "number": 1 if last is None else last.number + 1,
        "previous": verifier.NO_CHECKPOINT if last is None else verifier.checkpoint_hash(_said(last)),
        "root": tree.root().hex(),
        "size": tree.size,
    }
    said["signature"] = signer.sign(verifier.checkpoint_content(said)).hex()
    return _checkpoint(session.execute(_INSERT, _row(said, at, b"".join(tree.peaks))).one())


def find(session: Session, number: int) -> Checkpoint:
    """The checkpoint of this number. Raises NotFound (``history_checkpoint_not_found``)."""
    row = session.execute(_ONE, {"number": min(number, 2**31 - 1)}).one_or_none()
    if row is None:
        raise NotFound("history_checkpoint_not_found", number=number)
    return _checkpoint(row)


def newest(session: Session, *, before: int | None = None, limit: int = 50) -> list[Checkpoint]:
    """The newest checkpoints, the newest first: at most ``limit`` of those before number ``before``."""
    return [_checkpoint(row) for row in session.execute(_PAGE, {"before": before, "limit": limit})]


def since(session: Session, after: int) -> list[Checkpoint]:
    """Every checkpoint after number ``after``, in their order."""
    return [_checkpoint(row) for row in session.execute(_AFTER, {"after": after})]


def write_out(session: Session, folder: Path) -> int:
    """Write the checkpoints that are newer than those in ``folder`` there, each a file; how many. A file appears whole or not at all.

    Where an older backup was brought back, the folder has checkpoints of the days that were lost: they stay, for they show what is gone,
    and those that this database makes under the same numbers come beside them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = since(session, _last_of(session, folder))
    for each in written:
        target = file_of(folder, each)
        unfinished = folder / f".{target.name}.{os.getpid()}"
        unfinished.write_bytes(each.text)
        unfinished.rename(target)
    return len(written)


def file_of(folder: Path, each: Checkpoint) -> Path:
    """The file in ``folder`` of this checkpoint, there or to come; it has a longer name where another checkpoint has the usual one."""
    usual = folder / each.file_name
    if not usual.exists() or usual.read_bytes() == each.text:
        return usual
    return folder / each.longer_name


def _last_of(session: Session, folder: Path) -> int:
    """The number of the last checkpoint of this database that ``folder`` has; 0 when it has none."""
    names = [re.fullmatch(r"checkpoint-(\d+)(?:-[0-9a-f]{8})?\.json", each.name) for each in folder.iterdir()]
    for number in sorted({int(each[1]) for each in names if each}, reverse=True):
        row = session.execute(_ONE, {"number": min(number, 2**31 - 1)}).one_or_none()
        if row is not None and _is_there(folder, _checkpoint(row)):
            return number
    return 0


def _is_there(folder: Path, each: Checkpoint) -> bool:
    return any(file.read_bytes() == each.text for file in folder.glob(f"checkpoint-{each.number:06}*.json"))


def _said(row: Row[Any]) -> dict[str, Any]:
    return {
        "at": moment_text(row.at),
        "format": verifier.CHECKPOINT_FORMAT,
        "key": bytes(row.public_key).hex(),
        "number": row.number,
        "previous": bytes(row.previous).hex(),
        "root": bytes(row.root).hex(),
        "signature": bytes(row.signature).hex(),
        "size": row.size,
    }


def _row(said: Mapping[str, Any], at: datetime, peaks: bytes) -> dict[str, Any]:
    hashes = {"root": "root", "previous": "previous", "public_key": "key", "signature": "signature"}
    given = {column: bytes.fromhex(said[member]) for column, member in hashes.items()}
    return {**given, "number": said["number"], "size": said["size"], "at": at, "peaks": peaks}


def _checkpoint(row: Row[Any]) -> Checkpoint:
    said, is_after = _said(row), row.is_after_restore
    return Checkpoint(number=row.number, size=row.size, at=row.at, said=said, is_after_restore=is_after)


def _tree(row: Row[Any]) -> verifier.Tree:
    """The tree as the last checkpoint left it. What stands beside the signed root must lead to it, or a forger's tree would go on."""
    peaks = bytes(row.peaks)
    tree = verifier.Tree(row.size, [peaks[at : at + 32] for at in range(0, len(peaks), 32)])
    is_edge = len(tree.peaks) == row.size.bit_count() and tree.root() == bytes(row.root)
    if not is_edge or not verifier.is_genuine(_said(row)):
        raise InvariantBroken("history_checkpoint_changed", number=row.number)
    return tree
