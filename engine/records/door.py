"""Running a record command: right, lock, revision, function, history, in one transaction.

Statements: three (lock, event with head, and whatever COMMIT costs) beside those of the command's own function, however long the record's
history is. Order of locks: the record first, then what the function takes; who applies several commands in one transaction applies them in
the order of their records' (kind, key).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from engine import clock
from engine.data import is_storable_text, to_values
from engine.database.session import Database
from engine.errors import (
    Conflict,
    FieldProblem,
    InvalidInput,
    InvariantBroken,
    NotAllowed,
    NotFound,
)
from engine.handler import SYSTEM, Actor
from engine.history import refusals
from engine.record import Change, RecordCommand, RecordContext
from engine.records import chain

Given = TypeVar("Given")

_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of a command. ``revision``: the record's, now. ``is_changed``: False when everything was so already, and nothing was
    written. ``answer``: what the function gave back for the caller alone.
    """

    kind: str
    key: str
    revision: int
    is_changed: bool
    answer: Any = None


def execute(
    database: Database,
    command: RecordCommand[Given],
    given: Given,
    actor: Actor,
    *,
    seen: int | None = None,
    now: datetime | None = None,
) -> Recorded:
    """Do what ``given`` asks, as ``actor``, in a transaction of its own; a refusal is remembered.

    ``seen``: the revision that the actor looked at; when the record is newer, nothing is done. ``now``: by default this moment. Raises what
    ``apply`` raises; Unavailable.
    """
    moment = now or clock.now()
    about = {"kind": command.kind, "key": command.key_of(given)}
    with (
        refusals.remembering(database, actor.login, command.name, about, at=moment),
        database.transaction() as session,
    ):
        return apply(session, command, given, actor, seen=seen, now=moment)


def apply(
    session: Session,
    command: RecordCommand[Given],
    given: Given,
    actor: Actor,
    *,
    seen: int | None = None,
    now: datetime | None = None,
) -> Recorded:
    """The same within an open transaction, which the caller lets fail when this raises (imports, first starts).

    Raises NotAllowed (``record_not_allowed``), InvalidInput (``text_not_storable``, ``record_key_invalid``), Conflict
    (``record_changed_meanwhile``), NotFound (``record_deleted``), and whatever CommandRejected the function raises.
    """
    moment = now or clock.now()
    _require_right(command, actor)
    _require_storable(command, given)
    context = RecordContext(session=session, actor=actor, now=moment)
    key = command.key_of(given)
    head = None if key is None else _enter(session, command, key, seen)
    change = command.run(given, context)
    if head is None:
        if change.key is None:
            raise InvariantBroken("record_without_key", command=command.name)
        head = _enter(session, command, change.key, seen)
    event = _event(command, change)
    if event is None:
        return _recorded(head, head.sequence, change, is_changed=False)
    is_deleted = change.after is None
    revision = chain.append(session, head, moment, actor.login, event, is_deleted=is_deleted, personal=command.personal)
    return _recorded(head, revision, change, is_changed=True)


def _require_right(command: RecordCommand[Any], actor: Actor) -> None:
    is_engine = actor.person_id is None and actor.login == SYSTEM.login
    if not is_engine and command.may and command.may.isdisjoint(actor.roles):
        raise NotAllowed("record_not_allowed", command=command.name)


def _require_storable(command: RecordCommand[Any], given: Any) -> None:
    """PostgreSQL has no text with NUL or half characters; and nothing is locked by a key that no record can have."""
    problems = [
        FieldProblem(field=each.name, code="text_not_storable")
        for each in dataclasses.fields(given)
        if not _is_storable(getattr(given, each.name))
    ]
    key = command.key_of(given)
    if key is not None and not problems and not 0 < len(key) <= _LONGEST_KEY:
        problems = [FieldProblem(field=str(command.key), code="record_key_invalid")]
    if problems:
        raise InvalidInput(tuple(problems))


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return is_storable_text(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return all(_is_storable(getattr(value, each.name)) for each in dataclasses.fields(value))
    if isinstance(value, Mapping):
        return all(map(_is_storable, (*value, *value.values())))
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes):
        return all(map(_is_storable, value))
    return True


def _enter(session: Session, command: RecordCommand[Any], key: str, seen: int | None) -> chain.Head:
    """The record's head, locked; only for who saw it as it is."""
    head = chain.lock(session, command.kind, key)
    if head.is_deleted:
        raise NotFound("record_deleted", key=key)
    if seen is not None and seen != head.sequence:
        raise Conflict("record_changed_meanwhile", key=key)
    return head


def _event(command: RecordCommand[Any], change: Change) -> dict[str, Any] | None:
    """The entry of the history; None when nothing changed. Every value is what a process could hold, so that it is written one way."""
    before, after = _plain(change.before or {}), _plain(change.after or {})
    fields = {
        name: {"old": before.get(name), "new": after.get(name)}
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }
    is_same = change.before is not None and change.after is not None and not fields and not change.facts
    if is_same:
        return None
    became = "created" if change.before is None else "deleted" if change.after is None else "changed"
    return {
        "type": command.event,
        "command": command.name,
        "became": became,
        "fields": fields,
        "facts": _plain(change.facts),
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: to_values(sorted(value) if isinstance(value, set | frozenset) else value)  # a set has no order of its own
        for name, value in values.items()
    }


def _recorded(head: chain.Head, revision: int, change: Change, *, is_changed: bool) -> Recorded:
    return Recorded(kind=head.kind, key=head.key, revision=revision, is_changed=is_changed, answer=change.answer)
