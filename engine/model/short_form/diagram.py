"""The diagram of a short form: what people look at where a process has none that somebody drew."""

from __future__ import annotations

from functools import lru_cache

from engine.model.bpmn_writer_diagram import draw_processes
from engine.model.short_form.reader import read_short_form


@lru_cache(maxsize=64)
def drawn(content: bytes, file: str) -> bytes:
    """The BPMN file that a short form makes, laid out; the same for the same content. Raises DefinitionError as reading it does."""
    return draw_processes([read_short_form(content, file).process])
