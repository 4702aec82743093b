"""Coverage: which elements, flows and rows a set of stories covers, and which story covers what."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from engine.model import elements as model
from engine.stories import Report, coverage, play, read_story, stories_of
from engine.stories.telling import coverage_lines, coverage_record, record_of, told
from engine.stories.world import world_of
from handlers.table import HANDLERS
from tests.engine.kernel.building import make, simple
from tests.engine.stories.telling import at, played, replenishment

BUNDLE = replenishment()


def reports() -> list[Report]:
    stories = [read_story(content, path) for path, content in stories_of(BUNDLE.files).items()]
    return [play(BUNDLE, each, HANDLERS, at) for each in stories]


def test_the_stories_of_the_replenishment_pass_and_cover_everything() -> None:
    found = reports()
    assert [(each.story.file, each.deviations) for each in found if not each.passed] == []
    covered = coverage(BUNDLE, found)
    assert covered.is_complete
    shares = [share for group in (covered.elements, covered.flows, covered.rules) for share in group.values()]
    assert [share.percent for share in shares] == [Decimal(100)] * 3
    assert covered.elements["replenishment"].by["reminded"] == ("stories/late_and_inactive.yaml",)
    assert covered.rules["approval_needed"].by["above_threshold"] == ("stories/approved.yaml", "stories/denied.yaml")


def test_what_is_missing_is_listed_in_the_order_of_the_file() -> None:
    (refused,) = (each for each in reports() if each.story.file == "stories/refused.yaml")
    covered = coverage(BUNDLE, [refused])
    elements = covered.elements["replenishment"]
    assert not covered.is_complete
    assert elements.missing[:3] == ("decision_late", "remind_buyers", "reminded")
    assert covered.rules["approval_needed"].missing == ("below_threshold", "above_threshold")
    assert elements.percent == Decimal("20.5")
    assert set(elements.covered).isdisjoint(elements.missing)
    lines = list(coverage_lines(covered, world_of(BUNDLE), "en"))
    assert lines[0] == "  elements of replenishment: 20.5 % (7/34)"
    assert "Reminder sent (reminded)" in lines[1]


def test_what_was_refused_covers_nothing() -> None:
    (refused,) = (each for each in reports() if each.story.file == "stories/not_short.yaml")
    assert refused.passed
    assert coverage(BUNDLE, [refused]).elements["replenishment"].covered == ()


def test_a_compensation_boundary_is_never_entered() -> None:
    nodes = [
        make(model.UserTask, "t", compensated_by="undo"),
        make(model.BoundaryEvent, "mark", attached_to="t", trigger=model.CompensationDefinition()),
        make(model.UserTask, "undo", is_for_compensation=True),
        make(model.ThrowEvent, "back", result=model.CompensationDefinition()),
    ]
    definition = simple(nodes, "start -> t -> back -> end")
    report = played(definition, "steps: [{task: t, by: a}, {task: undo, by: a}]\nexpect: {end: end}")
    assert report.passed, report.deviations
    assert coverage(definition, [report]).is_complete


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_what_happens_is_told_in_the_language_of_the_person(locale: str) -> None:
    world = world_of(BUNDLE)
    for report in reports():
        lines = list(told(report, world, locale, at(report.moments[0].at).zone))
        assert lines
        assert {line.is_undone for line in lines} <= {True, False}
        assert not [line for line in lines if "{" in line.text]
    (ordered,) = (each for each in reports() if each.story.file == "stories/ordered.yaml")
    texts = [line.text for line in told(ordered, world, locale, at(ordered.moments[0].at).zone)]
    name = {"fr": "→ Décider de la demande", "en": "→ Decide on the request"}[locale]
    assert name in texts
    assert "  amount = 125.00" in texts
    who = {"fr": "paul termine «\u00a0Décider de la demande\u00a0»", "en": "paul completes “Decide on the request”"}[
        locale
    ]
    assert any(text.startswith(who) for text in texts)


def test_a_report_is_a_record_for_scripts() -> None:
    record = record_of(reports()[0])
    assert record["passed"] is True
    assert record["status"] == "completed"
    assert record["path"][0] == "asked"
    assert coverage_record(coverage(BUNDLE, reports()))["flows"]["replenishment"]["missing"] == []
    assert Path(record["story"]).suffix == ".yaml"
