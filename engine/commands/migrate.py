"""``bordereau migrate``: the database at this release's tables."""

from __future__ import annotations

import argparse
from typing import Any

from engine.commands.arguments import add_command
from engine.commands.connecting import database_url
from engine.commands.speaking import DONE, say
from engine.settings import Settings


def add(commands: Any) -> None:
    """Describe the subcommand."""
    add_command(commands, "migrate", migrate_database)


def migrate_database(settings: Settings, _chosen: argparse.Namespace) -> int:
    """Migrate, and say so."""
    from engine.database.migrations import migrate

    with database_url(settings, may_create=True) as url:
        migrate(url)
    print(say("cli_migrated"))
    return DONE
