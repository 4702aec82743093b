"""Stories from recorded cases: the file reads well, and personal data stays behind. Random cases: ``test_round_trip``."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from engine.data import from_canonical, to_canonical
from engine.errors import WrongState
from engine.model import elements as model
from engine.model.bundle import Bundle, read_bundle
from engine.protocol.events import from_record, to_record
from engine.protocol.stimuli import CompleteTask, FireTimer
from engine.stories import Recorded, Report, check_story, play, read_story, recorded
from handlers.table import HANDLERS
from tests.engine.kernel.building import NOW, Run, make, simple, timer
from tests.engine.stories.telling import FOLDER, at, replenishment

TITLE = {"fr": "Un cas", "en": "A case"}


def open_bundle() -> Bundle:
    """The replenishment without its personal answers."""
    files = {path: content.replace(b"    personal: true\n", b"") for path, content in replenishment().files.items()}
    return read_bundle(files)


def history_of(report: Report) -> list[Recorded]:
    """The events of a report as the history stores them and gives them back."""
    return [
        Recorded(
            at=each.at, actor=each.by or "system", event=from_record(from_canonical(to_canonical(to_record(event))))
        )
        for each in report.moments
        if not each.is_undone
        for event in each.events
    ]


def report_of(bundle: Bundle, name: str) -> Report:
    file = FOLDER / "stories" / f"{name}.yaml"
    return play(bundle, read_story(file.read_bytes(), f"stories/{name}.yaml"), HANDLERS, at)


@pytest.mark.parametrize("name", ["ordered", "refused", "approved", "denied", "late_and_inactive"])
def test_a_case_that_was_played_can_be_told_again(name: str) -> None:
    bundle = replenishment()
    before = report_of(bundle, name)
    text = recorded(bundle, history_of(before), TITLE, at)
    again = read_story(text.encode(), "stories/again.yaml")
    assert check_story(bundle, again, HANDLERS, at) == ()
    after = play(bundle, again, HANDLERS, at)
    assert after.deviations == ()
    assert after.elements == before.elements
    assert after.flows == before.flows
    assert not again.has_own_timers


def test_the_file_reads_like_one_that_a_person_wrote() -> None:
    bundle = open_bundle()
    text = recorded(bundle, history_of(report_of(bundle, "refused")), TITLE, at)
    assert text == (
        """\
title:
  fr: Un cas
  en: A case
process: replenishment
start:
  at: '2026-11-24T09:00:00+01:00'
  by: sales_admin_1
  answers:
    article: ART-001
    quantity: 10
steps:
- handler: submit_request
  returns:
    article_name: Papier A4
    request_number: DA-2026-0002
    unit: carton
    warehouse_name: Dépôt
- task: decide_request
  by: purchasing_admin_1
  answers:
    decision: refuse
    reason: Un lot arrive demain.
- handler: refuse_request
  returns:
    request_status: refused
- handler: tell_refused
expect:
  path:
  - asked
  - submit_request
  - decide_request
  - gateway_decision
  - refuse_request
  - tell_refused
  - refused
  end: refused
"""
    )


def test_personal_data_stays_behind() -> None:
    bundle = replenishment()
    report = report_of(bundle, "refused")
    history = history_of(report)
    text = recorded(bundle, history, TITLE, at)
    for private in ("Un lot arrive demain.", "claire", "paul"):
        assert private not in text
    assert "reason: …" in text or "reason: '…'" in text
    again = play(bundle, read_story(text.encode(), "stories/again.yaml"), HANDLERS, at)
    assert again.deviations == ()
    assert again.elements == report.elements


def test_a_timer_that_fired_too_late_fires_as_late_again() -> None:
    """The system was down when it was due; meanwhile somebody did what it was to interrupt the others for."""
    nodes = [
        make(model.UserTask, "a"),
        make(model.UserTask, "b"),
        make(model.BoundaryEvent, "late", attached_to="b", trigger=timer("duration", '"PT1H"')),
    ]
    run = Run(simple(nodes, "start -> a -> end\nstart -> b -> end\nlate -> end"))
    moments = [run.now] * len(run.events)
    for hours, stimulus in (
        (2, CompleteTask(activity=run.one("a"), actor="x")),
        (3, FireTimer(wait=run.wait("late"))),
    ):
        run.now = NOW + timedelta(hours=hours)
        run(stimulus)
        moments += [run.now] * (len(run.events) - len(moments))
    history = [Recorded(at=at_, actor="x", event=each) for at_, each in zip(moments, run.events, strict=True)]
    again = read_story(recorded(run.model, history, TITLE, at).encode(), "stories/late.yaml")
    assert again.has_own_timers
    report = play(run.model, again, None, at)
    assert report.deviations == ()
    assert list(report.events) == run.events
    assert [each.at for each in report.moments] == [NOW, NOW + timedelta(hours=2), NOW + timedelta(hours=3)]


def test_a_case_of_another_calendar_is_not_told_wrongly() -> None:
    bundle = replenishment()
    history = history_of(report_of(bundle, "ordered"))
    holiday = [replace(each, at=each.at + timedelta(days=30)) for each in history]
    with pytest.raises(WrongState):
        recorded(bundle, holiday, TITLE, at)
    assert history[0].at == datetime.fromisoformat("2026-11-24T09:00+01:00")
