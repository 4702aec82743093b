"""``bordereau history …``: the hash chains recomputed; the signing key, checkpoints, and what leaves the house."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from engine.commands.arguments import add_command
from engine.commands.connecting import database_of, keeping_of
from engine.commands.speaking import DONE, NOT_DONE, AskedWrongly, locale, say
from engine.settings import Settings


def add(commands: Any) -> None:
    """Describe the subcommand and what is below it."""
    history = add_command(commands, "history", None)
    acts = history.add_subparsers(title=say("cli_heading_commands"), metavar=say("cli_metavar_command"), required=True)
    add_command(acts, "checkpoint", checkpoint, of="history")
    parser = add_command(acts, "key", key, of="history")
    parser.add_argument("--make", action="store_true", help=say("cli_help_history_key_make"))
    parser = add_command(acts, "export", export, of="history")
    parser.add_argument("file", type=Path, metavar=say("cli_metavar_file"), help=say("cli_help_history_export_file"))
    parser.add_argument(
        "--as",
        dest="form",
        choices=("history", "ocel", "xes"),
        default="history",
        help=say("cli_help_history_export_as"),
    )
    parser.add_argument("--process", metavar=say("cli_metavar_key"), help=say("cli_help_history_export_process"))
    parser.add_argument(
        "--from", dest="since", type=date.fromisoformat, metavar="2026-01-01", help=say("cli_help_history_export_from")
    )
    parser.add_argument(
        "--until", type=date.fromisoformat, metavar="2026-12-31", help=say("cli_help_history_export_until")
    )
    parser = add_command(acts, "verify", verify, of="history")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "file", nargs="?", type=Path, metavar=say("cli_metavar_file"), help=say("cli_help_history_verify_file")
    )
    which.add_argument("--case", type=int, metavar="N", help=say("cli_help_history_verify_case"))
    parser.add_argument(
        "--checkpoint",
        type=Path,
        action="append",
        default=[],
        metavar="POINT.json",
        help=say("cli_help_history_verify_checkpoint"),
    )


def verify(settings: Settings, chosen: argparse.Namespace) -> int:
    """Say of every chain, one case, or a downloaded file whether it is whole."""
    if chosen.file is not None:
        from engine.history import verifier

        return verifier.main(
            [str(chosen.file), *(part for each in chosen.checkpoint for part in ("--checkpoint", str(each)))]
        )
    from engine.database.migrations import require_newest
    from engine.history.verification import verify_all, verify_instance

    with database_of(settings) as database:
        require_newest(database)
        with database.reading() as session:
            report = (
                verify_all(session, kept=[_kept(each) for each in chosen.checkpoint])
                if chosen.case is None
                else verify_instance(session, chosen.case)
            )
    for line in report.lines(locale()):
        print(line)
    return DONE if report.is_whole else NOT_DONE


def _kept(file: Path) -> Mapping[str, Any]:
    from engine.history import verifier

    try:
        found = verifier.read_checkpoint(file.read_bytes())
    except OSError:
        found = None
    if found is None:
        raise AskedWrongly("history_no_checkpoint_file", file=str(file))
    return found


def checkpoint(settings: Settings, _chosen: argparse.Namespace) -> int:
    """Sign everything that was recorded until now."""
    from engine import clock
    from engine.database.migrations import require_newest
    from engine.history import checkpoints, keeping

    where = keeping_of(settings)
    with database_of(settings) as database:
        require_newest(database)
        made = keeping.sign(database, where, clock.now())
    for each in made:
        file = checkpoints.file_of(where.folder, each)
        print(say("history_checkpoint_made", number=each.number, size=each.size, file=str(file)))
    if not made:
        print(say("history_checkpoint_nothing_new", folder=str(where.folder)))
    return DONE


def key(settings: Settings, chosen: argparse.Namespace) -> int:
    """Show the public half of the signing key; with ``--make``, make the key first."""
    from engine.history import signing

    if chosen.make:
        signing.ensure_key(settings.checkpoint_key)
    signer = signing.load(settings.checkpoint_key)
    if signer is None:
        raise signing.KeyUnusable("history_key_missing", file=str(settings.checkpoint_key))
    print(say("history_key_file", file=str(settings.checkpoint_key)))
    print(say("history_key_public", key=signer.public_key.hex()))
    return DONE


def export(settings: Settings, chosen: argparse.Namespace) -> int:
    """Write the whole history, to be verified elsewhere, or the cases of a process for tools of process mining.

    The file appears whole or not at all.
    """
    from engine.commands.exporting import write
    from engine.database.migrations import require_newest

    if (chosen.form == "history") != (chosen.process is None):
        raise AskedWrongly("history_export_of_what")
    if chosen.form == "history" and (chosen.since or chosen.until):
        raise AskedWrongly("history_export_is_whole")
    with database_of(settings) as database:
        require_newest(database)
        count = write(database, chosen, settings.zone)
    print(say("history_exported", count=count, file=str(chosen.file)))
    if chosen.form == "history":
        print(say("history_exported_how_to_verify", file=str(chosen.file)))
    return DONE
