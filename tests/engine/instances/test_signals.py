"""Signals between cases: everybody who waits then, once each, in their order; and nobody who begins to wait later."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from engine.instances import signals
from engine.jobs import queue
from engine.jobs.retries import ATTEMPTS, TryAgain
from engine.messages.signals import OutgoingSignal
from tests.engine.instances.conftest import NOW, House
from tests.engine.instances.drawing import (
    boundary,
    el,
    event_sub,
    extensions,
    io,
    message,
    message_named,
    plain,
    say,
    signal,
    signal_named,
    user,
)


@pytest.fixture(autouse=True)
def monday(house: House) -> Iterator[None]:
    house.now = NOW
    yield
    assert not house.jobs()
    assert house.rows("SELECT * FROM engine.signal_receiver") == []


@pytest.fixture(scope="module")
def listener(house: House) -> str:
    """Notes every ``news`` until its person is done."""
    house.publish(
        "listener",
        signal_named("news"),
        plain(
            "listener",
            user("listen"),
            event_sub(
                "heard", signal("news"), say("write", "what"), flows="heard_on -> write -> heard_end", interrupts=False
            ),
            flows="start -> listen -> end",
        ),
    )
    return "listener"


def throw_later(house: House, *whats: str) -> list[tuple[str, dict[str, int]]]:
    """Throw ``news`` and give the jobs that this leads to."""
    with house.runtime.database.transaction() as session:
        news = [OutgoingSignal(name="news", payload={"what": what}) for what in whats]
        signals.throw(session, news, NOW, sender="horn")
    return house.jobs()


def at_once(*acts: Callable[[], None]) -> None:
    """All of them at the same moment; what one raises is raised."""
    begin = threading.Barrier(len(acts))
    raised: list[BaseException] = []

    def run(act: Callable[[], None]) -> None:
        begin.wait()
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            raised.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in acts]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert raised == []


def test_everybody_who_waits_hears_it_and_nobody_who_comes_later(house: House, listener: str) -> None:
    early = [house.start(listener) for _ in range(3)]
    jobs = throw_later(house, "fire")
    assert [each for each in jobs if each[1]["instance_id"] in early] == [
        (queue.DELIVER_SIGNAL, {"instance_id": each}) for each in early
    ]
    late = house.start(listener)
    for name, arguments in jobs:
        house.perform(name, arguments)
        house.perform(name, arguments)
    assert [house.notes(each) for each in (*early, late)] == [["fire"]] * 3 + [[]]


def test_signals_come_in_the_order_in_which_they_were_thrown(house: House, listener: str) -> None:
    case = house.start(listener)
    jobs = [each for each in throw_later(house, "one", "two", "three") if each[1]["instance_id"] == case]
    for name, arguments in reversed(jobs):
        house.perform(name, arguments)
    assert house.notes(case) == ["one", "two", "three"]
    house.write("DELETE FROM engine.signal_receiver")


def test_jobs_that_run_at_the_same_moment_tell_it_once(house: House, listener: str) -> None:
    case = house.start(listener)
    jobs = [each for each in throw_later(house, "one", "two") if each[1]["instance_id"] == case]
    at_once(*(lambda job=job: house.perform(*job) for job in jobs * 3))
    assert house.notes(case) == ["one", "two"]
    house.write("DELETE FROM engine.signal_receiver")


def test_a_receiver_that_waits_no_more_is_passed_over(house: House, listener: str) -> None:
    case = house.start(listener)
    jobs = throw_later(house, "fire")
    house.complete(case, "listen")
    assert house.status(case) == "completed"
    for name, arguments in jobs:
        house.perform(name, arguments)
    assert house.notes(case) == []


def test_what_is_rolled_back_was_never_thrown(house: House, listener: str) -> None:
    house.start(listener)
    before = house.rows("SELECT count(*) FROM engine.signal")

    def fail() -> None:
        with house.runtime.database.transaction() as session:
            signals.throw(session, [OutgoingSignal(name="news", payload={"what": "x"})], NOW, sender="horn")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert house.rows("SELECT count(*) FROM engine.signal") == before
    assert house.jobs() == []


def test_a_case_throws_to_others_and_to_itself_within_the_step(house: House) -> None:
    house.publish(
        "choir",
        message_named("conduct"),
        signal_named("sing"),
        plain(
            "choir",
            el("parallelGateway", "all"),
            el("intermediateCatchEvent", "hear", signal("sing")),
            say("song", 'who + " sings"'),
            el("intermediateCatchEvent", "told", message("conduct")),
            el("intermediateThrowEvent", "lead", extensions(io({"who": '"Ada"'})), signal("sing")),
            flows="start -> all\nall -> hear -> song -> end\nall -> told -> lead -> end",
        ),
    )
    first, second = house.start("choir"), house.start("choir")
    house.send("conduct")
    assert [house.notes(each) for each in (first, second)] == [["Ada sings"]] * 2
    assert (house.status(first), house.status(second)) == ("completed", "active")
    received = [each for each in house.events(first) if each.tag == "signal:received"]
    assert len(received) == 1, "its own throw reached it in the step and no second time"
    house.send("conduct")
    assert house.notes(second) == ["Ada sings"]
    assert house.status(second) == "completed"


def test_cases_that_throw_at_each_other_do_not_block_each_other(house: House) -> None:
    house.publish(
        "duel",
        signal_named("shot"),
        plain(
            "duel",
            user("aim"),
            el("intermediateThrowEvent", "fire", signal("shot")),
            boundary("hit", "wait", signal("shot"), interrupts=False),
            user("wait"),
            event_sub(
                "hurt", signal("shot"), say("ouch", '"ouch"'), flows="hurt_on -> ouch -> hurt_end", interrupts=False
            ),
            flows="start -> aim -> fire -> wait -> end\nhit -> end",
        ),
    )
    for _ in range(5):
        pair = [house.start("duel") for _ in range(2)]
        at_once(*(lambda case=case: house.complete_only(case, "aim") for case in pair))
        jobs = house.jobs()
        at_once(*(lambda job=job: house.perform(*job) for job in jobs))
        assert all(house.notes(each) == ["ouch"] * 2 for each in pair), [house.notes(each) for each in pair]
        for each in pair:
            house.complete(each, "wait")


def test_one_receiver_that_fails_stops_no_other(house: House) -> None:
    house.publish(
        "post",
        signal_named("mail"),
        plain(
            "post",
            user("what", form="answer"),
            el("intermediateCatchEvent", "mailed", signal("mail")),
            say("write", 'if total = 0 then "broken" else "fine"'),
            flows="start -> what -> mailed -> write -> end",
        ),
    )
    bad, good = house.start("post"), house.start("post")
    house.complete(bad, "what", total="0")
    house.complete(good, "what", total="1")
    with house.runtime.database.transaction() as session:
        signals.throw(session, [OutgoingSignal(name="mail", payload={})], NOW, sender="horn")
    first, second = house.jobs()
    with pytest.raises(TryAgain):
        house.perform(*first)
    house.perform(*second)
    assert house.notes(good) == ["fine"]
    assert house.status(bad) == "active"
    assert not house.incidents(bad)
    house.perform(*first, attempt=ATTEMPTS)
    (incident,) = house.incidents(bad)
    assert incident.element_id == "write"


def test_a_signal_begins_one_case_of_each_process_that_waits_for_it_however_often_its_job_runs(house: House) -> None:
    for key in ("band", "crowd"):
        house.publish(
            key,
            signal_named("show"),
            plain(key, say("play", "what"), flows="start -> play -> end").replace(
                '<bpmn:startEvent id="start" name="start">',
                f'<bpmn:startEvent id="on">{signal("show")}</bpmn:startEvent>'
                '<bpmn:sequenceFlow id="on__play" sourceRef="on" targetRef="play" /><bpmn:startEvent id="start">',
            ),
        )
    with house.runtime.database.transaction() as session:
        signals.throw(session, [OutgoingSignal(name="show", payload={"what": "jazz"})], NOW, sender="horn")
    jobs = house.jobs()
    assert [name for name, _ in jobs] == [queue.START_BY_SIGNAL] * 2
    at_once(*(lambda job=job: house.perform(*job) for job in jobs * 3))
    begun = [case for key in ("band", "crowd") for case in house.cases(key)]
    assert [house.notes(each) for each in begun] == [["jazz"]] * 2
    assert {house.case(each).row.started_by for each in begun} == {"horn"}
