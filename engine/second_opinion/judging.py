"""What SpiffWorkflow alone made of a story, held to what the story expects: its path, its end, its variables."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem
from engine.model import elements as model
from engine.second_opinion.playing import Played
from engine.second_opinion.trace import Mark, Trace
from engine.stories import At, Story
from engine.stories.path import Follower, TooOpen, pattern_of
from engine.stories.values import same, shown, value_of
from engine.stories.world import World

_NOWHERE = "–"


def deviations(story: Story, world: World, played: Played, at: At) -> tuple[Problem, ...]:
    """Where it went another way than told. What else a story can expect (due moments, messages, rules) is not held to it."""
    return tuple(map(world.named, _deviations(story, world, played, at)))


def _deviations(story: Story, world: World, played: Played, at: At) -> Iterator[Problem]:
    if played.is_too_large:
        yield story.problem("opinion_play_large", ("expect", "end"))
    elif played.stopped is not None:
        element, reason = played.stopped.element or _NOWHERE, played.stopped.reason
        yield story.problem("opinion_play_stopped", ("expect", "end"), element=element, reason=reason)
    else:
        yield from _differences(story, world, played, at)


def _differences(story: Story, world: World, played: Played, at: At) -> Iterator[Problem]:
    yield from _path(story, world, played.trace)
    yield from _end(story, world, played)
    if played.trace.status != "completed":
        return  # before that, each branch has variables of its own
    environment = at(played.now)
    for name, given in story.ending.variables.items():
        expected, actual = value_of(given, environment), played.trace.variables.get(name)
        if not same(expected, actual):
            code = "story_variable_other" if name in played.trace.variables else "story_variable_missing"
            place = ("expect", "variables", name)
            yield story.problem(code, place, variable=name, expected=shown(expected), found=shown(actual))


def _path(story: Story, world: World, trace: Trace) -> Iterator[Problem]:
    if story.ending.path is None:
        return
    follower, place = Follower(pattern_of(story.ending.path)), ("expect", "path")
    for mark in entries(world, trace):
        if isinstance(world.node(mark.element), model.Gateway) and mark.element not in follower.named:
            continue
        expected = ", ".join(follower.expected)
        try:
            code = "" if follower.take(mark.element) else "story_path_other" if expected else "story_path_longer"
        except TooOpen:
            code = "story_path_too_open"
        if code:
            yield story.problem(code, place, element=mark.element, expected=expected or _NOWHERE)
            return
    if not follower.is_done:
        yield story.problem("story_path_short", place, expected=", ".join(follower.expected))


def entries(world: World, trace: Trace) -> Iterator[Mark]:
    """The entries of the path: gateways when they are passed; a multi-instance as a whole and not its items."""
    for moment in trace.moments:
        for mark in moment.marks:
            node = world.node(mark.element)
            is_gateway = isinstance(node, model.Gateway) and not isinstance(node, model.EventBasedGateway)
            is_item = isinstance(node, model.Activity) and node.is_repeated and mark.after == mark.element
            if (mark.kind == "entered" or is_gateway) and not is_item:
                yield mark


def _end(story: Story, world: World, played: Played) -> Iterator[Problem]:
    trace, ending = played.trace, story.ending
    value: str | None = None
    if played.refused is not None and trace.status == "active":
        kind, value = "refused", played.refused
    elif trace.status == "active":
        kind, value = "waiting", ", ".join(trace.moments[-1].waiting if trace.moments else ())
    else:
        kind = trace.status
        value = _completed_at(story, world, trace) if kind == "completed" else ending.value
    expected = ", ".join(sorted(ending.waiting or ())) if ending.kind == "waiting" else ending.value
    if (kind, value) != (ending.kind, expected):
        yield story.problem(
            "story_end_other",
            ("expect", "end"),
            expected=f"{ending.kind}: {expected or _NOWHERE}",
            found=f"{kind}: {value or _NOWHERE}",
        )


def _completed_at(story: Story, world: World, trace: Trace) -> str | None:
    """The element of the process itself that was completed last."""
    last: str | None = None
    for moment in trace.moments:
        for mark in moment.marks:
            node = world.node(mark.element)
            if mark.kind == "completed" and node is not None and node.scope == story.process:
                last = mark.element
    return last
