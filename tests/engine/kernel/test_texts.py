"""Every incident of the kernel has its sentence in both languages, and its facts are those that the sentence names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import engine.kernel
from engine.texts import catalogue

AT = {"block": 0, "raise_incident": 2}
"""Who says a code, and as which argument."""
ELSEWHERE = {"flow", "limit", "elements", "error"}
"""Facts that are given in a variable."""


def raised() -> Iterator[tuple[str, set[str | None]]]:
    for file in Path(engine.kernel.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                code = node.args[AT[name]] if name in AT and len(node.args) > AT[name] else None
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    yield code.value, {each.arg for each in node.keywords}


def test_every_incident_has_its_sentence() -> None:
    found = list(raised())
    assert {"condition_not_boolean", "too_many_steps", "business_error_uncaught"} <= {code for code, _ in found}
    for code, given in found:
        assert code in catalogue(), code
        for sentence in catalogue()[code].values():
            assert isinstance(sentence, str)
            named = {name for _, name, _, _ in Formatter().parse(sentence) if name}
            assert named <= given | ELSEWHERE, (code, named - given)
