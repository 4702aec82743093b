"""``bordereau check``: what is wrong with processes and decisions, all at once, before they are published."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.commands.arguments import add_command, add_json
from engine.commands.connecting import environment_of, load
from engine.commands.folders import beside, process_folders
from engine.commands.given import LARGEST, read_bytes
from engine.commands.process_files import SHORT_FORMS, read_world
from engine.commands.second_opinion import opinion_record, print_opinions
from engine.commands.speaking import (
    DONE,
    NOT_DONE,
    AskedWrongly,
    harmless,
    locale,
    print_problems,
    problem_record,
    say,
)
from engine.errors import DefinitionError, Problem
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.definitions.examining import Examined, Proved
    from engine.handler import HandlerTable
    from engine.second_opinion import Opinion


def add(commands: Any) -> None:
    """Describe the subcommand."""
    parser = add_command(commands, "check", check)
    parser.add_argument(
        "paths", type=Path, nargs="+", metavar=say("cli_metavar_file_or_folder"), help=say("cli_help_check_paths")
    )
    add_json(parser)


def check(settings: Settings, chosen: argparse.Namespace) -> int:
    """Say what is wrong, path by path, whether each process is sound, and whether its stories go as told, on a second engine too: what
    publishing asks.

    Errors, unsound processes, stories that fail and differences that nothing explains give NOT_DONE; warnings and what is not decided do
    not. Raises AskedWrongly where there is nothing to check.
    """
    paths = [each for path in chosen.paths for each in _to_check(path)]
    found = {path: _checked(path, settings) for path in paths}
    if chosen.json:
        _print_json(found)
    else:
        for path, each in found.items():
            _print(path, each)
    return DONE if all(each.passes for each in found.values()) else NOT_DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """What was found of one path; it is examined when it has no error. ``examined`` only of a whole folder."""

    problems: tuple[Problem, ...]
    proved: tuple[Proved, ...] = ()
    examined: Examined | None = None

    @property
    def opinions(self) -> tuple[Opinion, ...]:
        """What the second engine says of each story."""
        return () if self.examined is None else self.examined.opinions

    @property
    def passes(self) -> bool:
        """It could be published, perhaps with a reason."""
        is_unsound = any(each.verdict.is_unsound for each in self.proved)
        return not (_has_errors(self.problems) or is_unsound or any(each.is_unexplained for each in self.opinions))


def _checked(path: Path, settings: Settings) -> _Checked:
    problems = _of_folder(path, settings) if path.is_dir() else _of_file(path)
    if _has_errors(problems):
        return _Checked(problems=problems)
    if not path.is_dir():
        return _Checked(problems=problems, proved=_proved(path))
    examined = _examined(path, settings)
    failed = tuple(problem for each in examined.played for problem in each.problems)
    return _Checked(problems=(*problems, *failed), proved=examined.proved, examined=examined)


def _has_errors(problems: tuple[Problem, ...]) -> bool:
    return any(each.severity == "error" for each in problems)


def _examined(folder: Path, settings: Settings) -> Examined:
    """The very examination that the gate makes before a version is published."""
    from engine.definitions.examining import examine
    from engine.definitions.store import read_folder
    from engine.model.bundle import read_bundle

    handlers: HandlerTable = load(settings.handlers, "BORDEREAU_HANDLERS")
    return examine(read_bundle(read_folder(folder)), handlers, environment_of(settings))


def _proved(path: Path) -> tuple[Proved, ...]:
    """Whether every case of each process of a file by itself can come to an end."""
    from engine.definitions.examining import prove

    if path.suffix not in {".bpmn", *SHORT_FORMS}:
        return ()
    world, _ = read_world(path.read_bytes(), path)
    return prove(world, path.name)


def _to_check(path: Path) -> list[Path]:
    if not path.exists():
        raise AskedWrongly("cli_path_not_found", path=str(path))
    found = [path] if not path.is_dir() else process_folders(path)
    if not found:
        raise AskedWrongly("cli_no_process_here", path=str(path))
    return found


def _of_folder(path: Path, settings: Settings) -> tuple[Problem, ...]:
    """The problems of a whole process, its handlers, forms and tables included."""
    from engine.definitions import gate
    from engine.definitions.store import read_folder

    handlers: HandlerTable = load(settings.handlers, "BORDEREAU_HANDLERS")
    inside = [each.relative_to(path) for each in sorted(path.rglob("*")) if each.is_file()]
    too_large = [
        each
        for each in inside
        if not any(part.startswith(".") for part in each.parts) and (path / each).stat().st_size > LARGEST
    ]
    if too_large:
        return tuple(_too_large(each.as_posix()) for each in too_large)
    return gate.check(read_folder(path), handlers)


def _of_file(path: Path) -> tuple[Problem, ...]:
    """The problems of a file by itself, with the decision files beside it that it may import."""
    from engine.decisions import read_model
    from engine.decisions.checks import check_model

    content = read_bytes(path)
    if content is None:
        return (_too_large(path.name),)
    try:
        if path.suffix == ".dmn":
            model = read_model(content, path.name, others=beside(path))
            return (*model.warnings, *check_model(model))
        return read_world(content, path)[1]
    except DefinitionError as error:
        return error.problems


def _too_large(file: str) -> Problem:
    return Problem(code="cli_file_too_large", file=file, facts={"path": file, "limit": LARGEST})


def _print(path: Path, found: _Checked) -> None:
    count = len(found.problems)
    print(f"{path}: " + (say("cli_problems", count=count) if count else say("cli_no_problem")))
    print_problems(found.problems)
    for each in found.proved:
        print(harmless(f"  {each.title[locale()]}: {each.sentence(locale())}"))
    if found.examined is not None and found.examined.played:
        played, percent = found.examined.played, found.examined.covered.percent
        failed = sum(not each.passed for each in played)
        print("  " + say("cli_check_stories", count=len(played), failed=failed, percent=percent))
    print_opinions(found.opinions)


def _print_json(found: dict[Path, _Checked]) -> None:
    from engine.commands.values import json_text

    problems = [each for of_path in found.values() for each in of_path.problems]
    record = {
        "errors": sum(each.severity == "error" for each in problems),
        "warnings": sum(each.severity == "warning" for each in problems),
        "files": [
            {
                "path": str(path),
                "problems": [problem_record(each) for each in of_path.problems],
                "soundness": [_verdict_record(each) for each in of_path.proved],
                "stories": []
                if of_path.examined is None
                else [{"file": each.file, "passed": each.passed} for each in of_path.examined.played],
                "second_opinion": [opinion_record(each) for each in of_path.opinions],
            }
            for path, of_path in found.items()
        ],
    }
    print(json_text(record, indent=1))


def _verdict_record(proved: Proved) -> dict[str, object]:
    verdict = proved.verdict
    return {
        "process": verdict.process,
        "verdict": verdict.soundness.value,
        "kind": None if verdict.kind is None else verdict.kind.value,
        "element_id": verdict.element,
        "path": list(verdict.path),
        "message": proved.sentence(locale()),
    }
