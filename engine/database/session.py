"""Transactions: the only place of the product that commits or rolls back (style §2).

* ``transaction()`` is READ COMMITTED: a step locks its instance row and must then see what the step before it committed.
* ``reading()`` is REPEATABLE READ and READ ONLY: a page, or a verification, sees one moment, however many statements it makes.
* Nothing is retried: whoever opened the transaction knows whether doing it again is right. Only *connecting* is patient, for the seconds
  that a database needs to come back, and a connection whose server has gone is noticed before it is used, without a question on the wire.
* Procrastinate's own SQL names its tables without a schema, hence ``search_path=jobs,public``. Ours always names it.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import Session

_OPTIONS = "-c search_path=jobs,public -c timezone=UTC -c jit=off"
_COMING_BACK = (
    "No such file or directory",
    "Connection refused",
    "the database system is",
    "server closed the connection unexpectedly",
    "terminating connection",
)


class Database:
    """A PostgreSQL database by its SQLAlchemy address, with a pool of connections; may be shared by threads.

    ``connect_patience``: for how many seconds a connection attempt outlasts a server that is restarting.
    """

    def __init__(self, url: str, *, pool_size: int = 10, connect_patience: float = 5.0) -> None:
        self.url = url
        self._patience = connect_patience
        self._engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            hide_parameters=True,  # what people typed has no place in an error that is logged, or shown as an incident
            connect_args={"options": _OPTIONS, "application_name": "bordereau"},
        )
        event.listen(self._engine, "do_connect", self._connect)
        event.listen(self._engine, "checkout", _refuse_dead)
        self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One moment of the database, for reading only; a write in it is an error of PostgreSQL."""
        with Session(self._reader, expire_on_commit=False) as session:
            yield session

    def dispose(self) -> None:
        """Close every connection; the next use opens new ones."""
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine, for migrations and for Procrastinate; everything else uses ``transaction`` and ``reading``."""
        return self._engine

    def _connect(self, dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        end = time.monotonic() + self._patience
        while True:
            try:
                return dialect.connect(*arguments, **options)
            except psycopg.OperationalError as error:
                is_passing = any(sign in str(error) for sign in _COMING_BACK)
                if not is_passing or time.monotonic() > end:
                    raise
            time.sleep(0.05)


def _refuse_dead(connection: Any, _record: Any, _proxy: Any) -> None:
    """An idle connection has nothing to say; one that is readable has been closed by the server (or is about to be).

    Instead of SQLAlchemy's ``pool_pre_ping``, which asks the server before each transaction.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise InvalidatePoolError
