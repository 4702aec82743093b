"""The graph of all states of a process: breadth first, so that the way to each is as short as possible.

A node is a case at rest, or in the middle of automatic work right after something was chosen; so ways that chose differently and come to
the same point go on as one.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from engine.explore.calm import calm_tasks
from engine.explore.canonical import Key, key_of
from engine.explore.happenings import Happening, Happenings, Surroundings
from engine.explore.reach import Live, Names, Reach
from engine.explore.trial import Shared, Trial
from engine.explore.unknown import Literal
from engine.kernel.state import ROOT
from engine.model import elements as model
from engine.protocol import events as happened

CROWD = 8
"""So many tokens at one place, more than once on a way that repeats itself, are ever more."""
_LONGEST_WAY = 50
"""So many happenings, each the only one that is possible, are looked at together."""
_MOST_SCOPES = 60
"""Open at once in one state: what is nested deeper, calls itself more often or does more at the same time is not followed."""


@dataclass(slots=True, eq=False)
class Place:
    """A state, and how it was reached: ``trial`` stands there, ``literals`` and ``path`` were added since ``parent``.

    ``possible``: what can happen next, when it rests. ``stuck``: the code of an incident and its element. ``is_done`` when the case has
    ended.
    """

    trial: Trial
    number: int
    parent: Place | None
    literals: tuple[Literal, ...]
    path: tuple[str, ...]
    is_decided: bool
    is_resting: bool
    possible: Sequence[Happening] = ()
    is_done: bool = False
    is_crowded: bool = False
    stuck: tuple[str, str] | None = None
    after: list[int] = field(default_factory=list)

    def way(self) -> list[Place]:
        """From the beginning to here."""
        found: list[Place] = []
        at: Place | None = self
        while at is not None:
            found.append(at)
            at = at.parent
        return found[::-1]


class Graph:
    """All that can become of ``process``, as far as ``max_states`` and ``max_moves`` let it be looked at."""

    def __init__(
        self,
        reach: Reach,
        process: model.Process,
        surroundings: Surroundings,
        names: Names,
        *,
        max_states: int,
        max_moves: int,
        is_reduced: bool,
    ) -> None:
        self.reach = reach
        self.process = process
        self.surroundings = surroundings
        self.shared = Shared(names, _counted(reach.model), _undoes(reach.model))
        self.live = Live(reach, names, surroundings.declared)
        self.happenings = Happenings(reach, surroundings)
        self.places: list[Place] = []
        self.seen: dict[str, None] = {}
        self.is_complete = True
        self.overgrown: Place | None = None
        """The first place at which too many scopes were open: what comes after it was not looked at."""
        self.left_out = 0
        """How often other orders were left out."""
        self._is_reduced = is_reduced
        self._max_states = max_states
        self._max_moves = max_moves
        self._numbers: dict[Key, int] = {}
        self._waiting: deque[Place] = deque()

    @cached_property
    def _calm(self) -> Names:
        """What is looked at alone where it waits; found when first something else can happen too."""
        return calm_tasks(self.reach, self.shared.names, self.surroundings.given_by)

    def explore(self, stop: Callable[[Place], bool]) -> Place | None:
        """Look at everything; the first place at which ``stop`` says so ends it. Raises Blocked when no case can begin."""
        for place in self._beginnings():
            if stop(place):
                return place
        while self._waiting:
            if len(self.places) > self._max_states or self.shared.moves > self._max_moves:
                self.is_complete = False
                return None
            place = self._waiting.popleft()
            for found in self._follow(place):
                if stop(found):
                    return found
        return None

    def _beginnings(self) -> Iterator[Place]:
        process = self.process
        entrances: list[model.Node | None] = list(process.entrances().values())
        if not entrances or any(each.trigger is None for each in process.starts(process.id)):
            entrances.insert(0, None)
        given = self.surroundings.given
        form = self.surroundings.answers(self.surroundings.start_form) or {}
        for entrance in entrances:
            trial = Trial(self.reach.model, self.shared)
            trial.begin(process, entrance, given, form)
            place = self._note(trial, None, self._possible(trial))
            if place is not None:
                yield place

    def _follow(self, place: Place) -> Iterator[Place]:
        """Everything that can come right after ``place``, as far as it is new."""
        if not place.is_resting:
            yield from self._each(place, None)
            return
        for what in place.possible:
            yield from self._each(place, what)

    def _each(self, place: Place, what: Happening | None) -> Iterator[Place]:
        """What comes of ``what`` (None: of going on), for each way to choose on it."""
        ways: list[tuple[Trial, Happening | None, Sequence[int]]] = [(place.trial, what, ())]
        while ways:
            base, act, prescribed = ways.pop()
            trial = self._after(base, act, prescribed, goes_on=base is not place.trial)
            possible = self._possible(trial)
            # where only one thing can happen, and nothing was chosen, nobody need look: whoever comes here goes on in one way;
            # but where less is at work than before, other ways may have come too
            for _ in range(_LONGEST_WAY):
                if len(possible) != 1 or trial.taken or len(trial.state.activities) < len(base.state.activities):
                    break
                base, act, prescribed = trial, possible[0], ()
                trial = self._after(base, act, prescribed, goes_on=True)
                possible = self._possible(trial)
            chosen = [each for each, _ in trial.taken]
            for number in range(len(prescribed), len(trial.taken)):
                ways.extend((base, act, (*chosen[:number], other)) for other in range(1, trial.taken[number][1]))
            found = self._note(trial, place, possible)
            if found is not None:
                yield found

    def _after(self, base: Trial, what: Happening | None, prescribed: Sequence[int], *, goes_on: bool) -> Trial:
        trial = base.fork(prescribed, goes_on=goes_on)
        self.shared.moves += 1
        if what is not None:
            self.happenings.happen(trial, what)
        trial.run()
        return trial

    def _possible(self, trial: Trial) -> Sequence[Happening]:
        """What can happen where a run has come; nothing more is looked at where work stopped, or where it does not rest."""
        state = trial.state
        if not trial.rests or state.is_ended or state.incidents:
            return ()
        possible = self.happenings.of(trial)
        if self._is_reduced and len(possible) > 1 and self._calm:
            return self._alone(trial, possible)
        return possible

    def _alone(self, trial: Trial, possible: Sequence[Happening]) -> Sequence[Happening]:
        """All that can happen to one activity that is calm, as little as there is; everything, when none is."""
        activities = trial.state.activities
        by_activity: dict[str, list[Happening]] = {}
        for each in possible:
            owner = self.happenings.owner(trial, each)
            if owner in activities and activities[owner].element in self._calm:
                by_activity.setdefault(owner, []).append(each)
        if not by_activity:
            return possible
        found = min(by_activity.values(), key=len)
        self.left_out += len(found) < len(possible)
        return found

    def _note(self, trial: Trial, parent: Place | None, possible: Sequence[Happening]) -> Place | None:
        """Keep where a run has come; None when somebody was there before."""
        for each in trial.path:
            self.seen[each] = None
        is_decided = (parent is None or parent.is_decided) and all(each.bindings is not None for each in trial.literals)
        is_resting = trial.state.is_ended or trial.rests
        if is_resting and not trial.state.is_ended and trial.state.scopes[ROOT].is_empty:
            trial.end_everything()
            trial.emit(happened.InstanceCompleted())
        key = key_of(trial, self.live, is_decided=is_decided)
        number = self._numbers.get(key)
        if number is not None:
            if parent is not None:
                parent.after.append(number)
            return None
        number = self._numbers[key] = len(self.places)
        place = Place(
            trial,
            number,
            parent,
            tuple(trial.literals),
            tuple(trial.path),
            is_decided,
            is_resting,
            possible,
            is_done=trial.state.is_ended,
            stuck=next(((each.code, each.element) for each in trial.state.incidents.values()), None),
        )
        if parent is not None:
            parent.after.append(number)
        self.places.append(place)
        if len(trial.state.scopes) > _MOST_SCOPES:
            self.is_complete, self.overgrown = False, self.overgrown or place
            return place
        place.is_crowded = _is_crowded(place)
        if not place.is_done and not place.is_crowded and place.stuck is None:
            self._waiting.append(place)
        return place


def _counted(definition: model.Model) -> Names:
    """Loops whose rounds are counted."""
    return frozenset(
        node.id
        for process in definition.processes.values()
        for node in process.nodes.values()
        if isinstance(node, model.Activity) and node.loop is not None and node.loop.maximum is not None
    )


def _undoes(definition: model.Model) -> bool:
    """Whether anything throws compensation."""
    results = (
        each
        for process in definition.processes.values()
        for node in process.nodes.values()
        for each in model.definitions_of(getattr(node, "result", None))
    )
    return any(isinstance(each, model.CompensationDefinition | model.CancelDefinition) for each in results)


def crowd(trial: Trial) -> Counter[tuple[str, str]]:
    """How many tokens and activities stand at each place."""
    state = trial.state
    found: Counter[tuple[str, str]] = Counter()
    for scope in state.scopes.values():
        for flow, count in scope.tokens.items():
            found[scope.id, flow] += count
    for activity in state.activities.values():
        found[activity.scope, activity.element] += 1
    return found


def _is_crowded(place: Place) -> bool:
    """Many tokens at one place, on a way on which every token that was there before is there still, and more: it can go on for ever."""
    state = place.trial.state
    if len(state.activities) < CROWD and sum(sum(each.tokens.values()) for each in state.scopes.values()) < CROWD:
        return False
    here = crowd(place.trial)
    if max(here.values(), default=0) < CROWD:
        return False
    at = place.parent
    while at is not None:
        before = crowd(at.trial)
        if (
            at.is_resting == place.is_resting
            and all(here[each] >= count for each, count in before.items())
            and here != before
        ):
            most = max(here.values())
            grown = [each for each, count in here.items() if count > before[each]]
            if any(here[each] == most for each in grown) and all(before[each] for each in grown):
                return True
        at = at.parent
    return False
