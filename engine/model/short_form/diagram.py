"""The diagram of a short form: what people look at, and go on with in the editor, where a process has none that somebody drew."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache

from engine.errors import DefinitionError
from engine.model.bpmn_writer_diagram import draw_processes
from engine.model.bundle_checks import PROCESS_FILE, is_process_file
from engine.model.forms import Texts
from engine.model.short_form.reader import ShortForm, read_short_form

_NAMES = re.compile(rb"^names:[ \t]*(?:#.*)?\n", re.MULTILINE)


@lru_cache(maxsize=64)
def _read(content: bytes, file: str) -> tuple[ShortForm, bytes]:
    form = read_short_form(content, file)
    names = {each: tuple(texts.values()) for each, texts in form.names.items()}
    return form, draw_processes([form.process], names)


def drawn(content: bytes, file: str) -> bytes:
    """The BPMN file that a short form makes, laid out; the same for the same content. Raises DefinitionError as reading it does."""
    return _read(content, file)[1]


def as_diagrams(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a version with a diagram in place of each short form, and the English names, which no diagram holds, in
    ``process.yaml``. They mean the same as before. A short form that cannot be read stays.
    """
    found = dict(files)
    for path in files:
        if not is_process_file(path) or path.endswith(".bpmn"):
            continue
        try:
            form, diagram = _read(files[path], path)
        except DefinitionError:
            continue
        del found[path]
        found[f"{path.removesuffix('.yaml')}.bpmn"] = diagram
        found[PROCESS_FILE] = _with_names(found.get(PROCESS_FILE, b""), form.names)
    return found


def _with_names(description: bytes, names: Mapping[str, Texts]) -> bytes:
    """``process.yaml`` with ``names``, its comments and all else as they were."""
    lines = "".join(f"  {key}: {{en: {json.dumps(text['en'], ensure_ascii=False)}}}\n" for key, text in names.items())
    if not lines:
        return description
    if place := _NAMES.search(description):
        return description[: place.end()] + lines.encode() + description[place.end() :]
    return description.rstrip() + b"\nnames:\n" + lines.encode()
