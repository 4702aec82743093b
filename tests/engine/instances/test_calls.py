"""Called processes as cases of their own: exactly one for each call, both ends told of each other, whatever happens to either."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine import clock
from engine.definitions import store as definitions
from engine.errors import NotAllowed
from engine.history.verification import verify_instance
from engine.instances import calling, calls, operators
from engine.jobs import queue
from engine.kernel import Run
from engine.model.own_cases import OwnCases
from engine.protocol.events import ElementCompleted, FlowTaken
from engine.protocol.stimuli import CompleteTask, ReturnHandler, Start
from tests.engine.instances.conftest import CLERK, NOW, OWNER, House
from tests.engine.instances.drawing import (
    boundary,
    el,
    error,
    error_named,
    escalation,
    escalation_named,
    extensions,
    io,
    plain,
    process,
    say,
    timer,
    user,
    write,
)


@pytest.fixture(autouse=True)
def monday(house: House) -> Iterator[None]:
    house.now = NOW
    yield
    assert not house.jobs()


def call(
    id_: str,
    called: str,
    *inside: str,
    inputs: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    passes: str = "false",
    takes: str = "false",
    more: str = "",
) -> str:
    said = f'processId="{called}" propagateAllParentVariables="{passes}" propagateAllChildVariables="{takes}" {more}'
    mapped = io(inputs, outputs) if inputs or outputs else ""
    return el("callActivity", id_, extensions(f"<zeebe:calledElement {said} />", mapped), *inside)


def callee(id_: str, *inside: str, flows: str) -> str:
    return process(id_, el("startEvent", f"{id_}_in"), *inside, flows=flows)


def description(key: str) -> dict[str, Any]:
    """With a number for its cases."""
    said = f"key: {key}\ntitle: {{fr: {key}, en: {key}}}\nprocess: {key}\nstart: {{roles: [clerk]}}\nbusiness_key: number\n"
    return {"process.yaml": said.encode()}


def children(house: House, case: int) -> list[int]:
    return [
        row[0]
        for row in house.rows("SELECT id FROM engine.instance WHERE parent_instance_id = :id ORDER BY id", id=case)
    ]


def told(house: House, case: int, kind: str) -> list[Mapping[str, Any]]:
    return [each.record for each in house.case(case).timeline if each.type == kind]


def operate(house: House, act: str, case: int) -> None:
    with clock.frozen(house.now):
        operators.operate(house.runtime, OWNER, act, case, "because")


@pytest.fixture(scope="module")
def order(house: House) -> str:
    """Calls ``packing``, which asks somebody for a total."""
    house.publish(
        "order",
        error_named("torn"),
        plain(
            "order",
            write("size", "number", '"O-1"'),
            call("pack", "packing", inputs={"wanted": "number"}, outputs={"packed": "total"}),
            boundary("late", "pack", timer("timeDuration", "PT1H")),
            boundary("torn_at", "pack", error("torn")),
            user("check"),
            say("sorry", '"sorry"'),
            say("give_up", '"late"'),
            flows="start -> size -> pack -> check -> end\ntorn_at -> sorry -> end\nlate -> give_up -> end",
        ),
        callee(
            "packing",
            user("count", form="answer"),
            el("exclusiveGateway", "whole", default="whole__packed"),
            el("endEvent", "packed"),
            el("endEvent", "ripped", error("torn")),
            flows="packing_in -> count -> whole -> packed\nwhole -> ripped ? total < 0",
        ),
        **description("order"),
    )
    return "order"


def test_a_call_is_a_case_of_its_own_with_a_number_a_history_and_tasks(house: House, order: str) -> None:
    case = house.start(order)
    (child,) = children(house, case)
    parent, called = house.case(case), house.case(child)
    assert [each.element_id for each in parent.tasks] == []
    assert [each.element_id for each in called.tasks] == ["count"]
    assert (parent.row.business_key, called.row.business_key) == ("O-1", "O-1/1")
    assert called.variables == {"wanted": "O-1"}
    assert called.row.started_by == parent.row.started_by == CLERK.login
    assert told(house, case, "call:requested")[0]["case"] == child
    assert told(house, child, "instance:called")[0]["case"] == case
    assert "count" not in parent.path.elements
    house.complete(child, "count", total="7")
    assert house.status(child) == "completed"
    assert house.case(case).variables == {"number": "O-1", "packed": 7}
    house.complete(case, "check")
    assert house.status(case) == "completed"
    assert house.rows("SELECT count(*) FROM engine.call WHERE instance_id = :id AND ended_at IS NULL", id=case) == [
        (0,)
    ]
    with house.runtime.database.reading() as session:
        assert all(verify_instance(session, each).is_whole for each in (case, child))


def test_an_error_of_the_called_case_is_that_of_the_call(house: House, order: str) -> None:
    case = house.start(order)
    (child,) = children(house, case)
    house.complete(child, "count", total="-1")
    assert (house.status(child), house.status(case), house.notes(case)) == ("failed", "completed", ["sorry"])


def test_a_call_that_is_interrupted_ends_the_called_case(house: House, order: str) -> None:
    case = house.start(order)
    (child,) = children(house, case)
    house.pass_time(NOW + timedelta(hours=1))
    assert (house.status(child), house.status(case), house.notes(case)) == ("cancelled", "completed", ["late"])
    assert [each["reason"] for each in told(house, child, "instance:cancelled")] == [calling.WITHDRAWN]
    assert not any(each.is_open for each in house.case(child).tasks)


def test_a_call_that_is_interrupted_before_its_case_begins_never_begins_it(house: House, order: str) -> None:
    case = house.start_only(order)
    begin = house.jobs()
    assert [name for name, _ in begin] == [queue.BEGIN_CALL]
    operate(house, "cancel", case)
    house.work()
    for name, arguments in begin:
        house.perform(name, arguments)
    assert children(house, case) == []


def test_a_called_case_that_is_given_up_while_it_begins_leaves_nothing(
    house: House, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = house.start_only(order)
    ((name, arguments),) = house.jobs()
    real = calls.begun

    def late(*given: Any) -> bool:
        """The caller's step commits between all that the called case wrote and its last statement."""
        monkeypatch.setattr(calls, "begun", real)
        operate(house, "cancel", case)
        return real(*given)

    monkeypatch.setattr(calls, "begun", late)
    house.perform(name, arguments)
    house.work()
    assert children(house, case) == []
    assert house.rows("SELECT count(*) FROM engine.task WHERE instance_id = :id", id=arguments["child_id"]) == [(0,)]


