"""What a question about a drawing and its data can come to, before anything moves: a plan for a wait, or no answer (``Blocked``)."""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from engine.errors import Fact, Facts
from engine.model import elements as model
from engine.model import schedules

WAITING = (model.TimerDefinition, model.MessageDefinition, model.SignalDefinition, model.ConditionalDefinition)
"""What can be waited for; the other events are caught while they are thrown."""


class Plan(NamedTuple):
    """A wait to begin: the element that catches, what it waits for (``number``: of the several that it may wait for), and a timer's
    schedule or a message's key.
    """

    element: str
    definition: model.SingleDefinition
    schedule: schedules.Schedule | None = None
    key: str = ""
    number: int = 0


class Blocked(Exception):
    """This move cannot be made now: an incident with this code, place and facts."""

    def __init__(self, code: str, place: str, facts: Facts) -> None:
        super().__init__(code)
        self.code = code
        self.place = place
        self.facts = facts


class Exhausted(Blocked):
    """This move may be possible, but not within this stimulus: its expressions have cost too much already."""

    def __init__(self, limit: int) -> None:
        super().__init__("too_much_work", "tokens", {"limit": limit})


def block(code: str, place: str, /, **facts: Fact) -> NoReturn:
    """Raise Blocked."""
    raise Blocked(code, place, facts)
