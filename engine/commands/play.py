"""``bordereau play``: stories of a process on the pure kernel, told as they happen, held to what they expect; and what they cover."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.commands.arguments import add_command, add_json
from engine.commands.connecting import environment_of, load
from engine.commands.given import LARGEST, read_bytes
from engine.commands.process_files import read_world
from engine.commands.second_opinion import SPIFFWORKFLOW, play_there
from engine.commands.speaking import (
    DONE,
    NOT_DONE,
    AskedWrongly,
    harmless,
    locale,
    print_problems,
    problem_record,
    say,
    styled,
)
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.errors import Problem
    from engine.handler import HandlerTable
    from engine.model.bundle import Bundle
    from engine.stories import Report, Story
    from engine.stories.world import World

BORDEREAU = "bordereau"
"""Our own engine, for ``--engine``."""


def add(commands: Any) -> None:
    """Describe the subcommand."""
    parser = add_command(commands, "play", play)
    parser.add_argument("path", type=Path, metavar=say("cli_metavar_file_or_folder"), help=say("cli_help_play_path"))
    parser.add_argument(
        "--story",
        type=Path,
        action="append",
        default=[],
        dest="stories",
        metavar=say("cli_metavar_story"),
        help=say("cli_help_play_story"),
    )
    parser.add_argument(
        "--engine",
        choices=(BORDEREAU, SPIFFWORKFLOW),
        default=BORDEREAU,
        metavar=say("cli_metavar_engine"),
        help=say("cli_help_play_engine"),
    )
    add_json(parser)


def play(settings: Settings, chosen: argparse.Namespace) -> int:
    """Print each story as it happens and its verdict; of several, what they cover too. Or how SpiffWorkflow alone goes through them.

    Raises AskedWrongly where there is nothing to play, DefinitionError for a process or a story that cannot be read, or that do not fit
    each other.
    """
    from engine.errors import DefinitionError
    from engine.stories import check_story, read_story
    from engine.stories import play as play_story
    from engine.stories.world import world_of

    played, handlers = _played(chosen.path, settings)
    at = environment_of(settings)
    stories: list[Story] = []
    problems: list[Problem] = []
    for name, content in _stories(chosen.path, chosen.stories, played).items():
        try:
            story = read_story(content, name)
        except DefinitionError as error:
            problems.extend(error.problems)
            continue
        problems.extend(check_story(played, story, handlers, at))
        stories.append(story)
    if problems:
        raise DefinitionError(tuple(problems))
    if chosen.engine == SPIFFWORKFLOW:
        return play_there(played, stories, handlers, settings, is_json=chosen.json)
    reports = [play_story(played, each, handlers, at) for each in stories]
    if chosen.json:
        _print_json(played, reports)
    else:
        _print(world_of(played), reports, settings)
    return DONE if all(each.passed for each in reports) else NOT_DONE


def _played(path: Path, settings: Settings) -> tuple[Bundle | World, HandlerTable | None]:
    """The version of a folder (or of the folder of a file), with the handlers that it names; or the processes of a file that stands
    alone: its stories are taken at their word about handlers.
    """
    from engine.definitions.store import read_folder
    from engine.model.bundle import read_bundle

    if not path.exists():
        raise AskedWrongly("cli_path_not_found", path=str(path))
    folder = path if path.is_dir() else path.parent
    if (folder / "process.yaml").is_file():
        return read_bundle(read_folder(folder)), load(settings.handlers, "BORDEREAU_HANDLERS")
    if path.is_dir():
        raise AskedWrongly("cli_no_process_here", path=str(path))
    return read_world(_content(path), path)[0], None


def _stories(path: Path, named: list[Path], played: Bundle | World) -> Mapping[str, bytes]:
    """The stories named, or else those of the folder."""
    from engine.stories import stories_of
    from engine.stories.world import World

    if named:
        return {str(each): _content(each) for each in named}
    if isinstance(played, World):
        beside = sorted((path.parent / "stories").glob("*.yaml"))
        found = {f"stories/{each.name}": _content(each) for each in beside}
    else:
        found = stories_of(played.files)
    if not found:
        raise AskedWrongly("cli_play_no_story", path=str(path))
    return found


def _content(path: Path) -> bytes:
    content = read_bytes(path)
    if content is None:
        raise AskedWrongly("cli_file_too_large", path=str(path), limit=LARGEST)
    return content


def _print(world: World, reports: list[Report], settings: Settings) -> None:
    from engine.stories import coverage
    from engine.stories.telling import coverage_lines, told

    language = locale()
    for report in reports:
        print(styled(harmless(f"{report.story.file}: {report.story.title[language]}"), "bold"))
        before = ""
        for line in told(report, world, language, settings.zone):
            # the clock is told when it moves
            at = line.at if line.at != before else " " * len(line.at)
            before = line.at
            text = harmless(f"  {at}  {line.text}")
            print(styled(text, "dim") if line.is_undone else text)
        if report.passed:
            print(styled(say("cli_play_passed"), "green"))
        else:
            print(styled(say("cli_play_failed", count=len(report.deviations)), "red"))
            print_problems(report.deviations)
        print()
    failed = sum(not each.passed for each in reports)
    print(say("cli_play_verdict", count=len(reports), failed=failed))
    if len(reports) > 1:
        print(say("cli_play_coverage"))
        for each in coverage_lines(coverage(world, reports), world, language):
            print(harmless(each))


def _print_json(played: Bundle | World, reports: list[Report]) -> None:
    from engine.commands.values import json_text
    from engine.stories import coverage
    from engine.stories.telling import coverage_record, record_of

    record = {
        "passed": all(each.passed for each in reports),
        "stories": [
            {**record_of(each), "deviations": [problem_record(problem) for problem in each.deviations]}
            for each in reports
        ],
        "coverage": coverage_record(coverage(played, reports)),
    }
    print(json_text(record, indent=1))
