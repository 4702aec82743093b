"""What an editor has posted in this request, and the files of the process with it."""

from __future__ import annotations

from typing import Any

from flask import request

from engine.definitions import drafts
from engine.model.short_form.diagram import as_diagrams
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
        files = numbered(session, process_key, drawn.base_version)[0].bundle.files if draft is None else draft.files
    # whoever changes the diagram of a process in the short form makes it one that is drawn
    has_diagram = any(path.endswith(".bpmn") for path in drawn.files)
    return laid_over(as_diagrams(files) if has_diagram else files, drawn)
