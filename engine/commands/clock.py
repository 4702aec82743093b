"""When and where an expression is evaluated: the options ``--now`` and ``--zone``."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.commands.speaking import AskedWrongly, say
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.feel import Environment


def add_clock(parser: argparse.ArgumentParser) -> None:
    """The options that say when and where it is."""
    parser.add_argument("--now", metavar=say("cli_metavar_moment"), help=say("cli_help_now"))
    parser.add_argument("--zone", metavar=say("cli_metavar_zone"), help=say("cli_help_zone"))


def environment_of(settings: Settings, chosen: argparse.Namespace) -> Environment:
    """What expressions see besides their variables: as in a process, working time included; ``--now`` and ``--zone`` fix the clock.

    Raises AskedWrongly when they cannot be read.
    """
    from engine import clock
    from engine.calendar import WorkingCalendar
    from engine.definitions.environment import environment, working_time_functions
    from engine.feel.temporal import named_zone, parse_datetime

    zone: ZoneInfo | None = settings.zone if chosen.zone is None else named_zone(chosen.zone)
    if zone is None:
        raise AskedWrongly("cli_zone_unknown", zone=chosen.zone)
    now: datetime | None = clock.now() if chosen.now is None else parse_datetime(chosen.now)
    if now is None:
        raise AskedWrongly("cli_now_unreadable", found=chosen.now)
    if now.tzinfo is None:
        now = now.replace(tzinfo=zone)
    calendar = WorkingCalendar(zone=zone, region=settings.holidays)
    return environment(now.astimezone(zone), calendar, working_time_functions(calendar))
