"""One story played on both engines, and what comes of it."""

from __future__ import annotations

from dataclasses import replace

from engine.errors import DefinitionError
from engine.model.bundle import Bundle
from engine.model.own_cases import cases_elsewhere
from engine.protocol import events as happened
from engine.second_opinion.bounds import Allowance
from engine.second_opinion.comparing import Difference, difference
from engine.second_opinion.defects import Seen, explanation
from engine.second_opinion.opinion import Agreement, Opinion
from engine.second_opinion.ours import trace_of
from engine.second_opinion.playing import Played
from engine.second_opinion.playing import play as play_there
from engine.second_opinion.regions import Regions
from engine.second_opinion.subset import Obstacle, obstacles
from engine.stories import At, Report, Story, read_story, stories_of
from engine.stories import play as play_here
from engine.stories.declared import Declarations
from engine.stories.story import RetryStep
from engine.stories.world import Playable, World, world_of


def opinions(bundle: Bundle, handlers: Declarations | None, at: At) -> tuple[Opinion, ...]:
    """One for each story of a version that can be read; together they are bounded too."""
    found, allowance = [], Allowance()
    for path, content in stories_of(bundle.files).items():
        try:
            story = read_story(content, path)
        except DefinitionError:
            continue  # whoever checks the stories says so
        found.append(compare(story, bundle, handlers, at, allowance=allowance))
    return tuple(found)


def compare(
    story: Story,
    played: Playable,
    handlers: Declarations | None,
    at: At,
    report: Report | None = None,
    *,
    allowance: Allowance | None = None,
) -> Opinion:
    """Whether SpiffWorkflow goes the same way. Deterministic and bounded, together with other stories by ``allowance``; never raises what
    the other engine raises. ``report`` is what the kernel made of it, where it is known.
    """
    world = world_of(played)
    if story.process not in world.model.processes:
        return failing(story.file, story.process)
    # what is called in other files does not run here either: the story says what comes of it, as of a handler
    elsewhere = replace(world, model=cases_elsewhere(world.model).model)
    in_the_way = obstacles(elsewhere.model, story.process, world.beginning(story.process, story.start.event))
    if in_the_way:
        return _not_compared(story, *in_the_way)
    report = report or play_here(played, story, handlers, at)
    in_the_way = _of_report(story, report)
    if in_the_way:
        return _not_compared(story, *in_the_way)
    allowance = allowance or Allowance()
    if not allowance.left:
        return _not_compared(story, Obstacle(reason="allowance"))
    bounds = allowance.bounds()
    there = play_there(world, story, handlers, at, bounds)
    allowance.take(bounds)
    if there.is_too_large:
        return _not_compared(story, Obstacle(reason="large" if allowance.left else "allowance"))
    return _compared(story, elsewhere, report, there)


def _compared(story: Story, world: World, report: Report, there: Played) -> Opinion:
    definition = world.model
    ours, stopped = trace_of(definition, report), there.stopped
    if stopped is not None and stopped.is_error:
        # the moment in which its code failed is not told to its end
        whole = max(len(there.trace.moments) - 1, 0)
        found = difference(ours.until(whole), there.trace.until(whole))
    else:
        found = difference(ours, there.trace)
    if found is None and stopped is not None:
        found = Difference(point="stopped", element=stopped.element)
    if found is None:
        return Opinion(process=story.process, file=story.file, agreement=Agreement.SAME)
    if stopped is not None and stopped.is_crash and found.point == "stopped":
        return _not_compared(story, Obstacle(reason="broken", element=stopped.element, detail=stopped.reason))
    node = None if found.element is None else world.node(found.element)
    reason = "" if stopped is None else stopped.reason
    seen = Seen(
        regions=Regions(definition),
        report=report,
        ours=ours,
        difference=found,
        reason=reason,
        stopped_at=None if stopped is None else stopped.element,
    )
    return Opinion(
        process=story.process,
        file=story.file,
        agreement=Agreement.DIFFERENT,
        difference=found,
        defect=explanation(seen),
        reason=reason,
        element_name=None if node is None else node.name or None,
    )


def failing(file: str, process: str = "") -> Opinion:
    """Of a story that cannot be played: it is mended first."""
    obstacle = Obstacle(reason="failing")
    return Opinion(process=process, file=file, agreement=Agreement.NOT_COMPARED, obstacles=(obstacle,))


def _not_compared(story: Story, *found: Obstacle) -> Opinion:
    return Opinion(process=story.process, file=story.file, agreement=Agreement.NOT_COMPARED, obstacles=found)


def _of_report(story: Story, report: Report) -> tuple[Obstacle, ...]:
    """What stands in the way in the case itself: it goes another way than told, or an operator is needed."""
    incidents = [each.element for each in report.events if isinstance(each, happened.IncidentRaised)]
    incidents += [each.element for each in story.steps if isinstance(each, RetryStep)]
    if incidents:
        return tuple(Obstacle(reason="incident", element=each) for each in dict.fromkeys(incidents))
    return () if report.passed else (Obstacle(reason="failing"),)
