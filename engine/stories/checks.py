"""Does a story fit the process that it is told of? Names that lead nowhere, answers that the form does not take, results that the handler
does not give: everything at once, before anything is played.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from engine.errors import EngineError, Problem
from engine.feel import Expression, Value
from engine.model import elements as model
from engine.model.form_input import NotReadable, parse
from engine.model.forms import Form
from engine.model.yaml_file import Path
from engine.stories.coverage import rules_of
from engine.stories.declared import Declarations, result_of
from engine.stories.path import elements_of, pattern_of
from engine.stories.player import At
from engine.stories.story import (
    Expectation,
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
from engine.stories.world import Playable, World, world_of


def stories_of(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a version that are stories."""
    return {
        path: content
        for path, content in sorted(files.items())
        if path.startswith("stories/") and path.count("/") == 1 and path.endswith(".yaml")
    }


def check_story(played: Playable, story: Story, handlers: Declarations | None, at: At) -> tuple[Problem, ...]:
    """Everything in which ``story`` does not fit the process, forms and handlers."""
    world = world_of(played)
    process = world.model.processes.get(story.process)
    if process is None:
        known = ", ".join(sorted(world.model.processes))
        return (story.problem("story_process_unknown", ("process",), process=story.process, known=known),)
    return tuple(map(world.named, _Check(world, process, story, handlers, at).problems()))


