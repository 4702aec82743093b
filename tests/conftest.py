"""What every test may ask for. ``database``: a migrated, empty PostgreSQL database of its own.

One server for the whole run, also with ``-n``: the process that starts pytest owns an embedded one (fsync off), or ``DATABASE_URL`` names
one. A template is migrated once; each test clones it and drops its clone. The server dies with pytest, even by ``kill -9``.
"""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from argon2 import PasswordHasher
from hypothesis import settings
from sqlalchemy import make_url

from engine.database.embedded import EmbeddedServer
from engine.database.migrations import migrate
from engine.database.programs import DatabaseFailure
from engine.database.session import Database
from engine.identity import passwords
from tests.company import fill_company

# All that is made until everything is collected stays: whoever looks for garbage meanwhile looks in vain (``pytest_collection_finish``).
gc.disable()

# No test fails because a machine was busy: time is a benchmark's business.
settings.register_profile("bordereau", deadline=None)
settings.load_profile("bordereau")

PREFIX = "bordereau_test_"
FOLDER_PREFIX = "bordereau-test-"
ENOUGH = 2 * 1024**3


class TestServer:
    """The server of this run with its template."""

    __test__ = False

    def __init__(self) -> None:
        self._embedded: EmbeddedServer | None = None
        given = os.environ.get("DATABASE_URL")
        if given is None:
            _remove_leftovers()
            folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=_fast_folder()))
            self._embedded = EmbeddedServer(folder, durable=False, max_connections=300)
            given = self._embedded.start()
        self.template = f"{PREFIX}{os.getpid()}"
        self.url = with_database(given, self.template)
        self._admin_url = given
        execute(given, f'CREATE DATABASE "{self.template}"')
        migrate(self.url)

    def stop(self) -> None:
        if self._embedded is not None:
            self._embedded.stop()
            shutil.rmtree(self._embedded.folder)
        else:
            execute(self._admin_url, f'DROP DATABASE "{self.template}" WITH (FORCE)')


def with_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def execute(url: str, statement: str) -> None:
    """One statement outside any transaction, on the maintenance database beside ``url``."""
    address = make_url(url).set(drivername="postgresql", database="postgres")
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(statement)


def _fast_folder() -> Path:
    """Memory where there is enough: a clone is a thousand files, which took 15 ms there and 450 ms on a disk."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ENOUGH:
        return memory
    return Path(tempfile.gettempdir())


def _remove_leftovers() -> None:
    """Folders of runs that were killed: nobody owns them any more."""
    for lock in _fast_folder().glob(f"{FOLDER_PREFIX}*/owner.lock"):
        with suppress(DatabaseFailure, OSError):
            abandoned = EmbeddedServer(lock.parent, durable=False)
            abandoned.claim()
            try:
                shutil.rmtree(abandoned.folder)
            finally:
                abandoned.stop()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_server] = None
    passwords.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # 25 ms for each person of each test


def pytest_collection_finish() -> None:
    """Thousands of tests and all that they import stay until the end: the collector of garbage need not look at them each time."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)  # the others of these hooks have left out what is not to run
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With xdist: what takes minutes begins first, dealt out among the parts of the run; or one of them would go on alone at the end.

    Each part begins with an equal share of the list, and takes from the ends of the others' shares when it has nothing left.
    """
    parts = getattr(config, "workerinput", {}).get("workercount", 1)
    by_length = sorted((each for each in items if _minutes(each)), key=_minutes, reverse=True)
    others = [each for each in items if not _minutes(each)]
    if parts == 1 or not by_length:
        return
    share = len(items) // parts
    items.clear()
    for part in range(parts):
        first = by_length[part::parts]
        left = len(others) if part == parts - 1 else max(0, share - len(first))
        items += first + others[:left]
        del others[:left]


def _minutes(item: pytest.Item) -> float:
    mark = item.get_closest_marker("long")
    return float(mark.kwargs.get("minutes", 0)) if mark is not None else 0.0


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """With xdist: the controller starts the server before the first worker, and tells each worker."""
    if node.config.stash[_server] is None:
        node.config.stash[_server] = TestServer()
    node.workerinput["template_url"] = node.config.stash[_server].url


def pytest_unconfigure(config: pytest.Config) -> None:
    server = config.stash.get(_server, None)
    if server is not None:
        server.stop()


_server = pytest.StashKey[TestServer | None]()
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def template_url(pytestconfig: pytest.Config) -> str:
    """The migrated template; never connect to it, clone it (``database``)."""
    given = getattr(pytestconfig, "workerinput", {}).get("template_url")
    if given is not None:
        return str(given)
    if pytestconfig.stash[_server] is None:
        pytestconfig.stash[_server] = TestServer()
    server = pytestconfig.stash[_server]
    assert server is not None
    return server.url


@contextmanager
def cloned(template_url: str, purpose: str = "") -> Iterator[str]:
    """A clone of a database that nobody is connected to, dropped afterwards."""
    template = make_url(template_url).database
    name = f"{template}_{os.getpid()}_{purpose}{next(_numbers)}"
    execute(template_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    yield with_database(template_url, name)
    execute(template_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def database_url(template_url: str) -> Iterator[str]:
    """A clone of the template, dropped after the test."""
    with cloned(template_url) as url:
        yield url


@pytest.fixture(scope="session")
def company_url(template_url: str) -> Iterator[str]:
    """Another template: the demonstration company with the processes of ``processes/`` published; clone it (``cloned``)."""
    with cloned(template_url, "company") as url:
        found = Database(url)
        fill_company(found)
        found.dispose()
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database."""
    found = Database(database_url)
    yield found
    found.dispose()
