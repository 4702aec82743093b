"""Everything that can happen to a case at rest: people, handlers, clocks, messages and signals may come in any order, or never."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from engine.explore.reach import Reach
from engine.explore.trial import Trial
from engine.explore.unknown import Domains
from engine.kernel.state import Activity, Phase, Wait
from engine.model import elements as model
from engine.model.forms import Field, Form
from engine.protocol import events as happened

ANY_ERROR = "*"
"""An error that nothing names: what catches all errors catches it."""
MOST_AT_ONCE = 2
"""What does not interrupt can come again and again; it comes again only while fewer than so many tokens of it are under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known of those outside, each without effect when it is left out.

    ``forms`` by id say what user tasks ask; ``start_form`` what is known at the start; ``errors`` by handler are the codes that it
    raises, ``outputs`` by handler the variables that it gives; ``given`` are values that every case begins with.
    """

    forms: Mapping[str, Form] = field(default_factory=dict)
    start_form: str | None = None
    errors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    given: Mapping[str, object] = field(default_factory=dict)

    def answers(self, form_id: str | None) -> Mapping[str, Domains] | None:
        """What a form lets a person answer, by variable; None when there is no such form."""
        form = self.forms.get(form_id or "")
        return None if form is None else {each.name: _domain(each) for each in form.fields if not each.is_output}

    def declared(self, node: model.Node) -> frozenset[str] | None:
        """The variables that whoever answers for ``node`` certainly gives; None when that is not known."""
        if isinstance(node, model.UserTask) and node.form is not None and node.form in self.forms:
            fields = self.forms[node.form].fields
            return frozenset(each.name for each in fields if not each.is_output and each.visible is None)
        if isinstance(node, model.ServiceTask) and node.handler in self.outputs:
            return frozenset(self.outputs[node.handler])
        return None

    def given_by(self, node: model.Node) -> frozenset[str] | None:
        """The variables that whoever answers for ``node`` may give; None when that is not known."""
        if isinstance(node, model.UserTask):
            found = self.answers(node.form)
            return None if found is None else frozenset(found)
        return self.declared(node)

    @property
    def narrowed(self) -> frozenset[str]:
        """Variables of which few values are possible."""
        fields = (each for form in self.forms.values() for each in form.fields)
        return frozenset(each.name for each in fields if each.options is not None).union(self.given)


def _domain(field_: Field) -> Domains:
    if field_.visible is not None:  # when it is not shown, the variable stays what it was
        return {}
    empty = () if field_.required is True else (None,)
    if field_.options is not None:
        return {(): (*(each.value for each in field_.options), *empty)}
    return {(): (True, False, *empty)} if field_.type == "boolean" else {}


@dataclass(frozen=True, slots=True)
class Happening:
    """``kind`` with what it is about: the id of an activity or wait, or the name of a signal; ``code`` of an error."""

    kind: str
    about: str
    code: str = ""


class Happenings:
    """Finds them, and lets them happen."""

    def __init__(self, reach: Reach, surroundings: Surroundings) -> None:
        self._reach = reach
        self._known = surroundings

    def of(self, trial: Trial) -> list[Happening]:
        """Everything that can happen now, in a fixed order."""
        state = trial.state
        found = [each for activity in state.activities.values() for each in self._at(trial, activity)]
        signals: dict[str, None] = {}
        for wait in state.waits.values():
            if wait.held is not None or not self._may_come(trial, wait):
                continue
            if wait.signal is not None:
                signals[wait.signal] = None
            else:
                found.append(Happening("timer" if wait.name is None else "message", wait.id))
        return found + [Happening("signal", each) for each in signals]

    def owner(self, trial: Trial, what: Happening) -> str:
        """The id of the activity (or scope) to which it happens; of a signal nobody's, so its name."""
        return trial.state.waits[what.about].activity if what.kind in ("timer", "message") else what.about

    def happen(self, trial: Trial, what: Happening) -> None:
        """Let it happen."""
        match what.kind:
            case "task":
                node = trial.node_of(trial.state.activities[what.about])
                form = node.form if isinstance(node, model.UserTask) else None
                trial.complete_task(what.about, self._known.answers(form))
            case "handler":
                node = trial.node_of(trial.state.activities[what.about])
                handler = node.handler if isinstance(node, model.ServiceTask) else ""
                trial.return_handler(what.about, self._known.outputs.get(handler))
            case "error":
                trial.throw_error(trial.state.activities[what.about], what.code, {})
            case "timer":
                trial.arrive(trial.state.waits[what.about], happened.TimerFired, {})
            case "message":
                trial.bring_message(what.about)
            case "signal":
                trial.bring_signal(what.about)

    def _at(self, trial: Trial, activity: Activity) -> Iterator[Happening]:
        if activity.phase is Phase.TASK:
            yield Happening("task", activity.id)
        elif activity.phase is Phase.HANDLER and not trial.state.is_stuck(activity.id):
            yield Happening("handler", activity.id)
        else:
            return
        for code in self._codes(trial, activity):
            yield Happening("error", activity.id, code)

    def _codes(self, trial: Trial, activity: Activity) -> Iterable[str]:
        """The errors with which it may end: those that something around catches (a person's task: that it catches itself)."""
        node = trial.node_of(activity)
        if isinstance(node, model.UserTask):
            body = trial.around(activity) if trial.state.is_item(activity) else activity
            return () if body is None else _caught(trial.boundary(body))
        codes: dict[str, None] = {}
        at: Activity | None = activity
        while at is not None:
            codes.update(dict.fromkeys(_caught(trial.boundary(at))))
            element = trial.scope_element(at.scope)
            if element is not None:
                starts = trial.process_of(at.scope).event_sub_processes(element)
                codes.update(dict.fromkeys(_caught(start for _, start in starts)))
            at = trial.around(at)
        declared = self._known.errors.get(node.handler) if isinstance(node, model.ServiceTask) else None
        if declared is None:
            return codes
        return [each for each in declared if each in codes or ANY_ERROR in codes]

    def _may_come(self, trial: Trial, wait: Wait) -> bool:
        """What does not interrupt has not come too often already."""
        scope_id = trial.scope_of(wait.activity)
        process = trial.process_of(scope_id)
        node = process.nodes[wait.element]
        if not isinstance(node, model.BoundaryEvent | model.StartEvent) or node.is_interrupting:
            return True
        state = trial.state
        if isinstance(node, model.StartEvent):
            live = Counter(each.element for each in state.activities.values() if each.scope == scope_id)
            return live[node.scope] < MOST_AT_ONCE
        place = state.scopes[scope_id]
        standing = [process.flows[each].target for each, count in place.tokens.items() for _ in range(count)]
        standing += [each.element for each in state.activities.values() if each.scope == scope_id]
        own, after = self._reach.only_after(node.id), self._reach.after(node.id) - {node.attached_to}
        is_free = sum(each in own for each in standing) < MOST_AT_ONCE
        return is_free and sum(each in after for each in standing) <= MOST_AT_ONCE


def _caught(events: Iterable[model.BoundaryEvent | model.StartEvent]) -> Iterator[str]:
    for event in events:
        for definition in model.definitions_of(event.trigger):
            if isinstance(definition, model.ErrorDefinition):
                yield ANY_ERROR if definition.code is None else definition.code
