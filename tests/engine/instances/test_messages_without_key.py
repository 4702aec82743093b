"""Messages of plain BPMN, without correlation keys: any message of the name, exactly one receiver, whoever comes first."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from engine.messages import store
from engine.messages.store import OutgoingMessage
from tests.engine.instances.conftest import NOW, House
from tests.engine.instances.drawing import el, keyed, message, message_named, plain, say


@pytest.fixture(autouse=True)
def monday(house: House) -> Iterator[None]:
    house.now = NOW
    house.write("DELETE FROM engine.message")
    yield
    assert not house.jobs()


@pytest.fixture(scope="module")
def taker(house: House) -> str:
    """Takes one parcel of any kind."""
    house.publish(
        "taker",
        message_named("parcel"),
        plain(
            "taker",
            el("intermediateCatchEvent", "take", message("parcel")),
            say("got", "what"),
            flows="start -> take -> got -> end",
        ),
    )
    return "taker"


@pytest.fixture(scope="module")
def chooser(house: House) -> str:
    """Takes the parcel with its own key only."""
    house.publish(
        "chooser",
        keyed("parcel", "parcel", '"mine"'),
        plain(
            "chooser",
            el("intermediateCatchEvent", "choose", message("parcel")),
            say("chosen", "what"),
            flows="start -> choose -> chosen -> end",
        ),
    )
    return "chooser"


def send_later(house: House, *whats: str, key: str | None = None) -> list[tuple[str, dict[str, int]]]:
    with house.runtime.database.transaction() as session:
        parcels = [OutgoingMessage(name="parcel", key=key, payload={"what": what}) for what in whats]
        store.send(session, parcels, NOW, sender="post")
    return house.jobs()


def test_who_has_waited_longest_takes_it_with_or_without_key(house: House, taker: str) -> None:
    cases = [house.start(taker) for _ in range(3)]
    house.send("parcel", what="plain")
    house.send("parcel", "some key", what="keyed")
    assert [house.notes(each) for each in cases] == [["plain"], ["keyed"], []]
    house.send("parcel", what="last")
    assert house.notes(cases[2]) == ["last"]


def test_a_key_comes_before_none_and_is_never_guessed(house: House, taker: str, chooser: str) -> None:
    anybody, picky = house.start(taker), house.start(chooser)
    house.send("parcel", "mine", what="hat")
    assert (house.notes(anybody), house.notes(picky)) == ([], ["hat"])
    picky = house.start(chooser)
    house.send("parcel", what="coat")
    assert (house.notes(anybody), house.notes(picky)) == (["coat"], [])
    house.send("parcel", what="scarf")
    assert house.notes(picky) == [], "without its key it is not for the one who asked for a key"
    late = house.start(taker)
    assert house.notes(late) == ["scarf"], "it waited"
    house.send("parcel", "mine", what="glove")
    assert house.notes(picky) == ["glove"]


def test_early_messages_are_taken_one_each(house: House, taker: str) -> None:
    for number in range(4):
        for name, arguments in send_later(house, str(number)):
            house.perform(name, arguments)
    first = house.start(taker)
    second = house.start(taker)
    assert (house.notes(first), house.notes(second)) == (["0"], ["1"])


def test_beginning_to_wait_asks_for_as_many_messages_as_could_be_needed(house: House, taker: str) -> None:
    for name, arguments in send_later(house, *"abcdef"):
        house.perform(name, arguments)
    house.start_only(taker)
    assert len(house.jobs()) == 1
    house.start_only(taker)
    jobs = house.jobs()
    assert len(jobs) == 2
    for name, arguments in reversed(jobs):
        house.perform(name, arguments)
    taken = [note for case in house.cases(taker)[-2:] for note in house.notes(case)]
    assert sorted(taken) == ["a", "b"]


def test_senders_and_takers_at_the_same_moment(house: House, taker: str) -> None:
    """Four parcels and four who begin to wait: each gets one, none is lost, none is given twice."""
    before = len(house.cases(taker))
    jobs = send_later(house, *"wxyz")
    begin = threading.Barrier(8)
    left: list[BaseException] = []

    def run(number: int) -> None:
        begin.wait()
        try:
            if number < 4:
                house.perform(*jobs[number])
            else:
                house.start_only(taker)
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            left.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert left == []
    house.work()
    assert sorted(note for case in house.cases(taker)[before:] for note in house.notes(case)) == list("wxyz")
