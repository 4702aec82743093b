"""In which of its two forms a process is: written as a text (the short form) or drawn as a diagram."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from engine.model.bundle_checks import is_process_file


class Form(StrEnum):
    """How the processes of a version are said."""

    TEXT = "text"
    DIAGRAM = "diagram"
    BOTH = "both"


def form_of(paths: Iterable[str]) -> Form:
    """The form of a version with files of these paths; ``BOTH`` where some of its processes are written and others drawn."""
    kinds = {Form.DIAGRAM if path.endswith(".bpmn") else Form.TEXT for path in paths if is_process_file(path)}
    return kinds.pop() if len(kinds) == 1 else Form.BOTH
