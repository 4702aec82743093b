"""The command ``bordereau``: which subcommands there are, and what becomes of what goes wrong in them. Exit codes: 0 done, 1 not, 2 asked
wrongly. What each subcommand does stands in ``engine.commands`` under its name.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version as version_of
from io import TextIOWrapper
from typing import NoReturn

from engine.commands import (
    backup,
    business,
    check,
    decide,
    draw,
    feel,
    history,
    migrate,
    people,
    play,
    publish,
    restore,
    web,
    worker,
)
from engine.commands import database as database_commands
from engine.commands import init as first_start
from engine.commands import run as run_everything
from engine.commands.arguments import Parser, add_command
from engine.commands.speaking import ASKED_WRONGLY, DONE, NOT_DONE, AskedWrongly, print_problems, problem_record, say
from engine.errors import DefinitionError, EngineError
from engine.settings import SettingInvalid, Settings


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script: run the subcommand and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        # a terminal that cannot show a sign gets its number, not a traceback
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one subcommand; its exit code. What goes wrong is said in a sentence on stderr."""
    chosen = argparse.Namespace()
    try:
        chosen = _parser().parse_args(arguments)
        code: int = chosen.command(Settings.from_environment(), chosen)
    except DefinitionError as error:
        if getattr(chosen, "json", False):
            print(json.dumps({"problems": [problem_record(each) for each in error.problems]}, indent=1))
        else:
            print_problems(error.problems, sys.stderr)
        return NOT_DONE
    except (EngineError, SettingInvalid) as error:
        message = say(error.code, **error.facts)
        if getattr(chosen, "json", False):
            print(json.dumps({"error": {"code": error.code, "message": message}}, indent=1, ensure_ascii=False))
        else:
            print(message, file=sys.stderr)
        return ASKED_WRONGLY if isinstance(error, AskedWrongly) else NOT_DONE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # `bordereau … | head`: whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_DONE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="bordereau", description=say("cli_help"), epilog=say("cli_examples"))
    commands = parser.add_subparsers(
        title=say("cli_heading_commands"), metavar=say("cli_metavar_command"), required=True
    )
    for each in (
        run_everything,
        first_start,
        web,
        worker,
        migrate,
        check,
        play,
        draw,
        publish,
        decide,
        feel,
        history,
        people,
        backup,
        restore,
        database_commands,
        business,
    ):
        each.add(commands)
    add_command(commands, "version", _version)
    return parser


def _version(_settings: Settings, _chosen: argparse.Namespace) -> int:
    print(f"bordereau {version_of('bordereau')}")
    return DONE


if __name__ == "__main__":
    main()
