"""A process file by itself, without the folder that it belongs to: a diagram or a short form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.errors import Problem
    from engine.stories.world import World

SHORT_FORMS = frozenset({".yaml", ".yml"})
"""How the names of short forms end; every other file is read as a diagram."""


def read_world(content: bytes, path: Path) -> tuple[World, tuple[Problem, ...]]:
    """Its processes with what people call their elements, and the warnings. Raises DefinitionError."""
    from engine.model.bpmn_reader import read_process_file
    from engine.model.elements import Model
    from engine.model.short_form import read_short_form
    from engine.model.yaml_file import parse_yaml
    from engine.stories.world import World

    if path.suffix in SHORT_FORMS:
        form = read_short_form(content, path.name)
        # what an element is called stands in the form's names; what the process is, where it stands alone, only in the file
        names = {**form.names, form.process.id: parse_yaml(content, path.name).data["title"]}
        return World(model=Model(processes={form.process.id: form.process}), names=names), form.warnings
    file = read_process_file(content, path.name)
    return World(model=Model(processes={each.id: each for each in file.processes})), file.warnings
