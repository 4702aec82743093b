"""``bordereau publish``: a process folder as the next version, by a person, through the gate that the editor goes through."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.commands.arguments import add_command
from engine.commands.connecting import database_of, environment_of, load
from engine.commands.second_opinion import print_opinions
from engine.commands.speaking import DONE, AskedWrongly, harmless, locale, say
from engine.settings import Settings


def add(commands: Any) -> None:
    """Describe the subcommand."""
    parser = add_command(commands, "publish", publish)
    parser.add_argument("path", type=Path, metavar=say("cli_metavar_folder"), help=say("cli_help_publish_path"))
    parser.add_argument("--by", required=True, metavar=say("cli_metavar_login"), help=say("cli_help_publish_by"))
    parser.add_argument("--note", default="", metavar=say("cli_metavar_text"), help=say("cli_help_publish_note"))
    parser.add_argument("--reason", default="", metavar=say("cli_metavar_text"), help=say("cli_help_publish_reason"))


def publish(settings: Settings, chosen: argparse.Namespace) -> int:
    """Examine the folder here, publish it, and say which version it is now, what was proved, and what the second engine said.

    Raises AskedWrongly where there is no process or no such person; else what ``definitions.store.publish`` raises. A draft that waits in
    the editor is never thrown away: it stands against publishing.
    """
    from engine.database.migrations import require_newest
    from engine.definitions import examination, store
    from engine.identity.people import find_actor

    if not (chosen.path / "process.yaml").is_file():
        raise AskedWrongly("cli_no_process_here", path=str(chosen.path))
    files, handlers = store.read_folder(chosen.path), load(settings.handlers, "BORDEREAU_HANDLERS")
    with database_of(settings) as database:
        require_newest(database)
        with database.reading() as session:
            actor = find_actor(session, chosen.by)
        if actor is None:
            raise AskedWrongly("cli_person_unknown", login=chosen.by)
        examination.examine_now(database, actor, files, handlers, environment_of(settings))
        version = store.publish(database, actor, files, handlers, chosen.note, reason=chosen.reason, draft_revision=0)
    print(say("cli_published", process=version.process_key, number=version.number))
    for each in version.proved or ():
        print(harmless(f"  {each.title[locale()]}: {each.sentence(locale())}"))
    print_opinions(version.opinions)
    return DONE
