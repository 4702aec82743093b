"""``bordereau worker``: one worker for timers, mails and messages."""

from __future__ import annotations

import argparse
from typing import Any

from engine.commands.arguments import add_command
from engine.commands.connecting import runtime_of
from engine.commands.speaking import DONE
from engine.settings import Settings


def add(commands: Any) -> None:
    """Describe the subcommand."""
    add_command(commands, "worker", worker)


def worker(settings: Settings, _chosen: argparse.Namespace) -> int:
    """Work until SIGTERM."""
    from engine import log
    from engine.supervisor import follow
    from engine.worker import run_worker

    is_prepared = follow()
    log.configure("worker", level=settings.log_level, style=settings.log_format)
    run_worker(runtime_of(settings, is_prepared))
    return DONE
