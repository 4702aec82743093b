"""``bordereau restore``: a backup brought back, and verified."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.commands.arguments import add_command
from engine.commands.backup import make_backup
from engine.commands.connecting import database_url
from engine.commands.speaking import DONE, NOT_DONE, locale, say
from engine.settings import Settings


def add(commands: Any) -> None:
    """Describe the subcommand."""
    parser = add_command(commands, "restore", restore)
    parser.add_argument("file", type=Path, metavar=say("cli_metavar_file"), help=say("cli_help_restore_file"))
    parser.add_argument("--erasures", type=Path, metavar=say("cli_metavar_file"), help=say("cli_help_restore_erasures"))
    parser.add_argument("--replace", action="store_true", help=say("cli_help_restore_replace"))


def restore(settings: Settings, chosen: argparse.Namespace) -> int:
    """Bring the backup into an empty database, or with ``--replace`` in the place of what is there, which is saved first."""
    from engine import clock
    from engine.backup import restoring
    from engine.database.session import Database
    from engine.instances import erased

    kept = None if chosen.erasures is None else erased.read(chosen.erasures)
    restoring.examine(settings, chosen.file, may_replace=chosen.replace)
    with database_url(settings, may_create=True) as url:
        database = Database(url)

        def save_first() -> None:
            file = backup_file(settings, "before-restore")
            make_backup(database, settings, file)
            print(say("restore_saved_first", file=str(file)))

        try:
            found = restoring.restore(
                database,
                settings,
                chosen.file,
                clock.now(),
                save_first=save_first if chosen.replace else None,
                erasures=kept,
            )
        finally:
            database.dispose()
    print(say("restore_done", made_at=found.backup.made_at, release=found.backup.release))
    print(say("backup_holds", files=", ".join(found.backup.data_files) or "–"))
    for name, value in sorted(found.other_settings.items()):
        print(say("restore_other_setting", variable=name, value=value or "–"))
    print(say("restore_same_heads" if found.has_same_heads else "restore_other_heads"))
    for line in found.report.lines(locale()):
        print(line)
    print(say("restore_holds", count=found.waiting_letters))
    if found.repeated is None:
        print(say("restore_erasures_unknown"))
    else:
        print(say("restore_erasures_repeated", count=found.repeated.done))
        for erasure, refusal in found.repeated.refused:
            print(
                say(
                    "restore_erasure_refused",
                    what=f"{erasure.what} {erasure.key}",
                    why=say(refusal.code, **refusal.facts),
                )
            )
    return DONE if found.is_whole else NOT_DONE


def backup_file(settings: Settings, why: str) -> Path:
    """Where a backup that nobody asked for is kept, by the moment that it is made."""
    from engine import clock

    folder = settings.data_folder / "backups"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / f"{clock.now():%Y-%m-%d-%H%M%S}-{why}.bordereau"
