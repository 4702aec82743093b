"""The session of a transaction, which can be watched: whoever watches is told of each row that is inserted, changed or deleted through it.

Nobody watches most of the time, and nothing is asked then but whether somebody does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import Delete, Insert, Update, event
from sqlalchemy.orm import Session, SessionTransaction

Dml = Insert | Update | Delete


class Watcher(Protocol):
    """Who watches a session."""

    def flushing(self, session: Session) -> None:
        """Objects are about to be written."""

    def flushed(self, session: Session) -> None:
        """Objects were written; their histories still tell what they were before."""

    def execute(self, session: Session, statement: Dml, run: Callable[..., Any], *given: Any, **options: Any) -> Any:
        """In place of ``run(session, statement, *given, **options)``, for a statement that changes rows; gives what that gives."""

    def begun(self, transaction: SessionTransaction) -> None:
        """A savepoint begins."""

    def undone(self, transaction: SessionTransaction) -> None:
        """All since the savepoint is undone."""


class WatchedSession(Session):
    """A session; ``watcher``: who is told what changes, while somebody is."""

    watcher: Watcher | None = None

    def execute(self, statement: Any, *given: Any, **options: Any) -> Any:
        """As SQLAlchemy's."""
        if self.watcher is None or not isinstance(statement, Dml):
            return super().execute(statement, *given, **options)
        return self.watcher.execute(self, statement, Session.execute, *given, **options)

    def scalars(self, statement: Any, *given: Any, **options: Any) -> Any:
        """As SQLAlchemy's."""
        if self.watcher is None or not isinstance(statement, Dml):
            return super().scalars(statement, *given, **options)
        return self.execute(statement, *given, **options).scalars()

    def scalar(self, statement: Any, *given: Any, **options: Any) -> Any:
        """As SQLAlchemy's."""
        if self.watcher is None or not isinstance(statement, Dml):
            return super().scalar(statement, *given, **options)
        return self.execute(statement, *given, **options).scalar()


@event.listens_for(WatchedSession, "before_flush")
def _flushing(session: WatchedSession, _context: Any, _objects: Any) -> None:
    if session.watcher is not None:
        session.watcher.flushing(session)


@event.listens_for(WatchedSession, "after_flush")
def _flushed(session: WatchedSession, _context: Any) -> None:
    if session.watcher is not None:
        session.watcher.flushed(session)


@event.listens_for(WatchedSession, "after_transaction_create")
def _begun(session: WatchedSession, transaction: SessionTransaction) -> None:
    if session.watcher is not None and transaction.nested:
        session.watcher.begun(transaction)


@event.listens_for(WatchedSession, "after_soft_rollback")
def _undone(session: WatchedSession, transaction: SessionTransaction) -> None:
    if session.watcher is not None and transaction.nested:
        session.watcher.undone(transaction)
