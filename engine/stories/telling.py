"""A report as people read it: the path as it happens, in their language, with what people call the elements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.data import to_values
from engine.feel import Value
from engine.model import elements as model
from engine.protocol import events as happened
from engine.stories.coverage import Coverage
from engine.stories.expectations import waiting_at
from engine.stories.report import Moment, Report
from engine.stories.story import YEARS
from engine.stories.values import shown
from engine.stories.world import World
from engine.texts import format as written
from engine.texts import say


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened; ``at`` in words. ``is_undone``: nothing of it was recorded."""

    at: str
    text: str
    is_undone: bool = False


def told(report: Report, world: World, locale: str, zone: ZoneInfo) -> Iterator[Line]:
    """Line by line what happened."""
    teller = _Teller(world, locale, zone)
    for moment in report.moments:
        at = written.moment(moment.at, locale, zone, "short")
        if moment.is_undone and not teller.is_undoing:
            yield Line(at=at, text=say("story_told_nothing", locale), is_undone=True)
        teller.is_undoing = moment.is_undone
        for event in moment.events:
            text = teller.text(event, moment)
            if text is not None:
                yield Line(at=at, text=text, is_undone=moment.is_undone)


class _Teller:
    """Sentences about events, in one language."""

    def __init__(self, world: World, locale: str, zone: ZoneInfo) -> None:
        self._world = world
        self._locale = locale
        self._zone = zone
        self.is_undoing = False
        self._scopes: set[str] = set()

    def _say(self, code: str, /, **facts: object) -> str:
        return say(code, self._locale, **facts)

    def _title(self, element: str) -> str:
        return self._world.title(element, self._locale)

    def _moment(self, moment: datetime) -> str:
        # a timer may be due where the years of Python end
        return written.moment(moment, self._locale, self._zone, "short") if moment.year in YEARS else moment.isoformat()

    def _values(self, code: str, values: Mapping[str, Value], **facts: object) -> str:
        if not values:
            return self._say(code, **facts)
        listed = ", ".join(f"{name} = {shown(value)}" for name, value in values.items())
        return self._say(f"{code}_with", values=listed, **facts)

    def text(self, event: happened.Event, moment: Moment) -> str | None:  # noqa: C901, PLR0911, PLR0912 - one sentence a kind of event
        """The sentence; None for what only machines care about."""
        match event:
            case happened.InstanceStarted():
                code = "story_told_started" if moment.by is None else "story_told_started_by"
                return self._say(code, person=moment.by)
            case happened.InstanceCompleted():
                return self._say("story_told_completed")
            case happened.InstanceFailed():
                return self._say("story_told_failed", code=event.code)
            case happened.InstanceCancelled():
                return self._say("story_told_cancelled", reason=event.reason)
            case happened.ScopeOpened():
                self._scopes.add(event.scope)
                return None
            case happened.VariableWritten() if event.scope in self._scopes:
                # what an activity is given is its own, and no variable of the case
                return self._say("story_told_written", name=event.name, value=shown(event.value))
            case happened.FlowTaken():
                name = self._title(event.flow)
                return None if name == event.flow else self._say("story_told_flow", flow=name)
            case happened.ElementEntered():
                node = self._world.node(event.element)
                is_silent = isinstance(node, model.Gateway) and not node.name
                return None if is_silent else self._say("story_told_entered", element=self._title(event.element))
            case happened.ElementCancelled():
                return self._say("story_told_interrupted", element=self._title(event.element))
            case happened.TaskCreated():
                who = event.assignee or event.role or "–"
                if event.due_at is None:
                    return self._say("story_told_task_no_due", role=who)
                return self._say("story_told_task", role=who, due=self._moment(event.due_at))
            case happened.TaskCompleted():
                title = self._title(event.element)
                return self._values("story_told_answered", event.variables, person=event.actor, element=title)
            case happened.HandlerReturned():
                return self._values("story_told_returned", event.result, element=self._title(event.element))
            case happened.DecisionEvaluated():
                code = "story_told_decision" if event.rules else "story_told_decision_none"
                return self._say(code, rules=", ".join(event.rules))
            case happened.ErrorThrown():
                return self._say("story_told_error", code=event.code, element=self._title(event.element))
            case happened.EscalationThrown():
                return self._say("story_told_escalation", code=event.code, element=self._title(event.element))
            case happened.IncidentRaised():
                return self._say("story_told_incident", code=event.code, element=self._title(event.element))
            case happened.IncidentResolved():
                return self._say("story_told_resolved", element=self._title(event.element))
            case happened.CompensationBegun():
                return self._say("story_told_undone", element=self._title(event.element))
            case _:
                return self._of_event(event)

    def _of_event(self, event: happened.Event) -> str | None:
        """Timers, messages, signals, conditions."""
        match event:
            case happened.TimerSet():
                due = self._moment(event.due_at)
                return self._say("story_told_timer", element=self._title(event.element), due=due)
            case happened.TimerFired():
                return self._say("story_told_fired", element=self._title(event.element))
            case happened.MessageAwaited():
                title = self._title(event.element)
                return self._say("story_told_awaited", element=title, name=event.name, key=event.key or "–")
            case happened.MessageReceived():
                return self._say("story_told_received", element=self._title(event.element), name=event.name)
            case happened.MessageThrown():
                return self._say("story_told_message", element=self._title(event.element), name=event.name)
            case happened.SignalThrown():
                return self._say("story_told_signal", element=self._title(event.element), name=event.name)
            case happened.SignalReceived():
                return self._say("story_told_signal_received", element=self._title(event.element), name=event.name)
            case happened.ConditionMet():
                return self._say("story_told_condition", element=self._title(event.element))
            case _:
                return None


