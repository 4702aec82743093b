"""Tokens through tasks and gateways."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.decisions import read_decisions
from engine.errors import NotFound
from engine.kernel import Event, StaleStimulus, ValueNotStorable, advance
from engine.model import elements as model
from engine.protocol.stimuli import (
    CancelInstance,
    CompleteTask,
    FailHandler,
    RetryIncident,
    ReturnHandler,
    Start,
    Stimulus,
    ThrowError,
)
from tests.engine.kernel.building import NOW, Run, at, error, feel, make, maps, script, simple


def user(id_: str, **more: Any) -> Any:
    return make(model.UserTask, id_, **more)


def service(id_: str, **more: Any) -> Any:
    return make(model.ServiceTask, id_, **({"handler": "a.b"} | more))


def done(run: Run, element: str, **variables: Any) -> tuple[Event, ...]:
    return run(CompleteTask(activity=run.one(element), actor="camille", variables=variables))


def returned(run: Run, element: str, **result: Any) -> tuple[Event, ...]:
    return run(ReturnHandler(activity=run.one(element), result=result))


def test_sequence_of_tasks_ends_the_instance() -> None:
    run = Run(simple([user("ask"), service("act")], "start -> ask -> act -> end"), amount=Decimal("12.50"))
    assert run.happened("task:created", "element") == ["ask"]
    done(run, "ask", answer="yes")
    assert [each.element for each in run.state.needs] == ["act"]
    returned(run, "act", number="A-1")
    assert run.status == "completed"
    assert run.state.is_ended
    assert run.state.root_variables == {"amount": Decimal("12.50"), "answer": "yes", "number": "A-1"}
    assert run.completed == ["start", "ask", "act", "end"]
    assert not run.state.activities
    assert not run.state.needs


def test_user_task_says_role_form_dates_and_priority() -> None:
    task = user(
        "ask",
        role="purchasing_admin",
        form="decide",
        assignee=feel("who"),
        due=feel('duration("P2D")'),
        follow_up=feel('date and time("2026-11-21T08:00:00")'),
        priority=feel("10 + 5"),
        not_same_as="submit",
        inputs=maps(short="amount * 2"),
    )
    run = Run(simple([task], "start -> ask -> end"), who="monique", amount=Decimal(4))
    created = run.first("task:created")
    assert (created.role, created.form, created.assignee) == ("purchasing_admin", "decide", "monique")
    assert created.due_at == datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    assert created.follow_up_at == datetime(2026, 11, 21, 7, 0, tzinfo=UTC)  # Paris in winter
    assert (created.priority, created.not_same_as) == (15, "submit")
    assert run.state.variables_of(run.one("ask")) == {"who": "monique", "amount": 4, "short": 8}
    done(run, "ask")
    assert "short" not in run.state.root_variables


@pytest.mark.parametrize(
    ("attribute", "source", "code"),
    [
        ("assignee", "1", "value_not_text"),
        ("due", '"soon"', "not_a_time"),
        ("follow_up", "true", "not_a_time"),
        ("priority", "101", "priority_invalid"),
        ("priority", "1.5", "priority_invalid"),
    ],
)
def test_what_a_task_needs_and_is_not_so_is_an_incident(attribute: str, source: str, code: str) -> None:
    run = Run(simple([user("ask", **{attribute: feel(source)})], "start -> ask -> end"))
    assert run.incident.code == code
    assert run.incident.element == "ask"
    assert not run.happened("task:created", "element")


def test_handler_is_given_its_inputs_and_nothing_else() -> None:
    act = service("act", inputs=maps(order__number="n", order__lines="[1, 2]", total="order.number + 1"))
    run = Run(simple([act], "start -> act -> end"), n=Decimal(7), secret="x")
    (given,) = run.happened("handler:requested", "given")
    assert given == {"order": {"lines": [1, 2], "number": 7}, "total": 8}
    returned(run, "act")
    assert run.state.root_variables == {"n": 7, "secret": "x"}


def test_with_outputs_only_they_leave_the_activity() -> None:
    act = service("act", outputs=maps(number="result.number", order__state='"sent"'))
    run = Run(simple([act], "start -> act -> end"), order={"id": "o1"})
    returned(run, "act", result={"number": "A-1"}, noise=True)
    assert run.state.root_variables == {"number": "A-1", "order": {"id": "o1", "state": "sent"}}


DOUBLED = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
  <decision id="double" name="double">
    <decisionTable id="t" hitPolicy="UNIQUE">
      <input id="i1" label="How many"><inputExpression id="e1" typeRef="number"><text>n</text></inputExpression></input>
      <output id="o1" name="twice" typeRef="number"/>
      <rule id="r1"><inputEntry id="c1"><text>&lt; 5</text></inputEntry><outputEntry id="x1"><text>0</text></outputEntry></rule>
      <rule id="r2"><inputEntry id="c2"><text>&gt;= 5</text></inputEntry><outputEntry id="x2"><text>n * 2</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>"""


