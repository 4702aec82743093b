"""What came of a story: what happened, moment by moment, and where it went another way than told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from engine.errors import Problem
from engine.kernel import State
from engine.protocol.events import ElementEntered, Event, FlowTaken
from engine.stories.story import Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What one thing led to: ``step`` is the number of the step that let it happen (None: the start, or time that passed).

    ``is_undone``: a handler refused it, so that nothing of it was recorded.
    """

    at: datetime
    step: int | None
    by: str | None
    events: tuple[Event, ...]
    is_undone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """``deviations`` are empty when all went as told. ``rules`` are the rules that hit, by decision and rule id."""

    story: Story
    moments: tuple[Moment, ...] = ()
    deviations: tuple[Problem, ...] = ()
    state: State | None = None
    rules: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    @property
    def passed(self) -> bool:
        """All went as told."""
        return not self.deviations

    @property
    def events(self) -> Iterator[Event]:
        """Everything that was recorded, in order."""
        return (event for moment in self.moments if not moment.is_undone for event in moment.events)

    @property
    def elements(self) -> frozenset[str]:
        """The elements that were entered."""
        return frozenset(each.element for each in self.events if isinstance(each, ElementEntered))

    @property
    def flows(self) -> frozenset[str]:
        """The flows that were taken."""
        return frozenset(each.flow for each in self.events if isinstance(each, FlowTaken))
