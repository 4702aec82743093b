"""``bordereau history verify``: the hash chains, recomputed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.commands.arguments import add_command
from engine.commands.connecting import database_of
from engine.commands.speaking import DONE, NOT_DONE, locale, say
from engine.settings import Settings


def add(commands: Any) -> None:
    """Describe the subcommand and what is below it."""
    history = add_command(commands, "history", None)
    acts = history.add_subparsers(title=say("cli_heading_commands"), metavar=say("cli_metavar_command"), required=True)
    parser = add_command(acts, "verify", verify, of="history")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "file", nargs="?", type=Path, metavar=say("cli_metavar_file"), help=say("cli_help_history_verify_file")
    )
    which.add_argument("--case", type=int, metavar="N", help=say("cli_help_history_verify_case"))


def verify(settings: Settings, chosen: argparse.Namespace) -> int:
    """Say of every chain, one case, or a downloaded file whether it is whole."""
    if chosen.file is not None:
        from engine.history import verifier

        return verifier.main([str(chosen.file)])
    from engine.database.migrations import require_newest
    from engine.history.verification import verify_all, verify_instance

    with database_of(settings) as database:
        require_newest(database)
        with database.reading() as session:
            report = verify_all(session) if chosen.case is None else verify_instance(session, chosen.case)
    for line in report.lines(locale()):
        print(line)
    return DONE if report.is_whole else NOT_DONE
