"""What the editors post: files of one process, and what they were drawn over. Read without trust."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.definitions import drafts
from engine.errors import CommandRejected
from engine.stories import stories_of

FILE_BYTES: Final = 2_000_000
"""Of one diagram or decision file."""

NOTE_LENGTH: Final = 500

DRAWN: Final = (".bpmn", ".dmn")
"""What the editors draw; they also change stories that are there. Forms and the description of a process come with a release."""

_NEW_DECISIONS: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}\.dmn")

_NAMED: Final = 100
"""Characters of a refused path that the refusal repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What an editor posts: whole files by path, and what they were based on. ``revision``: of the draft that it last saw, 0 for none.

    ``reason``: why it is to be published although it is not decided whether it is sound.
    """

    files: Mapping[str, bytes]
    base_version: int | None
    revision: int
    note: str
    reason: str


def read_sent(body: Any) -> Sent:
    """What an editor posted. Raises CommandRejected: not of its form, or a file that is too large."""
    if not isinstance(body, dict) or not isinstance(body.get("files"), dict) or not body["files"]:
        raise CommandRejected("web.editor.not_json")
    files = body["files"]
    base, revision = body.get("base_version"), body.get("revision") or 0
    note, reason = body.get("note") or "", body.get("reason") or ""
    if not all(is_text(path) and isinstance(text, str) for path, text in files.items()):
        raise CommandRejected("web.editor.not_json")
    if not is_count(revision) or not (base is None or is_count(base)) or not (is_text(note) and is_text(reason)):
        raise CommandRejected("web.editor.not_json")
    return Sent(
        files={path: _content(path, text) for path, text in files.items()},
        base_version=base,
        revision=revision,
        note=note.strip()[:NOTE_LENGTH],
        reason=reason.strip(),
    )


def _content(path: str, text: str) -> bytes:
    content = text.encode("utf-8", "replace")
    if len(content) > FILE_BYTES:
        raise CommandRejected("web.editor.too_large", file=path[:_NAMED], maximum=FILE_BYTES // 1_000)
    return content


def laid_over(files: Mapping[str, bytes], sent: Sent) -> dict[str, bytes]:
    """``files`` with those that were sent in their place; all others stay byte for byte.

    Raises CommandRejected for a path that the process has not, but for one new decision file; and when all of them are too large together.
    """
    new = [path for path in sent.files if path not in files]
    for path in sent.files:
        is_first_new = new[:1] == [path] and _NEW_DECISIONS.fullmatch(path) is not None
        if not (path.endswith(DRAWN) or stories_of({path: b""})) or not (path in files or is_first_new):
            raise CommandRejected("web.editor.file_refused", file=path[:_NAMED])
    made = {**files, **sent.files}
    drafts.require_bounded(made)
    return made


def is_text(value: object) -> bool:
    """Text that PostgreSQL can keep: without NUL and half characters."""
    return isinstance(value, str) and "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)


def is_count(value: object) -> bool:
    """A number that a counter of ours may have."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
