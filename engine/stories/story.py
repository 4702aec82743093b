"""What a story is once it is read. Immutable; places in it are paths of the YAML file, so that whoever judges it can say the line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from engine.errors import Fact, Problem
from engine.model.yaml_file import Path, YamlFile

Given = Any
"""A value of the file: as ``Value``, with compiled FEEL (``Expression``) where the text began with ``=``."""

Texts = Mapping[str, str]
Element = str
"""The id of an element of the diagram."""

YEARS = range(1900, 3000)
"""In which a story may play: far from where Python's own dates end."""

EndKind = Literal["completed", "failed", "cancelled", "waiting", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How the case begins: ``at`` (ISO 8601), ``by`` whom, with what, at which start ``event`` (None: the plain one, or the only one)."""

    at: str
    by: str | None = None
    event: Element | None = None
    answers: Mapping[str, Given] | None = None
    variables: Mapping[str, Given] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """``place`` is its path in the file, ``number`` counts from 1.

    Where several of one element live: ``item`` is the number of the item that is meant, ``which`` its place among those that are left, in
    the order in which they began (both from 1).
    """

    place: Path
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStep(Step):
    """``by`` completes the user task. ``variables`` stand for answers where there are no forms."""

    element: Element
    by: str
    answers: Mapping[str, Given] = field(default_factory=dict)
    variables: Mapping[str, Given] | None = None
    item: int | None = None
    which: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerStep(Step):
    """The handler of the service task returns, ``raises`` a business error with ``facts``, or ``fails`` for good."""

    element: Element
    returns: Mapping[str, Given] = field(default_factory=dict)
    raises: str | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    fails: str | None = None
    item: int | None = None
    which: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStep(Step):
    """A message comes; ``to`` names the element that catches it where several could."""

    name: str
    key: str | None = None
    payload: Mapping[str, Given] = field(default_factory=dict)
    to: Element | None = None
    item: int | None = None
    which: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalStep(Step):
    """A signal comes from outside."""

    name: str
    payload: Mapping[str, Given] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerStep(Step):
    """Time passes until the timer of the element is due, and it fires."""

    element: Element
    item: int | None = None
    which: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStep(Step):
    """Time passes: a duration, or until a moment (the other one is None)."""

    after: str | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryStep(Step):
    """An operator has the incident at the element tried again."""

    element: Element
    which: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelStep(Step):
    """An operator ends the case."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentExpected:
    """An incident by element and code."""

    element: Element
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageExpected:
    """A message thrown; what is None is not compared."""

    name: str
    key: str | None = None
    payload: Mapping[str, Given] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What holds at a moment; None is not compared. ``place`` is the path of it in the file."""

    place: Path
    waiting: tuple[Element, ...] | None = None
    variables: Mapping[str, Given] = field(default_factory=dict)
    due: Mapping[Element, str] = field(default_factory=dict)
    incidents: tuple[IncidentExpected, ...] | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectStep(Step):
    """What holds now."""

    expectation: Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending(Expectation):
    """What holds when all steps are made. ``value`` of the end: the element, or the code of the error."""

    kind: EndKind
    value: str | None = None
    path: tuple[Any, ...] | None = None
    decisions: Mapping[Element, tuple[str, ...]] = field(default_factory=dict)
    messages: tuple[MessageExpected, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A case as it is meant to go. ``document`` is the file that it was read from."""

    title: Texts
    process: str
    start: Start
    steps: tuple[Step, ...]
    ending: Ending
    document: YamlFile
    people: Mapping[str, tuple[str, ...]] | None = None
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    has_own_timers: bool = False
    """Only a step fires a timer, however late it is."""

    @property
    def file(self) -> str:
        """The path of its file."""
        return self.document.file

    def problem(self, code: str, place: Path, /, **facts: Fact) -> Problem:
        """What is wrong at ``place``; the fact ``element`` says what it is about."""
        found = self.document.problem(code, place, **facts)
        element = facts.get("element")
        return replace(found, element_id=None if element is None else str(element))
