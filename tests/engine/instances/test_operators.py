"""A case that stands still: nothing moves in it, and nothing that reaches it is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine import clock
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from engine.history.verification import verify_all
from engine.instances import commands, operators, signals
from engine.messages import store as messages
from engine.messages.signals import OutgoingSignal
from engine.messages.store import OutgoingMessage
from engine.protocol.events import EVENTS
from tests.engine.instances.drawing import (
    boundary,
    keyed,
    message,
    plain,
    service,
    signal,
    signal_named,
    timer,
    user,
)
from tests.engine.instances.posting import AUDITOR, CLERK, HOLD, OWNER, SENT, Post, again, held, mail

WHY = "the customer asked for it"


@pytest.fixture
def post(database: Database) -> Post:
    return Post.made(database)


@pytest.fixture
def case(post: Post) -> int:
    """Waits for a person, a time, a message and a signal; none of them ends it."""
    post.publish(
        "one",
        keyed("call", "call", '"k"'),
        signal_named("horn"),
        plain(
            "one",
            user("look"),
            boundary("hour", "look", timer("timeDuration", "PT1H"), interrupts=False),
            boundary("called", "look", message("call"), interrupts=False),
            boundary("heard", "look", signal("horn"), interrupts=False),
            flows="start -> look -> end\nhour -> end\ncalled -> end\nheard -> end",
        ),
    )
    return post.start("one")


def operate(post: Post, act: str, case: int, why: str = WHY) -> None:
    with post.at():
        operators.operate(post.runtime, OWNER, act, case, why)


def passed(post: Post, case: int) -> list[str]:
    """The events that came."""
    rows = post.rows(
        "SELECT record::json ->> 'element' FROM engine.event WHERE instance_id = :case AND type = 'element:completed'",
        case=case,
    )
    return sorted(element for (element,) in rows if element in ("hour", "called", "heard", "look"))


def everything_comes(post: Post) -> None:
    post.now += timedelta(hours=2)
    post.promote()
    with post.runtime.database.transaction() as session:
        call = OutgoingMessage(name="call", key="k", payload={})
        messages.send(session, [call], post.now, sender="phone")
        signals.throw(session, [OutgoingSignal(name="horn", payload={})], post.now, sender="car")
    post.work()


def test_what_reaches_a_case_that_stands_still_waits_until_it_goes_on(post: Post, case: int) -> None:
    operate(post, "suspend", case)
    before = post.rows("SELECT revision, snapshot FROM engine.instance")
    everything_comes(post)
    assert post.rows("SELECT revision, snapshot FROM engine.instance") == before
    assert post.rows("SELECT name FROM engine.parked_job ORDER BY name") == [
        (each,)
        for each in (
            "deliver_message",
            "deliver_message",
            "deliver_signal",
            "deliver_signal",
            "fire_timer",
            "fire_timer",
        )
    ]
    post.now += timedelta(days=30)  # longer than a message lives
    operate(post, "resume", case)
    post.work()
    assert passed(post, case) == ["called", "heard", "hour"]
    post.complete(case, "look")
    assert post.status(case) == "completed"
    told = post.told(case)
    assert told.count("instance:suspended") == told.count("instance:resumed") == 1
    with post.runtime.database.reading() as session:
        assert verify_all(session).is_whole


def test_people_cannot_go_on_with_it_meanwhile(post: Post, case: int) -> None:
    operate(post, "suspend", case)
    with pytest.raises(WrongState) as refused:
        post.complete(case, "look")
    assert refused.value.code == "case_suspended"
    operate(post, "resume", case)
    post.complete(case, "look")
    assert post.status(case) == "completed"


def test_only_operators_may_and_only_with_a_reason(post: Post, case: int) -> None:
    for actor in (CLERK, AUDITOR):
        for act in operators.ACTS:
            with pytest.raises(NotAllowed):
                operators.operate(post.runtime, actor, act, case, WHY)
    for why in ("", "  \n", "x" * 501):
        with pytest.raises(InvalidInput):
            operate(post, "cancel", case, why)
    with pytest.raises(NotFound):
        operate(post, "cancel", case + 1)
    assert post.status(case) == "active"


def test_each_act_once(post: Post, case: int) -> None:
    for act, again_ in (("suspend", "suspend"), ("resume", "resume")):
        operate(post, act, case)
        with pytest.raises(WrongState):
            operate(post, again_, case)
    operate(post, "cancel", case)
    for act in operators.ACTS:
        with pytest.raises(WrongState) as refused:
            operate(post, act, case)
        assert refused.value.code == "case_ended"


def test_a_cancelled_case_leaves_nothing_and_its_messages_to_others(post: Post, case: int) -> None:
    operate(post, "suspend", case)
    other = post.start("one")
    everything_comes(post)
    operate(post, "cancel", case)
    post.work()
    assert post.status(case) == "cancelled"
    assert passed(post, case) == []
    assert passed(post, other) == ["called", "heard", "hour"]
    for table in ("task WHERE is_open", "timer", "subscription", "parked_job", "signal_receiver"):
        kept = f"AND instance_id <> {other}" if "WHERE" in table else f"WHERE instance_id <> {other}"
        assert post.rows(f"SELECT * FROM engine.{table} {kept}") == []
    ((reason, actor),) = post.rows(
        "SELECT record::json ->> 'reason', actor FROM engine.event WHERE type = 'instance:cancelled'"
    )
    assert (reason, actor) == (WHY, "olga")


@pytest.mark.parametrize("name", [again.name, mail.name])
def test_an_effect_that_has_not_begun_waits(post: Post, name: str) -> None:
    post.publish("one", plain("one", service("send", name), flows="start -> send -> end"))
    case = post.start("one")
    operate(post, "suspend", case)
    post.work()
    assert SENT == []
    operate(post, "resume", case)
    post.work()
    assert (len(SENT), post.status(case)) == (1, "completed")


@pytest.mark.parametrize("name", [again.name, mail.name])
def test_an_effect_at_work_while_its_case_is_suspended_is_not_done_again(
    post: Post, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.publish("one", plain("one", service("send", name), flows="start -> send -> end"))
    case = post.start("one")
    sent = SENT.append

    class During(list[str]):
        def append(self, key: str) -> None:
            sent(key)
            with clock.frozen(post.now):
                operators.operate(post.runtime, OWNER, "suspend", case, WHY)

    monkeypatch.setattr("tests.engine.instances.posting.SENT", During())
    post.work()
    assert post.status(case) == "active"
    assert post.rows("SELECT name FROM engine.parked_job") != []
    operate(post, "resume", case)
    post.work()
    assert (len(SENT), post.status(case)) == (1, "completed")
    assert post.rows("SELECT * FROM engine.effect") == []


def test_the_time_in_which_it_can_be_taken_back_stands_still_too(post: Post) -> None:
    post.publish("one", plain("one", service("send", held.name), flows="start -> send -> end"))
    case = post.start("one")
    post.now += HOLD / 2
    operate(post, "suspend", case)
    post.now += timedelta(days=1)
    post.promote()
    assert post.jobs() == []
    operate(post, "resume", case)
    post.promote()
    assert post.jobs() == []
    post.now += HOLD / 2
    post.promote()
    post.work()
    assert (len(SENT), post.status(case)) == (1, "completed")


def test_an_incident_is_not_retried_meanwhile(post: Post) -> None:
    post.publish("one", plain("one", service("send", mail.name), flows="start -> send -> end"))
    case = post.start("one")
    ((job, arguments),) = post.jobs()
    post.write(
        "INSERT INTO engine.effect (instance_id, activity, element_id, handler, begun_at)"
        " VALUES (:instance_id, :activity, 'send', 'post.mail', :now)",
        **arguments,
        now=post.now,
    )
    post.perform(job, arguments)
    ((incident, *_),) = post.incidents()
    operate(post, "suspend", case)
    with pytest.raises(WrongState):
        commands.retry_incident(post.runtime, OWNER, incident)
    operate(post, "cancel", case)
    assert post.incidents() == []


def test_what_operators_do_is_no_event_of_the_kernel(post: Post) -> None:
    assert not {"instance:suspended", "instance:resumed", "effect:confirmed"} & set(EVENTS)
