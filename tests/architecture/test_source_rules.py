"""Rules that import-linter cannot see, because they are about calls and names. Each failure says what to do instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.sources import ROOT, Source, sources


def attributes(source: Source) -> Iterator[ast.Attribute]:
    yield from (node for node in ast.walk(source.tree) if isinstance(node, ast.Attribute))


def called(source: Source) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))


def strings(source: Source) -> Iterator[ast.Constant]:
    """The texts of the program itself: docstrings are for people."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node


def found(source: Source, node: ast.expr) -> str:
    return f"{source.path}:{node.lineno}"


def test_there_is_something_to_check() -> None:
    assert {source.path.split("/")[0] for source in sources()} == {"engine", "handlers", "web"}


def test_only_the_database_package_commits() -> None:
    wrong = [
        found(source, call)
        for source in sources()
        if not source.is_in("engine/database/")
        for call in called(source)
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("commit", "rollback")
    ]
    assert not wrong, (
        "open a transaction with Database.transaction(): it commits when the block ends, and rolls back when it raises"
    )


def test_every_time_comes_from_the_clock() -> None:
    clocks = {
        "datetime": {"now", "utcnow", "today"},
        "date": {"today"},
        "time": {"time", "time_ns", "localtime", "gmtime"},
    }
    wrong = [
        found(source, attribute)
        for source in sources()
        if not source.is_in("engine/clock.py")
        for attribute in attributes(source)
        for name in [
            attribute.value.attr if isinstance(attribute.value, ast.Attribute) else getattr(attribute.value, "id", "")
        ]
        if attribute.attr in clocks.get(name, ())
    ]
    assert not wrong, (
        "take the time from engine.clock.now(), or as an argument in what is pure: a test must be able to set it"
    )


_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DEFAULT|VALUES|WHERE)\b")
_SQL_CLOCK = re.compile(
    r"(?i)\b(now\s*\(\s*\)|(current_(timestamp|date|time)|localtime(stamp)?)\b|(clock|statement|transaction)_timestamp\s*\()"
)

_DATABASE_TIME = {
    "engine/jobs/reaper.py": "heartbeats of workers are the database's own time, written and compared by it alone",
}
"""Where the database's clock is right, each with its reason."""


def test_no_sql_of_ours_asks_the_database_for_the_time() -> None:
    wrong = [
        found(source, text)
        for source in sources()
        if source.path not in _DATABASE_TIME
        for text in strings(source)
        if _SQL.search(str(text.value)) and _SQL_CLOCK.search(str(text.value))
    ]
    wrong += [
        found(source, attribute)
        for source in sources()
        for attribute in attributes(source)
        if isinstance(attribute.value, ast.Name)
        and attribute.value.id == "func"
        and attribute.attr in ("now", "current_timestamp", "current_date", "localtimestamp")
    ]
    assert not wrong, "pass engine.clock.now() as a parameter: two clocks in one row do not agree"


def test_only_the_command_line_prints() -> None:
    spoken = ("engine/cli.py", "engine/commands/", "engine/history/verifier.py")
    wrong = [
        found(source, call)
        for source in sources()
        if not source.is_in(*spoken)
        for call in called(source)
        if isinstance(call.func, ast.Name) and call.func.id == "print"
    ]
    assert not wrong, "write to the log (engine.log), or return what is to be said"


def test_pages_hold_no_sql() -> None:
    wrong = [
        f"{source.path}:{node.lineno}"
        for source in sources()
        if source.is_in("web/")
        for node in ast.walk(source.tree)
        if (isinstance(node, ast.Import) and any(each.name.startswith("sqlalchemy") for each in node.names))
        or (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").startswith("sqlalchemy")
            and {each.name for each in node.names} != {"Session"}
        )
    ]
    assert not wrong, "add a query beside the tables it reads; a page may name the type Session, to hand one on"


_VAGUE_MODULES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "misc",
    "common",
    "tools",
    "manager",
    "managers",
    "base_classes",
}
_VAGUE_CLASSES = re.compile(r"(Manager|Helper|Helpers|Utils?)$|^(Default|Abstract)[A-Z]")


def test_modules_are_named_after_what_they_hold() -> None:
    wrong = [source.path for source in sources() if _VAGUE_MODULES & set(source.path.removesuffix(".py").split("/"))]
    assert not wrong, (
        "name the module after its subject; a drawer for everything is a house nobody can find their way in"
    )


def test_classes_are_named_after_what_they_are() -> None:
    wrong = [
        f"{source.path}: {node.name}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and _VAGUE_CLASSES.search(node.name)
    ]
    assert not wrong, "say what it is: `Manager` and `Helper` fit anything"


def test_nobody_calls_something_engine() -> None:
    wrong = [
        f"{source.path}:{node.lineno}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == "engine"
    ]
    assert not wrong, "the name hides our package; SQLAlchemy's engine is called database"


@pytest.mark.parametrize("folder", ["engine", "handlers", "web"])
def test_every_folder_of_modules_is_a_package(folder: str) -> None:
    wrong = {
        file.parent.relative_to(ROOT).as_posix()
        for file in (ROOT / folder).rglob("*.py")
        if not (file.parent / "__init__.py").exists()
        and file.parent.name != "versions"
        and "frontend" not in file.parts
    }
    assert not wrong, "add an __init__.py: import-linter and mypy see packages only"


def test_the_tests_are_no_package() -> None:
    wrong = [file.relative_to(ROOT).as_posix() for file in (ROOT / "tests").rglob("__init__.py")]
    assert not wrong, "tests/engine/__init__.py would hide the real engine (importmode importlib needs none)"


def test_what_asks_while_people_type_asks_for_the_newest() -> None:
    """Without ``hx-sync`` a request that is under way keeps the first of those that follow, with what was typed until then, and drops the
    others: the page would go on showing an old answer.
    """
    asking = re.compile(r'<[^<>]*hx-trigger="[^"]*\b(?:change|input)\b[^<>]*')
    tags = [
        (file.name, tag)
        for file in (ROOT / "web" / "templates").rglob("*.html")
        for tag in asking.findall(file.read_text())
    ]
    assert tags
    assert [(name, tag) for name, tag in tags if "hx-sync=" not in tag] == []