class _Check:
    """One story being held against a version."""

    def __init__(
        self, world: World, process: model.Process, story: Story, handlers: Declarations | None, at: At
    ) -> None:
        self._world = world
        self._process = process
        self._story = story
        self._handlers = handlers
        self._at = at

    def problems(self) -> Iterator[Problem]:
        """Each of them, from the top of the file to its end."""
        if self._handlers is not None:
            for name in self._story.choices:
                if name not in self._handlers.choices:
                    yield self._story.problem("story_choices_unknown", ("choices", name), choices=name)
        yield from self._start()
        for step in self._story.steps:
            yield from self._step(step)
        yield from self._ending()

    def _start(self) -> Iterator[Problem]:
        story, start = self._story, self._story.start
        entrances = self._process.entrances()
        plain = [each.id for each in self._process.starts(self._process.id) if each.trigger is None]
        if start.event is not None and start.event not in {*plain, *entrances}:
            known = ", ".join([*plain, *entrances])
            yield story.problem("story_start_unknown", ("start", "event"), element=start.event, known=known)
            return
        event = self._world.beginning(story.process, start.event)
        if event is None and not self._process.entries(story.process):
            yield story.problem("story_start_which", ("start",), known=", ".join(entrances) or "–")
            return
        entrance = entrances.get(event or "")
        if start.by is not None and entrance is not None and _has_timer(entrance):
            yield story.problem("story_start_by_nobody", ("start", "by"), element=event)
        is_by_hand = self._story.process == self._world.process and entrance is None
        form = self._world.start_form if is_by_hand else None
        if form is not None and start.variables is not None:
            yield story.problem("story_start_answers", ("start", "variables"), form=form.id)
        if form is None and start.answers is not None:
            yield story.problem("story_start_variables", ("start", "answers"))
        elif form is not None:
            yield from self._answers(form, start.answers or {}, ("start", "answers"))
        if start.by is not None and story.people is not None:
            yield from self._person(start.by, ("start", "by"))
            roles = self._world.start_roles
            if is_by_hand and roles is not None and roles.isdisjoint(story.people.get(start.by, ())):
                yield story.problem(
                    "story_may_not_start", ("start", "by"), person=start.by, roles=", ".join(sorted(roles))
                )

    def _person(self, login: str, place: Path) -> Iterator[Problem]:
        if self._story.people is not None and login not in self._story.people:
            yield self._story.problem("story_person_unknown", place, person=login)

    # -- steps ----------------------------------------------------------------------------------------------------------------------

    def _step(self, step: Step) -> Iterator[Problem]:
        match step:
            case TaskStep():
                yield from self._task(step)
            case HandlerStep():
                yield from self._handler(step)
            case MessageStep():
                yield from self._named(step.name, model.MessageDefinition, "message", step.place)
                yield from self._element(step.to, (*step.place, "to"))
            case SignalStep():
                yield from self._named(step.name, model.SignalDefinition, "signal", step.place)
            case TimerStep():
                yield from self._element(step.element, (*step.place, "timer"), "timer")
            case RetryStep():
                yield from self._element(step.element, (*step.place, "retry"))
            case ExpectStep():
                yield from self._expectation(step.expectation)

    def _task(self, step: TaskStep) -> Iterator[Problem]:
        wrong = list(self._element(step.element, (*step.place, "task"), "task"))
        yield from wrong
        yield from self._person(step.by, (*step.place, "by"))
        if wrong or self._world.forms is None:
            return
        if step.variables is not None:
            yield self._story.problem("story_answers_not_variables", (*step.place, "variables"), element=step.element)
        node = self._world.node(step.element)
        form = self._world.forms.get(node.form or "") if isinstance(node, model.UserTask) else None
        if form is not None:
            yield from self._answers(form, step.answers, (*step.place, "answers"))
        elif step.answers:
            yield self._story.problem(
                "story_no_form", (*step.place, "answers"), element=step.element, fields=", ".join(step.answers)
            )

    def _answers(self, form: Form, answers: Mapping[str, Given], place: Path) -> Iterator[Problem]:
        """Fields that the form does not ask, and what it cannot read; what it requires is asked when the story is played."""
        fields = {each.name: each for each in form.fields if not each.is_output}
        for name, given in answers.items():
            field = fields.get(name)
            if field is None:
                yield self._story.problem(
                    "story_field_unknown", (*place, name), field=name, form=form.id, known=", ".join(fields)
                )
                continue
            if isinstance(given, Expression):
                continue
            try:
                value = parse(field.type, typed(given), None)
            except NotReadable as error:
                yield self._story.problem(error.code, (*place, name), **error.facts)
                continue
            if field.options is not None and value is not None and value not in [each.value for each in field.options]:
                yield self._story.problem("field_not_offered", (*place, name))

    def _handler(self, step: HandlerStep) -> Iterator[Problem]:
        wrong = list(self._element(step.element, (*step.place, "handler"), "handler"))
        yield from wrong
        node = self._world.node(step.element)
        if wrong or self._handlers is None or not isinstance(node, model.ServiceTask):
            return
        handler = self._handlers.handlers.get(node.handler)
        if handler is None:
            place: Path = (*step.place, "handler")
            yield self._story.problem("handler_unknown", place, element=step.element, handler=node.handler)
        elif step.raises is not None:
            if step.raises not in handler.errors:
                known = ", ".join(handler.errors) or "–"
                yield self._story.problem(
                    "story_error_unknown",
                    (*step.place, "raises"),
                    element=step.element,
                    handler=handler.name,
                    code=step.raises,
                    known=known,
                )
        elif step.fails is None:
            returns = self._values(step.returns)
            if returns is not None:
                for unfit in result_of(handler, returns)[1]:
                    field = str(unfit.facts["field"]).partition(".")[0]
                    where: Path = (*step.place, "returns", field)
                    yield self._story.problem(unfit.code, where, **{**unfit.facts, "element": step.element})

    def _values(self, given: Mapping[str, Given]) -> Mapping[str, Value] | None:
        """The values as they would be at the start; None where one cannot be computed, which playing says."""
        try:
            start = self._at(_SOME_TIME)
            return values_of(given, start)
        except EngineError:
            return None

    # -- names ----------------------------------------------------------------------------------------------------------------------

    def _element(self, element: str | None, place: Path, kind: str | None = None) -> Iterator[Problem]:
        if element is None:
            return
        node = self._world.node(element)
        if node is None:
            yield self._story.problem("story_element_unknown", place, element=element)
        elif kind is not None and not _IS[kind](node):
            yield self._story.problem(f"story_not_a_{kind}", place, element=element)

    def _elements(self, elements: Iterable[str], place: Path, kind: str | None = None) -> Iterator[Problem]:
        for element in dict.fromkeys(elements):
            yield from self._element(element, (*place, element), kind)

    def _named(self, name: str, kind: type[Any], key: str, place: Path) -> Iterator[Problem]:
        """Nothing in the whole version waits for a message or signal of this name."""
        known = {each.name for node in _nodes(self._world) for each in _definitions(node) if isinstance(each, kind)}
        if name not in known:
            listed = ", ".join(sorted(known)) or "–"
            code = "story_message_unknown" if key == "message" else "story_signal_unknown"
            yield self._story.problem(code, (*place, key), name=name, known=listed)

    # -- what is expected -----------------------------------------------------------------------------------------------------------

    def _expectation(self, expected: Expectation) -> Iterator[Problem]:
        yield from self._elements(expected.waiting or (), (*expected.place, "waiting"))
        yield from self._elements(expected.due, (*expected.place, "due"), "due")
        for position, each in enumerate(expected.incidents or ()):
            yield from self._element(each.element, (*expected.place, "incidents", position))

    def _ending(self) -> Iterator[Problem]:
        ending = self._story.ending
        yield from self._expectation(ending)
        if ending.kind == "completed":
            yield from self._element(ending.value, ("expect", "end"))
        if ending.path is not None:
            yield from self._elements(elements_of(pattern_of(ending.path)), ("expect", "path"))
        for element, rules in ending.decisions.items():
            place: Path = ("expect", "decisions", element)
            wrong = list(self._element(element, place, "decision"))
            yield from wrong
            node = self._world.node(element)
            if (
                wrong
                or not isinstance(node, model.BusinessRuleTask)
                or node.decision not in self._world.model.decisions
            ):
                continue
            known = [rule for _, rule in rules_of(self._world.model.decisions[node.decision])]
            for rule in rules:
                if rule not in known:
                    listed = ", ".join(known) or "–"
                    yield self._story.problem("story_rule_unknown", place, element=element, rule=rule, known=listed)


_SOME_TIME = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def _nodes(world: World) -> Iterator[model.Node]:
    for process in world.model.processes.values():
        yield from process.nodes.values()


def _definitions(node: model.Node) -> tuple[model.SingleDefinition, ...]:
    """What the element waits for."""
    if isinstance(node, model.ReceiveTask):
        return (node.message,)
    return model.definitions_of(getattr(node, "trigger", None))


def _has_timer(node: model.Node) -> bool:
    return any(isinstance(each, model.TimerDefinition) for each in _definitions(node))


def _is_called_elsewhere(node: model.Node) -> bool:
    """It calls a process of other files (or may): the story answers for it as for a handler."""
    return isinstance(node, model.CallActivity) and node.binding is not model.Binding.DEPLOYMENT


_IS: Mapping[str, Callable[[model.Node], bool]] = {
    "task": lambda node: isinstance(node, model.UserTask),
    "handler": lambda node: isinstance(node, model.ServiceTask) or _is_called_elsewhere(node),
    "decision": lambda node: isinstance(node, model.BusinessRuleTask),
    "timer": _has_timer,
    "due": lambda node: isinstance(node, model.UserTask) or _has_timer(node),
}
"""What an element must be where a story names it."""