def test_script_and_rule_results() -> None:
    rule = make(model.BusinessRuleTask, "rule", decision="double", result_variable="twice")
    decisions = read_decisions(DOUBLED, "double.dmn")
    run = Run(simple([script("s", "n", "3 + 4"), rule], "start -> s -> rule -> end", decisions))
    assert run.state.root_variables == {"n": 7, "twice": 14}
    decided = run.first("decision:evaluated")
    assert (decided.rules, decided.inputs, decided.result) == (("r2",), {"How many": 7}, 14)


def test_a_decision_that_contradicts_itself_is_an_incident() -> None:
    rule = make(model.BusinessRuleTask, "rule", decision="double", result_variable="twice")
    decisions = read_decisions(DOUBLED.replace(b"&gt;= 5", b"&gt;= 2"), "double.dmn")
    run = Run(simple([rule], "start -> rule -> end", decisions), n=3)
    assert (run.incident.element, run.incident.place) == ("rule", "decision")
    assert not run.happened("decision:evaluated", "rules")


def test_unknown_decision_is_an_incident() -> None:
    rule = make(model.BusinessRuleTask, "rule", decision="nothing", result_variable="r")
    assert Run(simple([rule], "start -> rule -> end")).incident.code == "decision_unknown"


EXCLUSIVE = """start -> x
x -> a : n > 10
x -> b : n > 5
x -> c
a -> end
b -> end
c -> end"""


@pytest.mark.parametrize(("n", "taken"), [(11, "a"), (6, "b"), (1, "c")])
def test_exclusive_gateway_takes_the_first_flow_that_holds(n: int, taken: str) -> None:
    nodes = [make(model.ExclusiveGateway, "x", default="x-c"), script("a"), script("b"), script("c")]
    run = Run(simple(nodes, EXCLUSIVE), n=n)
    assert run.completed == ["start", "x", taken, "end"]


def test_a_condition_that_is_not_boolean_stops_and_can_be_tried_again() -> None:
    nodes = [make(model.ExclusiveGateway, "x", default="x-c"), script("a"), script("b"), script("c"), user("fix")]
    run = Run(simple([*nodes, make(model.ParallelGateway, "f")], "start -> f -> x\nf -> fix -> end\n" + EXCLUSIVE[11:]))
    assert (run.incident.code, run.incident.place) == ("condition_not_boolean", "condition x-a")
    done(run, "fix", n=Decimal(7))
    assert run.status == "active"
    run(RetryIncident(incident=run.incident.id))
    assert run.completed == ["start", "f", "fix", "end", "x", "b", "end"]
    assert run.status == "completed"


def test_no_flow_possible_is_an_incident() -> None:
    nodes = [make(model.ExclusiveGateway, "x"), script("a")]
    run = Run(simple(nodes, "start -> x\nx -> a : n > 1\na -> end"), n=0)
    assert (run.incident.code, run.incident.element) == ("no_flow_possible", "x")
    run(RetryIncident(incident=run.incident.id))
    assert run.incident.code == "no_flow_possible"
    assert len(run.happened("incident:resolved", "incident")) == 1


