"""``bordereau <area> <act>`` of the business: what ``BORDEREAU_COMMANDS`` names, run on a migrated database that it only reads."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.commands.arguments import add_command
from engine.commands.connecting import database_of, load
from engine.commands.speaking import DONE, NOT_DONE, say, tell
from engine.settings import Settings, commands_named

if TYPE_CHECKING:
    from engine.command import Command


def add(commands: Any) -> None:
    """Describe what there is. Raises SettingInvalid for a table that cannot be loaded."""
    areas: dict[str, Any] = {}
    table: tuple[Command, ...] = load(commands_named(), "BORDEREAU_COMMANDS")
    for each in table:
        if each.area not in areas:
            area = add_command(commands, each.area, None)
            areas[each.area] = area.add_subparsers(
                title=say("cli_heading_commands"), metavar=say("cli_metavar_command"), required=True
            )
        add_command(areas[each.area], each.act, partial(_run, each), of=each.area)


def _run(command: Command, settings: Settings, _chosen: argparse.Namespace) -> int:
    from engine.command import CommandContext
    from engine.database.migrations import require_newest
    from engine.records.queries import noted

    run: Callable[[CommandContext], bool] = load(command.run, "BORDEREAU_COMMANDS")
    with database_of(settings) as database:
        require_newest(database)
        with database.reading() as session:
            is_well = run(CommandContext(session=session, noted=noted, answer=_answer, tell=tell))
    return DONE if is_well else NOT_DONE


def _answer(code: str, /, **facts: Any) -> None:
    print(say(code, **facts))
