"""``bordereau database``: this release's tables, with a backup before; and the role that works in them."""

from __future__ import annotations

import argparse
from typing import Any

from engine.commands.arguments import add_command
from engine.commands.backup import make_backup, say_made
from engine.commands.connecting import database_url
from engine.commands.migrate import bring_up_to_date
from engine.commands.restore import backup_file
from engine.commands.speaking import DONE, say
from engine.settings import Settings


def add(commands: Any) -> None:
    """Describe the subcommand and what is below it."""
    database = add_command(commands, "database", None)
    acts = database.add_subparsers(title=say("cli_heading_commands"), metavar=say("cli_metavar_command"), required=True)
    parser = add_command(acts, "upgrade", upgrade, of="database")
    parser.add_argument("--no-backup", action="store_true", help=say("cli_help_database_upgrade_no_backup"))
    add_command(acts, "role", role, of="database")


def upgrade(settings: Settings, chosen: argparse.Namespace) -> int:
    """Bring the database to this release's tables; nothing is done, and nothing saved, when it has them already."""
    from engine.database.migrations import current_heads, newest_heads
    from engine.database.session import Database

    with database_url(settings, may_create=True) as url:
        database = Database(url)
        try:
            with database.reading() as session:
                reached = current_heads(session.connection())
            if reached == newest_heads():
                print(say("database_is_newest"))
                return DONE
            if reached and not chosen.no_backup:
                file = backup_file(settings, "before-upgrade")
                say_made(file, make_backup(database, settings, file))
        finally:
            database.dispose()
        bring_up_to_date(url)
    print(say("cli_migrated"))
    return DONE


def role(settings: Settings, _chosen: argparse.Namespace) -> int:
    """Make the role that web servers and workers are to use, and say its address once; give it its rights anew where it is there."""
    from sqlalchemy import make_url

    from engine.database.roles import APPLICATION, make_application
    from engine.database.session import Database

    with database_url(settings, may_create=False) as url:
        database = Database(url)
        try:
            with database.transaction() as session:
                password = make_application(session.connection())
        finally:
            database.dispose()
        if password is None:
            print(say("database_role_there", role=APPLICATION))
            return DONE
        address = make_url(url).set(drivername="postgresql", username=APPLICATION, password=password)
        print(say("database_role_made", role=APPLICATION, url=address.render_as_string(hide_password=False)))
    return DONE
