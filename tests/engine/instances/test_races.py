"""Many at once on the real database: one winner each, the others are told so, and nobody sees an error of a lock."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from engine.database.session import Database
from engine.errors import CommandRejected
from engine.handler import SYSTEM
from engine.history.verification import verify_all
from engine.instances import commands, work
from engine.messages import store as messages
from engine.messages.store import OutgoingMessage
from tests.engine.instances.drawing import bundle_files, el, keyed, plain, service, timer, user
from tests.engine.instances.posting import CLERK, HANDLERS, SENT, Post, again, step
from tests.publishing import publish_unexamined

AT_ONCE = 8


@pytest.fixture
def post(database: Database) -> Post:
    return Post.made(database)


def sizes(small: int, large: int) -> tuple[object, ...]:
    """Of a race: in each check, and in the long tests."""
    return small, pytest.param(large, marks=pytest.mark.long)


def together(act: Callable[[int], object], count: int = AT_ONCE) -> Counter[str]:
    """``act`` by each of ``count`` threads at the same moment; what came of it: done, a refusal's code, or an error's kind."""
    begin, found = threading.Barrier(count), list[str]()

    def one(number: int) -> None:
        begin.wait()
        try:
            act(number)
        except CommandRejected as refusal:
            found.append(refusal.code)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            found.append(repr(error))
        else:
            found.append("done")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    return Counter(found)


def whole(post: Post) -> bool:
    with post.runtime.database.reading() as session:
        return verify_all(session).is_whole


@pytest.mark.parametrize("count", sizes(8, 40))
def test_eight_workers_on_one_case(post: Post, count: int) -> None:
    """As many timers, each with a handler, due at once: every job by two workers."""
    over = el("multiInstanceLoopCharacteristics", "items", f"<bpmn:loopCardinality>{count}</bpmn:loopCardinality>")
    inside = (
        el("startEvent", "begin"),
        el("intermediateCatchEvent", "wait", timer("timeDuration", "PT1M")),
        service("count", step.name),
        el("endEvent", "over"),
        el("sequenceFlow", "f1", sourceRef="begin", targetRef="wait"),
        el("sequenceFlow", "f2", sourceRef="wait", targetRef="count"),
        el("sequenceFlow", "f3", sourceRef="count", targetRef="over"),
    )
    post.publish("one", plain("one", el("subProcess", "each", over, *inside), flows="start -> each -> end"))
    case = post.start("one")
    post.now = post.now.replace(hour=12)
    post.promote()
    jobs = post.jobs() * 2
    lock = threading.Lock()

    def worker(_number: int) -> None:
        while True:
            with lock:
                if not jobs:
                    return
                name, arguments = jobs.pop(0)
            work.perform(post.runtime, name, arguments, 1)

    assert together(worker) == {"done": AT_ONCE}
    assert post.status(case) == "completed"
    assert len(SENT) == len(set(SENT)) == count
    assert post.incidents() == []
    assert whole(post)


@pytest.mark.parametrize("count", sizes(3, 20))
def test_a_message_twice_and_by_eight_senders_arrives_once(post: Post, count: int) -> None:
    post.publish(
        "one",
        keyed("call", "call", '"k"'),
        plain(
            "one",
            el("receiveTask", "hear", messageRef="call"),
            service("send", again.name),
            flows="start -> hear -> send -> end",
        ),
    )
    cases = [post.start("one") for _ in range(count)]

    def sender(_number: int) -> None:
        for number in range(len(cases)):
            call = OutgoingMessage(name="call", key="k", payload={}, idempotency_key=f"call {number}")
            with post.runtime.database.transaction() as session:
                messages.send(session, [call], post.now, sender="phone")

    assert together(sender) == {"done": AT_ONCE}
    jobs = [each for each in post.jobs() for _ in range(AT_ONCE)]

    def worker(number: int) -> None:
        for name, arguments in jobs[number::AT_ONCE]:
            work.perform(post.runtime, name, arguments, 1)

    with post.at():
        assert together(worker) == {"done": AT_ONCE}
    post.work()
    assert {post.status(case) for case in cases} == {"completed"}
    assert len(SENT) == len(set(SENT)) == count
    assert post.rows("SELECT count(*), count(DISTINCT receiver_instance_id) FROM engine.message") == [(count, count)]
    assert whole(post)


@pytest.mark.parametrize("rounds", sizes(2, 10))
def test_a_version_is_published_while_cases_begin(post: Post, rounds: int) -> None:
    post.publish("one", plain("one", user("look"), flows="start -> look -> end"))

    def act(number: int) -> None:
        for round_ in range(rounds):
            if number < 2:
                files = bundle_files(
                    "one",
                    plain(
                        "one",
                        user("look"),
                        user(f"see{number}{round_}"),
                        flows=f"start -> look -> see{number}{round_} -> end",
                    ),
                )
                publish_unexamined(post.runtime.database, SYSTEM, files, HANDLERS)
            else:
                commands.start_instance(post.runtime, CLERK, "one")

    assert together(act) == {"done": AT_ONCE}
    assert post.rows("SELECT count(*) FROM engine.instance") == [(6 * rounds,)]
    numbers = [number for (number,) in post.rows("SELECT number FROM engine.definition_version ORDER BY number")]
    assert numbers == list(range(1, 2 * rounds + 2))
    # each case follows one version from its first event on
    assert post.rows("SELECT count(*) FROM engine.event WHERE type = 'task:created'") == [(6 * rounds,)]
    assert whole(post)


def test_one_of_many_completes_a_task_and_one_of_many_retries_an_incident(post: Post) -> None:
    post.publish("one", plain("one", user("look"), service("send", step.name), flows="start -> look -> send -> end"))
    case = post.start("one")
    ((task,),) = post.rows("SELECT id FROM engine.task")
    found = together(lambda _: commands.complete_task(post.runtime, CLERK, task, {}))
    assert found == {"done": 1, "task_closed": AT_ONCE - 1}
    assert (post.status(case), len(SENT)) == ("completed", 1)
