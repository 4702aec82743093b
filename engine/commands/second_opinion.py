"""What the second engine says at the terminal: stories played on it alone (``bordereau play --engine``), and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from engine.commands.connecting import environment_of
from engine.commands.speaking import DONE, NOT_DONE, harmless, locale, print_problems, problem_record, say, styled
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.errors import Problem
    from engine.model.bundle import Bundle
    from engine.second_opinion import Opinion, Played
    from engine.stories import Story
    from engine.stories.declared import Declarations
    from engine.stories.world import World

SPIFFWORKFLOW = "spiffworkflow"
"""What ``--engine`` calls it."""


def play_there(
    played: Bundle | World,
    stories: Sequence[Story],
    handlers: Declarations | None,
    settings: Settings,
    *,
    is_json: bool,
) -> int:
    """Print each story as SpiffWorkflow goes through it, and where that is another way than told."""
    from engine.second_opinion import play
    from engine.second_opinion.judging import deviations
    from engine.second_opinion.subset import obstacles
    from engine.second_opinion.telling import record_of
    from engine.stories.world import world_of

    world, at = world_of(played), environment_of(settings)
    records: list[dict[str, Any]] = []
    failed = 0
    for story in stories:
        event = world.beginning(story.process, story.start.event)
        in_the_way = obstacles(world.model, story.process, event)
        reasons = " ".join(each.sentence(locale()) for each in in_the_way)
        there = None if in_the_way else play(world, story, handlers, at)
        problems = () if there is None else deviations(story, world, there, at)
        failed += bool(in_the_way or problems)
        if is_json:
            known = {"story": story.file} if there is None else record_of(story, there, world)
            shown = [problem_record(each) for each in problems]
            records.append(
                {**known, "passed": not (in_the_way or problems), "deviations": shown, "not_played": reasons}
            )
        elif there is None:
            print(harmless(say("cli_play_not_there", story=story.file, reasons=reasons)), end="\n\n")
        else:
            _print(story, there, problems, played, settings)
    if is_json:
        from engine.commands.values import json_text

        print(json_text({"passed": not failed, "engine": SPIFFWORKFLOW, "stories": records}, indent=1))
    else:
        print(say("cli_play_verdict", count=len(stories), failed=failed))
    return NOT_DONE if failed else DONE


def _print(
    story: Story, there: Played, problems: tuple[Problem, ...], played: Bundle | World, settings: Settings
) -> None:
    from engine.second_opinion.telling import told
    from engine.stories.world import world_of

    language, before = locale(), ""
    print(styled(harmless(f"{story.file}: {story.title[language]}"), "bold"))
    for line in told(story, there, world_of(played), language, settings.zone):
        # the clock is told when it moves
        at = line.at if line.at != before else " " * len(line.at)
        before = line.at
        print(harmless(f"  {at}  {line.text}"))
    if problems:
        print(styled(say("cli_play_failed", count=len(problems)), "red"))
        print_problems(problems)
    else:
        print(styled(say("cli_play_passed"), "green"))
    print()


def print_opinions(opinions: Sequence[Opinion]) -> None:
    """The figures, and a sentence for each story that does not just go the same way."""
    from engine.second_opinion import Agreement, figures

    if not opinions:
        return
    found = asdict(figures(opinions))
    print(f"  {say('cli_check_opinion', count=found.pop('total'), **found)}")
    for each in opinions:
        if each.agreement is not Agreement.SAME:
            print(harmless(f"    {each.file}: {each.sentence(locale())}"))


def opinion_record(opinion: Opinion) -> dict[str, object]:
    """The same for scripts."""
    return {
        "story": opinion.file,
        "agreement": opinion.agreement.value,
        "element_id": opinion.element,
        "defect": opinion.defect,
        "message": opinion.sentence(locale()),
    }
