"""What keeps the kernel small and its state in one hand (docs/semantics.md says what it does)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import fields

from engine.kernel.state import Activity, Scope

ROOT = Path(__file__).parents[2]
KERNEL = sorted((ROOT / "engine" / "kernel").glob("*.py"))
MOST_LINES = 2_500

TABLES = {"scopes", "activities", "waits", "incidents", "records"}
FIELDS = {*TABLES, "process", "status", "counter"}
OF_RECORDS = {each.name for kind in (Scope, Activity) for each in fields(kind)}
CHANGING = {"clear", "pop", "popitem", "setdefault", "update", "__setitem__", "__delitem__"}


def test_the_kernel_stays_small() -> None:
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in KERNEL)
    assert lines < MOST_LINES, (
        "simplify, or move what is no move of tokens to engine/model (pure questions about the drawing)"
    )


def of_state(node: ast.expr) -> bool:
    """Whether this reads a table or field of a state (``state.waits``, ``self.state.counter``) or of a record (``scope.tokens``)."""
    if not isinstance(node, ast.Attribute):
        return False
    of = ast.unparse(node.value).rpartition(".")[2]
    return (node.attr in FIELDS and "state" in of) or (node.attr in OF_RECORDS and of != "self")


def changed(tree: ast.AST) -> Iterator[ast.expr]:
    """What is assigned to, deleted or changed in place."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets) | ast.Delete(targets=targets):
                yield from targets
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
                yield target
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in CHANGING:
                yield value


def test_only_fold_writes_state() -> None:
    wrong = [
        f"{file.name}:{target.lineno}"
        for file in KERNEL
        if file.name not in ("fold.py", "state.py")  # the second copies records, and counts again when it reads them
        for target in changed(ast.parse(file.read_text(encoding="utf-8")))
        if of_state(target) or (isinstance(target, ast.Subscript) and of_state(target.value))
    ]
    assert not wrong, "emit an event and let fold.apply write it: then the events of the history are the state"


def test_the_look_at_writers_sees_them() -> None:
    """fold.py itself would be reported."""
    (fold,) = (file for file in KERNEL if file.name == "fold.py")
    found = [
        each
        for each in changed(ast.parse(fold.read_text(encoding="utf-8")))
        if of_state(each) or (isinstance(each, ast.Subscript) and of_state(each.value))
    ]
    assert len(found) > 20


def test_the_kernel_is_pure() -> None:
    """No clock, no chance, no files, no database: what a stimulus leads to follows from what it is given."""
    allowed = {
        "abc",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "msgspec",  # its structs: docs/adr/0016
        "functools",
        "operator",
        "types",
        "typing",
        "engine",
        "__future__",
    }
    for file in KERNEL:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert {name.split(".")[0] for name in names} <= allowed, f"{file.name}: {names}"
