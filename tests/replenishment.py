"""The shipped process ``replenishment`` for tests: as it is written, and as the editor hands it on, drawn."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from engine.definitions.store import read_folder
from engine.model.short_form.diagram import as_diagrams

FOLDER = Path(__file__).parents[1] / "processes" / "replenishment"
YAML = "replenishment.yaml"
BPMN = "replenishment.bpmn"


@cache
def _files() -> dict[str, bytes]:
    return read_folder(FOLDER)


@cache
def _drawn() -> dict[str, bytes]:
    return as_diagrams(_files())


def files() -> dict[str, bytes]:
    """The files of the version that is shipped, in the short form."""
    return dict(_files())


def drawn_files() -> dict[str, bytes]:
    """The same with the diagram in place of the short form."""
    return dict(_drawn())


def diagram() -> str:
    """The diagram of it, as text to patch."""
    return _drawn()[BPMN].decode()


def drawn_folder(into: Path) -> Path:
    """A folder of the process with a diagram, below ``into``."""
    folder = into / "replenishment"
    for name, content in _drawn().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