def test_an_operator_who_cancels_the_called_case_leaves_the_caller_an_incident_that_calls_again(
    house: House, order: str
) -> None:
    case = house.start(order)
    (first,) = children(house, case)
    operate(house, "cancel", first)
    house.work()
    (incident,) = house.incidents(case)
    assert (incident.code, incident.element_id, incident.facts) == ("call_cancelled", "pack", {"case": "O-1/1"})
    house.retry(case)
    assert house.incidents(case) == []
    second = children(house, case)[1]
    assert house.case(second).row.business_key == "O-1/2"
    house.complete(second, "count", total="2")
    assert house.case(case).variables["packed"] == 2


def test_a_caller_that_stands_still_hears_of_it_when_it_goes_on(house: House, order: str) -> None:
    case = house.start(order)
    (child,) = children(house, case)
    operate(house, "suspend", case)
    house.complete(child, "count", total="3")
    assert [each.element_id for each in house.case(case).tasks] == []
    operate(house, "resume", case)
    house.work()
    assert [each.element_id for each in house.case(case).tasks] == ["check"]
    early = house.start_only(order)
    operate(house, "suspend", early)
    house.work()
    assert children(house, early) == []
    operate(house, "resume", early)
    house.work()
    assert len(children(house, early)) == 1


def test_cancelling_the_caller_cancels_what_it_called_in_turn_also_what_stands_still(house: House) -> None:
    house.publish(
        "upper",
        plain("upper", call("c1", "middle"), flows="start -> c1 -> end"),
        callee("middle", call("c2", "lower"), el("endEvent", "m"), flows="middle_in -> c2 -> m"),
        callee("lower", user("work"), el("endEvent", "l"), flows="lower_in -> work -> l"),
    )
    case = house.start("upper")
    (middle,) = children(house, case)
    (lower,) = children(house, middle)
    assert house.rows("SELECT root_instance_id, depth FROM engine.instance WHERE id = :id", id=lower) == [(case, 2)]
    operate(house, "suspend", middle)
    operate(house, "cancel", case)
    house.work()
    assert [house.status(each) for each in (case, middle, lower)] == ["cancelled"] * 3


def test_an_error_that_nothing_catches_is_an_incident_of_the_caller(house: House) -> None:
    house.publish(
        "brittle",
        error_named("crack"),
        plain("brittle", call("c", "glass"), flows="start -> c -> end"),
        callee("glass", user("drop"), el("endEvent", "g", error("crack")), flows="glass_in -> drop -> g"),
    )
    case = house.start("brittle")
    (child,) = children(house, case)
    house.complete(child, "drop")
    (incident,) = house.incidents(case)
    assert (incident.code, incident.facts) == ("call_failed", {"case": f"n° {child}", "error": "crack"})
    house.retry(case)
    assert len(children(house, case)) == 2
    operate(house, "cancel", case)
    house.work()


