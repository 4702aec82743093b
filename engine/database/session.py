"""Transactions: the only place of the product that commits or rolls back (style §2).

* ``transaction()`` is READ COMMITTED: a step locks its instance row and must then see what the step before it committed.
* ``reading()`` is REPEATABLE READ and READ ONLY: a page, or a verification, sees one moment, however many statements it makes.
* Nothing is retried: whoever opened the transaction knows whether doing it again is right. Only *connecting* is patient, for the seconds
  that a database needs to come back, and a connection whose server has gone is noticed before it is used, without a question on the wire.
* A connection that is lost becomes ``Unavailable``, which tells whether something may have been recorded: only a COMMIT whose answer did
  not come leaves that open.
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
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from engine.database.watching import WatchedSession
from engine.errors import Unavailable

_KEEPALIVES = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
"""A machine that lost its power says nothing: without these the server would keep its transaction, and every lock, for two hours."""
_OPTIONS = f"-c search_path=jobs,public -c timezone=UTC -c jit=off {_KEEPALIVES}"
_GAVE_UP = ("55P03", "57014")
"""SQLSTATE of a lock that was not had in time, and of a statement that took too long."""
_LOST_BEFORE = "8s2b"
"""SQLAlchemy's code of what is asked on a connection that was lost in the same transaction."""
_COMING_BACK = (
    "No such file or directory",
    "Connection refused",
    "the database system is",
    "server closed the connection unexpectedly",
    "terminating connection",
)


class Database:
    """A PostgreSQL database by its SQLAlchemy address, with a pool of connections; may be shared by threads.

    ``connect_patience``: for how many seconds a connection attempt outlasts a server that is restarting. ``busy_after``: after how many
    seconds a statement, or waiting for a lock, gives up (``Unavailable``, ``database_busy``); a web server must answer, a worker may wait.
    """

    def __init__(
        self, url: str, *, pool_size: int = 10, connect_patience: float = 5.0, busy_after: float | None = None
    ) -> None:
        self.url = url
        self._patience = connect_patience
        self._engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            hide_parameters=True,  # what people typed has no place in an error that is logged, or shown as an incident
            connect_args={"options": _options(busy_after), "application_name": "bordereau"},
        )
        event.listen(self._engine, "do_connect", self._connect)
        event.listen(self._engine, "checkout", _refuse_dead)
        self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises Unavailable: ``database_unavailable`` or ``database_busy`` (nothing was recorded), ``database_outcome_unknown`` (the
        connection was lost in the COMMIT).
        """
        is_committing = False
        try:
            with WatchedSession(self._engine, expire_on_commit=False) as session:
                yield session
                session.flush()
                is_committing = True
                session.commit()
        except SQLAlchemyError as error:
            code = unavailable(error)
            if code is None:
                raise
            raise Unavailable("database_outcome_unknown" if is_committing else code, reason=_reason(error)) from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One moment of the database, for reading only; a write in it is an error of PostgreSQL. Raises Unavailable."""
        try:
            with Session(self._reader, expire_on_commit=False) as session:
                yield session
        except SQLAlchemyError as error:
            code = unavailable(error)
            if code is None:
                raise
            raise Unavailable(code, reason=_reason(error)) from error

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


def _options(busy_after: float | None) -> str:
    if busy_after is None:
        return _OPTIONS
    milliseconds = int(busy_after * 1000)
    return f"{_OPTIONS} -c lock_timeout={milliseconds} -c statement_timeout={milliseconds}"


def unavailable(error: Exception) -> str | None:
    """The code for a server that is gone, going, not there yet or too busy; None for one that refuses a statement, and for other errors."""
    if isinstance(error, PoolTimeout):
        return "database_busy"
    if isinstance(error, PendingRollbackError):  # somebody has hidden the first error
        return "database_unavailable" if error.code == _LOST_BEFORE else None
    if not isinstance(error, DBAPIError):
        return None
    state = getattr(error.orig, "sqlstate", None)
    if state in _GAVE_UP:
        return "database_busy"
    is_lost = isinstance(error.orig, psycopg.OperationalError) and (state is None or state.startswith(("08", "57P")))
    return "database_unavailable" if is_lost or error.connection_invalidated else None


def _reason(error: SQLAlchemyError) -> str:
    """What the driver says, in a line, for the log."""
    said = str(error.orig if isinstance(error, DBAPIError) else error)
    return said.strip().partition("\n")[0]


def _refuse_dead(connection: Any, _record: Any, _proxy: Any) -> None:
    """An idle connection has nothing to say; one that is readable has been closed by the server (or is about to be).

    Instead of SQLAlchemy's ``pool_pre_ping``, which asks the server before each transaction.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise InvalidatePoolError
