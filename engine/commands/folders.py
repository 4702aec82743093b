"""Process folders by path."""

from __future__ import annotations

from pathlib import Path

from engine.commands.given import read_bytes


def process_folders(folder: Path) -> list[Path]:
    """The process folders at or directly below ``folder``."""
    if (folder / "process.yaml").is_file():
        return [folder]
    return sorted(each.parent for each in folder.glob("*/process.yaml"))


def beside(path: Path) -> dict[str, bytes]:
    """The other decision files in the folder of ``path`` by name: where imports are looked for. Those that are too large are left out."""
    others = (each for each in sorted(path.parent.glob("*.dmn")) if each.name != path.name and each.is_file())
    contents = {each.name: read_bytes(each) for each in others}
    return {name: content for name, content in contents.items() if content is not None}