def test_each_item_and_each_round_is_a_case_of_its_own(house: House) -> None:
    many = el(
        "multiInstanceLoopCharacteristics",
        "items",
        extensions(
            '<zeebe:loopCharacteristics inputCollection="=[1, 2, 3]" inputElement="n" outputCollection="all" outputElement="=got" />'
        ),
    )
    house.publish(
        "many",
        plain(
            "many",
            call("each", "one", many, inputs={"n": "n"}, outputs={"got": "twice"}),
            write("again", "rounds", "if rounds = null then 1 else rounds + 1"),
            call("round", "one", inputs={"n": "rounds"}, outputs={"last": "twice"}),
            el("exclusiveGateway", "enough", default="enough__end"),
            flows="start -> each -> again -> round -> enough -> end\nenough -> again ? rounds < 3",
        ),
        callee("one", write("double", "twice", "2 * n"), el("endEvent", "o"), flows="one_in -> double -> o"),
    )
    case = house.start("many")
    assert house.status(case) == "completed"
    assert house.case(case).variables == {"all": [2, 4, 6], "rounds": 3, "last": 6}
    assert len(children(house, case)) == 6
    assert house.rows("SELECT number FROM engine.call WHERE instance_id = :id ORDER BY child_instance_id", id=case) == [
        (each,) for each in range(1, 7)
    ]


def test_everything_that_could_be_seen_when_the_call_was_made_is_given(house: House) -> None:
    """Also when another branch of the same step writes before the called case begins; and everything comes back."""
    house.publish(
        "wide",
        plain(
            "wide",
            write("first", "seen", '"before"'),
            el("parallelGateway", "split"),
            call("c", "echo", passes="true", takes="true"),
            write("other", "seen", '"after"'),
            el("parallelGateway", "join"),
            flows="start -> first -> split -> c -> join -> end\nsplit -> other -> join",
        ),
        callee("echo", write("keep", "heard", "seen"), el("endEvent", "e"), flows="echo_in -> keep -> e"),
    )
    case = house.start("wide")
    assert house.case(case).variables["heard"] == "before"
    # a state from before: everything that it gave, also what it had been given
    assert house.case(case).variables["seen"] == "before"


def test_a_process_that_calls_itself_without_end_stops_with_an_incident(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "DEEPEST", 3)
    house.publish("endless", plain("endless", call("again", "endless"), flows="start -> again -> end"))
    case = house.start("endless")
    found = house.rows("SELECT id FROM engine.instance WHERE root_instance_id = :id ORDER BY depth", id=case)
    assert len(found) == 3
    (incident,) = house.incidents(found[-1][0])
    assert (incident.code, incident.facts) == ("call_too_deep", {"limit": 3})
    operate(house, "cancel", case)
    house.work()
    assert {house.status(each) for (each,) in found} == {"cancelled"}


def tagged(key: str, tag: str, said: str) -> str:
    named = extensions(f'<zeebe:versionTag value="{tag}" />')
    ends = el("startEvent", "start"), el("endEvent", "end")
    return process(key, named, *ends, write("say", "said", f'"{said}"'), flows="start -> say -> end")


def test_other_versions_are_called_in_force_or_by_their_tag(house: House) -> None:
    latest, by_tag = 'bindingType="latest"', 'bindingType="versionTag" versionTag="blue"'
    house.publish(
        "chooser",
        plain(
            "chooser",
            call("newest", "painted", outputs={"newest": "said"}, more=latest),
            call("tagged", "painted", outputs={"tagged": "said"}, more=by_tag),
            flows="start -> newest -> tagged -> end",
        ),
    )
    case = house.start("chooser")
    (incident,) = house.incidents(case)
    assert (incident.code, incident.facts) == ("process_not_found", {"process": "painted"})
    for tag, said in (("blue", "old blue"), ("blue", "blue"), ("red", "red")):
        house.publish("painted", tagged("painted", tag, said))
    house.retry(case)
    assert house.status(case) == "completed"
    assert house.case(case).variables == {"newest": "red", "tagged": "blue"}
    assert [house.case(each).row.process_key for each in children(house, case)] == ["painted", "painted"]


def test_a_tag_that_no_version_carries_is_an_incident(house: House) -> None:
    by_tag = 'bindingType="versionTag" versionTag="none"'
    house.publish("seeker", plain("seeker", call("c", "order", more=by_tag), flows="start -> c -> end"))
    (incident,) = house.incidents(house.start("seeker"))
    assert (incident.code, incident.facts) == ("version_tag_not_found", {"process": "order", "tag": "none"})


