"""Is it as the story expects? Each difference is a problem that says what was expected and what is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.errors import EngineError, Problem
from engine.feel import Environment
from engine.kernel import Phase, State
from engine.model import schedules
from engine.model.yaml_file import Path
from engine.protocol import events as happened
from engine.stories.story import YEARS, Ending, Expectation, Given, MessageExpected, Story
from engine.stories.values import same, shown, value_of
from engine.stories.world import World

_NOWHERE = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there is to compare with: ``state`` None when the start was refused; ``refused`` by which error the last person was."""

    world: World
    state: State | None
    events: tuple[happened.Event, ...]
    environment: Environment
    refused: str | None = None


def differences(story: Story, expected: Expectation, seen: Seen) -> Iterator[Problem]:
    """What holds otherwise at this moment."""
    if expected.refused != seen.refused and not isinstance(expected, Ending):
        code = "story_not_refused" if seen.refused is None else "story_refused"
        yield story.problem(code, (*expected.place, "refused"), expected=expected.refused, code=seen.refused)
    if expected.waiting is not None and not isinstance(expected, Ending):
        yield from _waiting(story, (*expected.place, "waiting"), expected.waiting, seen)
    yield from _variables(story, expected, seen)
    yield from _due(story, expected, seen)
    if expected.incidents is not None:
        yield from _incidents(story, expected, seen)


def end_differences(story: Story, seen: Seen) -> Iterator[Problem]:
    """What came out otherwise."""
    ending = story.ending
    yield from _end(story, ending, seen)
    yield from differences(story, ending, seen)
    if ending.incidents is None:
        yield from _incidents(story, ending, seen)
    yield from _decisions(story, ending, seen)
    if ending.messages is not None:
        yield from _messages(story, ending.messages, seen)


def waiting_at(state: State | None) -> tuple[str, ...]:
    """The elements at which a person, a handler, an event or an operator is awaited, sorted."""
    if state is None or state.is_ended:
        return ()
    found = {
        each.element for each in state.activities.values() if each.phase in (Phase.TASK, Phase.HANDLER, Phase.WAITING)
    }
    return tuple(sorted(found | {each.element for each in state.incidents.values()}))


def completed_at(world: World, events: Iterable[happened.Event]) -> str | None:
    """The element of the process itself that was completed last."""
    last, process = None, None
    for event in events:
        if isinstance(event, happened.InstanceStarted):
            process = event.process
        elif isinstance(event, happened.ElementCompleted):
            node = world.node(event.element)
            if node is not None and node.scope == process:
                last = event.element
    return last


def _end(story: Story, ending: Ending, seen: Seen) -> Iterator[Problem]:
    place: Path = ("expect", "end")
    kind, value = _came_to(seen)
    if kind != ending.kind:
        yield story.problem(
            "story_end_other",
            place,
            expected=_end_text(ending.kind, ending.value, ending.waiting),
            found=_end_text(kind, value, waiting_at(seen.state)),
        )
    elif kind == "waiting":
        yield from _waiting(story, place, ending.waiting or (), seen)
    elif value != ending.value:
        code = "story_completed_elsewhere" if kind == "completed" else "story_ended_otherwise"
        yield story.problem(code, place, expected=ending.value, found=value)


def _came_to(seen: Seen) -> tuple[str, str | None]:
    if seen.state is None or (seen.refused is not None and not seen.state.is_ended):
        return "refused", seen.refused
    status = seen.state.status
    if status == "active":
        return "waiting", None
    if status == "completed":
        return status, completed_at(seen.world, seen.events)
    failed = next((each.code for each in seen.events if isinstance(each, happened.InstanceFailed)), None)
    return status, failed


def _end_text(kind: str, value: str | None, waiting: tuple[str, ...] | None) -> str:
    """``completed: launched``, as it would stand in the file."""
    if kind == "waiting":
        return f"waiting: [{', '.join(waiting or ())}]"
    return f"{kind}: {'true' if kind == 'cancelled' else value or _NOWHERE}"


def _waiting(story: Story, place: Path, expected: Iterable[str], seen: Seen) -> Iterator[Problem]:
    wanted, found = sorted(set(expected)), list(waiting_at(seen.state))
    if wanted != found:
        yield story.problem(
            "story_waiting_elsewhere", place, expected=", ".join(wanted) or _NOWHERE, found=", ".join(found) or _NOWHERE
        )


