"""Process folders by path."""

from __future__ import annotations

from pathlib import Path


def process_folders(folder: Path) -> list[Path]:
    """The process folders at or directly below ``folder``."""
    if (folder / "process.yaml").is_file():
        return [folder]
    return sorted(each.parent for each in folder.glob("*/process.yaml"))


def beside(path: Path, most: int) -> dict[str, bytes]:
    """The other decision files in the folder of ``path`` by name, where imports are looked for; those above ``most`` bytes are left out."""
    others = (each for each in sorted(path.parent.glob("*.dmn")) if each.name != path.name and each.is_file())
    return {each.name: each.read_bytes() for each in others if each.stat().st_size <= most}
