"""What exists is documented, and what is documented exists."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import cli
from handlers.demonstration.seed import PEOPLE

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GLOSSARY = ROOT / "handlers" / "base" / "GLOSSARY.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "processes").rglob("*.md"), GLOSSARY])


def commands(parser: argparse.ArgumentParser, before: str = "bordereau") -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                deeper = list(commands(below, f"{before} {name}"))
                yield from deeper or [f"{before} {name}"]


def test_every_command_is_in_the_readme() -> None:
    found = list(commands(cli._parser()))
    assert "bordereau history verify" in found
    assert [command for command in found if command not in README] == []


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    dead = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert dead == []


def test_every_part_of_the_engine_is_on_the_map() -> None:
    parts = {each.name for each in (ROOT / "engine").iterdir() if (each / "__init__.py").exists()}
    parts |= {each.name for each in (ROOT / "engine").glob("*.py") if each.name != "__init__.py"}
    assert {part for part in parts if f"`{part}`" not in README and f"`{part}/`" not in README} == set()


def test_every_decision_is_in_the_index() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    decisions = sorted((ROOT / "docs" / "adr").glob("0*.md"))
    assert [each.name for each in decisions if f"({each.name})" not in index] == []
    for number, each in enumerate(decisions, start=1):
        assert each.read_text(encoding="utf-8").startswith(f"# {number}. "), (
            "numbers follow each other and are never used again"
        )


def test_every_process_says_what_it_is_for() -> None:
    folders = [each.parent for each in (ROOT / "processes").glob("*/process.yaml")]
    assert folders
    assert [folder.name for folder in folders if not (folder / "README.md").exists()] == []


def test_the_people_of_the_readme_can_sign_in() -> None:
    named = set(re.findall(r"^\| `([a-z]+)` \|", README, flags=re.MULTILINE))
    assert named
    assert named <= {login for login, _, _ in PEOPLE}


def test_every_page_of_the_documentation_is_on_the_map() -> None:
    pages = [each.name for each in (ROOT / "docs").glob("*.md")]
    assert [name for name in pages if f"(docs/{name})" not in README] == []
    tests = [each.name for each in (ROOT / "tests").iterdir() if each.is_dir() and not each.name.startswith("__")]
    mirrored = {"engine", "handlers", "web", "processes"}
    assert [name for name in tests if name not in mirrored and f"`{name}`" not in README] == []


@pytest.mark.parametrize("document", [ROOT / "docs" / "walkthrough.md", GLOSSARY], ids=lambda each: each.name)
def test_named_files_and_names_exist(document: Path) -> None:
    # `file.py` `name` `name within it`: a file, then perhaps names that it defines
    steps = re.findall(
        r"`((?:engine|handlers|web|processes)/[^`]+)`((?:\s+`[A-Za-z_]+`)*)", document.read_text(encoding="utf-8")
    )
    assert len(steps) > 10
    missing = [file for file, _ in steps if not (ROOT / file).exists()]
    assert missing == []
    wrong = [
        f"{file}: {name}"
        for file, names in steps
        for name in re.findall(r"`(\w+)`", names)
        if not re.search(
            rf"(?m)^\s*(?:(?:async )?def|class) {name}\b|^{name}\b.* = ", (ROOT / file).read_text(encoding="utf-8")
        )
    ]
    assert wrong == []


def test_every_table_of_the_business_has_its_words_in_the_glossary() -> None:
    glossary = GLOSSARY.read_text(encoding="utf-8")
    tables = [
        (file.relative_to(ROOT).as_posix(), name)
        for file in sorted((ROOT / "handlers").rglob("tables.py"))
        for name in re.findall(r"(?m)^class (\w+)\(Table\):", file.read_text(encoding="utf-8"))
    ]
    assert tables
    assert [table for table in tables if "`{}` `{}`".format(*table) not in glossary] == []
