"""The program's own sources, read once for all rules that look at them, and not before one asks: every test run imports these files."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Source:
    path: str
    tree: ast.Module

    def is_in(self, *places: str) -> bool:
        return self.path.startswith(places)


@cache
def sources() -> tuple[Source, ...]:
    return tuple(
        Source(file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8")))
        for package in ("engine", "handlers", "web")
        for file in sorted((ROOT / package).rglob("*.py"))
        if "frontend" not in file.parts
    )
