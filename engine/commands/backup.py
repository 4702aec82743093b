"""``bordereau backup``: everything that a company needs to go on elsewhere, in one file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.commands.arguments import add_command
from engine.commands.connecting import database_of
from engine.commands.speaking import DONE, AskedWrongly, say
from engine.settings import Settings


def add(commands: Any) -> None:
    """Describe the subcommand."""
    parser = add_command(commands, "backup", backup)
    parser.add_argument("file", type=Path, metavar=say("cli_metavar_file"), help=say("cli_help_backup_file"))
    parser.add_argument("--force", action="store_true", help=say("cli_help_backup_force"))


def backup(settings: Settings, chosen: argparse.Namespace) -> int:
    """Write the backup, while the product runs or not."""
    file: Path = chosen.file.absolute()
    if file.exists() and not chosen.force:
        raise AskedWrongly("backup_file_there", file=str(file))
    if not file.parent.is_dir():
        raise AskedWrongly("cli_path_not_found", path=str(file.parent))
    with database_of(settings) as database:
        say_made(file, make_backup(database, settings, file))
    return DONE


def make_backup(database: Any, settings: Settings, file: Path) -> Any:
    """The backup of a database that is there, in ``file``. Raises as ``engine.backup.making.make``, and BackupUnusable for a full disk."""
    from engine import clock
    from engine.backup import making
    from engine.backup.container import BackupUnusable

    try:
        return making.make(database, settings, file, clock.now())
    except OSError as error:
        raise BackupUnusable("backup_not_written", file=str(file), reason=error.strerror or str(error)) from error


def say_made(file: Path, made: Any) -> None:
    """Tell what is in it, and that it is to be kept as the keys in it are."""
    size = f"{made.size / 1_000_000:.1f}"
    print(say("backup_made", file=str(file), size=size, cases=made.cases, events=made.events))
    print(say("backup_holds", files=", ".join(made.data_files) or "–"))
