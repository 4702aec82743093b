"""What a record command is: the contract of everything that people change outside a process (a customer's address, a price, a right).

A command is three things: a ``@data`` record with what is asked, a function that does it, and a description that names both::

    @data
    class ChangePrice:
        article: str
        price: Money

    @record_command("catalogue.change_price", event="price:changed", kind="price", key="article", may=("sales_manager",),
                    fr="Changer un prix", en="Change a price")
    def change_price(given: ChangePrice, context: RecordContext) -> Change:
        row = context.session.get_one(Price, given.article)
        before = {"price": row.price}
        row.price = given.price
        return Change(before=before, after={"price": row.price})

The one door that runs it is ``engine.records.execute(database, change_price, ChangePrice(...), actor)``: it checks the right, lets one in
at a time for each record, holds the revision that the person saw against the present one, runs the function, and writes what changed into
the record's history, all in one transaction. The function loads rows, refuses by raising a ``CommandRejected``, writes rows, and says what
was and what is; nothing else: no commit, no mail, no call outside the database.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from sqlalchemy.orm import Session

from engine.data import is_storable_text
from engine.errors import FieldProblem, InvalidInput
from engine.handler import Actor

Given = TypeVar("Given")
LONGEST_REASON: Final = 500
Value = Any
"""Of a field: text, number (never a float), date, moment, duration, UUID, a list or mapping of them, a ``@data`` record, None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordContext:
    """All that the function of a command sees of the engine: the open transaction (never commit it), who acts, the moment in UTC."""

    session: Session
    actor: Actor
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a command did to its record.

    ``before``: its fields as they were, None when it did not exist; ``after``: as they are now, None when it was deleted (its number and
    history stay, and no later command reaches it). Only fields that differ are written into the history. ``facts``: what the history says
    beside (a secret was renewed, without the secret). ``key``: for a record whose key the command makes. ``answer``: what the caller gets
    back and the history does not know, such as a secret shown once.
    """

    before: Mapping[str, Value] | None
    after: Mapping[str, Value] | None
    facts: Mapping[str, Value] = field(default_factory=dict)
    key: str | None = None
    answer: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCommand(Generic[Given]):
    """A described command.

    ``name``: unique, ``area.verb_noun``. ``event``: what its entry in the history is called, ``noun:past``. ``kind``: of the record.
    ``key``: the field of ``given_type`` that holds the record's key; None when the function makes it (``Change.key``). ``may``: the roles
    that may; empty: everybody who is signed in, the function itself says who. ``personal``: the fields of its ``Change`` that hold personal
    data; the history has salted hashes of them, and their values apart, where they can be erased.
    """

    name: str
    run: Callable[[Given, RecordContext], Change]
    given_type: type[Given]
    event: str
    kind: str
    key: str | None
    may: frozenset[str]
    title_fr: str
    title_en: str
    personal: frozenset[str] = frozenset()

    def key_of(self, given: Given) -> str | None:
        """The key of the record that ``given`` is about; None when the function makes it."""
        return None if self.key is None else str(getattr(given, self.key))


def record_command(
    name: str,
    *,
    event: str,
    kind: str,
    key: str | None,
    may: Sequence[str],
    fr: str,
    en: str,
    personal: Sequence[str] = (),
) -> Callable[[Callable[[Given, RecordContext], Change]], RecordCommand[Given]]:
    """Describe a function as the command ``name`` with its titles for people. What it takes comes from its annotations.

    Raises ValueError for a ``key`` that the record of what is asked does not have, and TypeError when that is no record.
    """

    def describe(run: Callable[[Given, RecordContext], Change]) -> RecordCommand[Given]:
        hints = typing.get_type_hints(run)
        given_type = hints[next(iter(hints))]
        if not is_dataclass(given_type):
            raise TypeError(f"{name}: what is asked is a @data record")
        if key is not None and key not in {each.name for each in fields(given_type)}:
            raise ValueError(f"{name}: {given_type} has no field {key}")
        return RecordCommand(
            name=name,
            run=run,
            given_type=typing.cast("type[Given]", given_type),
            event=event,
            kind=kind,
            key=key,
            may=frozenset(may),
            title_fr=fr,
            title_en=en,
            personal=frozenset(personal),
        )

    return describe


def reason_of(typed: str, field_name: str = "because") -> str:
    """The reason as it is kept. Raises InvalidInput (``field_name``): there is none, it is too long, or no text that can be kept."""
    said = typed.strip()
    if not said:
        raise InvalidInput((FieldProblem(field=field_name, code="reason_missing"),))
    if not is_storable_text(said):
        raise InvalidInput((FieldProblem(field=field_name, code="text_not_storable"),))
    if len(said) > LONGEST_REASON:
        raise InvalidInput((FieldProblem(field=field_name, code="reason_too_long", facts={"limit": LONGEST_REASON}),))
    return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What the history says beside a change of the record ``key``: who did it when, and its ``facts``."""

    key: str
    at: datetime
    actor: str
    facts: Mapping[str, Value]


class NotedReader(Protocol):
    """Reads what the histories of records of ``kind`` say of one ``event``, in the order of their keys; ``records.queries.noted`` is one.

    Either of the records ``keys``, or of those behind the key ``after``, at most ``limit``: whoever holds his own rows against the history
    reads it in pieces. Without a meaning of its own of what it gives: the history proves itself (``bordereau history verify``).
    """

    def __call__(
        self,
        session: Session,
        kind: str,
        event: str,
        *,
        keys: Sequence[str] | None = None,
        after: str = "",
        limit: int = 500,
    ) -> Sequence[Noted]:
        """At most one for each record and time that it happened."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTable:
    """Record commands by name: built once in an explicit list; names are unique."""

    commands: Mapping[str, RecordCommand[Any]]

    @classmethod
    def of(cls, *commands: RecordCommand[Any]) -> RecordTable:
        """The table of these. Raises ValueError when two have one name, or when one event names two kinds of record."""
        by_name = {each.name: each for each in commands}
        if len(by_name) != len(commands):
            raise ValueError("two record commands have one name")
        kinds = {(each.event, each.kind) for each in commands}
        if len({event for event, _ in kinds}) != len(kinds):
            raise ValueError("one event names two kinds of record")
        return cls(commands=by_name)
