"""What an editor has posted in this request, and the files of the process with it."""

from __future__ import annotations

from typing import Any

from flask import request

from engine.definitions import drafts
from web import auth
from web.workshop.sent import Sent, laid_over, read_sent
from web.workshop.versions import numbered


def posted() -> Any:
    """The JSON of the request; None when it is none."""
    try:
        return request.get_json(silent=True) if request.is_json else None
    except RecursionError:  # nested beyond what the JSON reader follows
        return None


def sent() -> Sent:
    """What an editor sends. Raises CommandRejected when it is nothing of the kind."""
    return read_sent(posted())


def files_with(process_key: str, drawn: Sent) -> dict[str, bytes]:
    """What was sent over the other files: of the draft, else of the version that the editor began with.

    Raises NotFound; CommandRejected for files that the process has not.
    """
    with auth.runtime().database.reading() as session:
        draft = drafts.find(session, process_key)
        if draft is not None:
            return laid_over(draft.files, drawn)
        definition, _ = numbered(session, process_key, drawn.base_version)
        return laid_over(definition.bundle.files, drawn)
