"""``bordereau run``: everything on this machine, watched by a supervisor."""

from __future__ import annotations

import argparse
import time
from typing import Any

from engine.commands.arguments import add_command
from engine.commands.connecting import environment_of, load, of_company
from engine.commands.folders import process_folders
from engine.commands.speaking import DONE, say
from engine.settings import Settings


def add(commands: Any) -> None:
    """Describe the subcommand."""
    add_command(commands, "run", run)


def run(settings: Settings, _chosen: argparse.Namespace) -> int:
    """Run until Ctrl-C."""
    from engine.supervisor import Supervisor

    began = time.monotonic()

    def tell(code: str, **facts: Any) -> None:
        print(say(code, **facts), flush=True)
        if code == "run_ready":
            _print_introduction(supervisor.settings, supervisor.url, time.monotonic() - began)

    def prepare(url: str) -> None:
        supervisor.settings = _prepare(settings, url)

    supervisor = Supervisor(settings, prepare=prepare, say=tell)
    supervisor.run()
    return DONE


def _prepare(settings: Settings, url: str) -> Settings:
    """Make a running database ready for web and worker: migrations, demonstration, the processes of the folder; the settings to go on with.

    The demonstration is for a database that ``bordereau init`` has not made that of a company. What an earlier start examined is
    forgotten: this may be another release.
    """
    from engine.database.migrations import migrate
    from engine.database.session import Database
    from engine.definitions import examination
    from engine.definitions.store import publish_folder
    from engine.history.signing import ensure_key
    from engine.mail.settings import begin_plan

    migrate(url)
    ensure_key(settings.checkpoint_key)
    database = Database(url)
    try:
        settings = of_company(settings, database)
        if settings.demonstration is not None:
            load(settings.demonstration, "BORDEREAU_DEMONSTRATION")(database)
            with database.transaction() as session:
                begin_plan(session, f"http://{settings.host}:{settings.port}")
        handlers = load(settings.handlers, "BORDEREAU_HANDLERS")
        with database.transaction() as session:
            examination.forget_all(session)
        for folder in process_folders(settings.processes):
            publish_folder(database, folder, handlers, environment_of(settings))
    finally:
        database.dispose()
    return settings


def _print_introduction(settings: Settings, url: str, seconds: float) -> None:
    if settings.demonstration is not None:
        from engine.database.session import Database
        from engine.identity.people import people

        database = Database(url)
        with database.reading() as session:
            everybody = people(session)
        database.dispose()
        print(say("run_people"))
        for person in everybody:
            print(f"    {person.login:<12}{person.name}")
    print(say("run_how_to_stop", data=str(settings.data_folder), seconds=f"{seconds:.0f}"), flush=True)
