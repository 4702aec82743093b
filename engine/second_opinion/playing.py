"""A story told to SpiffWorkflow: as ``engine.stories`` tells it to the kernel, with a clock of its own that only the story moves.

What a person does is one step: a handler that refuses it undoes the step. SpiffWorkflow cannot go back, so the case is told again up to
there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from SpiffWorkflow.exceptions import SpiffWorkflowException

from engine.errors import EngineError
from engine.feel import Value
from engine.model import elements as model
from engine.model import schedules
from engine.model.forms import Form, accept
from engine.model.own_cases import cases_elsewhere, given_back
from engine.second_opinion.bounds import Bounds, TooLarge
from engine.second_opinion.machine import Machine, Open, OpenKind
from engine.second_opinion.trace import Moment, Trace
from engine.stories import At, Story
from engine.stories.declared import Declarations, Declared, result_of
from engine.stories.story import (
    YEARS,
    CancelStep,
    ClockStep,
    ExpectStep,
    Given,
    HandlerStep,
    MessageStep,
    SignalStep,
    Step,
    TaskStep,
    TimerStep,
)
from engine.stories.values import typed, values_of
from engine.stories.world import World

Act = Callable[[Machine], object]
_Found = TypeVar("_Found")
MOST_FIRINGS = 1_000
"""Things that may happen in one story."""
_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)
_NOTHING = -1
_LONGEST_REASON = 300


class Stopped(Exception):
    """SpiffWorkflow cannot go on as the story tells: ``element`` is where, ``reason`` what it said (``is_error``) or what was not open.

    ``is_crash``: its code failed without meaning to, so it does not say which way it would have gone.
    """

    def __init__(self, element: str | None, reason: str, *, is_error: bool = False, is_crash: bool = False) -> None:
        super().__init__(reason)
        self.element = element
        self.reason = reason
        self.is_error = is_error
        self.is_crash = is_crash


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What SpiffWorkflow did. ``stopped``: why it did not come to the end of the story.

    ``refused``: the error for which the last person was refused, when that was the end. ``now``: the moment at the end.
    """

    trace: Trace
    stopped: Stopped | None = None
    is_too_large: bool = False
    refused: str | None = None
    now: datetime = _BEFORE_ALL


@dataclass(frozen=True, slots=True)
class _Done:
    """Something that was told to the machine, to tell it again; ``moments`` is how many there were before."""

    at: datetime
    act: Act
    moments: int


def play(world: World, story: Story, handlers: Declarations | None, at: At, bounds: Bounds | None = None) -> Played:
    """What comes of ``story`` in SpiffWorkflow, within ``bounds``. Deterministic."""
    return _Play(world, story, handlers, at, bounds or Bounds()).run()