def test_parallel_branches_join_whatever_their_order() -> None:
    nodes = [make(model.ParallelGateway, "f"), make(model.ParallelGateway, "j"), user("a"), service("b")]
    definition = simple(nodes, "start -> f -> a -> j -> end\nf -> b -> j")
    for order in (("a", "b"), ("b", "a")):
        run = Run(definition)
        for each in order:
            assert run.status == "active"
            done(run, each, **{each: 1}) if each == "a" else returned(run, each, b=2)
        assert run.status == "completed"
        assert run.state.root_variables == {"a": 1, "b": 2}
        assert run.happened("element:entered", "element").count("j") == 1


def test_a_parallel_join_takes_one_token_of_each_flow() -> None:
    nodes = [
        make(model.ParallelGateway, "f"),
        make(model.ParallelGateway, "j"),
        make(model.ExclusiveGateway, "m"),
        user("a"),
        user("b"),
        user("c"),
    ]
    # a and b merge before the join, so that one of its flows gets two tokens and the other one
    run = Run(simple(nodes, "start -> f -> a -> m -> j -> end\nf -> b -> m\nf -> c -> j"))
    done(run, "a")
    done(run, "b")
    assert "j" not in run.completed
    done(run, "c")
    assert run.completed.count("j") == 1
    assert run.incident.code == "deadlock"
    assert run.incident.element == "j"


def test_several_flows_out_of_a_task_are_parallel_and_merge_uncontrolled() -> None:
    run = Run(simple([user("a"), script("b"), script("c"), script("d")], "start -> a -> b -> d -> end\na -> c -> d"))
    done(run, "a")
    assert Counter(run.completed) == {"start": 1, "a": 1, "b": 1, "c": 1, "d": 2, "end": 2}
    assert run.status == "completed"


def test_an_activity_without_flow_ends_its_path() -> None:
    run = Run(simple([user("a"), user("b"), make(model.ParallelGateway, "f")], "start -> f -> a\nf -> b -> end"))
    done(run, "b")
    assert run.status == "active"
    done(run, "a")
    assert run.status == "completed"


INCLUSIVE = """start -> f
f -> a : "a" in list
f -> b : "b" in list
f -> c
a -> j
b -> j
c -> j
j -> last -> end"""


@pytest.mark.parametrize(("chosen", "tasks"), [(["a"], "a"), (["a", "b"], "ab"), ([], "c")])
def test_inclusive_split_and_join(chosen: list[str], tasks: str) -> None:
    nodes = [
        make(model.InclusiveGateway, "f", default="f-c"),
        make(model.InclusiveGateway, "j"),
        *(user(each) for each in "abc"),
        script("last"),
    ]
    flows = INCLUSIVE.replace('"a" in list', 'list contains(chosen, "a")').replace(
        '"b" in list', 'list contains(chosen, "b")'
    )
    run = Run(simple(nodes, flows), chosen=chosen)
    for each in tasks:
        assert "j" not in run.completed
        done(run, each)
    assert run.completed.count("last") == 1
    assert run.status == "completed"


def test_inclusive_join_waits_for_what_can_still_reach_it_and_not_for_the_rest() -> None:
    nodes = [
        make(model.ParallelGateway, "f"),
        make(model.InclusiveGateway, "j"),
        make(model.ExclusiveGateway, "x"),
        user("a"),
        user("b"),
        script("aside"),
        script("last"),
    ]
    flows = "start -> f -> a -> j -> last -> end\nf -> b -> x\nx -> j : joins\nx -> aside : not(joins)\naside -> end"
    run = Run(simple(nodes, flows))
    done(run, "a")
    assert "j" not in run.completed
    done(run, "b", joins=False)
    assert run.completed.count("last") == 1
    assert run.completed.index("x") < run.completed.index("j")
    assert run.status == "completed"


