"""Every code that the model can give has its sentence in both languages, and the catalogue names no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import yaml

import engine.model
from engine.model import vocabulary, yaml_file

FOLDER = Path(engine.model.__file__).parent
CATALOGUE = FOLDER.parent / "texts" / "catalogue" / "model.yaml"
CALLS = {"add", "problem", "_problem", "_refused", "NotReadable", "Problem", "FieldProblem", "InvariantBroken"}


def texts_in(node: ast.AST) -> Iterator[str]:
    """The texts that an expression may give: itself, or both sides of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from texts_in(node.body)
        yield from texts_in(node.orelse)


def codes_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in CALLS:
                for given in [*node.args[:1], *(each.value for each in node.keywords if each.arg == "code")]:
                    yield from texts_in(given)
            elif name == "get":  # a table with a code for the rest
                yield from (code for each in node.args[1:] for code in texts_in(each) if "_" in code)
        elif isinstance(node, ast.Assign) and any(getattr(each, "id", "") == "code" for each in node.targets):
            yield from texts_in(node.value)


def test_codes_and_sentences_are_the_same() -> None:
    codes = {code for path in FOLDER.glob("*.py") for code in codes_in(ast.parse(path.read_text(encoding="utf-8")))}
    for table in (
        vocabulary.REFUSED_NODES,
        vocabulary.REFUSED_CHILDREN,
        vocabulary.REFUSED_ATTRIBUTES,
    ):
        codes.update(table.values())
    codes.update(yaml_file._CODES.values())
    codes.update(f"timer_{kind}_invalid" for kind in ("date", "duration", "cycle"))
    codes.update(f"{kind}_code_{fault}" for kind in ("error", "escalation") for fault in ("missing", "computed"))
    codes.update(f"signal_name_{fault}" for fault in ("missing", "computed"))
    sentences = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    assert {code for code in codes if code not in sentences} == set()
    assert {code for code in sentences if code not in codes} == set()