def _variables(story: Story, expected: Expectation, seen: Seen) -> Iterator[Problem]:
    actual = {} if seen.state is None else seen.state.root_variables
    for name, given in expected.variables.items():
        place: Path = (*expected.place, "variables", name)
        try:
            value = value_of(given, seen.environment)
        except EngineError as error:
            yield story.problem(error.code, place, **error.facts)
            continue
        if not same(value, actual.get(name)):
            code = "story_variable_other" if name in actual else "story_variable_missing"
            yield story.problem(code, place, variable=name, expected=shown(value), found=shown(actual.get(name)))


def _due(story: Story, expected: Expectation, seen: Seen) -> Iterator[Problem]:
    due: dict[str, datetime | None] = {}
    for event in seen.events:
        if isinstance(event, happened.TaskCreated | happened.TimerSet):
            due[event.element] = event.due_at
    for element, text in expected.due.items():
        zone = seen.environment.zone
        moment = schedules.due_moment(text, seen.environment.now, zone, at_end=False)
        found = due.get(element)
        if found != moment:
            yield story.problem(
                "story_due_other",
                (*expected.place, "due", element),
                element=element,
                expected=_local(moment, zone),
                found=_NOWHERE if found is None else _local(found, zone),
            )


def _local(moment: datetime, zone: ZoneInfo) -> str:
    # a timer may be due where the years of Python end
    return (moment.astimezone(zone) if moment.year in YEARS else moment).isoformat()


def _incidents(story: Story, expected: Expectation, seen: Seen) -> Iterator[Problem]:
    found = [] if seen.state is None else [(each.element, each.code) for each in seen.state.incidents.values()]
    for position, each in enumerate(expected.incidents or ()):
        if (each.element, each.code) in found:
            found.remove((each.element, each.code))
        else:
            place: Path = (*expected.place, "incidents", position)
            yield story.problem("story_incident_missing", place, element=each.element, code=each.code)
    for element, code in found:
        yield story.problem("story_incident_unexpected", (*expected.place, "incidents"), element=element, code=code)


def _decisions(story: Story, ending: Ending, seen: Seen) -> Iterator[Problem]:
    hit = {each.element: each.rules for each in seen.events if isinstance(each, happened.DecisionEvaluated)}
    for element, rules in ending.decisions.items():
        found = hit.get(element)
        if found != rules:
            yield story.problem(
                "story_decision_not_taken" if found is None else "story_decision_other",
                ("expect", "decisions", element),
                element=element,
                expected=", ".join(rules) or _NOWHERE,
                found=", ".join(found or ()) or _NOWHERE,
            )


def _messages(story: Story, expected: tuple[MessageExpected, ...], seen: Seen) -> Iterator[Problem]:
    thrown = [each for each in seen.events if isinstance(each, happened.MessageThrown)]
    for position, (wanted, found) in enumerate(zip(expected, thrown, strict=False)):
        place: Path = ("expect", "messages", position)
        if wanted.name != found.name:
            yield story.problem("story_message_other", place, expected=wanted.name, found=found.name)
        elif wanted.key is not None and wanted.key != found.key:
            yield story.problem("story_message_key", place, name=wanted.name, expected=wanted.key, found=found.key)
        elif wanted.payload is not None:
            yield from _payload(story, (*place, "payload"), wanted.payload, found, seen.environment)
    for wanted in expected[len(thrown) :]:
        yield story.problem("story_message_missing", ("expect", "messages"), name=wanted.name)
    for found in thrown[len(expected) :]:
        yield story.problem("story_message_unexpected", ("expect", "messages"), name=found.name, element=found.element)


def _payload(
    story: Story, place: Path, wanted: Mapping[str, Given], found: happened.MessageThrown, environment: Environment
) -> Iterator[Problem]:
    try:
        value = value_of(dict(wanted), environment)
    except EngineError as error:
        yield story.problem(error.code, place, **error.facts)
        return
    if not same(value, dict(found.payload)):
        yield story.problem(
            "story_message_payload", place, name=found.name, expected=shown(value), found=shown(dict(found.payload))
        )
