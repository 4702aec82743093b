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
    with database_url(settings, may_create=True) as url:
        bring_up_to_date(url)
    print(say("cli_migrated"))
    return DONE


def bring_up_to_date(url: str) -> None:
    """Migrate the database at ``url``. What an earlier release examined is forgotten."""
    from engine.database.migrations import migrate
    from engine.database.session import Database
    from engine.definitions import examination

    migrate(url)
    database = Database(url)
    try:
        with database.transaction() as session:
            examination.forget_all(session)
    finally:
        database.dispose()
