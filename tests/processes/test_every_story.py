"""Every story that ships is played with the real handlers on PostgreSQL too: a new one cannot be forgotten."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.processes.told import PROCESSES

KERNEL_ALONE: Final = {
    "replenishment/late_and_inactive": "a request is decided twice: only a click that crosses another one does that",
}
"""Why a story is not played there. What the handlers refuse in it stands in ``tests/handlers/purchasing``."""


def played() -> Iterator[Path]:
    """The stories that tests of this folder are parametrized with, where they play them on a database."""
    for module in sorted(Path(__file__).parent.glob("test_*.py")):
        found = importlib.import_module(f"tests.processes.{module.stem}")
        for name, test in vars(found).items():
            if not name.startswith("test_each_story_goes_the_same_way_"):
                continue
            for mark in test.pytestmark:
                if mark.name == "parametrize":
                    yield from (getattr(each, "values", (each,))[0] for each in mark.args[1])


def named(file: Path) -> str:
    return f"{file.parts[-3]}/{file.stem}"


def test_every_story_is_played_on_the_database() -> None:
    on_disk = {named(each) for each in PROCESSES.glob("*/stories/*.yaml")}
    on_database = [named(each) for each in played()]
    assert len(on_database) == len(set(on_database))
    assert on_disk - set(on_database) == set(KERNEL_ALONE)
    assert set(on_database) <= on_disk
