"""Stories played: what happens at which step, and each kind of deviation found where it is."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from engine.model import elements as model
from engine.protocol import events as happened
from engine.stories import play, read_story
from engine.stories.telling import told
from engine.stories.world import world_of
from engine.texts import say
from handlers.table import HANDLERS
from tests.engine.kernel.building import feel, make, maps, message, process, script, signal, simple, timer
from tests.engine.stories.telling import FOLDER, TABLE, Table, at, codes, places, played, replenishment

TASK = simple([make(model.UserTask, "t", role="clerk")], "start -> t -> end")
SERVICE = simple(
    [make(model.ServiceTask, "s", handler="a.b", inputs=maps(number='"N1"')), make(model.UserTask, "t")],
    "start -> t -> s -> end",
)


def test_a_person_completes_a_task() -> None:
    report = played(
        TASK,
        """
        steps:
          - {task: t, by: ann, variables: {amount: 12.50, on: '= date("2026-12-01")', who: {name: Zoé, tags: [a, 1, true, null]}}}
        expect:
          path: [start, t, end]
          end: end
          variables: {amount: 12.5, on: '= date("2026-12-01")', who: {name: Zoé, tags: [a, 1, true, null]}, other: null}
        """,
    )
    assert report.passed
    assert report.state is not None
    assert report.state.root_variables["on"] == date(2026, 12, 1)
    assert [each.by for each in report.moments] == [None, "ann"]


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ("{end: t}", "story_completed_elsewhere"),
        ("{end: {failed: E}}", "story_end_other"),
        ("{end: {waiting: [t]}}", "story_end_other"),
        ("{end: {cancelled: true}}", "story_end_other"),
        ("{end: {refused: E}}", "story_end_other"),
        ("{end: end, path: [start, end]}", "story_path_other"),
        ("{end: end, path: [start, t]}", "story_path_longer"),
        ("{end: end, path: [start, t, end, t]}", "story_path_short"),
        ("{end: end, variables: {amount: 12.51}}", "story_variable_other"),
        ("{end: end, variables: {amount: '12.50'}}", "story_variable_other"),
        ("{end: end, variables: {yes: 1}}", "story_variable_other"),
        ('{end: end, variables: {on: "2026-12-01"}}', "story_variable_other"),
        ("{end: end, variables: {amounts: 12}}", "story_variable_missing"),
        ("{end: end, due: {t: 2026-11-24T09:00}}", "story_due_other"),
        ("{end: end, incidents: [{element: t, code: E}]}", "story_incident_missing"),
        ("{end: end, messages: [{name: m}]}", "story_message_missing"),
    ],
)
def test_each_kind_of_difference_is_found(expected: str, code: str) -> None:
    given = """{amount: 12.50, 'yes': true, on: '= date("2026-12-01")'}"""
    report = played(TASK, f"steps: [{{task: t, by: ann, variables: {given}}}]\nexpect: {expected}")
    assert codes(report.deviations) == [code]
    (found,) = report.deviations
    for language in ("fr", "en"):
        sentence = say(found.code, language, **found.facts)
        assert "…" not in sentence
    assert (found.place or "").startswith(("expect", "steps[0]", "start"))


def test_a_deviation_says_what_was_expected_and_what_happened() -> None:
    report = played(TASK, "steps: [{task: t, by: ann}]\nexpect: {end: end, path: [start, end]}")
    (found,) = report.deviations
    assert found.element_id == "t"
    assert say(found.code, "en", **found.facts) == "The expected path goes to end, but the case entered “t”."
    report = played(TASK, "steps: [{task: t, by: ann, variables: {n: 1}}]\nexpect: {end: end, variables: {n: 2}}")
    (found,) = report.deviations
    assert say(found.code, "en", **found.facts) == "The variable “n” was to be 2; it is 1."
    assert (found.file, found.place, found.facts["line"]) == ("stories/a.yaml", "expect.variables.n", 5)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("{task: t, by: ann}\n  - {task: t, by: ann}", "story_ended_already"),
        ("{handler: s}", "story_handler_not_asked"),
        ("{message: m, key: k}", "story_message_not_awaited"),
        ("{signal: go}", "story_signal_not_awaited"),
        ("{timer: late}", "story_timer_not_set"),
        ("{retry: t}", "story_no_incident"),
        ("{at: 2026-11-22T09:00}", "story_clock_back"),
        ("{expect: {waiting: [end]}}\n  - {cancel: enough}", "story_waiting_elsewhere"),
    ],
)
def test_what_cannot_happen_now_is_told_at_its_step(step: str, code: str) -> None:
    nodes = [
        make(model.UserTask, "t", role="clerk"),
        make(model.ServiceTask, "s", handler="a.b"),
        make(model.CatchEvent, "m", trigger=message("m", '"k"')),
        make(model.CatchEvent, "late", trigger=timer("duration", '"P1D"')),
        make(model.CatchEvent, "go", trigger=signal("go")),
    ]
    chain = simple(nodes, "start -> t -> end\nt -> s : false\ns -> m -> late -> go -> end")
    report = played(chain, f"steps:\n  - {step}\nexpect: {{end: {{cancelled: true}}}}")
    assert codes(report.deviations) == [code]
    assert (report.deviations[0].place or "").startswith("steps[")


def test_a_story_may_end_where_the_case_waits() -> None:
    assert played(TASK, "expect: {end: {waiting: [t]}}").passed
    report = played(TASK, "expect: {end: {waiting: [end]}}")
    assert codes(report.deviations) == ["story_waiting_elsewhere"]


def test_an_operator_ends_a_case() -> None:
    assert played(TASK, "steps: [{cancel: twice}]\nexpect: {end: {cancelled: true}}").passed


# -- handlers -------------------------------------------------------------------------------------------------------------------------


def test_a_handler_gives_what_it_declares() -> None:
    report = played(
        SERVICE,
        """
        steps:
          - {task: t, by: ann}
          - {handler: s, returns: {amount: 12.50, on: 2026-12-01}}
        expect: {end: end, variables: {amount: 12.50, on: '= date("2026-12-01")', note: null}}
        """,
        handlers=TABLE,
    )
    assert report.passed, report.deviations


def test_a_handler_that_the_story_forgets_is_named() -> None:
    """Nothing is made up: the step after it, and the end, say what is missing."""
    for steps in ("[{task: t, by: ann}]", "[{task: t, by: ann}, {after: P1D}]"):
        report = played(SERVICE, f"steps: {steps}\nexpect: {{end: end}}", handlers=TABLE)
        assert codes(report.deviations) == ["story_handler_missing"]
        assert "handler: s" in say("story_handler_missing", "en", **report.deviations[0].facts)


def test_an_uncaught_error_refuses_the_person_and_nothing_has_happened() -> None:
    report = played(
        SERVICE,
        """
        steps:
          - {task: t, by: ann, variables: {n: 1}}
          - {handler: s, raises: refused, facts: {why: full}}
          - expect: {refused: refused, waiting: [t]}
          - {task: t, by: ann, variables: {n: 2}}
          - {handler: s, returns: {amount: 1, on: 2026-12-01}}
        expect: {end: end, path: [start, t, s, end], variables: {n: 2}}
        """,
        handlers=TABLE,
    )
    assert report.passed, report.deviations
    assert [each.is_undone for each in report.moments] == [False, True, True, False, False]


def test_a_refusal_that_the_story_does_not_know_of_stops_it() -> None:
    steps = "[{task: t, by: ann}, {handler: s, raises: refused}, {task: t, by: ann}]"
    report = played(SERVICE, f"steps: {steps}\nexpect: {{end: end}}", handlers=TABLE)
    assert places(report.deviations) == [("story_refused", "steps[2]")]
    assert played(SERVICE, f"steps: {steps[:-20]}]\nexpect: {{end: {{refused: refused}}}}", handlers=TABLE).passed


def test_a_caught_error_goes_on_at_the_boundary() -> None:
    nodes = [
        make(model.ServiceTask, "s", handler="a.b", inputs=maps(number='"N1"')),
        make(
            model.BoundaryEvent,
            "caught",
            attached_to="s",
            trigger=model.ErrorDefinition(code="refused"),
            outputs=maps(why="why"),
        ),
        make(model.EndEvent, "no"),
    ]
    report = played(
        simple(nodes, "start -> s -> end\ncaught -> no"),
        """
        steps: [{handler: s, raises: refused, facts: {why: full}}]
        expect: {path: [start, s, caught, no], end: 'no', variables: {why: full}}
        """,
        handlers=TABLE,
    )
    assert report.passed, report.deviations


def test_a_handler_fails_and_is_retried() -> None:
    """Outside the step of a person it is an incident; an operator has it tried again."""
    nodes = [make(model.ServiceTask, "mail", handler="a.mail")]
    steps = "steps: [{handler: mail, fails: handler_crashed}, {expect: {incidents: [{element: mail, code: handler_crashed}]}}"
    waiting = simple(nodes, "start -> mail -> end")
    assert played(waiting, f"{steps}, {{retry: mail}}, {{handler: mail}}]\nexpect: {{end: end}}", handlers=TABLE).passed
    report = played(waiting, f"{steps}]\nexpect: {{end: {{waiting: [mail]}}}}", handlers=TABLE)
    assert codes(report.deviations) == ["story_incident_unexpected"]


def test_an_input_that_the_handler_would_refuse_is_found() -> None:
    wrong = simple([make(model.ServiceTask, "s", handler="a.b", inputs=maps(number="5"))], "start -> s -> end")
    report = played(
        wrong, "steps: [{handler: s, returns: {amount: 1, on: 2026-12-01}}]\nexpect: {end: end}", handlers=TABLE
    )
    assert codes(report.deviations) == ["story_input_refused"]
    assert report.deviations[0].facts["field"] == "number"


# -- who ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("people", "task", "code"),
    [
        ("{ann: [clerk]}", {"role": "clerk"}, None),
        ("{ann: [boss]}", {"role": "clerk"}, "story_not_offered"),
        ("{ann: []}", {}, "story_not_offered"),
        ("{ann: []}", {"assignee": feel('"ann"')}, None),
        ("{ann: [clerk]}", {"role": "clerk", "assignee": feel('"bob"')}, "story_task_of_another"),
    ],
)
def test_tasks_are_done_by_those_who_may(people: str, task: dict[str, str], code: str | None) -> None:
    definition = simple([make(model.UserTask, "t", **task)], "start -> t -> end")
    report = played(definition, f"people: {people}\nsteps: [{{task: t, by: ann}}]\nexpect: {{end: end}}")
    assert codes(report.deviations) == ([] if code is None else [code])


def test_four_eyes() -> None:
    tasks = [make(model.UserTask, "t"), make(model.UserTask, "u", not_same_as="t")]
    definition = simple(tasks, "start -> t -> u -> end")
    steps = "steps: [{{task: t, by: ann}}, {{task: u, by: {who}}}]\nexpect: {{end: end}}"
    assert codes(played(definition, steps.format(who="ann")).deviations) == ["story_four_eyes"]
    assert played(definition, steps.format(who="bob")).passed


# -- the clock ------------------------------------------------------------------------------------------------------------------------

LATE = simple(
    [
        make(model.UserTask, "t", due=feel('"P1D"')),
        make(
            model.BoundaryEvent,
            "late",
            attached_to="t",
            trigger=timer("cycle", '"R2/P1D"'),
            is_interrupting=False,
        ),
        make(model.ServiceTask, "remind", handler="a.mail"),
        make(model.EndEvent, "reminded"),
    ],
    "start -> t -> end\nlate -> remind -> reminded",
)


def test_the_clock_stops_at_each_timer_for_what_it_asks_of_handlers() -> None:
    report = played(
        LATE,
        """
        steps:
          - after: P2DT1H
          - handler: remind
          - handler: remind
          - expect: {waiting: [t], due: {t: 2026-11-24T09:00}}
          - {task: t, by: ann}
        expect: {path: [start, t, late, remind, reminded, late, remind, reminded, end], end: end}
        """,
        handlers=TABLE,
    )
    assert report.passed, report.deviations
    fired = [each.at for each in report.moments if any(isinstance(e, happened.TimerFired) for e in each.events)]
    assert fired == [datetime(2026, 11, 24, 8, tzinfo=UTC), datetime(2026, 11, 25, 8, tzinfo=UTC)]
    assert report.moments[-1].at == datetime(2026, 11, 25, 9, tzinfo=UTC)


def test_a_timer_can_be_waited_for_by_name_and_told_to_have_fired() -> None:
    named = "steps: [{timer: late}, {handler: remind}, {task: t, by: ann}]\nexpect: {end: end}"
    assert played(LATE, named, handlers=TABLE).passed
    named = "steps: [{after: P1D}, {timer: late}, {handler: remind}, {task: t, by: ann}]\nexpect: {end: end}"
    report = played(LATE, named, handlers=TABLE)
    assert report.passed, report.deviations
    assert sum(isinstance(each, happened.TimerFired) for each in report.events) == 1


def test_an_effect_that_was_asked_for_before_waits_until_the_time_has_passed() -> None:
    steps = "steps: [{timer: late}, {after: PT3H}, {handler: remind}, {task: t, by: ann}]\nexpect: {end: end}"
    report = played(LATE, steps, handlers=TABLE)
    assert report.passed, report.deviations
    assert report.moments[2].at == datetime(2026, 11, 24, 11, tzinfo=UTC)


def test_a_timer_that_something_else_ends_does_not_come() -> None:
    nodes = [
        make(model.UserTask, "t"),
        make(model.BoundaryEvent, "soon", attached_to="t", trigger=timer("duration", '"PT1H"')),
        make(model.BoundaryEvent, "late", attached_to="t", trigger=timer("duration", '"PT2H"')),
    ]
    report = played(
        simple(nodes, "start -> t -> end\nsoon -> end\nlate -> end"), "steps: [{timer: late}]\nexpect: {end: end}"
    )
    assert codes(report.deviations) == ["story_timer_not_fired"]


def test_no_story_goes_where_the_calendar_ends() -> None:
    far = simple(
        [make(model.CatchEvent, "far", trigger=timer("date", '"9999-12-31T23:59:00Z"'))], "start -> far -> end"
    )
    for step in ("{timer: far}", "{after: P9000Y}"):
        stopped = played(far, f"steps: [{step}]\nexpect: {{end: end}}")
        assert codes(stopped.deviations) == ["story_not_a_moment"]
    report = played(far, "expect: {end: {waiting: [far]}}")
    assert report.passed
    assert list(told(report, world_of(far), "en", at(report.moments[0].at).zone))
    report = played(far, "expect: {end: {waiting: [far]}, due: {far: 2026-11-24T09:00}}")
    assert codes(report.deviations) == ["story_due_other"]


def test_a_cycle_without_end_is_no_story() -> None:
    nodes = [
        make(model.UserTask, "t"),
        make(
            model.BoundaryEvent,
            "tick",
            attached_to="t",
            trigger=timer("cycle", '"R/PT1S"'),
            is_interrupting=False,
        ),
        make(model.EndEvent, "ticked"),
    ]
    report = played(
        simple(nodes, "start -> t -> end\ntick -> ticked"), "steps: [{after: P1Y}]\nexpect: {end: {waiting: [t]}}"
    )
    assert codes(report.deviations) == ["story_too_many_timers"]


def test_the_calendar_of_the_company_counts() -> None:
    """Friday afternoon and one working day are Monday afternoon."""
    definition = simple([make(model.UserTask, "t", due=feel("working_days_after(now(), 1)"))], "start -> t -> end")
    report = played(definition, "expect: {end: {waiting: [t]}, due: {t: 2026-11-30T16:00}}", "{at: 2026-11-27T16:00}")
    assert report.passed, report.deviations


# -- messages, signals, parallel work --------------------------------------------------------------------------------------------------

MESSAGES = simple(
    [
        make(
            model.ThrowEvent,
            "ask",
            result=message("question", "order"),
            inputs=maps(text='"how many?"', order="order"),
        ),
        make(model.CatchEvent, "answer", trigger=message("answer", "order"), outputs=maps(count="count")),
        make(model.CatchEvent, "go", trigger=signal("go"), outputs=maps(how="how")),
    ],
    "start -> ask -> answer -> go -> end",
)


def test_messages_and_signals_come_with_what_they_carry() -> None:
    report = played(
        MESSAGES,
        """
        steps:
          - {message: answer, key: 4711, payload: {count: 3}}
          - {signal: go, payload: {how: fast}}
        expect:
          end: end
          variables: {count: 3, how: fast}
          messages: [{name: question, key: 4711, payload: {text: how many?, order: 4711}}]
        """,
        "{at: 2026-11-23T09:00, variables: {order: 4711}}",
    )
    assert report.passed, report.deviations


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ("[{name: answer}]", "story_message_other"),
        ("[{name: question, key: 4712}]", "story_message_key"),
        ("[{name: question, payload: {text: how many?}}]", "story_message_payload"),
        ("[]", "story_message_unexpected"),
    ],
)
def test_messages_thrown_are_compared(expected: str, code: str) -> None:
    report = played(
        MESSAGES,
        f"expect: {{end: {{waiting: [answer]}}, messages: {expected}}}",
        "{at: 2026-11-23T09:00, variables: {order: 4711}}",
    )
    assert codes(report.deviations) == [code]


def test_a_message_for_another_key_is_not_taken() -> None:
    report = played(
        MESSAGES,
        "steps: [{message: answer, key: 4712}]\nexpect: {end: end}",
        "{at: 2026-11-23T09:00, variables: {order: 4711}}",
    )
    assert codes(report.deviations) == ["story_message_other_key"]
    assert report.deviations[0].facts["keys"] == "4711"


def test_branches_may_come_in_any_order_and_items_are_chosen() -> None:
    nodes = [
        make(model.ParallelGateway, "split"),
        make(model.ParallelGateway, "join"),
        make(
            model.UserTask,
            "many",
            multi_instance=model.MultiInstance(
                is_sequential=False, input_collection=feel("[1, 2, 3]"), input_element="number"
            ),
            outputs=maps(last="number"),
        ),
        make(model.UserTask, "a"),
        make(model.UserTask, "b"),
    ]
    definition = simple(nodes, "start -> split -> a -> b -> join -> end\nsplit -> many -> join")
    report = played(
        definition,
        """
        steps:
          - {task: many, by: ann, item: 3}
          - {task: a, by: ann}
          - {task: many, by: ann, which: 2}
          - {task: many, by: ann, item: 1}
          - {task: b, by: ann}
        expect: {path: [start, [many, [a, b]], end], end: end, variables: {last: 1}}
        """,
    )
    assert report.passed, report.deviations


def test_a_start_that_something_triggers_is_named() -> None:
    nodes = [
        make(model.StartEvent, "start"),
        make(model.StartEvent, "order", trigger=message("order"), outputs=maps(count="count + 1")),
        make(model.EndEvent, "end"),
        script("s", "double", "count * 2"),
    ]
    definition = model.Model(processes={"p": process("p", nodes, "start -> s -> end\norder -> s")})
    report = played(
        definition,
        "expect: {end: end, path: [order, s, end], variables: {double: 8}}",
        "{at: 2026-11-23T09:00, event: order, variables: {count: 3}}",
    )
    assert report.passed, report.deviations


def test_playing_is_deterministic() -> None:
    text = "steps: [{after: P2D}, {handler: remind}, {handler: remind}]\nexpect: {end: {waiting: [t]}}"
    first, second = (played(LATE, text, handlers=TABLE) for _ in range(2))
    assert first.moments == second.moments
    assert first.deviations == second.deviations


def test_what_the_kernel_cannot_do_is_a_deviation_too() -> None:
    definition = simple(
        [script("s", "x", '"a" + 1 > 2'), make(model.ExclusiveGateway, "g")], "start -> s -> g -> end : x"
    )
    report = played(definition, "expect: {end: end}")
    assert codes(report.deviations) == ["story_end_other", "story_incident_unexpected"]


@pytest.mark.parametrize(
    ("rules", "code"),
    [("[below_threshold]", "story_decision_other"), ("[above_threshold]", None), ("[]", "story_decision_other")],
)
def test_the_rules_of_a_decision_are_compared(rules: str, code: str | None) -> None:
    text = (FOLDER / "stories" / "approved.yaml").read_text(encoding="utf-8")
    assert "[above_threshold]" in text
    told_so = read_story(text.replace("[above_threshold]", rules).encode(), "stories/a.yaml")
    report = play(replenishment(), told_so, HANDLERS, at)
    assert codes(report.deviations) == ([] if code is None else [code])
    for each in report.deviations:
        assert each.element_name == "Faut-il un accord ?"


def test_a_decision_that_was_not_taken_is_missed() -> None:
    text = (FOLDER / "stories" / "refused.yaml").read_text(encoding="utf-8")
    wanted = f"{text}  decisions: {{need_approval: [above_threshold]}}\n"
    report = play(replenishment(), read_story(wanted.encode(), "stories/a.yaml"), HANDLERS, at)
    assert codes(report.deviations) == ["story_decision_not_taken"]


@pytest.mark.parametrize("handlers", [None, TABLE])
@pytest.mark.parametrize(
    ("takes", "kept"),
    [({}, {}), ({"outputs": maps(got="a")}, {"got": "1"}), ({"propagates_all_out": True}, {"a": "1", "b": "2"})],
)
def test_what_is_called_in_other_files_is_answered_by_the_story(
    handlers: Table | None, takes: dict[str, object], kept: dict[str, str]
) -> None:
    call = make(model.CallActivity, "call", process="elsewhere", binding=model.Binding.LATEST, **takes)
    caught = make(model.BoundaryEvent, "torn", attached_to="call", trigger=model.ErrorDefinition(code="E"))
    drawn = simple([call, caught, make(model.Task, "mend")], "start -> call -> end\ntorn -> mend -> end")
    for answer, path in (
        ("returns: {a: '1', b: '2'}", "[start, call, end]"),
        ("raises: E", "[start, call, torn, mend, end]"),
    ):
        report = played(
            drawn, f"steps: [{{handler: call, {answer}}}]\nexpect: {{path: {path}, end: end}}", handlers=handlers
        )
        assert codes(report.deviations) == []
        assert report.state is not None
        assert report.state.root_variables == (kept if "returns" in answer else {})
    unanswered = played(drawn, "steps: []\nexpect: {end: end}", handlers=handlers)
    assert codes(unanswered.deviations) == ["story_handler_missing"]
