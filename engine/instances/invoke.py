"""Calling a handler: typed input, a savepoint of its own, typed output (architecture §4.3).

Pydantic holds both sides to what the handler declares; a float is refused wherever it hides, because amounts would lose cents in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, fields
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Self

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session, SessionTransaction

from engine.data import refuse_floats, to_values
from engine.database.session import unavailable
from engine.database.watching import WatchedSession
from engine.errors import Crashed, Facts, HandlerFailure, InputInvalid, OutputInvalid
from engine.feel import Value
from engine.handler import BusinessError, Handler, HandlerContext, Transient
from engine.instances.row_changes import RowChange, RowWatch
from engine.kernel import ValueNotStorable, storable


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The handler gave a result: process values by name. ``rows``: what it did to rows of the business."""

    result: Mapping[str, Value]
    rows: tuple[RowChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Threw:
    """The handler ended with a modelled error; its savepoint is undone."""

    error: BusinessError


def invoke(handler: Handler, given: Mapping[str, Value], context: HandlerContext) -> Returned | Threw:
    """Run ``handler`` inside a savepoint of ``context.session``, which begins when it first asks for the session.

    Raises InputInvalid (before anything ran), OutputInvalid or Crashed (everything of it undone); ``Transient`` passes through, undone too,
    and so does what says that the database is gone or too busy.
    Facts of failures are written into the history for ever: they have kinds and names, never the words of an exception (its cause has).
    """
    typed = _read_input(handler, given)
    try:
        with _Guarded(context) as guarded:
            result = handler.run(typed, guarded)
            guarded.flush()
            return Returned(result=_read_output(handler, result), rows=guarded.rows())
    except BusinessError as error:
        return Threw(error=error)
    except (HandlerFailure, Transient):
        raise
    except Exception as error:
        if unavailable(error) is not None:
            raise  # no fault of the handler: who opened the transaction is told, and knows whether to try again
        raise Crashed(None, handler=handler.name, kind=type(error).__name__) from error


_PLAIN: Final = tuple(each.name for each in fields(HandlerContext) if each.name not in {"session", "keep"})


class _Guarded(HandlerContext):
    """The context with a savepoint around whatever its session is used for, and a watch on what becomes of rows; neither for a handler
    that never asks for it, and so cannot have changed anything: two messages to the server less.
    """

    __slots__ = ("_savepoint", "_watch", "_whole")

    _savepoint: SessionTransaction | None
    _watch: RowWatch | None
    _whole: HandlerContext

    def __init__(self, whole: HandlerContext) -> None:
        for name in _PLAIN:
            object.__setattr__(self, name, getattr(whole, name))
        object.__setattr__(self, "_whole", whole)
        object.__setattr__(self, "_savepoint", None)
        object.__setattr__(self, "_watch", None)

    @property
    def session(self) -> Session:
        """In place of the field above, which stays empty."""
        session = self._whole.session
        if self._savepoint is None:
            object.__setattr__(self, "_savepoint", session.begin_nested())
            if isinstance(session, WatchedSession):
                object.__setattr__(self, "_watch", RowWatch())
                session.watcher = self._watch
        return session

    def keep(self, command: Any, given: object) -> object:
        """In place of the field above. Within the savepoint; its own history tells what becomes of the record."""
        session = self.session
        with nullcontext() if self._watch is None else self._watch.aside(session):
            return self._whole.keep(command, given)

    def flush(self) -> None:
        """Send what the handler has not sent yet: it must fail inside the savepoint."""
        if self._savepoint is not None:
            self._whole.session.flush()

    def rows(self) -> tuple[RowChange, ...]:
        """What became of rows until now."""
        return () if self._watch is None else self._watch.changes()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._savepoint is not None:
            session = self._whole.session
            if isinstance(session, WatchedSession):
                session.watcher = None
            self._savepoint.__exit__(kind, error, trace)


_SAID_BY_HANDLERS = frozenset({"value_error", "assertion_error"})
"""Pydantic's types whose message is what a validator raised."""


@lru_cache(maxsize=1024)
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _read_input(handler: Handler, given: Mapping[str, Value]) -> object:
    try:
        refuse_floats(given)
        return _adapter(handler.input_type).validate_python(dict(given))
    except ValidationError as error:
        raise InputInvalid(None, handler=handler.name, **_first(error)) from error
    except (TypeError, ValueError) as error:
        raise InputInvalid(None, handler=handler.name, field="", reason=str(error)) from error


def _read_output(handler: Handler, result: object) -> Mapping[str, Value]:
    """The result as process values. What the handler returned is taken apart and held to its declared type again."""
    if result is None and handler.output_type is type(None):
        return {}
    try:
        if not isinstance(result, handler.output_type):
            raise ValueError(f"{type(result).__name__} instead of {handler.output_type.__name__}")  # noqa: TRY004, TRY301
        plain = to_values(result)
        storable(plain)
        _adapter(handler.output_type).validate_python(plain)
    except ValidationError as error:
        raise OutputInvalid(None, handler=handler.name, **_first(error)) from error
    except ValueNotStorable as error:
        raise OutputInvalid(None, handler=handler.name, field="", reason=error.code) from error
    except ValueError as error:
        raise OutputInvalid(None, handler=handler.name, field="", reason=str(error)) from error
    if not isinstance(plain, dict):
        raise OutputInvalid(None, handler=handler.name, field="", reason="not a record")
    return plain


def _first(error: ValidationError) -> Facts:
    """The first thing that Pydantic found: which field, and why. Never the value: it may be personal, and so may the words of a check."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[0]
    reason = found["type"] if found["type"] in _SAID_BY_HANDLERS else found["msg"]
    return {"field": ".".join(str(part) for part in found["loc"]), "reason": reason}


def run_handler(handler: Handler, given: object, context: HandlerContext) -> Any:
    """One handler for a test, as the engine would call it: ``given`` (its record) is taken apart and validated as process values are, the
    handler runs in a savepoint, and what it gives is held to its type.

    Gives the record that the handler declares (None if it gives nothing). Raises its BusinessError or Transient; InputInvalid,
    OutputInvalid, Crashed.
    """
    outcome = invoke(handler, to_values(given), context)
    if isinstance(outcome, Threw):
        raise outcome.error
    if handler.output_type is type(None):
        return None
    return _adapter(handler.output_type).validate_python(dict(outcome.result))
