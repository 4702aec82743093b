"""Playing a story on the kernel, with a clock of its own: what the file tells happens, and everything automatic follows.

The clock stands still while people and handlers act; it moves with the steps that say so, and stops at each moment at which a timer is
due. As when the engine runs: a handler that belongs to the step of a person either does its work or nothing of the step has happened.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from engine.errors import EngineError, Fact, InvalidInput, Problem
from engine.feel import Environment, Value
from engine.kernel import Activity, Phase, State, Stimulus, Wait, advance
from engine.model import elements as model
from engine.model import schedules
from engine.model.forms import Form, accept
from engine.model.own_cases import cases_elsewhere, given_back
from engine.model.yaml_file import Path
from engine.protocol import events as happened
from engine.protocol import stimuli
from engine.stories import expectations
from engine.stories.declared import Declarations, Declared, input_problem, result_of
from engine.stories.path import Follower, TooOpen, pattern_of
from engine.stories.report import Moment, Report
from engine.stories.story import (
    YEARS,
    CancelStep,
    ClockStep,
    ExpectStep,
    Given,
    HandlerStep,
    MessageStep,
    RetryStep,
    SignalStep,
    Step,
    Story,
    TaskStep,
    TimerStep,
)
from engine.stories.values import typed, values_of
from engine.stories.watching import Hits, watched
from engine.stories.world import Playable, World, world_of

Found = TypeVar("Found")
At = Callable[[datetime], Environment]
"""What expressions may ask of the world at a moment: the zone, the calendar."""

_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)

MOST_FIRINGS = 1_000
"""Timers that may fire in one story: a cycle of seconds and a year that passes would be no story."""


def play(played: Playable, story: Story, handlers: Declarations | None, at: At) -> Report:
    """What comes of ``story``. Deterministic; nothing but the kernel runs, no handler and no database.

    ``handlers`` say what handlers declare; None (a bare model): what the story says of them is taken as it is. A story that does not
    fit the process (``checks``) is played as far as it goes.
    """
    return _Play(world_of(played), story, handlers, at).run()


class _Stop(Exception):
    """The story cannot go on."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a person's step began: what a refusal goes back to."""

    state: State | None
    moments: int
    problems: int
    done: int
    follower: Follower | None


