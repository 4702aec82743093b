"""What SpiffWorkflow did, line by line for people and as a record for scripts: as ``engine.stories.telling`` tells what the kernel did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from engine.model import elements as model
from engine.second_opinion.judging import entries
from engine.second_opinion.playing import Played
from engine.second_opinion.trace import Mark, Moment
from engine.stories import Story
from engine.stories.story import TaskStep
from engine.stories.telling import Line
from engine.stories.values import shown
from engine.stories.world import World
from engine.texts import format as written
from engine.texts import say


def told(story: Story, played: Played, world: World, locale: str, zone: ZoneInfo) -> Iterator[Line]:
    """Line by line what happened; the variables when it is completed."""
    people = {step.number: step.by for step in story.steps if isinstance(step, TaskStep)}
    for number, moment in enumerate(played.trace.moments):
        at = written.moment(moment.at, locale, zone, "short")
        for text in _of_moment(story, moment, people, world, locale, is_first=number == 0):
            yield Line(at=at, text=text)
    if played.trace.status != "active":
        at = written.moment(played.now, locale, zone, "short")
        for name, value in sorted(played.trace.variables.items()):
            yield Line(at=at, text=say("story_told_written", locale, name=name, value=shown(value)))
        code = f"opinion_told_{played.trace.status}"
        yield Line(at=at, text=say(code, locale))


def _of_moment(
    story: Story, moment: Moment, people: dict[int, str], world: World, locale: str, *, is_first: bool
) -> Iterator[str]:
    if is_first:
        by = story.start.by
        yield say("story_told_started" if by is None else "story_told_started_by", locale, person=by)
    for mark in moment.marks:
        title = world.title(mark.element, locale)
        node = world.node(mark.element)
        if mark.kind == "completed" and isinstance(node, model.UserTask) and moment.step in people:
            yield say("story_told_answered", locale, person=people[moment.step], element=title)
        elif mark.kind == "completed" and isinstance(node, model.ServiceTask):
            yield say("story_told_returned", locale, element=title)
        elif _is_told(mark, node):
            yield say("story_told_entered", locale, element=title)


def _is_told(mark: Mark, node: model.Node | None) -> bool:
    if isinstance(node, model.Gateway):
        return mark.kind == "completed" and bool(node.name)
    return mark.kind == "entered"


def record_of(story: Story, played: Played, world: World) -> dict[str, Any]:
    """The same for scripts."""
    trace = played.trace
    return {
        "story": story.file,
        "title": dict(story.title),
        "engine": "spiffworkflow",
        "status": trace.status,
        "waiting": list(trace.moments[-1].waiting) if trace.moments else [],
        "variables": dict(trace.variables),
        "path": [mark.element for mark in entries(world, trace)],
        "moments": [
            {
                "at": moment.at,
                "step": moment.step,
                "marks": [
                    {"kind": mark.kind, "element": mark.element, "items": list(mark.items), "after": mark.after}
                    for mark in moment.marks
                ],
            }
            for moment in trace.moments
        ],
    }