def test_what_speaks_by_more_than_inputs_and_outputs_stays_inside(house: House) -> None:
    house.publish(
        "loud",
        escalation_named("up"),
        plain(
            "loud",
            call("c", "shout"),
            boundary("heard", "c", escalation("up")),
            say("calm", '"calm"'),
            flows="start -> c -> end\nheard -> calm -> end",
        ),
        callee("shout", el("endEvent", "out", escalation("up")), flows="shout_in -> out"),
    )
    case = house.start("loud")
    assert (children(house, case), house.notes(case)) == ([], ["calm"])


def test_a_case_from_before_has_what_it_called_inside_to_its_end(house: House, order: str) -> None:
    with house.runtime.database.reading() as session:
        bundle = definitions.load_latest(session, order).bundle
    now = bundle.durable
    object.__setattr__(bundle, "durable", OwnCases(model=bundle.model, calls=frozenset(), given_everything=frozenset()))
    try:
        case = house.start(order)
    finally:
        object.__setattr__(bundle, "durable", now)
    assert [each.element_id for each in house.case(case).tasks] == ["count"]
    house.complete(case, "count", total="4")
    house.complete(case, "check")
    assert (house.status(case), children(house, case)) == ("completed", [])
    assert house.case(case).variables["packed"] == 4


def test_both_histories_together_tell_the_way_of_the_drawing(house: House, order: str) -> None:
    """As the proof and the stories see it: the called process inside of its caller."""
    with house.runtime.database.reading() as session:
        bundle = definitions.load_latest(session, order).bundle
    for total in ("5", "-1"):
        drawn = Run(bundle.model, None, house.runtime.environment(NOW))
        events = list(drawn.answer(Start(process=order)))
        case = house.start(order)
        (child,) = children(house, case)
        last = ("check" if total == "5" else "sorry", case, dict[str, str]())
        for element, where, answers in (("count", child, {"total": total}), last):
            (wanted,) = (each.id for each in drawn.state.activities.values() if each.element == element)
            if element == "sorry":
                events += drawn.answer(ReturnHandler(activity=wanted))
                continue
            variables = {name: Decimal(value) for name, value in answers.items()}
            events += drawn.answer(CompleteTask(activity=wanted, actor=CLERK.login, variables=variables))
            house.complete(where, element, **answers)
        happened = house.events(case) + house.events(child)
        for kind, name in ((ElementCompleted, "element"), (FlowTaken, "flow")):
            one, other = (
                Counter(getattr(e, name) for e in found if isinstance(e, kind)) for found in (events, happened)
            )
            assert one == other
        assert (house.status(case), house.case(case).variables) == (drawn.state.status, drawn.state.root_variables)


def test_four_eyes_hold_in_the_called_case(house: House) -> None:
    checked = user("recheck").replace(
        "</bpmn:extensionElements>",
        '<zeebe:properties><zeebe:property name="notSameAs" value="first" /></zeebe:properties></bpmn:extensionElements>',
        1,
    )
    house.publish(
        "eyes",
        plain("eyes", call("c", "second"), flows="start -> c -> end"),
        callee("second", user("first"), checked, el("endEvent", "s"), flows="second_in -> first -> recheck -> s"),
    )
    case = house.start("eyes")
    (child,) = children(house, case)
    house.complete(child, "first")
    with pytest.raises(NotAllowed) as refused:
        house.complete(child, "recheck")
    assert refused.value.code == "task_four_eyes"
    operate(house, "cancel", case)
    house.work()


def test_jobs_that_run_at_the_same_moment_begin_one_case_and_answer_once(house: House, order: str) -> None:
    case = house.start_only(order)
    at_once(house, house.jobs() * 4)
    (child,) = children(house, case)
    house.complete_only(child, "count", total="1")
    at_once(house, house.jobs() * 4)
    assert [each.element_id for each in house.case(case).tasks] == ["check"]
    assert [each.type for each in house.case(case).timeline].count("handler:returned") == 1


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
def test_beginning_and_withdrawing_at_the_same_moment(house: House, order: str, seed: int) -> None:
    for _ in range(10):
        case = house.start_only(order)
        jobs = house.jobs()
        acts = [threading.Thread(target=house.perform, args=each) for each in jobs]
        acts.insert(seed % 2, threading.Thread(target=operate, args=(house, "cancel", case)))
        for each in acts:
            each.start()
        for each in acts:
            each.join(30)
        house.work()
        assert all(house.status(each) == "cancelled" for each in (case, *children(house, case)))


def at_once(house: House, jobs: list[tuple[str, dict[str, Any]]]) -> None:
    """All of these jobs at the same moment."""
    begin, raised = threading.Barrier(len(jobs)), list[BaseException]()

    def run(name: str, arguments: dict[str, Any]) -> None:
        begin.wait()
        try:
            house.perform(name, arguments)
        except BaseException as problem:  # noqa: BLE001 - told by the thread that waits
            raised.append(problem)

    threads = [threading.Thread(target=run, args=each) for each in jobs]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert raised == []
