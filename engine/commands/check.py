"""``bordereau check``: what is wrong with processes and decisions, all at once, before they are published."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.commands.arguments import add_command, add_json
from engine.commands.connecting import load
from engine.commands.folders import beside, process_folders
from engine.commands.given import LARGEST, read_bytes
from engine.commands.speaking import DONE, NOT_DONE, AskedWrongly, locale, print_problems, problem_record, say
from engine.errors import DefinitionError, Problem
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.explore import Verdict
    from engine.handler import HandlerTable
    from engine.model.bpmn_reader import ProcessFile


def add(commands: Any) -> None:
    """Describe the subcommand."""
    parser = add_command(commands, "check", check)
    parser.add_argument(
        "paths", type=Path, nargs="+", metavar=say("cli_metavar_file_or_folder"), help=say("cli_help_check_paths")
    )
    add_json(parser)


def check(settings: Settings, chosen: argparse.Namespace) -> int:
    """Say what is wrong, path by path, and whether each process is sound. Errors and unsound processes fail; warnings do not.

    Raises AskedWrongly where there is nothing to check.
    """
    paths = [each for path in chosen.paths for each in _to_check(path)]
    found = {path: _of_folder(path, settings) if path.is_dir() else _of_file(path) for path in paths}
    proved = {path: () if _has_errors(problems) else _verdicts(path, settings) for path, problems in found.items()}
    if chosen.json:
        _print_json(found, proved)
    else:
        for path, problems in found.items():
            print(f"{path}: " + (say("cli_problems", count=len(problems)) if problems else say("cli_no_problem")))
            print_problems(problems)
            for verdict in proved[path]:
                print(f"  {verdict.process}: {verdict.sentence(locale())}")
    is_unsound = any(each.is_unsound for verdicts in proved.values() for each in verdicts)
    return NOT_DONE if is_unsound or any(map(_has_errors, found.values())) else DONE


def _has_errors(problems: tuple[Problem, ...]) -> bool:
    return any(each.severity == "error" for each in problems)


def _verdicts(path: Path, settings: Settings) -> tuple[Verdict, ...]:
    """Whether every case of each process can come to an end: asked of what can be read without an error."""
    from engine.definitions.store import read_folder
    from engine.explore import Surroundings, verdicts
    from engine.model.bundle import read_bundle
    from engine.model.elements import BusinessRuleTask, Model

    if path.is_dir():
        handlers: HandlerTable = load(settings.handlers, "BORDEREAU_HANDLERS")
        errors = {name: tuple(each.errors) for name, each in handlers.handlers.items()}
        return tuple(verdicts(read_bundle(read_folder(path)), surroundings=Surroundings(errors=errors)).values())
    if path.suffix not in {".bpmn", ".yaml"}:
        return ()
    processes = _read(path.read_bytes(), path).processes
    if any(isinstance(node, BusinessRuleTask) for process in processes for node in process.nodes.values()):
        return ()  # what its decisions give is known with the whole folder only
    return tuple(verdicts(Model(processes={each.id: each for each in processes})).values())


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
        return _read(content, path).warnings
    except DefinitionError as error:
        return error.problems


def _read(content: bytes, path: Path) -> ProcessFile:
    """The processes of a file by itself: of a diagram, or of a short form. Raises DefinitionError."""
    from engine.model.bpmn_reader import ProcessFile, read_process_file
    from engine.model.short_form import read_short_form

    if path.suffix != ".yaml":
        return read_process_file(content, path.name)
    form = read_short_form(content, path.name)
    return ProcessFile(processes=(form.process,), warnings=form.warnings)


def _too_large(file: str) -> Problem:
    return Problem(code="cli_file_too_large", file=file, facts={"path": file, "limit": LARGEST})


def _print_json(found: dict[Path, tuple[Problem, ...]], proved: dict[Path, tuple[Verdict, ...]]) -> None:
    from engine.commands.values import json_text

    problems = [each for of_path in found.values() for each in of_path]
    record = {
        "errors": sum(each.severity == "error" for each in problems),
        "warnings": sum(each.severity == "warning" for each in problems),
        "files": [
            {
                "path": str(path),
                "problems": [problem_record(each) for each in of_path],
                "soundness": [_verdict_record(each) for each in proved[path]],
            }
            for path, of_path in found.items()
        ],
    }
    print(json_text(record, indent=1))


def _verdict_record(verdict: Verdict) -> dict[str, object]:
    return {
        "process": verdict.process,
        "verdict": verdict.soundness.value,
        "kind": None if verdict.kind is None else verdict.kind.value,
        "element_id": verdict.element,
        "path": list(verdict.path),
        "message": verdict.sentence(locale()),
    }
