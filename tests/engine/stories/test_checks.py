"""Stories held against a version before anything is played; and what the deploy gate hears of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.definitions.examining import examine
from engine.errors import Problem
from engine.model.bundle import Bundle, content_hash, read_bundle
from engine.stories import check_story, stories_of
from engine.texts import say
from handlers.table import HANDLERS
from tests.engine.stories.telling import FOLDER, at, places, replenishment, story

BUNDLE = replenishment()
START = "{at: 2026-11-24T09:00, by: claire, answers: {article: A, quantity: 1}}"
END = "expect: {end: {waiting: [decide_request]}}"

FAULTS = {
    "process": ("", END, START, "story_process_unknown", "process"),
    "start event": ("", END, "{at: 2026-11-24T09:00, event: launched}", "story_start_unknown", "start.event"),
    "variables for a form": (
        "",
        END,
        "{at: 2026-11-24T09:00, variables: {article: A}}",
        "story_start_answers",
        "start.variables",
    ),
    "field": ("", END, "{at: 2026-11-24T09:00, answers: {articel: A}}", "story_field_unknown", "start.answers.articel"),
    "number": (
        "",
        END,
        "{at: 2026-11-24T09:00, answers: {quantity: 1.5}}",
        "field_not_whole",
        "start.answers.quantity",
    ),
    "option": (
        "{task: decide_request, by: p, answers: {decision: maybe}}",
        END,
        START,
        "field_not_offered",
        "steps[0].answers.decision",
    ),
    "output": (
        "{task: decide_request, by: p, answers: {total: 1}}",
        END,
        START,
        "story_field_unknown",
        "steps[0].answers.total",
    ),
    "element": ("{task: decide, by: p}", END, START, "story_element_unknown", "steps[0].task"),
    "no task": ("{task: launch_request, by: p}", END, START, "story_not_a_task", "steps[0].task"),
    "variables at a task": (
        "{task: decide_request, by: p, variables: {a: 1}}",
        END,
        START,
        "story_answers_not_variables",
        "steps[0].variables",
    ),
    "no handler": ("{handler: decide_request}", END, START, "story_not_a_handler", "steps[0].handler"),
    "error": (
        "{handler: submit_request, raises: supplier_inactive}",
        END,
        START,
        "story_error_unknown",
        "steps[0].raises",
    ),
    "result unknown": (
        "{handler: refuse_request, returns: {request_status: a, amount: 1}}",
        END,
        START,
        "story_result_unknown",
        "steps[0].returns.amount",
    ),
    "result missing": (
        "{handler: refuse_request}",
        END,
        START,
        "story_result_missing",
        "steps[0].returns.request_status",
    ),
    "result of another kind": (
        "{handler: refuse_request, returns: {request_status: 1}}",
        END,
        START,
        "story_result_kind",
        "steps[0].returns.request_status",
    ),
    "message": ("{message: paid}", END, START, "story_message_unknown", "steps[0].message"),
    "signal": ("{signal: storm}", END, START, "story_signal_unknown", "steps[0].signal"),
    "timer": ("{timer: decide_request}", END, START, "story_not_a_timer", "steps[0].timer"),
    "retry": ("{retry: nothing}", END, START, "story_element_unknown", "steps[0].retry"),
    "due": (
        "{expect: {due: {launched: 2026-11-24T09:00}}}",
        END,
        START,
        "story_not_a_due",
        "steps[0].expect.due.launched",
    ),
    "end": ("", "expect: {end: lanched}", START, "story_element_unknown", "expect.end"),
    "path": ("", "expect: {end: launched, path: [a]}", START, "story_element_unknown", "expect.path.a"),
    "decision": (
        "",
        "expect: {end: launched, decisions: {launched: []}}",
        START,
        "story_not_a_decision",
        "expect.decisions.launched",
    ),
    "rule": (
        "",
        "expect: {end: launched, decisions: {need_approval: [a]}}",
        START,
        "story_rule_unknown",
        "expect.decisions.need_approval",
    ),
}


@pytest.mark.parametrize(("step", "end", "start", "code", "place"), FAULTS.values(), ids=FAULTS)
def test_what_does_not_fit_is_found_at_its_place(step: str, end: str, start: str, code: str, place: str) -> None:
    process = "replenish" if code == "story_process_unknown" else "replenishment"
    told = story(f"steps: [{step}]\n{end}", start, process)
    found = check_story(BUNDLE, told, HANDLERS, at)
    assert places(found) == [(code, place)]
    for language in ("fr", "en"):
        assert "…" not in say(found[0].code, language, **found[0].facts)


def test_everything_is_found_at_once_and_people_need_their_roles() -> None:
    told = story(
        """
        people: {claire: [purchasing_admin]}
        choices: {purchasing.buyers: [a]}
        steps: [{task: decide_request, by: paul}, {handler: nothing}]
        expect: {end: nowhere}
        """,
        START,
        "replenishment",
    )
    assert places(check_story(BUNDLE, told, HANDLERS, at)) == [
        ("story_choices_unknown", "choices.purchasing.buyers"),
        ("story_may_not_start", "start.by"),
        ("story_person_unknown", "steps[0].by"),
        ("story_element_unknown", "steps[1].handler"),
        ("story_element_unknown", "expect.end"),
    ]


# -- the deploy gate ------------------------------------------------------------------------------------------------------------------


def with_stories(**texts: str) -> Bundle:
    files = {path: each for path, each in BUNDLE.files.items() if not path.startswith("stories/")}
    return read_bundle(files | {f"stories/{name}.yaml": text.encode() for name, text in texts.items()})


def failures(bundle: Bundle) -> tuple[Problem, ...]:
    """What the gate hears of the stories of a version."""
    return tuple(problem for each in examine(bundle, HANDLERS, at).played for problem in each.problems)


def test_the_gate_hears_of_every_story_that_does_not_hold() -> None:
    good = (FOLDER / "stories" / "refused.yaml").read_text(encoding="utf-8")
    bundle = with_stories(
        good=good,
        broken="title: 1",
        misfit=good.replace("task: decide_request", "task: decide_requests"),
        other=good.replace("end: refused\n", "end: launched\n"),
        answers=good.replace("quantity: 10", "quantity: 0"),
    )
    found = failures(bundle)
    assert [(each.file, each.code, each.severity) for each in found] == [
        ("stories/answers.yaml", "field_too_small", "error"),
        ("stories/broken.yaml", "yaml_key_missing", "error"),
        ("stories/broken.yaml", "yaml_key_missing", "error"),
        ("stories/broken.yaml", "yaml_key_missing", "error"),
        ("stories/broken.yaml", "yaml_type", "error"),
        ("stories/misfit.yaml", "story_element_unknown", "error"),
        ("stories/other.yaml", "story_completed_elsewhere", "error"),
    ]


def test_a_version_without_stories_is_as_good_as_before() -> None:
    assert failures(with_stories()) == ()


def test_stories_belong_to_the_content_of_a_version() -> None:
    bundle = with_stories(a="title: 1")
    assert list(stories_of(bundle.files)) == ["stories/a.yaml"]
    assert content_hash(bundle.files) != content_hash(with_stories().files)
    assert stories_of({"stories/deep/a.yaml": b"", "stories/a.txt": b"", "a.yaml": b""}) == {}


def test_too_many_stories_are_refused_before_any_is_played() -> None:
    files = {f"stories/s{number:03}.yaml": b"" for number in range(201)}
    (found,) = failures(replace(BUNDLE, files=files))
    assert (found.code, found.file) == ("story_too_many", "stories/s200.yaml")


def test_the_stories_that_ship_hold() -> None:
    assert failures(BUNDLE) == ()
    assert (FOLDER / "stories").is_dir()