def coverage_lines(found: Coverage, world: World, locale: str) -> Iterator[str]:
    """The figures of each process and decision, with what is missing by name."""
    groups = (("cli_play_elements", found.elements), ("cli_play_flows", found.flows), ("cli_play_rules", found.rules))
    for code, shares in groups:
        for owner, share in shares.items():
            covered, total = len(share.covered), len(share.covered) + len(share.missing)
            what, percent = say(code, locale), written.number(share.percent, locale)
            yield say("cli_play_share", locale, what=what, of=owner, percent=percent, covered=covered, total=total)
            if share.missing:
                names = ", ".join(_named(each, world, locale) for each in share.missing)
                yield say("cli_play_missing", locale, names=names)


def _named(identity: str, world: World, locale: str) -> str:
    title = world.title(identity, locale)
    return identity if title == identity else f"{title} ({identity})"


def record_of(report: Report) -> dict[str, Any]:
    """The report for scripts: values of FEEL stay values; deviations are told by whoever knows the language."""
    state = report.state
    return {
        "story": report.story.file,
        "title": dict(report.story.title),
        "passed": report.passed,
        "status": None if state is None else state.status,
        "waiting": list(waiting_at(state)),
        "variables": {} if state is None else state.root_variables,
        "path": [each.element for each in report.events if isinstance(each, happened.ElementEntered)],
        "moments": [
            {
                "at": moment.at,
                "step": moment.step,
                "by": moment.by,
                "undone": moment.is_undone,
                "events": [to_values(happened.to_record(each)) for each in moment.events],
            }
            for moment in report.moments
        ],
    }


def coverage_record(found: Coverage) -> dict[str, Any]:
    """The coverage for scripts."""
    groups = {"elements": found.elements, "flows": found.flows, "rules": found.rules}
    return {
        name: {
            owner: {
                "percent": share.percent,
                "covered": {each: list(files) for each, files in share.by.items()},
                "missing": list(share.missing),
            }
            for owner, share in shares.items()
        }
        for name, shares in groups.items()
    }
