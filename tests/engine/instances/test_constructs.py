"""Each construct that the kernel moves, on the real database: its waits have rows, its handlers run once each, its jobs find their case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from engine.jobs.retries import ATTEMPTS, TryAgain
from engine.model import elements as model
from tests.engine.instances.conftest import NOW, House
from tests.engine.instances.drawing import el, process
from tests.engine.instances.drawings import DECISION, DRAWINGS, read

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def monday(house: House) -> Iterator[None]:
    house.now = NOW
    yield
    assert not house.jobs()


# -- event sub-processes -----------------------------------------------------------------------------------------------------------------


def test_event_sub_processes_of_a_case_begin_by_timer_message_and_signal(house: House) -> None:
    house.publish("watch", *DRAWINGS["watch"])
    case = house.start("watch")
    assert house.rows("SELECT kind, name FROM engine.subscription WHERE instance_id = :id ORDER BY 1", id=case) == [
        ("message", "watch_asked"),
        ("signal", "watch_fire"),
    ]
    for hours in (1, 2, 3):
        house.pass_time(NOW + hours * HOUR)
    house.send("watch_asked", who="Ada")
    house.send("watch_asked", who="Bob")
    assert house.notes(case) == ["tick", "tick", "Ada", "Bob"]
    assert house.status(case) == "active"
    house.throw("watch_fire")
    assert house.notes(case)[-1] == "fire"
    found = house.case(case)
    assert found.row.status == "completed"
    assert not any(each.is_open for each in found.tasks)
    assert found.path.elements["guard"].cancelled == 1
    assert found.path.elements["hourly"].entered == found.path.elements["hourly_on"].completed == 2
    assert "hourly_on__tick" in found.path.flows


def test_event_sub_processes_by_error_escalation_and_condition(house: House) -> None:
    house.publish("shop", *DRAWINGS["shop"])
    case = house.start("shop")
    assert house.notes(case) == ["boss"]
    house.complete(case, "count", total="200")
    assert house.notes(case) == ["boss", "safe"]
    house.complete(case, "look")
    assert house.notes(case) == ["boss", "safe", "pen"]
    assert house.status(case) == "completed"
    assert "sign" not in house.passed(case)


# -- boundary events ---------------------------------------------------------------------------------------------------------------------


def test_boundary_events_of_every_kind(house: House) -> None:
    house.publish("edge", *DRAWINGS["edge"])
    case = house.start("edge")
    house.pass_time(NOW + HOUR)
    house.send("edge_call", "edge")
    house.send("edge_call", "another")
    house.throw("edge_sun", "edge_sun")
    assert house.notes(case) == ["hour", "call", "sun", "sun"]
    house.complete(case, "think", total="1")
    house.complete(case, "enter", total="20")
    assert house.notes(case)[4:] == ["big"]
    found = house.case(case)
    assert found.row.status == "completed"
    assert {"boss", "dry"} <= set(house.passed(case))
    assert found.path.elements["work"].cancelled == 1


# -- gateways ----------------------------------------------------------------------------------------------------------------------------


def offer(house: House) -> int:
    house.publish("offer", *DRAWINGS["offer"])
    return house.start("offer")


def test_event_based_gateway_a_message_against_a_timer(house: House) -> None:
    answered, silent = offer(house), offer(house)
    house.send("offer_yes", "offer")
    assert (house.notes(answered), house.notes(silent)) == (["deliver"], [])
    house.pass_time(NOW + HOUR)
    assert (house.notes(answered), house.notes(silent)) == (["deliver"], ["remind"])
    assert "first__late" in house.case(silent).path.flows
    assert house.status(answered) == house.status(silent) == "completed"


def test_gateways_join_as_they_should(house: House) -> None:
    house.publish("gates", *DRAWINGS["gates"])
    case = house.start("gates")
    house.complete(case, "a")
    assert house.notes(case) == []
    house.complete(case, "c")
    assert sorted(house.notes(case)) == ["big", "odd"]
    assert house.status(case) == "active"
    house.complete(case, "b")
    assert sorted(house.notes(case)) == ["big", "odd"]
    assert house.status(case) == "completed"
    assert house.passed(case).count("by_hand") == 1


def test_links_go_on_at_their_other_end(house: House) -> None:
    house.publish("far", *DRAWINGS["far"])
    case = house.start("far")
    assert house.notes(case) == ["there"]
    path = house.case(case).path
    assert path.elements["leave"].completed == path.elements["arrive"].completed == 1
    assert path.elements["arrive"].active == 0


# -- compensation and transactions -------------------------------------------------------------------------------------------------------


def test_compensation_undoes_the_rows_of_handlers_last_first(house: House) -> None:
    house.publish("trip", *DRAWINGS["trip"])
    case = house.start("trip")
    assert house.notes(case) == ["flight", "hotel"]
    house.complete(case, "sure")
    assert house.notes(case) == ["not hotel", "not flight"]
    assert house.status(case) == "completed"
    keys = [key for (key,) in house.rows("SELECT key FROM business.note WHERE key LIKE :of", of=f"{case}:%")]
    assert len(set(keys)) == 2
    assert house.case(case).path.elements["unflight"].completed == 1


def test_an_effect_undoes_with_its_own_inputs_alone(house: House) -> None:
    house.publish("tour", *DRAWINGS["tour"])
    case = house.start("tour")
    assert house.notes(case) == ["tour", "no elsewhere"]
    assert house.status(case) == "completed"


def test_compensation_that_fails_is_an_incident_and_goes_on_after_it(house: House) -> None:
    house.publish("ink", *DRAWINGS["ink"])
    case = house.start("ink")
    house.write("INSERT INTO business.note (said) VALUES ('locked')")
    house.promote(NOW + HOUR)
    ((name, arguments),) = house.jobs()
    with pytest.raises(TryAgain):
        house.perform(name, arguments)
    house.perform(name, arguments, ATTEMPTS)
    (incident,) = house.incidents(case)
    assert (incident.element_id, incident.code) == ("unpaint", "handler_crashed")
    assert house.notes(case) == ["pencil", "oil"]
    house.write("DELETE FROM business.note WHERE said = 'locked'")
    house.retry(case)
    assert house.notes(case) == ["not oil", "not pencil"]
    assert house.status(case) == "completed"


def test_a_sub_process_undoes_itself(house: House) -> None:
    house.publish("self", *DRAWINGS["self"])
    case = house.start("self")
    assert house.notes(case) == ["not room"]
    assert house.status(case) == "completed"


def test_a_cancelled_transaction_is_undone_and_goes_on_at_its_boundary(house: House) -> None:
    house.publish("deal", *DRAWINGS["deal"])
    case = house.start("deal")
    assert house.notes(case) == ["paid"]
    house.complete(case, "agree")
    assert house.notes(case) == ["not paid", "sorry"]
    assert house.status(case) == "completed"


# -- repetition --------------------------------------------------------------------------------------------------------------------------


def test_each_round_and_each_item_has_a_key_of_its_own(house: House) -> None:
    house.publish("again", *DRAWINGS["again"])
    case = house.start("again")
    assert house.notes(case) == ["now", "now", "later", "later", "x", "y", "x", "y"]
    assert house.status(case) == "completed"
    keys = [key for (key,) in house.rows("SELECT key FROM business.note WHERE key LIKE :of", of=f"{case}:%")]
    assert len(set(keys)) == 8


def test_the_first_item_tells_the_boundary(house: House) -> None:
    house.publish("votes", *DRAWINGS["votes"])
    case = house.start("votes")
    house.complete(case, "vote")
    assert house.notes(case) == ["first"]
    house.complete(case, "vote")
    assert house.notes(case) == ["first"]
    assert house.status(case) == "completed"


def test_quantities(house: House) -> None:
    house.publish("pairs", *DRAWINGS["pairs"])
    case = house.start("pairs")
    house.complete(case, "left")
    assert house.notes(case) == []
    house.complete(case, "right")
    assert house.notes(case) == ["pair", "shoe", "shoe"]


# -- processes that speak to each other --------------------------------------------------------------------------------------------------


def test_two_processes_speak_by_send_and_receive_tasks_without_keys(house: House) -> None:
    house.publish("buyer", *DRAWINGS["buyer"])
    house.publish("seller", *DRAWINGS["seller"])
    first, second = house.start("buyer"), house.start("buyer")
    sellers = house.cases("seller")
    assert len(sellers) == 2
    house.complete(sellers[0], "wrap")
    assert [house.status(each) for each in (first, second)] == ["completed", "active"]
    house.complete(sellers[1], "wrap")
    assert house.notes(second) == ["hat!"]


def test_two_participants_of_one_file(house: House) -> None:
    house.publish("pupil", *DRAWINGS["pupil"])
    case = house.start("pupil")
    assert house.status(case) == "completed"
    _, teacher = house.cases("pupil")
    assert house.passed(teacher) == ["asked", "explain", "answer", "done"]
    assert house.notes(teacher) == ["why"]


def test_every_entrance_begins_a_case(house: House) -> None:
    house.publish("doors", *DRAWINGS["doors"])
    for name in ("knock", "letter", "call", "visit"):
        house.send(f"doors_{name}")
    house.pass_time(NOW + timedelta(days=1))
    house.throw("doors_bell")

    def begun() -> list[str]:
        return [house.passed(each)[0] for each in house.cases("doors")]

    assert begun() == ["knocked", "both", "called", "visited", "daily", "rung"]
    house.throw("doors_gong")
    assert sorted(begun()[6:]) == ["both", "struck"], "a signal begins a case at each of its start events"
    house.publish("doors", process("doors", el("startEvent", "start"), el("endEvent", "end"), flows="start -> end"))
    house.throw("doors_bell")
    house.pass_time(NOW + timedelta(days=2))
    assert len(begun()) == 8, "the version in force has no such start any more"


# -- the rest ----------------------------------------------------------------------------------------------------------------------------


def test_calls_decisions_parallel_multiples_and_ends(house: House) -> None:
    house.publish("mixed", *DRAWINGS["mixed"], rules_dmn=DECISION)
    case = house.start("mixed")
    ((painter,),) = house.rows("SELECT id FROM engine.instance WHERE parent_instance_id = :id", id=case)
    assert house.notes(painter) == ["red"]
    house.throw("mixed_two")
    assert house.status(case) == "active"
    house.send("mixed_one")
    assert house.status(case) == "completed"
    assert house.case(case).path.elements["never"].cancelled == 1


# -- incidents ---------------------------------------------------------------------------------------------------------------------------


def test_incidents_of_scopes_are_shown_and_retried(house: House) -> None:
    house.publish("stuck", *DRAWINGS["stuck"])
    case = house.start("stuck")
    (incident,) = house.incidents(case)
    assert (incident.code, incident.element_id) == ("condition_not_boolean", "join")
    assert incident.activity in house.state(case).scopes
    house.retry(case)
    assert [each.code for each in house.incidents(case)] == ["condition_not_boolean"], "still not known"
    house.complete(case, "b", total="7")
    assert house.incidents(case) == []
    assert house.status(case) == "completed"


def test_a_condition_that_cannot_be_asked_is_an_incident_until_it_can(house: House) -> None:
    house.publish("puzzled", *DRAWINGS["puzzled"])
    case = house.start("puzzled")
    (incident,) = house.incidents(case)
    assert (incident.code, incident.element_id) == ("value_not_storable", "rich_on")
    house.complete(case, "count", total="7")
    if house.incidents(case):
        house.retry(case)
    assert house.incidents(case) == []
    assert house.notes(case) == ["safe"]
    house.complete(case, "look")
    assert house.status(case) == "completed"


def test_a_deadlock_of_the_whole_is_an_incident_of_the_outermost_scope(house: House) -> None:
    house.publish("dead", *DRAWINGS["dead"])
    case = house.start("dead")
    (incident,) = house.incidents(case)
    assert (incident.code, incident.activity, incident.element_id) == ("deadlock", "s1", "both")
    house.retry(case)
    assert [each.code for each in house.incidents(case)] == ["deadlock"]


# -- nothing is forgotten ----------------------------------------------------------------------------------------------------------------


def kinds(of: type) -> set[type]:
    """The classes of the model that nothing else builds on."""
    found = {each for each in vars(model).values() if isinstance(each, type) and issubclass(each, of)}
    return {each for each in found if not any(each in other.__bases__ for other in found)}


def test_every_construct_of_the_model_runs_here() -> None:
    assert [key for key in DRAWINGS if f'house.publish("{key}"' not in Path(__file__).read_text(encoding="utf-8")] == []
    processes = [each for key in DRAWINGS for each in read(key).model.processes.values()]
    nodes = [node for each in processes for node in each.nodes.values()]
    assert {type(each) for each in nodes} == kinds(model.Node)
    given = [getattr(each, "trigger", None) or getattr(each, "result", None) for each in nodes]
    used = {type(each) for each in given} | {type(each) for several in given for each in model.definitions_of(several)}
    assert used >= set(get_args(model.EventDefinition))
    begun = {
        type(start.trigger)
        for each in processes
        for scope in each.inside
        for _, start in each.event_sub_processes(scope)
    }
    assert len(begun) == 7
    assert len({type(each.trigger) for each in nodes if isinstance(each, model.BoundaryEvent)}) == 8
    activities = [each for each in nodes if isinstance(each, model.Activity)]
    assert any(each.loop for each in activities)
    assert any(each.multi_instance and each.multi_instance.event for each in activities)
    assert any(each.start_quantity > 1 and each.completion_quantity > 1 for each in activities)
    assert any(isinstance(each, model.SubProcess) and each.is_transaction for each in activities)
    assert any(each.is_parallel for each in given if isinstance(each, model.MultipleDefinition))
