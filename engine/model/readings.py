"""What the value of an expression says where something definite is wanted: a text, a moment, a priority, a key, the schedule of a timer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

from engine.errors import Fact, Facts
from engine.feel import Environment, Value
from engine.model import schedules
from engine.model.elements import TimerKind
from engine.model.values import kind_of

DEFAULT_PRIORITY = 50
MAX_PRIORITY = 100

Read = TypeVar("Read")
Reading = Callable[[Value, Environment], Read]
"""How a value is understood, at a moment and in a zone. Raises NotThat."""


class NotThat(ValueError):
    """The value says nothing of the kind: ``code`` and ``facts`` say what is wrong."""

    def __init__(self, code: str, **facts: Fact) -> None:
        super().__init__(code)
        self.code = code
        self.facts: Facts = facts


def text(value: Value, _at: Environment) -> str | None:
    """A text, or None for none or an empty one."""
    if value is not None and not isinstance(value, str):
        raise NotThat("value_not_text", given=kind_of(value))
    return value or None


def priority(value: Value, _at: Environment) -> int:
    """A whole number from 0 to 100; in the middle when nothing is said."""
    if value is None:
        return DEFAULT_PRIORITY
    if not isinstance(value, Decimal) or value != int(value) or not 0 <= value <= MAX_PRIORITY:
        raise NotThat("priority_invalid", text=f"{value!s:.80}")
    return int(value)


def due(value: Value, at: Environment) -> datetime | None:
    """When a task is due, in UTC: a day means its end; see ``schedules.due_moment``."""
    return _moment(value, at, at_end=True)


def follow_up(value: Value, at: Environment) -> datetime | None:
    """When a task is to be looked at again, in UTC: a day means its beginning."""
    return _moment(value, at, at_end=False)


def _moment(value: Value, at: Environment, *, at_end: bool) -> datetime | None:
    if value is None:
        return None
    try:
        return schedules.due_moment(value, at.now, at.zone, at_end=at_end)
    except schedules.NotATime as error:
        raise NotThat("not_a_time", given=f"{value!s:.80}") from error


_NOT: Final[Mapping[TimerKind, str]] = {
    TimerKind.DATE: "timer_not_a_date",
    TimerKind.DURATION: "timer_not_a_duration",
    TimerKind.CYCLE: "timer_not_a_cycle",
}


def schedule(kind: TimerKind) -> Reading[schedules.Schedule]:
    """When a timer of this kind is due; see ``schedules.schedule``."""

    def read(value: Value, at: Environment) -> schedules.Schedule:
        try:
            return schedules.schedule(kind, value, at.now, at.zone)
        except schedules.NotATime as error:
            raise NotThat(_NOT[kind], given=f"{value!s:.80}") from error

    return read


def key(value: Value, _at: Environment) -> str:
    """What messages are told apart by, as text: 5 and 5.0 are one number, so one key."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if not isinstance(value, str) or not value:
        raise NotThat("correlation_key_invalid", given=kind_of(value))
    return value
