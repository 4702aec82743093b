"""What tests of stories share: a process of every kind of thing that a story tells, handlers that only declare, a calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from zoneinfo import ZoneInfo

from engine.calendar import WorkingCalendar
from engine.data import Money, data
from engine.definitions.environment import environment, working_time_functions
from engine.definitions.store import read_folder
from engine.errors import Problem
from engine.feel import Environment
from engine.model.bundle import Bundle, read_bundle
from engine.model.elements import Model
from engine.stories import Report, Story, check_story, play, read_story

_CALENDAR = WorkingCalendar(zone=ZoneInfo("Europe/Paris"))
_FUNCTIONS = working_time_functions(_CALENDAR)
FOLDER = Path(__file__).parents[3] / "processes" / "replenishment"


def at(now: datetime) -> Environment:
    return environment(now, _CALENDAR, _FUNCTIONS)


def replenishment() -> Bundle:
    return read_bundle(read_folder(FOLDER))


@dataclass(frozen=True)
class Said:
    """A declaration."""

    name: str
    input_type: type
    output_type: type
    is_effect: bool = False
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    handlers: Mapping[str, Said]
    choices: Mapping[str, object] = field(default_factory=dict)


@data
class Wanted:
    number: str


@data
class Given:
    amount: Money
    on: date
    note: str | None = None


@data
class Nothing:
    pass


TABLE = Table(
    handlers={
        "a.b": Said("a.b", Wanted, Given, errors=("refused",)),
        "a.mail": Said("a.mail", Nothing, Nothing, is_effect=True),
    },
    choices={"a.list": object()},
)


def story(text: str, start: str = "{at: 2026-11-23T09:00}", process: str = "p") -> Story:
    """The story of these steps and expectations."""
    head = f"title: {{fr: Un cas, en: A case}}\nprocess: {process}\nstart: {start}\n"
    return read_story((head + dedent(text)).encode(), "stories/a.yaml")


def played(
    model: Model,
    text: str,
    start: str = "{at: 2026-11-23T09:00}",
    handlers: Table | None = None,
    process: str = "p",
) -> Report:
    """What came of it; it fits the model."""
    told = story(text, start, process)
    assert check_story(model, told, handlers, at) == ()
    return play(model, told, handlers, at)


def codes(problems: tuple[Problem, ...]) -> list[str]:
    return [each.code for each in problems]


def places(problems: tuple[Problem, ...]) -> list[tuple[str, str | None]]:
    return [(each.code, each.place) for each in problems]


AMOUNT = Decimal("12.50")