class _Play:
    """One story under way."""

    def __init__(self, world: World, story: Story, handlers: Declarations | None, at: At) -> None:
        self._hits: Hits = set()
        # what is called in other files does not run here: the story says what comes of it
        self._calls = {key: node for key in cases_elsewhere(world.model).calls if (node := world.node(key)) is not None}
        self._world = replace(world, model=watched(cases_elsewhere(world.model).model, self._hits))
        self._story = story
        self._handlers = handlers
        self._at = at
        self._state: State | None = None
        self._moments: list[Moment] = []
        self._problems: list[Problem] = []
        self._follower = None if story.ending.path is None else Follower(pattern_of(story.ending.path))
        self._person: _Mark | None = None
        self._tasks: dict[str, happened.TaskCreated] = {}
        self._done: list[tuple[str | None, str]] = []
        self._refused: str | None = None
        self._fired: list[str] = []
        self._firings = 0
        self._awaited: list[str] = []
        self._before: frozenset[str] = frozenset()
        self._items: set[tuple[str, str | None]] = set()
        self._now = self._goal = _BEFORE_ALL
        self._place: Path = ("start",)
        self._number: int | None = None

    def run(self) -> Report:
        """Play it, and compare what came out."""
        try:
            self._now = self._goal = self._time(self._story.start.at, ("start", "at"))
            self._start()
            self._steps()
            self._end()
        except _Stop as stop:
            self._problems.extend(stop.problems)
        except EngineError as error:
            self._problems.append(self._story.problem(error.code, self._place, **error.facts))
        return Report(
            story=self._story,
            moments=tuple(self._moments),
            deviations=tuple(map(self._world.named, self._problems)),
            state=self._state,
            rules=frozenset(self._hits),
        )

    # -- what is said when it cannot go on ------------------------------------------------------------------------------------------

    def _stop(self, code: str, /, *, place: Path | None = None, **facts: Fact) -> _Stop:
        return _Stop(self._story.problem(code, self._place if place is None else place, **facts))

    def _waiting(self) -> str:
        """Where the case waits, for a sentence."""
        return ", ".join(expectations.waiting_at(self._state)) or "–"

    # -- beginning and end ----------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        start = self._story.start
        event = self._world.beginning(self._story.process, start.event)
        is_by_hand = self._is_plain(event)
        form = self._world.start_form if is_by_hand and self._story.process == self._world.process else None
        if form is not None:
            variables = self._answers(form, start.answers or {}, {}, ("start", "answers"))
        else:
            variables = self._values(start.variables or {})
        if is_by_hand:
            self._mark()
        begin = stimuli.Start(process=self._story.process, variables=variables, start_event=event)
        self._advance(begin, start.by)

    def _is_plain(self, event: str | None) -> bool:
        node = None if event is None else self._world.node(event)
        return node is None or (isinstance(node, model.StartEvent) and node.trigger is None)

    def _steps(self) -> None:
        """One thing after the other: handlers that are asked for, timers that are due, then the next step."""
        steps = deque(self._story.steps)
        while True:
            step = steps[0] if steps else None
            self._place, self._number = (("expect", "end"), None) if step is None else (step.place, step.number)
            asked = self._asked(step) if isinstance(step, HandlerStep) else None
            if isinstance(step, HandlerStep) and asked is not None and asked.id not in self._before:
                steps.popleft()
                self._answer(step, asked)
                continue
            self._must_be_answered()
            if (wait := self._next_due()) is not None:
                self._fire(wait, wait.due_at or self._now)
                continue
            if self._awaited:
                raise self._stop("story_timer_not_fired", element=self._awaited[0])
            self._now, self._before = max(self._now, self._goal), frozenset()
            if step is None:
                self._must_be_answered(is_over=True)
                return
            if asked is None:
                steps.popleft()
                self._do(step)

    def _end(self) -> None:
        if self._follower is not None and not self._follower.is_done:
            expected = ", ".join(self._follower.expected)
            self._problems.append(self._story.problem("story_path_short", ("expect", "path"), expected=expected))
        self._problems.extend(expectations.end_differences(self._story, self._seen()))

    def _seen(self) -> expectations.Seen:
        events = tuple(event for each in self._moments if not each.is_undone for event in each.events)
        return expectations.Seen(
            world=self._world,
            state=self._state,
            events=events,
            environment=self._at(self._now),
            refused=self._refused,
        )

    # -- the clock ------------------------------------------------------------------------------------------------------------------

    def _next_due(self) -> Wait | None:
        """The timer that fires next before the clock comes to where it is going."""
        if self._state is None or self._story.has_own_timers:
            return None
        due = [each for each in self._state.waits.values() if each.due_at is not None and each.due_at <= self._goal]
        return min(due, key=by_due, default=None)

    def _fire(self, wait: Wait, moment: datetime) -> None:
        self._firings += 1
        if self._firings > MOST_FIRINGS:
            raise self._stop("story_too_many_timers", element=wait.element, limit=MOST_FIRINGS)
        self._now = max(self._now, moment)
        (self._awaited.remove if wait.element in self._awaited else self._fired.append)(wait.element)
        self._person = None
        self._number = None
        self._advance(stimuli.FireTimer(wait=wait.id), None)

    def _pass(self, step: ClockStep) -> None:
        text = step.at or step.after or ""
        moment = self._time(text, (*step.place, "at" if step.at else "after"))
        if moment < self._now:
            raise self._stop(
                "story_clock_back", now=self._now.astimezone(self._at(self._now).zone).isoformat(), to=text
            )
        self._let_pass(moment)

    def _let_pass(self, moment: datetime) -> None:
        """The clock goes to ``moment``. It stops for what timers ask of handlers, not for what handlers were asked for before."""
        self._goal = max(self._goal, moment)
        self._before = frozenset(() if self._state is None else (each.id for each in self._state.needs))

    def _time(self, text: str, place: Path) -> datetime:
        try:
            moment = schedules.due_moment(text, self._now, self._at(self._now).zone, at_end=False)
        except schedules.NotATime:
            raise self._stop("story_not_a_moment", place=place, text=text) from None
        if moment.year not in YEARS:
            raise self._stop("story_not_a_moment", place=place, text=text)
        return moment

    def _timer(self, step: TimerStep) -> None:
        """Let the time pass until the timer fires; if it has fired just now, that is it. One of a recorded case fires when it is told."""
        if step.element in self._fired:
            self._fired.remove(step.element)
            return
        found = [each for each in self._waits(step.element, step.item) if each.due_at is not None]
        wait = _one_of(sorted(found, key=by_due), step.which)
        if wait is None or wait.due_at is None:
            raise self._stop("story_timer_not_set", element=step.element, waiting=self._waiting())
        if wait.due_at.year not in YEARS and not self._story.has_own_timers:
            raise self._stop("story_not_a_moment", text=wait.due_at.isoformat())
        self._awaited.append(step.element)
        if self._story.has_own_timers:
            self._fire(wait, self._now)
        else:
            self._let_pass(wait.due_at)

    # -- steps ----------------------------------------------------------------------------------------------------------------------

    def _do(self, step: Step) -> None:
        if not isinstance(step, TimerStep | HandlerStep | ExpectStep):
            self._fired.clear()
        if isinstance(step, ExpectStep):
            self._problems.extend(expectations.differences(self._story, step.expectation, self._seen()))
            if self._state is not None:
                self._refused = None
            return
        self._must_go_on()
        match step:
            case TaskStep():
                self._complete(step)
            case HandlerStep():
                raise self._stop("story_handler_not_asked", element=step.element, waiting=self._waiting())
            case MessageStep():
                self._receive(step)
            case SignalStep():
                self._signal(step)
            case TimerStep():
                self._timer(step)
            case ClockStep():
                self._pass(step)
            case RetryStep():
                self._retry(step)
            case CancelStep():
                self._person = None
                self._advance(stimuli.CancelInstance(reason=step.reason), None)

    def _must_go_on(self) -> None:
        """A step only makes sense while the case lives, and after a refusal only when the story knows of it."""
        if self._refused is not None:
            raise self._stop("story_refused", code=self._refused)
        if self._state is None or self._state.is_ended:
            raise self._stop("story_ended_already", status="–" if self._state is None else self._state.status)

    def _complete(self, step: TaskStep) -> None:
        activity = self._activity(step, Phase.TASK)
        if activity is None:
            raise self._stop("story_task_not_open", element=step.element, waiting=self._waiting())
        self._may_do(step, activity)
        node = self._world.node(step.element)
        assert self._state is not None
        variables: Mapping[str, Value]
        if self._world.forms is None:
            variables = self._values({**step.answers, **(step.variables or {})})
        else:
            form = self._world.forms.get(node.form or "") if isinstance(node, model.UserTask) else None
            seen = self._state.variables_of(activity.id)
            variables = self._answers(form, step.answers, seen, (*step.place, "answers"))
        self._mark()
        self._advance(stimuli.CompleteTask(activity=activity.id, actor=step.by, variables=variables), step.by)

    def _may_do(self, step: TaskStep, activity: Activity) -> None:
        """The rules of the inbox: the role, the assignee, four eyes."""
        task = self._tasks[activity.id]
        is_theirs = task.assignee == step.by
        if self._story.people is not None and not is_theirs:
            roles = self._story.people.get(step.by, ())
            if task.role is None or task.role not in roles:
                raise self._stop("story_not_offered", element=step.element, person=step.by, role=task.role)
        if task.assignee is not None and not is_theirs:
            raise self._stop("story_task_of_another", element=step.element, person=step.by, assignee=task.assignee)
        if (task.not_same_as, step.by) in self._done:
            raise self._stop("story_four_eyes", element=step.element, person=step.by, other=task.not_same_as)

    def _answers(
        self, form: Form | None, given: Mapping[str, Given], seen: Mapping[str, Value], place: Path
    ) -> Mapping[str, Value]:
        """The variables that a form makes of the answers, as when a page sends them."""
        raw = {name: typed(value) for name, value in self._values(given).items()}
        if form is None:
            if raw:
                raise self._stop("story_no_form", place=place, fields=", ".join(raw))
            return {}
        offered = {
            field.choices: self._story.choices.get(field.choices, (raw.get(field.name, ""),))
            for field in form.fields
            if field.choices is not None
        }
        try:
            return accept(form, raw, seen, offered, self._at(self._now))
        except InvalidInput as error:
            problems = [self._story.problem(each.code, (*place, each.field), **each.facts) for each in error.fields]
            raise _Stop(*problems) from None

    def _receive(self, step: MessageStep) -> None:
        assert self._state is not None
        waits = self._waits(step.to, step.item)
        named = [each for each in waits if each.name == step.name]
        found = _one_of([each for each in named if step.key is None or each.key == step.key], step.which)
        if found is None:
            keys = ", ".join(str(each.key) for each in named)
            code = "story_message_not_awaited" if not named else "story_message_other_key"
            raise self._stop(code, name=step.name, key=step.key, keys=keys, waiting=self._waiting())
        self._person = None
        self._advance(stimuli.ReceiveMessage(wait=found.id, name=step.name, payload=self._values(step.payload)), None)

    def _signal(self, step: SignalStep) -> None:
        assert self._state is not None
        if all(each.signal != step.name for each in self._state.waits.values()):
            raise self._stop("story_signal_not_awaited", name=step.name, waiting=self._waiting())
        self._person = None
        self._advance(stimuli.ReceiveSignal(name=step.name, payload=self._values(step.payload)), None)

    def _retry(self, step: RetryStep) -> None:
        assert self._state is not None
        found = _one_of([each for each in self._state.incidents.values() if each.element == step.element], step.which)
        if found is None:
            raise self._stop("story_no_incident", element=step.element)
        self._person = None
        self._advance(stimuli.RetryIncident(incident=found.id), None)

    # -- handlers -------------------------------------------------------------------------------------------------------------------

    def _declared(self, element: str) -> Declared | None:
        node = self._world.node(element)
        if self._handlers is None or not isinstance(node, model.ServiceTask):
            return None
        return self._handlers.handlers.get(node.handler)

    def _asked(self, step: HandlerStep) -> Activity | None:
        """The activity whose handler the step answers for, if it is asked for."""
        return self._activity(step, Phase.HANDLER)

    def _must_be_answered(self, *, is_over: bool = False) -> None:
        """A handler that runs within a step has answered before anything else can happen; at the end, each has, or is awaited."""
        if self._state is None or self._state.is_ended:
            return
        awaited = set(self._story.ending.waiting or ()) if is_over else None
        for activity in self._state.needs:
            declared = self._declared(activity.element)
            is_within = declared is not None and not declared.is_effect
            if is_within if awaited is None else activity.element not in awaited:
                node = self._world.node(activity.element)
                handler = node.handler if isinstance(node, model.ServiceTask) else None
                raise self._stop("story_handler_missing", element=activity.element, handler=handler)

    def _answer(self, step: HandlerStep, activity: Activity) -> None:
        declared = self._declared(step.element)
        if declared is None or declared.is_effect:
            self._person = None
        mark, stimulus = self._person, self._answer_of(step, activity, declared)
        self._advance(stimulus, None)
        if mark is not None and self._is_refused(step, activity):
            self._undo(mark, step.raises or step.fails or "")

    def _answer_of(self, step: HandlerStep, activity: Activity, declared: Declared | None) -> Stimulus:
        if step.raises is not None:
            return stimuli.ThrowError(activity=activity.id, code=step.raises, facts=dict(step.facts))
        if step.fails is not None:
            return stimuli.FailHandler(activity=activity.id, code=step.fails)
        result: Mapping[str, Value] = self._values(step.returns)
        call = self._calls.get(step.element)
        if isinstance(call, model.CallActivity):
            result = given_back(call, result)
        if declared is not None:
            result, unfit = result_of(declared, result)
            if unfit:
                place: Path = (*step.place, "returns")
                raise _Stop(
                    *(
                        self._story.problem(each.code, place, **{**each.facts, "element": step.element})
                        for each in unfit
                    )
                )
        return stimuli.ReturnHandler(activity=activity.id, result=result)

    def _is_refused(self, step: HandlerStep, activity: Activity) -> bool:
        """What the handler said stopped the work: when a person waits for it, they are refused, and nothing has happened."""
        raised = (each for each in self._moments[-1].events if isinstance(each, happened.IncidentRaised))
        stopped = any(each.activity == activity.id for each in raised)
        return (step.raises is not None or step.fails is not None) and stopped

    # -- what lives -----------------------------------------------------------------------------------------------------------------

    def _activity(self, step: TaskStep | HandlerStep, phase: Phase) -> Activity | None:
        """The live activity that the step means; a handler that failed for good is not asked for."""
        if self._state is None:
            return None
        live = self._state.needs if phase is Phase.HANDLER else self._state.activities.values()
        named = (each for each in live if each.element == step.element and each.phase is phase)
        found = [each for each in named if step.item is None or self._item(each.id) == step.item]
        return _one_of(found, step.which)

    def _waits(self, element: str | None, item: int | None) -> list[Wait]:
        assert self._state is not None
        return [
            each
            for each in self._state.waits.values()
            if (element is None or each.element == element) and (item is None or self._item(each.activity) == item)
        ]

    def _item(self, activity_or_scope: str) -> int | None:
        """The number of the item that it belongs to, from 1."""
        assert self._state is not None
        at: str | None = activity_or_scope
        while at is not None:
            activity = self._state.activities.get(at)
            scope = self._state.scopes[at if activity is None else activity.scope]
            if scope.item is not None:
                return scope.item + 1
            at = scope.activity
        return None

    # -- one move of the kernel -----------------------------------------------------------------------------------------------------

    def _values(self, given: Mapping[str, Given]) -> dict[str, Value]:
        return values_of(given, self._at(self._now))

    def _mark(self) -> None:
        """A person acts: what follows in this step is theirs."""
        follower = None if self._follower is None else self._follower.copy()
        if self._handlers is not None:
            self._person = _Mark(self._state, len(self._moments), len(self._problems), len(self._done), follower)

    def _undo(self, mark: _Mark, code: str) -> None:
        self._state, self._follower, self._person, self._refused = mark.state, mark.follower, None, code
        self._moments[mark.moments :] = [replace(each, is_undone=True) for each in self._moments[mark.moments :]]
        del self._done[mark.done :]
        # the path of what has not happened differs from nothing
        since = self._problems[mark.problems :]
        self._problems[mark.problems :] = [each for each in since if not each.code.startswith("story_path")]

    def _advance(self, stimulus: Stimulus, by: str | None) -> None:
        self._state, events = advance(self._world.model, self._state, stimulus, self._at(self._now))
        self._moments.append(Moment(at=self._now, step=self._number, by=by, events=events))
        self._follow(events)
        for event in events:
            if isinstance(event, happened.HandlerRequested):
                self._check_input(event)
            elif isinstance(event, happened.TaskCreated):
                self._tasks[event.activity] = event
            elif isinstance(event, happened.TaskCompleted):
                self._done.append((event.element, event.actor))

    def _check_input(self, event: happened.HandlerRequested) -> None:
        declared = self._declared(event.element)
        unfit = None if declared is None else input_problem(declared, event.given)
        if unfit is not None:
            self._problems.append(
                self._story.problem(unfit.code, self._place, **{**unfit.facts, "element": event.element})
            )

    def _follow(self, events: Iterable[happened.Event]) -> None:
        """Hold what was entered to the expected path; after the first difference there is nothing more to hold it to."""
        for event in events:
            if self._follower is None:
                return
            if isinstance(event, happened.ScopeOpened) and event.item is not None:
                self._items.add((event.scope, event.element))
            if not isinstance(event, happened.ElementEntered) or self._is_beside_the_path(event):
                continue
            expected = ", ".join(self._follower.expected)
            try:
                if self._follower.take(event.element):
                    continue
                code = "story_path_other" if expected else "story_path_longer"
            except TooOpen:
                code = "story_path_too_open"
            self._follower = None
            self._problems.append(
                self._story.problem(code, self._place, element=event.element, expected=expected or "–")
            )

    def _is_beside_the_path(self, event: happened.ElementEntered) -> bool:
        """Gateways that the path does not name; and the items of a multi-instance, which was entered as a whole."""
        node = self._world.node(event.element)
        assert self._follower is not None
        if isinstance(node, model.Gateway) and node.id not in self._follower.named:
            return True
        return (event.scope, event.element) in self._items


def _one_of(found: Sequence[Found], which: int | None) -> Found | None:
    """The first, or the one of this number from 1."""
    return found[(which or 1) - 1] if len(found) >= (which or 1) else None


def by_due(wait: Wait) -> tuple[datetime, int]:
    """Sorts timers: the first due first, of those due at once the first set."""
    assert wait.due_at is not None
    return wait.due_at, int(wait.id[1:])