def test_inclusive_join_in_a_loop_waits_for_its_own_round() -> None:
    nodes = [
        make(model.ExclusiveGateway, "again"),
        make(model.InclusiveGateway, "f"),
        make(model.InclusiveGateway, "j"),
        make(model.ExclusiveGateway, "x", default="x-end"),
        user("a"),
        user("b"),
    ]
    flows = "start -> again -> f -> a -> j -> x -> end\nf -> b -> j\nx -> again : n < 3"
    run = Run(simple(nodes, flows), n=0)
    for number in range(3):
        done(run, "b", n=number + 1)
        done(run, "a")
    assert run.completed.count("j") == 3
    assert run.status == "completed"


def test_every_handler_failure_can_be_tried_again_with_the_same_activity() -> None:
    run = Run(simple([service("act")], "start -> act -> end"))
    activity = run.one("act")
    run(FailHandler(activity=activity, code="handler_crashed", facts={"attempts": 3}))
    assert (run.incident.code, run.incident.place) == ("handler_crashed", "handler")
    assert not run.state.needs
    with pytest.raises(StaleStimulus):
        run(ReturnHandler(activity=activity))
    run(RetryIncident(incident=run.incident.id))
    assert run.happened("handler:requested", "activity") == [activity, activity]
    returned(run, "act")
    assert run.status == "completed"


def test_an_uncaught_business_error_keeps_the_element() -> None:
    run = Run(simple([service("act"), user("ask")], "start -> act -> ask -> end"))
    run(ThrowError(activity=run.one("act"), code="OUT_OF_STOCK", facts={"article": "A1"}))
    assert run.incident.code == "business_error_uncaught"
    raised = run.first("incident:raised")
    assert raised.facts == {"article": "A1", "error": "OUT_OF_STOCK"}
    run(RetryIncident(incident=run.incident.id))
    returned(run, "act")
    run(ThrowError(activity=run.one("ask"), code="X"))
    assert len(run.state.incidents) == 1
    done(run, "ask")
    assert run.status == "completed"
    assert not run.state.incidents


def test_what_cannot_be_stored_is_an_incident_or_a_refusal() -> None:
    assert Run(simple([script("s", "r", "[1..5]")], "start -> s -> end")).incident.code == "value_not_storable"
    run = Run(simple([service("act")], "start -> act -> end"))
    for bad in (1.5, {"@date": "2026-01-01"}, object(), {1: 2}, "\ud800", Decimal("NaN")):
        with pytest.raises(ValueNotStorable):
            run(ReturnHandler(activity=run.one("act"), result={"x": bad}))
    facts: Any = {"weight": 1.5}
    for stimulus in (ThrowError, FailHandler):
        with pytest.raises(ValueNotStorable):
            run(stimulus(activity=run.one("act"), code="E", facts=facts))
    with pytest.raises(ValueNotStorable) as raised:
        run(ReturnHandler(activity=run.one("act"), result={"x": "x" * 300_000}))
    assert raised.value.code == "value_too_large"
    with pytest.raises(ValueNotStorable):
        run(ReturnHandler(activity=run.one("act"), result={"@date": "2026-01-01"}))


def test_cancel_ends_everything() -> None:
    nodes = [make(model.ParallelGateway, "f"), user("a"), service("b"), make(model.ParallelGateway, "j")]
    run = Run(simple(nodes, "start -> f -> a -> j -> end\nf -> b -> j\nf -> j"))
    run(CancelInstance(reason="asked"))
    assert run.status == "cancelled"
    assert run.happened("task:cancelled", "element") == ["a"]
    assert run.happened("handler:cancelled", "element") == ["b"]
    assert run.happened("token:dropped", "flows") == [("f-j",)]
    assert not run.state.activities


def test_terminate_ends_all_branches() -> None:
    nodes = [
        make(model.ParallelGateway, "f"),
        user("a"),
        user("b"),
        make(model.EndEvent, "stop", result=model.TerminateDefinition()),
    ]
    run = Run(simple(nodes, "start -> f -> a -> end\nf -> b -> stop"))
    done(run, "b")
    assert run.happened("element:cancelled", "element") == ["a"]
    assert run.status == "completed"


