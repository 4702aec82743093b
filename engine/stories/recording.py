"""A story from a recorded case: what was told to it, read back from its events, and what came of it.

An event of the history is either the mark of something that came from outside (a task completed, a timer fired, a handler that returned…)
or follows from it: the kernel is deterministic, so letting the same happen again tells which.

Personal data does not come along: what a form marks as personal is replaced by something neutral, wherever it stands again; and whoever
acted is called after the role (``purchasing_admin_1``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.errors import EngineError, Facts, WrongState
from engine.feel import Value
from engine.kernel import Phase, State, Stimulus, advance
from engine.model import elements as model
from engine.model.forms import Field, Form
from engine.protocol import events as happened
from engine.protocol import stimuli
from engine.protocol.events import Event
from engine.stories import expectations
from engine.stories.player import At, by_due, play
from engine.stories.reader import read_story
from engine.stories.world import Playable, World, world_of
from engine.stories.writing import text_of, written

_MINUTE = timedelta(minutes=1)
_FURTHEST = 20
"""Events in which the mark of what came from outside is looked for."""

_SHORTEST = 4
"""Characters of a personal text that is looked for inside other texts too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One event of a history: when, and by whom (a login)."""

    at: datetime
    actor: str
    event: Event


def recorded(played: Playable, history: Sequence[Recorded], title: Mapping[str, str], at: At) -> str:
    """The YAML text of a story that plays to the same path and end as the case of ``history`` (all of its events, in order).

    Timers fire when they were due; where that makes another path (the system was down, two were due at once), when they fired. The
    path differs only where the case depended on what was personal. Raises WrongState (``story_not_replayable``) when the events do not
    follow from each other on this model with this calendar.
    """
    world = world_of(played)
    masks = _Masks(world, history)
    text = ""
    for has_own_timers in (False, True):
        text = text_of(_Telling(world, at, masks, has_own_timers=has_own_timers).story(history, title))
        if play(played, read_story(text.encode(), "stories/recorded.yaml"), None, at).passed:
            break
    return text


class _Masks:
    """What stands for personal data: one neutral value for each."""

    def __init__(self, world: World, history: Iterable[Recorded]) -> None:
        self._world = world
        self._texts: dict[str, str] = {}
        self._people: dict[str, str] = {}
        roles: dict[str, str] = {}
        for each in history:
            event = each.event
            if isinstance(event, happened.TaskCreated):
                roles[event.activity] = event.role or "person"
            elif isinstance(event, happened.TaskCompleted):
                self._person(event.actor, roles.get(event.activity, "person"))
                node = world.node(event.element)
                self._personal(_form(world, node), event.variables)
            elif isinstance(event, happened.InstanceStarted) and world.forms is not None:
                role = min(world.start_roles or ("person",))
                self._person(each.actor, role)
        self._personal(world.start_form, _first_variables(history))

    def _person(self, login: str, role: str) -> None:
        if self._world.forms is not None and login not in self._people:
            number = sum(each.startswith(f"{role}_") for each in self._people.values()) + 1
            self._people[login] = f"{role}_{number}"

    def _personal(self, form: Form | None, answers: Mapping[str, Value]) -> None:
        for field in () if form is None else form.fields:
            value = answers.get(field.name)
            if field.is_personal and isinstance(value, str) and field.type != "choice":
                self._texts.setdefault(value, "…")

    def person(self, login: str) -> str:
        """What somebody is called in the story."""
        return self._people.get(login, login)

    def answer(self, field: Field | None, value: Value) -> Value:
        """An answer, neutral where the form marks the field as personal."""
        if field is None or not field.is_personal or value is None or isinstance(value, bool):
            return self.value(value)
        if isinstance(value, Decimal):
            return field.minimum if field.minimum is not None else Decimal(1)
        if isinstance(value, date):
            return date(2000, 1, 1)
        if field.type == "choice":
            return field.options[0].value if field.options else "…"
        return "…"

    def value(self, value: Value) -> Value:
        """Any other value: where something personal stands in it again, it is replaced there too."""
        if isinstance(value, str):
            value = self._people.get(value, self._texts.get(value, value))
            for personal, neutral in self._texts.items():
                if len(personal) >= _SHORTEST:
                    value = value.replace(personal, neutral)
            return value
        if isinstance(value, Mapping):
            return {name: self.value(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        return value


def _form(world: World, node: model.Node | None) -> Form | None:
    if world.forms is None or not isinstance(node, model.UserTask):
        return None
    return world.forms.get(node.form or "")


def _first_variables(history: Iterable[Recorded]) -> dict[str, Value]:
    """The variables that the case began with."""
    found: dict[str, Value] = {}
    for each in history:
        if isinstance(each.event, happened.ElementEntered):
            break
        if isinstance(each.event, happened.VariableWritten):
            found[each.event.name] = each.event.value
    return found


class _Telling:
    """One case being told again. It is replayed on the kernel: so it is certain what came from outside, and what followed by itself.

    ``has_own_timers``: each timer fires when it fired, however late; otherwise when it was due.
    """

    def __init__(self, world: World, at: At, masks: _Masks, *, has_own_timers: bool) -> None:
        self._world = world
        self._at = at
        self._masks = masks
        self._has_own_timers = has_own_timers
        self._state = State()

    def story(self, history: Sequence[Recorded], title: Mapping[str, str]) -> dict[str, Any]:
        """The data of the file."""
        events = [each.event for each in history]
        start = self._start(history)
        steps: list[dict[str, Any]] = []
        now = history[0].at
        position = self._replay(history, 0, [self._begin(history)])[1]
        while position < len(history):
            at = history[position].at
            step, position = self._replay(history, position, self._candidates(events, position))
            # a timer brings the clock along; what a machine took under a minute for is no part of the story
            is_timer = "timer" in step
            is_exact = self._has_own_timers or (not is_timer and at - now >= _MINUTE)
            if is_exact and at > now:
                steps.append({"at": self._moment(at)})
            if is_exact or is_timer:
                now = at
            steps.append(step)
        found: dict[str, Any] = {"title": dict(title), "process": self._state.process, "start": start}
        if self._has_own_timers:
            found["timers"] = "when_told"
        return found | {"steps": steps, "expect": self._expected(events)}

    def _moment(self, moment: datetime) -> str:
        return moment.astimezone(self._at(moment).zone).isoformat()

    def _replay(
        self, history: Sequence[Recorded], position: int, candidates: Iterable[tuple[Stimulus, dict[str, Any]]]
    ) -> tuple[dict[str, Any], int]:
        """Let the candidate happen from which the recorded events follow; its step, and where the next one begins."""
        environment = self._at(history[position].at)
        state = self._state if position else None
        for stimulus, step in candidates:
            try:
                after, events = advance(self._world.model, state, stimulus, environment)
            except EngineError:
                continue
            if [each.event for each in history[position : position + len(events)]] == list(events):
                self._state = after
                return step, position + len(events)
        raise WrongState("story_not_replayable", number=position + 1, event=history[position].event.tag)

    def _begin(self, history: Sequence[Recorded]) -> tuple[Stimulus, dict[str, Any]]:
        begun = history[0].event
        assert isinstance(begun, happened.InstanceStarted)
        entrance, variables = self._entrance(history)
        return stimuli.Start(process=begun.process, variables=variables, start_event=entrance), {}

    def _entrance(self, history: Sequence[Recorded]) -> tuple[str | None, Mapping[str, Value]]:
        """The event by which the case began, if one triggered it, and what it began with."""
        begun = history[0].event
        if not isinstance(begun, happened.InstanceStarted):
            raise WrongState("story_not_replayable", number=1, event=begun.tag)
        if begun.start_event not in self._world.model.processes[begun.process].entrances():
            return None, _first_variables(history)
        entered = (each.event for each in history if isinstance(each.event, happened.ElementEntered))
        return begun.start_event, next((each.payload for each in entered if each.element == begun.start_event), {})

    # -- beginning and end ----------------------------------------------------------------------------------------------------------

    def _start(self, history: Sequence[Recorded]) -> dict[str, Any]:
        first = history[0]
        entrance, variables = self._entrance(history)
        start: dict[str, Any] = {"at": self._moment(first.at)}
        if entrance is not None:
            return start | {"event": entrance} | self._values("variables", variables)
        if self._world.forms is not None:
            start["by"] = self._masks.person(first.actor)
        if self._world.start_form is not None and getattr(first.event, "process", None) == self._world.process:
            return start | self._answers(self._world.start_form, variables)
        return start | self._values("variables", variables)

    def _expected(self, events: Sequence[Event]) -> dict[str, Any]:
        """The path as it was, and how the case ended or where it waits."""
        end: Any
        match events[-1]:
            case happened.InstanceFailed(code=code):
                end = {"failed": code}
            case happened.InstanceCancelled():
                end = {"cancelled": True}
            case happened.InstanceCompleted():
                end = expectations.completed_at(self._world, events)
            case _:
                end = {"waiting": list(expectations.waiting_at(self._state))}
        incidents = [{"element": each.element, "code": each.code} for each in self._state.incidents.values()]
        return {"path": _path(events), "end": end} | ({"incidents": incidents} if incidents else {})

    def _values(self, key: str, values: Mapping[str, Value]) -> dict[str, Any]:
        """``{key: values}`` without personal data; nothing where there are none."""
        return {key: {name: written(self._masks.value(each)) for name, each in values.items()}} if values else {}

    def _answers(self, form: Form | None, values: Mapping[str, Value]) -> dict[str, Any]:
        """What was typed in the form; what was left empty is left out."""
        if self._world.forms is None:
            return self._values("variables", values)
        fields = {} if form is None else {each.name: each for each in form.fields}
        given = {name: self._masks.answer(fields.get(name), each) for name, each in values.items()}
        typed = {
            name: each.isoformat() if isinstance(each, date) else written(each)
            for name, each in given.items()
            if each is not None
        }
        return {"answers": typed} if typed else {}

    # -- steps ----------------------------------------------------------------------------------------------------------------------

    def _candidates(self, events: Sequence[Event], position: int) -> Iterator[tuple[Stimulus, dict[str, Any]]]:
        """What may have come from outside here. Its mark is the first event, but for incidents that are settled by it before."""
        for event in events[position : position + _FURTHEST]:
            yield from self._marked(event)
        if isinstance(events[-1], happened.InstanceCancelled):
            reason = events[-1].reason
            yield stimuli.CancelInstance(reason=reason), {"cancel": reason}

    def _marked(self, event: Event) -> Iterator[tuple[Stimulus, dict[str, Any]]]:
        """What the event is the mark of, if what it names lives."""
        state = self._state
        match event:
            case happened.TaskCompleted() if event.activity in state.activities:
                form = _form(self._world, self._world.node(event.element))
                done = stimuli.CompleteTask(activity=event.activity, actor=event.actor, variables=event.variables)
                who = {"task": event.element, "by": self._masks.person(event.actor)}
                yield done, who | self._which(event.activity, Phase.TASK) | self._answers(form, event.variables)
            case happened.HandlerReturned() if event.activity in state.activities:
                returned = stimuli.ReturnHandler(activity=event.activity, result=event.result)
                yield returned, self._asked(event.activity) | self._values("returns", event.result)
            case happened.ErrorThrown() if event.activity in state.activities:
                yield self._raised(event.activity, event.code, event.facts)
            case happened.IncidentRaised() if event.activity in state.activities:
                yield from self._stopped(event)
            case happened.TimerFired() if event.wait in state.waits:
                waits = [each for each in state.waits.values() if each.element == event.element and each.due_at]
                which = _which([each.id for each in sorted(waits, key=by_due)], event.wait)
                yield stimuli.FireTimer(wait=event.wait), {"timer": event.element} | which
            case happened.MessageReceived() if event.wait in state.waits:
                received = stimuli.ReceiveMessage(wait=event.wait, name=event.name, payload=event.payload)
                yield received, self._message(event)
            case happened.SignalReceived():
                signal = stimuli.ReceiveSignal(name=event.name, payload=event.payload)
                yield signal, {"signal": event.name} | self._values("payload", event.payload)
            case happened.IncidentResolved() if event.incident in state.incidents:
                stopped = [each.id for each in state.incidents.values() if each.element == event.element]
                retry = stimuli.RetryIncident(incident=event.incident)
                yield retry, {"retry": event.element} | _which(stopped, event.incident)
            case _:
                return

    def _which(self, activity: str, phase: Phase) -> dict[str, Any]:
        """Which of the live activities of one element, where there are several."""
        element = self._state.activities[activity].element
        among = self._state.needs if phase is Phase.HANDLER else self._state.activities.values()
        return _which([each.id for each in among if each.element == element and each.phase is phase], activity)

    def _asked(self, activity: str) -> dict[str, Any]:
        return {"handler": self._state.activities[activity].element} | self._which(activity, Phase.HANDLER)

    def _raised(self, activity: str, code: str, facts: Facts) -> tuple[Stimulus, dict[str, Any]]:
        told = {name: self._masks.value(each) for name, each in facts.items()}
        step = self._asked(activity) | {"raises": code} | ({"facts": told} if told else {})
        return stimuli.ThrowError(activity=activity, code=code, facts=facts), step

    def _stopped(self, event: happened.IncidentRaised) -> Iterator[tuple[Stimulus, dict[str, Any]]]:
        """A handler that raised what nothing catches, or failed for good."""
        if event.code == "business_error_uncaught":
            facts = {name: each for name, each in event.facts.items() if name != "error"}
            yield self._raised(event.activity, str(event.facts.get("error")), facts)
        elif event.place == "handler":
            failed = stimuli.FailHandler(activity=event.activity, code=event.code, facts=event.facts)
            yield failed, self._asked(event.activity) | {"fails": event.code}

    def _message(self, event: happened.MessageReceived) -> dict[str, Any]:
        key = self._state.waits[event.wait].key
        same = [
            each.id
            for each in self._state.waits.values()
            if (each.name, each.key, each.element) == (event.name, key, event.element)
        ]
        found: dict[str, Any] = {"message": event.name}
        if key:
            found["key"] = self._masks.value(key)
        return found | {"to": event.element} | _which(same, event.wait) | self._values("payload", event.payload)


def _which(found: Sequence[str], wanted: str) -> dict[str, Any]:
    position = found.index(wanted) if wanted in found else 0
    return {"which": position + 1} if position else {}


def _path(events: Iterable[Event]) -> list[str]:
    """The elements entered; a multi-instance once, not for each of its items."""
    items: set[tuple[str, str | None]] = set()
    path = []
    for event in events:
        if isinstance(event, happened.ScopeOpened) and event.item is not None:
            items.add((event.scope, event.element))
        elif isinstance(event, happened.ElementEntered) and (event.scope, event.element) not in items:
            path.append(event.element)
    return path
