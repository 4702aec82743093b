"""What a handler is: the whole contract between the engine and the code that does the data work.

A handler is a function ``(given, context) -> result`` with ``@data`` records for ``given`` and ``result``. The decorator only describes;
``handlers/table.py`` lists what exists; the diagram names it (``zeebe:taskDefinition type="…"``).
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import CommandRejected, Fact

Given = TypeVar("Given")
Result = TypeVar("Result")


@data
class Actor:
    """Who acts: a person, or the engine itself (``person_id`` None, login ``"system"``)."""

    login: str
    name: str
    person_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    locale: str = "fr"


SYSTEM = Actor(login="system", name="Bordereau")


def _nowhere(_command: Any, _given: object) -> object:
    """Where no step runs (an effect, which changes nothing) there is no record to be kept."""
    raise RuntimeError("records are kept in steps only")


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerContext:
    """All that a handler sees of the engine.

    ``session`` is the open transaction (never commit it): what is inserted, changed or deleted through it, as objects or by statements of
    SQLAlchemy (no SQL in text), stands in the history of the case with old and new values. ``idempotency_key`` is the same for every
    attempt at one activity instance; ``now`` is the moment of the step in UTC; ``attempt`` counts from 1; ``starter`` is the login of who
    started the instance. ``keep`` runs a record command (``engine.record``) in this transaction, as who acts: what a step changes of a
    record stands in that record's history.
    """

    session: Session
    actor: Actor
    business_key: str | None
    attempt: int
    idempotency_key: str
    now: datetime
    starter: str
    keep: Callable[[Any, object], object] = _nowhere


class BusinessError(Exception):
    """A modelled outcome: caught by the error event of the same ``code``. Only the handler's savepoint is undone."""

    def __init__(self, code: str, /, **facts: Fact) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class Transient(Exception):
    """Try again later: the cause lies outside and may pass. From an effect that must not be repeated (``once``) it says besides that
    nothing has left the house.
    """

    def __init__(self, reason: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often a job tries a handler that fails before it becomes an incident, and how long it waits between two tries:
    ``first_seconds``, then ``factor`` times as long each time, ``longest_seconds`` at most.
    """

    attempts: int = 6
    first_seconds: int = 1
    factor: int = 4
    longest_seconds: int = 300

    def wait_seconds(self, attempt: int, reason: BaseException | None = None) -> int:
        """How long to wait after the failed ``attempt`` (from 1); or what a Transient asks for."""
        if isinstance(reason, Transient) and reason.retry_after_seconds is not None:
            return max(0, reason.retry_after_seconds)
        # bounded before it is raised to a power: attempts of a job have no bound of their own
        return int(min(self.first_seconds * self.factor ** min(attempt - 1, 30), self.longest_seconds))


TAKEN_BACK = "taken_back"
"""The code of the error with which an effect ends that somebody took back while it was held; a diagram may catch it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """A described handler. ``is_effect``: runs after commit, as a job (mail, HTTP, PDF); else in the step's transaction.

    ``errors``: the codes of the BusinessErrors that it may raise, for the editor and the deploy gate. ``hold`` (effects): so long a person
    can take it back; ``once`` (effects): what it does outside cannot be undone or recognised as a repetition, so an attempt whose end is
    not known becomes an incident instead of another attempt.
    """

    name: str
    run: Callable[[Any, HandlerContext], Any]
    input_type: type
    output_type: type
    is_effect: bool
    errors: tuple[str, ...]
    title_fr: str
    title_en: str
    hold: timedelta = timedelta()
    once: bool = False
    retries: Retries = Retries()

    @property
    def gives(self) -> tuple[str, ...]:
        """The names of what its result holds; none when it gives nothing."""
        return tuple(each.name for each in fields(self.output_type)) if is_dataclass(self.output_type) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One entry of a list offered by a form: what is stored, what people read, and facts shown beside it."""

    value: str
    label: str
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceSource:
    """A named list for forms (``choices: stock.short_articles``), read at every display and checked again when saved.

    ``refusal``: why a value cannot be chosen that a link brought, or that was chosen before it went; None: nothing speaks against it.
    """

    name: str
    read: Callable[[Session], Sequence[Choice]]
    refusal: Callable[[Session, str], CommandRejected | None] | None = None


def handler(
    name: str,
    *,
    fr: str,
    en: str,
    effect: bool = False,
    errors: tuple[str, ...] = (),
    hold: timedelta = timedelta(),
    once: bool = False,
    retries: Retries | None = None,
) -> Callable[[Callable[[Given, HandlerContext], Result]], Handler]:
    """Describe a function as the handler ``name`` with its titles for people. Types come from its annotations.

    Raises ValueError for ``hold`` or ``once`` without ``effect``: what runs in the step is undone with it.
    """
    if (hold or once) and not effect:
        raise ValueError(f"{name}: only an effect can be held, or must not be repeated")

    def describe(run: Callable[[Given, HandlerContext], Result]) -> Handler:
        hints = typing.get_type_hints(run)
        first = next(iter(hints))
        return Handler(
            name=name,
            run=run,
            input_type=hints[first],
            output_type=hints["return"],
            is_effect=effect,
            errors=(*errors, TAKEN_BACK) if hold else errors,
            title_fr=fr,
            title_en=en,
            hold=hold,
            once=once,
            retries=retries or Retries(),
        )

    return describe


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerTable:
    """Everything that processes can name. Built once in ``handlers/table.py``; names are unique (ValueError).

    ``personal``: by table of the business, the columns that hold personal data. What handlers write there stands in the history as salted
    hashes, its values apart, where they can be erased.
    """

    handlers: Mapping[str, Handler]
    choices: Mapping[str, ChoiceSource]
    personal: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def has_outbox(self) -> bool:
        """Some effect can be taken back, or must not be repeated."""
        return any(each.hold or each.once for each in self.handlers.values())

    @classmethod
    def of(
        cls,
        handlers: Sequence[Handler],
        choices: Sequence[ChoiceSource],
        personal: Mapping[str, frozenset[str]] | None = None,
    ) -> HandlerTable:
        """The table of these. Raises ValueError when two have one name."""
        by_name = {each.name: each for each in handlers}
        lists = {each.name: each for each in choices}
        if len(by_name) != len(handlers) or len(lists) != len(choices):
            raise ValueError("two handlers or two lists of choices have one name")
        return cls(handlers=by_name, choices=lists, personal=personal or {})
