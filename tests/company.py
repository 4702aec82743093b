"""The demonstration company, ready to work: for tests of pages and for the running product in a browser."""

from __future__ import annotations

from engine.database.session import Database
from engine.definitions import store
from engine.instances.runtime import Runtime
from engine.settings import CHECKOUT
from handlers.demonstration.seed import seed
from handlers.table import HANDLERS


def fill_company(database: Database) -> None:
    """Its people, articles and suppliers in a migrated, empty database, and what ``processes/`` holds published."""
    seed(database)
    environment = Runtime(database=database, handlers=HANDLERS).environment
    for folder in sorted(each for each in (CHECKOUT / "processes").iterdir() if each.is_dir()):
        store.publish_folder(database, folder, HANDLERS, environment)
