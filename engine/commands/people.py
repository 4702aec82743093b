"""``bordereau people``: a way in for whoever keeps the machine, when nobody can sign in any more."""

from __future__ import annotations

import argparse
from typing import Any

from engine.commands.arguments import add_command
from engine.commands.connecting import database_of
from engine.commands.speaking import DONE, say
from engine.settings import Settings


def add(commands: Any) -> None:
    """Describe the subcommand and what is below it."""
    people = add_command(commands, "people", None)
    acts = people.add_subparsers(title=say("cli_heading_commands"), metavar=say("cli_metavar_command"), required=True)
    parser = add_command(acts, "secret", secret, of="people")
    parser.add_argument("login", metavar=say("cli_metavar_login"), help=say("cli_help_people_secret_login"))


def secret(settings: Settings, chosen: argparse.Namespace) -> int:
    """Give somebody a code for one sign-in; the history tells that it was given at the machine."""
    from engine import records
    from engine.database.migrations import require_newest
    from engine.handler import SYSTEM
    from engine.identity.people import normal
    from engine.identity.person_commands import GiveSecret, give_secret

    login = normal(chosen.login)
    with database_of(settings) as database:
        require_newest(database)
        given = records.execute(database, give_secret, GiveSecret(login=login), SYSTEM)
    print(say("init_secret", login=login, secret=given.answer))
    return DONE