def test_what_an_end_is_given_is_asked_even_when_nobody_is_told() -> None:
    run = Run(simple([make(model.EndEvent, "e2", inputs=maps(a="[1..2]"))], "start -> e2"))
    assert (run.incident.element, run.incident.place) == ("e2", "input a")


def test_an_uncaught_error_end_fails_the_instance() -> None:
    nodes = [make(model.ParallelGateway, "f"), user("a"), user("b"), make(model.EndEvent, "bad", result=error("E1"))]
    run = Run(simple(nodes, "start -> f -> a -> end\nf -> b -> bad"))
    done(run, "b")
    assert run.status == "failed"
    assert run.happened("instance:failed", "code", "element") == [("E1", "bad")]
    assert run.happened("error:thrown", "code", "element") == [("E1", "bad")]
    assert run.happened("element:cancelled", "element") == ["a"]


def test_a_loop_that_never_rests_is_an_incident_and_goes_on_when_retried() -> None:
    nodes = [
        make(model.ExclusiveGateway, "m"),
        make(model.ExclusiveGateway, "x", default="x-m"),
        script("s", "n", "n + 1"),
    ]
    definition = simple(nodes, "start -> m -> s -> x\nx -> end : n >= 200\nx -> m")
    run = Run(definition, max_steps=500, n=0)
    assert run.incident.code == "too_many_steps"
    raised = run.first("incident:raised")
    assert set(raised.facts["elements"].split(", ")) == {"m", "s", "x"}
    run(RetryIncident(incident=run.incident.id))
    assert run.status == "completed"
    assert run.state.root_variables == {"n": 200}


def test_an_end_closes_the_incident_of_a_branch_that_never_rests() -> None:
    nodes = [
        make(model.ParallelGateway, "f"),
        make(model.ExclusiveGateway, "m"),
        script("s"),
        user("a"),
        make(model.EndEvent, "stop", result=model.TerminateDefinition()),
    ]
    run = Run(simple(nodes, "start -> f -> m -> s -> m\nf -> a -> stop"), max_steps=50)
    done(run, "a")
    assert run.status == "completed"
    assert not run.state.incidents
    assert len(run.happened("incident:resolved", "incident")) == len(run.happened("incident:raised", "incident")) == 1


def test_stale_stimuli_change_nothing() -> None:
    definition = simple([user("a"), service("b")], "start -> a -> b -> end")
    run = Run(definition)
    stale: list[Stimulus] = [
        Start(process="p"),
        CompleteTask(activity="a99", actor="x"),
        CompleteTask(activity="s1", actor="x"),
        ReturnHandler(activity=run.one("a")),
        ThrowError(activity="a1", code="E"),
        FailHandler(activity=run.one("a"), code="x"),
        RetryIncident(incident="i1"),
    ]
    before = run.state.to_text()
    for stimulus in stale:
        with pytest.raises(StaleStimulus):
            run(stimulus)
    assert run.state.to_text() == before
    answer = CompleteTask(activity=run.one("a"), actor="x")
    run(answer)
    with pytest.raises(StaleStimulus):
        run(answer)
    returned(run, "b")
    for stimulus in (answer, CancelInstance(reason="late")):
        with pytest.raises(StaleStimulus):
            run(stimulus)


def test_an_instance_needs_a_known_process_and_start() -> None:
    definition = simple([user("a")], "start -> a -> end")
    for bad in (Start(process="q"), Start(process="p", start_event="a")):
        with pytest.raises(NotFound):
            advance(definition, None, bad, at(NOW))
    twice = simple([user("a"), make(model.StartEvent, "other")], "start -> a -> end\nother -> a")
    with pytest.raises(NotFound):
        advance(twice, None, Start(process="p"), at(NOW))
    with pytest.raises(StaleStimulus):
        advance(definition, None, CancelInstance(reason="x"), at(NOW))


def test_time_passes_only_through_the_environment() -> None:
    run = Run(simple([user("a", due=feel("now()")), user("b", due=feel("now()"))], "start -> a -> b -> end"))
    run.now += timedelta(hours=3)
    done(run, "a")
    first, second = run.happened("task:created", "due_at")
    assert second - first == timedelta(hours=3)
