"""Messages whose key means one case at a time, between cases of several processes; and keys of any length."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from engine import clock
from engine.definitions.gate import check
from engine.errors import Conflict
from engine.instances import operators
from engine.jobs import queue
from engine.messages import store
from engine.messages.store import OutgoingMessage
from tests.engine.instances.conftest import HANDLERS, NOW, OWNER, House
from tests.engine.instances.drawing import (
    bundle_files,
    el,
    extensions,
    io,
    keyed,
    message,
    message_named,
    plain,
    process,
    say,
    user,
    write,
)

UNIQUE = '<zeebe:properties><zeebe:property name="uniqueKey" value="{}" /></zeebe:properties>'


@pytest.fixture(autouse=True)
def monday(house: House) -> Iterator[None]:
    house.now = NOW
    house.write("DELETE FROM engine.message")
    yield
    assert not house.jobs()


def unique(said: str = "true") -> str:
    return extensions(UNIQUE.format(said))


@pytest.fixture(scope="module")
def payer(house: House) -> str:
    """Waits for the payment of an invoice as the only one."""
    house.publish(
        "payer",
        keyed("payment", "payment", "invoice"),
        plain(
            "payer",
            user("bill", form="answer"),
            write("number", "invoice", 'if total = 1 then "I-1" else "I-2"'),
            el("intermediateCatchEvent", "paid", unique(), message("payment")),
            say("thanks", "amount"),
            flows="start -> bill -> number -> paid -> thanks -> end",
        ),
    )
    return "payer"


@pytest.fixture(scope="module")
def order(house: House) -> str:
    """One case for each customer; when it is asked for, another message of the customer is taken too."""
    begin = el("startEvent", "asked", unique(), message("wish"))
    house.publish(
        "wishes",
        keyed("wish", "wish", "customer"),
        process(
            "wishes",
            begin,
            user("think"),
            el("intermediateCatchEvent", "more", message("wish")),
            say("both", "second"),
            el("endEvent", "end"),
            flows="asked -> think -> more -> both -> end",
        ),
    )
    return "wishes"


def cancel(house: House, *cases: int) -> None:
    for each in cases:
        with clock.frozen(house.now):
            operators.operate(house.runtime, OWNER, "cancel", each, "because")
    house.work()


def at_once(*acts: Callable[[], Any]) -> list[BaseException]:
    """All of them at the same moment; gives what they raised."""
    begin, raised = threading.Barrier(len(acts)), list[BaseException]()

    def run(act: Callable[[], Any]) -> None:
        begin.wait()
        try:
            act()
        except BaseException as problem:  # noqa: BLE001 - given to the thread that waits
            raised.append(problem)

    threads = [threading.Thread(target=run, args=(each,)) for each in acts]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    return raised


def open_waits(house: House, *cases: int) -> int:
    return int(
        house.rows("SELECT count(*) FROM engine.subscription WHERE instance_id = ANY(:ids)", ids=list(cases))[0][0]
    )


def send_later(house: House, name: str, key: str, *payloads: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    with house.runtime.database.transaction() as session:
        store.send(
            session, [OutgoingMessage(name=name, key=key, payload=each) for each in payloads], NOW, sender="post"
        )
    return house.jobs()


# -- waits -------------------------------------------------------------------------------------------------------------------------------


def test_a_person_who_would_be_the_second_to_wait_is_refused_and_nothing_happened(house: House, payer: str) -> None:
    first, second, other = (house.start(payer) for _ in range(3))
    house.complete(first, "bill", total="1")
    house.complete(other, "bill", total="2")
    with pytest.raises(Conflict) as refused:
        house.complete(second, "bill", total="1")
    assert (refused.value.code, refused.value.facts) == (
        "message_key_taken",
        {"message": "payment", "case": f"n° {first}"},
    )
    assert [each.is_open for each in house.case(second).tasks] == [True]
    house.send("payment", "I-1", amount="ten")
    house.complete(second, "bill", total="1")
    house.send("payment", "I-1", amount="twenty")
    assert [house.notes(each) for each in (first, second, other)] == [["ten"], ["twenty"], []]
    cancel(house, other)


@pytest.fixture(scope="module")
def robot(house: House) -> str:
    """Comes to its wait by a job."""
    house.publish(
        "robot",
        keyed("part", "part", '"P"'),
        message_named("build"),
        process(
            "robot",
            el("startEvent", "asked", message("build")),
            el("receiveTask", "fetch", unique(), messageRef="part"),
            say("use", "what"),
            el("endEvent", "end"),
            flows="asked -> fetch -> use -> end",
        ),
    )
    return "robot"


def test_in_a_job_it_is_an_incident_that_can_be_tried_again(house: House, robot: str) -> None:
    house.send("build")
    house.send("build")
    first, second = house.cases(robot)[-2:]
    (incident,) = house.incidents(second)
    assert (incident.code, incident.element_id, incident.job_name) == (
        "message_key_taken",
        "fetch",
        queue.AWAIT_MESSAGE,
    )
    house.retry(second)
    (incident,) = house.incidents(second)
    assert incident.facts == {"message": "part", "case": f"n° {first}"}
    house.send("part", "P", what="one")
    assert (house.notes(first), house.notes(second)) == (["one"], [])
    house.send("part", "P", what="two")
    house.retry(second)
    assert house.notes(second) == ["two"], "what came meanwhile was kept"
    assert house.incidents(second) == []


def test_who_waits_no_more_has_no_incident_left(house: House, robot: str) -> None:
    house.send("build")
    house.send("build")
    first, second = house.cases(robot)[-2:]
    cancel(house, second)
    assert house.incidents(second) == []
    cancel(house, first)


def test_the_items_of_one_case_are_told_apart_too(house: House) -> None:
    many = el(
        "multiInstanceLoopCharacteristics",
        "items",
        extensions('<zeebe:loopCharacteristics inputCollection="=[1, 2, 1]" inputElement="n" />'),
    )
    house.publish(
        "several",
        keyed("part", "several part", "string(n)"),
        message_named("gather"),
        process(
            "several",
            el("startEvent", "asked", message("gather")),
            el("receiveTask", "fetch", unique(), many, messageRef="part"),
            el("endEvent", "end"),
            flows="asked -> fetch -> end",
        ),
    )
    house.send("gather")
    (case,) = house.cases("several")
    assert open_waits(house, case) == 2
    assert [each.code for each in house.incidents(case)] == ["message_key_taken"]
    for key in ("2", "1", "1"):
        house.send("several part", key)
        house.retry(case)
    assert house.status(case) == "completed"


def test_one_of_many_who_begin_to_wait_at_the_same_moment(house: House, payer: str) -> None:
    cases = [house.start(payer) for _ in range(6)]
    raised = at_once(*(lambda case=case: house.complete_only(case, "bill", total="1") for case in cases))
    assert [type(each) for each in raised] == [Conflict] * 5
    assert open_waits(house, *cases) == 1
    house.jobs()
    cancel(house, *cases)


# -- beginnings --------------------------------------------------------------------------------------------------------------------------


def test_a_busy_receiver_is_waited_for_and_never_replaced_by_a_second_case(house: House, order: str) -> None:
    before = len(house.cases(order))
    house.send("wish", "anna", customer="anna", second="tea")
    house.send("wish", "anna", customer="anna", second="cake")
    house.send("wish", "bert", customer="bert", second="rum")
    anna, bert = house.cases(order)[before:]
    house.complete(anna, "think")
    assert (house.notes(anna), house.status(anna)) == (["cake"], "completed")
    assert house.cases(order)[before:] == [anna, bert]
    house.send("wish", "anna", customer="anna", second="jam")
    assert len(house.cases(order)) == before + 3, "the case has ended: the next one begins another"
    cancel(house, *house.cases(order)[before + 1 :])


def test_a_message_that_waited_for_a_case_that_ends_otherwise_begins_the_next_one(house: House, order: str) -> None:
    before = len(house.cases(order))
    for each in ("one", "two", "three"):
        house.send("wish", "carl", customer="carl", second=each)
    for left in (2, 1, 0):
        *_, last = house.cases(order)
        assert house.rows("SELECT count(*) FROM engine.message WHERE received_at IS NULL") == [(left,)]
        cancel(house, last)
    assert len(house.cases(order)) == before + 3


def test_without_a_key_each_message_begins_a_case(house: House, order: str) -> None:
    before = len(house.cases(order))
    house.send("wish", customer="nobody")
    house.send("wish", customer="nobody")
    assert len(house.cases(order)) == before + 2
    cancel(house, *house.cases(order)[before:])


def test_many_messages_at_the_same_moment_begin_one_case(house: House, order: str) -> None:
    before = len(house.cases(order))
    jobs = send_later(house, "wish", "dora", *({"customer": "dora", "second": str(each)} for each in range(6)))
    assert at_once(*(lambda job=job: house.perform(*job) for job in jobs)) == []
    (case,) = house.cases(order)[before:]
    assert house.rows("SELECT count(*) FROM engine.message WHERE received_at IS NULL") == [(5,)]
    house.write("DELETE FROM engine.message WHERE received_at IS NULL")
    cancel(house, case)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_messages_meet_a_case_that_ends(house: House, order: str, seed: int) -> None:
    """None is lost between the case that ends and the one that the next message begins, whoever is faster."""
    name = f"eva {seed}"
    house.send("wish", name, customer=name, second="0")
    active: list[int] = []
    for number in range(1, 12):
        *_, last = house.cases(order)
        jobs = send_later(house, "wish", name, {"customer": name, "second": str(number)})

        def end(case: int = last) -> None:
            with clock.frozen(house.now):
                operators.operate(house.runtime, OWNER, "cancel", case, "because")

        acts = [end, *(lambda job=job: house.perform(*job) for job in jobs)]
        assert at_once(*(acts if number % 2 else acts[::-1])) == []
        house.work()
        active = [each for each in house.cases(order) if house.status(each) == "active"]
        assert len(active) == 1
        assert house.rows("SELECT count(*) FROM engine.message WHERE received_at IS NULL") == [(0,)]
    cancel(house, *active)


# -- between processes -------------------------------------------------------------------------------------------------------------------


def test_a_send_task_and_a_throw_of_one_process_reach_waits_and_starts_of_another(house: House) -> None:
    house.publish(
        "sender",
        keyed("hello", "hello", '"K"'),
        keyed("goodbye", "goodbye", '"K"'),
        plain(
            "sender",
            el("sendTask", "greet", extensions(io({"word": '"hi"'})), messageRef="hello"),
            el("intermediateThrowEvent", "leave", extensions(io({"word": '"bye"'})), message("goodbye")),
            flows="start -> greet -> leave -> end",
        ),
    )
    house.publish(
        "listener_of_both",
        message_named("hello"),
        keyed("goodbye", "goodbye", '"K"'),
        process(
            "listener_of_both",
            el("startEvent", "greeted", message("hello")),
            say("first", "word"),
            el("intermediateCatchEvent", "left", message("goodbye")),
            say("second", "word"),
            el("endEvent", "end"),
            flows="greeted -> first -> left -> second -> end",
        ),
    )
    sender = house.start("sender")
    (case,) = house.cases("listener_of_both")
    assert (house.status(sender), house.notes(case)) == ("completed", ["hi", "bye"])
    assert house.rows("SELECT DISTINCT sender_instance_id, receiver_instance_id FROM engine.message") == [
        (sender, case)
    ]


def test_a_key_may_be_long(house: House, robot: str) -> None:
    long = "".join(hashlib.sha256(bytes([each])).hexdigest() for each in range(140))
    house.publish(
        "wordy",
        keyed("word", "word", f'"{long}"'),
        plain(
            "wordy",
            el("intermediateCatchEvent", "hear", unique(), message("word")),
            say("said", "what"),
            flows="start -> hear -> said -> end",
        ),
    )
    house.send("word", long, what="early")
    case = house.start("wordy")
    assert house.notes(case) == ["early"]
    house.send("word", f"{long}x", what="of another key")
    waiting = house.start("wordy")
    house.pass_time(NOW + timedelta(days=8))
    assert house.notes(waiting) == []
    cancel(house, waiting)


# -- what is published -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "code"),
    [
        (el("intermediateCatchEvent", "x", unique("yes"), message("m")), "unique_key_unclear"),
        (el("intermediateCatchEvent", "x", unique(), message("plain_one")), "unique_key_misplaced"),
        (el("task", "x", unique()), "unique_key_misplaced"),
        (el("intermediateCatchEvent", "x", unique("false"), message("m")), None),
        (el("intermediateCatchEvent", "x", unique(), message("m")), None),
    ],
)
def test_what_a_unique_key_can_mean_is_checked_before_publishing(node: str, code: str | None) -> None:
    drawn = keyed("m", "m", '"k"'), message_named("plain_one"), plain("checked", node, flows="start -> x -> end")
    found = [
        each.code for each in check(bundle_files("checked", *drawn), HANDLERS) if each.code.startswith("unique_key")
    ]
    assert found == ([] if code is None else [code])