class _Play:
    """One story under way."""

    def __init__(self, world: World, story: Story, handlers: Declarations | None, at: At, bounds: Bounds) -> None:
        self._bounds = bounds
        elsewhere = cases_elsewhere(world.model)
        self._calls = {key: world.node(key) for key in elsewhere.calls}
        self._world = replace(world, model=elsewhere.model)
        self._story = story
        self._handlers = handlers
        self._at = at
        self._machine: Machine | None = None
        self._moments: list[Moment] = []
        self._done: list[_Done] = []
        self._person: int | None = None
        """How much had been done when the step of a person began; ``_NOTHING``: they began the case."""
        self._fired: list[str] = []
        self._awaited: list[str] = []
        self._before: frozenset[int] = frozenset()
        self._now = self._goal = _BEFORE_ALL
        self._refused: str | None = None
        self._element: str | None = None
        self._number: int | None = None

    def run(self) -> Played:
        stopped: Stopped | None = None
        is_too_large = False
        try:
            self._now = self._goal = self._time(self._story.start.at)
            self._start()
            self._steps()
        except Stopped as error:
            stopped = error
        except TooLarge:
            is_too_large = True
        except (SpiffWorkflowException, EngineError) as error:
            # what it says, or our expressions there, on purpose: it is a difference
            stopped = self._failed(error, is_crash=False)
        except Exception as error:  # noqa: BLE001  # whatever its code does: it is not our failure
            stopped = self._failed(error, is_crash=True)
        machine = self._machine
        trace = Trace(
            moments=tuple(self._moments),
            status="active" if machine is None else machine.status,
            variables={} if machine is None else machine.variables,
        )
        return Played(
            trace=trace,
            stopped=stopped,
            is_too_large=is_too_large,
            refused=self._refused,
            now=self._now,
        )

    def _failed(self, error: Exception, *, is_crash: bool) -> Stopped:
        node = getattr(getattr(error, "task_spec", None), "node", None)
        element = self._element if node is None else node.id
        reason = f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
        return Stopped(element, reason, is_error=True, is_crash=is_crash)

    # -- beginning ------------------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        start = self._story.start
        event = self._world.beginning(self._story.process, start.event)
        node = None if event is None else self._world.node(event)
        is_by_hand = node is None or (isinstance(node, model.StartEvent) and node.trigger is None)
        form = self._world.start_form if is_by_hand and self._story.process == self._world.process else None
        answers = start.answers or {}
        variables = self._values(start.variables or {}) if form is None else self._answers(form, answers, {})
        environment = self._at(self._now)

        def begin() -> Machine:
            return Machine(self._world.model, self._story.process, event, variables, environment, bounds=self._bounds)

        self._begin = begin
        self._element = event
        self._machine = begin()
        self._person = _NOTHING if is_by_hand and self._handlers is not None else None
        self._tell()

    # -- one thing after the other ----------------------------------------------------------------------------------------------------

    def _steps(self) -> None:
        steps = deque(self._story.steps)
        while True:
            step = steps[0] if steps else None
            self._number = None if step is None else step.number
            asked = self._find("handler", step) if isinstance(step, HandlerStep) else None
            if isinstance(step, HandlerStep) and asked is not None and asked.number not in self._before:
                steps.popleft()
                self._answer(step, asked)
                continue
            if (due := self._next_due()) is not None:
                self._fire(due)
                continue
            if self._awaited:
                raise Stopped(self._awaited[0], "timer")
            self._now, self._before = max(self._now, self._goal), frozenset()
            if step is None:
                return
            if asked is None:
                steps.popleft()
                self._do(step)

    def _do(self, step: Step) -> None:
        if not isinstance(step, TimerStep | HandlerStep | ExpectStep):
            self._fired.clear()
        match step:
            case ExpectStep():
                self._refused = self._refused if self._machine is None else None
            case TaskStep():
                self._complete(step)
            case HandlerStep():
                raise Stopped(step.element, "handler")
            case MessageStep():
                self._receive(step)
            case SignalStep():
                self._signal(step)
            case TimerStep():
                self._timer(step)
            case ClockStep():
                self._let_pass(self._time(step.at or step.after or ""))
            case CancelStep():
                self._act(lambda machine: machine.cancel())
            case _:
                raise Stopped(None, type(step).__name__)

    def _act(self, act: Act, *, is_timer: bool = False) -> None:
        """Let it happen, and remember it."""
        assert self._machine is not None, "a case has begun"
        self._done.append(_Done(self._now, act, len(self._moments)))
        self._machine.at(self._at(self._now))
        try:
            act(self._machine)
        finally:
            self._tell(is_timer=is_timer)

    def _tell(self, *, is_timer: bool = False) -> None:
        assert self._machine is not None, "a case has begun"
        self._moments.append(
            Moment(
                at=self._now,
                step=self._number,
                marks=self._machine.told(),
                waiting=self._machine.waiting(),
                is_timer=is_timer,
            )
        )

    def _undo(self, mark: int, code: str) -> None:
        """Nothing of a person's step has happened: tell everything before it again."""
        self._refused = code
        moments = 0 if mark == _NOTHING else self._done[mark].moments
        self._moments, self._done, self._person = self._moments[:moments], self._done[: max(mark, 0)], None
        if mark == _NOTHING:
            self._machine = None
            return
        self._machine = again = self._begin()
        for each in self._done:
            again.at(self._at(each.at))
            each.act(again)
        again.told()

    # -- people and handlers --------------------------------------------------------------------------------------------------------

    def _complete(self, step: TaskStep) -> None:
        found = self._must_find("task", step, step.element)
        assert self._machine is not None, "something is open in it"
        if self._world.forms is None:
            variables: Mapping[str, Value] = self._values({**step.answers, **(step.variables or {})})
        else:
            node = self._world.node(step.element)
            form = self._world.forms.get(node.form or "") if isinstance(node, model.UserTask) else None
            variables = {} if form is None else self._answers(form, step.answers, self._machine.seen_at(found))
        self._person = len(self._done) if self._handlers is not None else None
        place = self._place(found)
        self._act(lambda machine: machine.complete(machine.open()[place], variables, step.by))

    def _answer(self, step: HandlerStep, found: Open) -> None:
        node = self._world.node(step.element)
        declared: Declared | None = None
        if self._handlers is not None and isinstance(node, model.ServiceTask):
            declared = self._handlers.handlers.get(node.handler)
        if declared is None or declared.is_effect:
            self._person = None
        self._element = step.element
        place, mark = self._place(found), self._person
        if step.fails is not None:
            if mark is None:
                raise Stopped(step.element, step.fails)
            self._undo(mark, step.fails)
        elif step.raises is not None:
            code, facts = step.raises, dict(step.facts)
            is_caught: list[bool] = []
            self._act(lambda machine: is_caught.append(machine.raise_error(machine.open()[place], code, facts)))
            if not is_caught[0] and mark is None:
                raise Stopped(step.element, code)
            if not is_caught[0] and mark is not None:
                self._undo(mark, code)
        else:
            result: Mapping[str, Value] = self._values(step.returns)
            call = self._calls.get(step.element)
            if isinstance(call, model.CallActivity):
                result = given_back(call, result)
            if declared is not None:
                result, _ = result_of(declared, result)
            self._act(lambda machine: machine.answer(machine.open()[place], result))

    def _answers(self, form: Form, given: Mapping[str, Given], seen: Mapping[str, Value]) -> Mapping[str, Value]:
        """The variables that a form makes of the answers, as when a page sends them."""
        raw = {name: typed(value) for name, value in self._values(given).items()}
        offered = {
            field.choices: self._story.choices.get(field.choices, (raw.get(field.name, ""),))
            for field in form.fields
            if field.choices is not None
        }
        return accept(form, raw, seen, offered, self._at(self._now))

    # -- events ---------------------------------------------------------------------------------------------------------------------

    def _receive(self, step: MessageStep) -> None:
        payload = self._values(step.payload)
        self._element = step.to
        found = [
            each
            for each in self._open("message", step.to, step.item)
            if each.plan is not None and each.plan.message == step.name and step.key in (None, each.plan.key)
        ]
        chosen = _one_of(found, step.which)
        if chosen is None:
            raise Stopped(step.to, f"message {step.name}")
        place = self._place(chosen)
        self._act(lambda machine: machine.come(machine.open()[place], payload))

    def _signal(self, step: SignalStep) -> None:
        payload = self._values(step.payload)
        found = [each for each in self._open("signal", None, None) if each.plan and each.plan.signal == step.name]
        if not found:
            raise Stopped(None, f"signal {step.name}")
        place = self._place(found[0])
        self._act(lambda machine: machine.signal(machine.open()[place], payload))

    def _timer(self, step: TimerStep) -> None:
        if step.element in self._fired:
            self._fired.remove(step.element)
            return
        found = _one_of(sorted(self._open("timer", step.element, step.item), key=_by_due), step.which)
        if found is None or found.plan is None or found.plan.due_at is None:
            raise Stopped(step.element, "timer")
        self._awaited.append(step.element)
        if self._story.has_own_timers:
            self._fire(found, self._now)
        else:
            self._let_pass(found.plan.due_at)

    # -- the clock ------------------------------------------------------------------------------------------------------------------

    def _next_due(self) -> Open | None:
        if self._story.has_own_timers:
            return None
        due = [each for each in self._open("timer", None, None) if _by_due(each)[0] <= self._goal]
        return min(due, key=_by_due, default=None)

    def _fire(self, found: Open, moment: datetime | None = None) -> None:
        if len(self._done) > MOST_FIRINGS:
            raise TooLarge
        assert found.plan is not None, "a timer has one"
        self._now = max(self._now, moment or found.plan.due_at or self._now)
        (self._awaited.remove if found.element in self._awaited else self._fired.append)(found.element)
        self._person = None
        number, self._number = self._number, None
        place = self._place(found)
        self._element = found.element
        self._act(lambda machine: machine.come(machine.open()[place], {}), is_timer=True)
        self._number = number

    def _let_pass(self, moment: datetime) -> None:
        self._goal = max(self._goal, moment)
        self._before = frozenset(each.number for each in self._open("handler", None, None))

    def _time(self, text: str) -> datetime:
        moment = schedules.due_moment(text, self._now, self._at(self._now).zone, at_end=False)
        if moment.year not in YEARS:
            raise Stopped(None, text)
        return moment

    # -- what is open ---------------------------------------------------------------------------------------------------------------

    def _open(self, kind: OpenKind, element: str | None, item: int | None) -> list[Open]:
        if self._machine is None:
            return []
        return [
            each
            for each in self._machine.open()
            if each.kind == kind and element in (None, each.element) and item in (None, each.item)
        ]

    def _find(self, kind: OpenKind, step: TaskStep | HandlerStep) -> Open | None:
        return _one_of(self._open(kind, step.element, step.item), step.which)

    def _must_find(self, kind: OpenKind, step: TaskStep | HandlerStep, element: str) -> Open:
        self._element = element
        found = self._find(kind, step)
        if found is None:
            raise Stopped(element, kind)
        return found

    def _place(self, found: Open) -> int:
        """Where it stands among what is open: the same when everything is told again."""
        assert self._machine is not None, "something is open in it"
        keys = [(each.task.id, each.element, each.kind, each.number) for each in self._machine.open()]
        return keys.index((found.task.id, found.element, found.kind, found.number))

    def _values(self, given: Mapping[str, Given]) -> dict[str, Value]:
        return values_of(given, self._at(self._now))


def _one_of(found: Sequence[_Found], which: int | None) -> _Found | None:
    """The first, or the one of this number from 1."""
    return found[(which or 1) - 1] if len(found) >= (which or 1) else None


def _by_due(found: Open) -> tuple[datetime, int]:
    assert found.plan is not None, "a timer has a plan"
    assert found.plan.due_at is not None, "and a moment"
    return found.plan.due_at, found.number
