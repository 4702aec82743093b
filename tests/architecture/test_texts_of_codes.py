"""Every code that the program can say has its sentence, found by reading the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from engine.errors import EngineError
from engine.texts import catalogue, has
from tests.architecture.sources import sources

_ROOTS = {"EngineError", "SettingInvalid"}
"""Errors whose first argument is a code; their subclasses are found in the source."""

_CODED = {"Problem", "FieldProblem"}
"""Records with a keyword ``code``."""

_SPEAKING = {"say", "_say", "tell"}
"""Functions whose first argument is a code."""


def trees() -> Iterator[tuple[str, ast.Module]]:
    # the verifier runs alone, on somebody else's machine, and brings its own words
    return ((each.path, each.tree) for each in sources() if not each.path.endswith("/verifier.py"))


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def error_classes() -> set[str]:
    found = set(_ROOTS)
    classes = [node for _, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while more := {each.name for each in classes if {name_of(base) for base in each.bases} & found} - found:
        found |= more
    return found


def text(node: ast.expr | None) -> Iterator[str]:
    """The literal texts that an argument can be: itself, or either side of a conditional."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from text(node.body)
        yield from text(node.orelse)


def codes() -> Iterator[tuple[str, str]]:
    errors = error_classes()
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = name_of(node.func)
                if called in errors | _SPEAKING and node.args:
                    yield from ((code, f"{path}:{node.lineno}") for code in text(node.args[0]))
                if called in _CODED:
                    given = next(
                        (each.value for each in node.keywords if each.arg == "code"),
                        node.args[0] if node.args else None,
                    )
                    yield from ((code, f"{path}:{node.lineno}") for code in text(given))
            elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(name_of(target) == "default_code" for target in targets):
                    yield str(node.value.value), f"{path}:{node.lineno}"


def test_every_code_has_a_sentence() -> None:
    found = dict(codes())
    assert EngineError.default_code in found
    missing = [f"{code} ({place})" for code, place in sorted(found.items()) if not has(code)]
    assert not missing, "\n".join(
        ["add each to the file of its area in engine/texts/catalogue, in French and English:", *missing]
    )


def test_the_catalogue_is_set_with_typographic_signs() -> None:
    wrong = []
    for code, entry in catalogue().items():
        for language, sentence in entry.items():
            forms = [sentence] if isinstance(sentence, str) else sentence.values()
            wrong += [f"{code} ({language})" for form in forms if "..." in form or re.search(r"[^\W\d]'[^\W\d]", form)]
    assert not wrong, "three dots are one sign: …, and an apostrophe is ’"
