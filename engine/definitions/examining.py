"""What is proved and played of a version before it is published: soundness (``engine.explore``), stories (``engine.stories``), and whether
a second engine goes the same way (``engine.second_opinion``). Pure.

It takes up to seconds, so it happens in a job or a command, never in a request (``definitions.examination``). Bounded: states and moves of
the proof are counted, stories of a version are, the firings of one story are, and what the second engine looks at is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from engine.errors import DefinitionError, Facts, Problem
from engine.explore import Surroundings, Verdict, explore
from engine.handler import HandlerTable
from engine.model.bundle import Bundle
from engine.model.elements import Process
from engine.protocol.events import ElementEntered, FlowTaken
from engine.second_opinion import Allowance, Opinion, compare, failing
from engine.stories import At, Report, check_story, coverage, play, read_story, stories_of
from engine.stories.world import World, world_of

Texts = Mapping[str, str]
"""What people call something, by locale."""

MOST_STORIES = 200
"""Stories of one version: they are all played before it is published."""
MOST_STEPS = 2_000
"""Elements and flows of one story's path that are kept: more is no longer looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """The verdict on one process of the version. ``names``: what people call what its sentence names, by locale and id."""

    file: str
    title: Texts
    verdict: Verdict
    names: Mapping[str, Texts]

    def sentence(self, locale: str) -> str:
        """The verdict in words."""
        return replace(self.verdict, titles=self.names[locale]).sentence(locale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of one story; ``path``: the elements and flows in the order in which it came to them.

    ``opinion``: what the second engine says of it; None where it was not asked (more stories than are played, findings from before).
    """

    file: str
    title: Texts
    problems: tuple[Problem, ...] = ()
    path: tuple[str, ...] = ()
    opinion: Opinion | None = None

    @property
    def passed(self) -> bool:
        """All went as told."""
        return not self.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """How often all stories together came to each element and flow, and in how many a rule hit (by decision); 0 for never."""

    elements: Mapping[str, int]
    flows: Mapping[str, int]
    rules: Mapping[str, Mapping[str, int]]
    percent: int
    stories: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """All that is known of one content."""

    proved: tuple[Proved, ...] = ()
    played: tuple[Played, ...] = ()
    covered: Covered

    @property
    def needs_reason(self) -> bool:
        """Of some process it is not decided whether it is sound: whoever publishes says why they do."""
        return any(not each.verdict.is_sound and not each.verdict.is_unsound for each in self.proved)

    @property
    def may_publish(self) -> bool:
        """Nothing that was found stands against it, but for a reason that may be asked."""
        if any(each.is_unexplained for each in self.opinions):
            return False
        return all(each.passed for each in self.played) and not any(each.verdict.is_unsound for each in self.proved)

    @property
    def opinions(self) -> tuple[Opinion, ...]:
        """What the second engine says, story by story."""
        return tuple(each.opinion for each in self.played if each.opinion is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """``done`` of ``total`` questions are answered; ``code`` and ``facts`` say what is looked at now."""

    done: int
    total: int
    code: str
    facts: Facts


def _silent(_progress: Progress) -> None:
    """For whoever does not want to know how far it is."""


def examine(bundle: Bundle, handlers: HandlerTable, at: At, tell: Callable[[Progress], None] = _silent) -> Examined:
    """Prove every process of ``bundle``, play every story, and those that pass on the second engine too. ``tell`` is called before each;
    what it raises ends the examination.

    ``handlers`` say which errors are raised, what results hold and what stories may let them return; ``at`` gives the calendar at a moment.
    """
    stories = stories_of(bundle.files)
    total = len(bundle.model.processes) + 2 * min(len(stories), MOST_STORIES)
    surroundings = Surroundings(
        forms=bundle.forms,
        start_form=None if bundle.starts is None else bundle.starts.form,
        errors={name: tuple(each.errors) for name, each in handlers.handlers.items()},
        outputs={name: each.gives for name, each in handlers.handlers.items()},
    )
    world = world_of(bundle)
    proved: list[Proved] = []
    for number, process in enumerate(bundle.model.processes.values()):
        facts: Facts = {"process": process.name or process.id}
        tell(Progress(done=number, total=total, code="examination_proving", facts=facts))
        title = bundle.title if process.id == bundle.process_id else None
        proved.append(_prove(world, process, bundle.process_files[process.id], surroundings, title))
    if len(stories) > MOST_STORIES:
        return Examined(proved=tuple(proved), played=(_too_many(stories),), covered=_covered(bundle, ()))
    played: list[Played] = []
    reports: list[Report] = []
    allowance = Allowance()
    for number, (path, content) in enumerate(stories.items()):
        done = len(proved) + 2 * number
        tell(Progress(done=done, total=total, code="examination_playing", facts={"story": path}))
        outcome, report = _play(bundle, path, content, handlers, at)
        opinion = failing(path)
        if report is not None:
            tell(Progress(done=done + 1, total=total, code="examination_comparing", facts={"story": path}))
            opinion = compare(report.story, bundle, handlers, at, report, allowance=allowance)
            reports.append(report)
        played.append(replace(outcome, opinion=opinion))
    return Examined(proved=tuple(proved), played=tuple(played), covered=_covered(bundle, reports))


def prove(world: World, file: str) -> tuple[Proved, ...]:
    """The verdict on each process of a file by itself: whoever acts may answer anything."""
    nothing_known = Surroundings()
    return tuple(_prove(world, process, file, nothing_known) for process in world.model.processes.values())


def _prove(world: World, process: Process, file: str, surroundings: Surroundings, title: Texts | None = None) -> Proved:
    verdict = explore(world.model, process.id, surroundings=surroundings)
    called = title or world.names.get(process.id) or _both(process.name or process.id)
    names = {
        locale: {each: called[locale] if each == process.id else world.title(each, locale) for each in verdict.titles}
        for locale in ("fr", "en")
    }
    return Proved(file=file, title=called, verdict=verdict, names=names)


def _both(text: str) -> Texts:
    return {"fr": text, "en": text}


def _too_many(stories: Mapping[str, bytes]) -> Played:
    path = sorted(stories)[MOST_STORIES]
    facts: Facts = {"limit": MOST_STORIES, "given": len(stories)}
    return Played(file=path, title=_both(path), problems=(Problem(code="story_too_many", file=path, facts=facts),))


def _play(bundle: Bundle, path: str, content: bytes, handlers: HandlerTable, at: At) -> tuple[Played, Report | None]:
    """The outcome of one story; no report of one that cannot be read or does not fit."""
    try:
        story = read_story(content, path)
    except DefinitionError as error:
        return Played(file=path, title=_both(path), problems=error.problems), None
    problems = check_story(bundle, story, handlers, at)
    if problems:
        return Played(file=path, title=story.title, problems=problems), None
    report = play(bundle, story, handlers, at)
    steps = tuple(_steps(report))[:MOST_STEPS]
    return Played(file=path, title=story.title, problems=report.deviations, path=steps), report


def _steps(report: Report) -> Iterator[str]:
    for event in report.events:
        if isinstance(event, ElementEntered):
            yield event.element
        elif isinstance(event, FlowTaken):
            yield event.flow


def _covered(bundle: Bundle, reports: tuple[Report, ...] | list[Report]) -> Covered:
    found = coverage(bundle, reports)
    steps = Counter(step for report in reports for step in _steps(report))
    groups = (found.elements, found.flows, found.rules)
    shares = [share for group in groups for share in group.values()]
    covered, missing = (sum(len(getattr(each, name)) for each in shares) for name in ("covered", "missing"))
    return Covered(
        elements={each: steps[each] for share in found.elements.values() for each in (*share.covered, *share.missing)},
        flows={each: steps[each] for share in found.flows.values() for each in (*share.covered, *share.missing)},
        rules={
            decision: {each: len(share.by.get(each, ())) for each in (*share.covered, *share.missing)}
            for decision, share in found.rules.items()
        },
        percent=100 * covered // (covered + missing) if covered + missing else 100,
        stories=len(reports),
    )
