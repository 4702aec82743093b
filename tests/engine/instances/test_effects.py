"""Effects: tried as often as their handler says, held and taken back, and never repeated when nobody knows whether they happened."""

from __future__ import annotations

import pytest

from engine import records
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed, WrongState
from engine.handler import SYSTEM, Transient, handler
from engine.instances import commands, effects, operators
from engine.jobs.retries import TryAgain
from engine.mail import restored
from tests.engine.instances.drawing import boundary, el, error, error_named, plain, service, timer, user
from tests.engine.instances.posting import (
    AUDITOR,
    CLERK,
    HOLD,
    OWNER,
    SENT,
    STRANGER,
    TROUBLE,
    Post,
    again,
    held,
    mail,
    step,
)

ONE = "start -> send -> end"


@pytest.fixture
def post(database: Database) -> Post:
    return Post.made(database)


def one(post: Post, name: str, flows: str = ONE, *more: str) -> int:
    post.publish("one", plain("one", service("send", name), *more, flows=flows))
    return post.start("one")


# -- as often as the handler says


def test_an_effect_is_tried_as_often_as_its_handler_says(post: Post) -> None:
    case = one(post, again.name)
    ((job, arguments),) = post.jobs()
    TROUBLE[:] = [ZeroDivisionError(), Transient("busy")]
    with pytest.raises(TryAgain) as wanted:
        post.perform(job, arguments)
    assert wanted.value.seconds == 60
    assert post.incidents() == []
    post.perform(job, arguments, attempt=2)
    ((_, element, code),) = post.incidents()
    assert (element, code) == ("send", "handler_transient")
    assert post.status(case) == "active"


def test_a_handler_may_say_itself_when_to_try_again(post: Post) -> None:
    one(post, again.name)
    ((job, arguments),) = post.jobs()
    TROUBLE[:] = [Transient("busy", retry_after_seconds=3)]
    with pytest.raises(TryAgain) as wanted:
        post.perform(job, arguments)
    assert wanted.value.seconds == 3


def test_a_handler_within_the_step_of_a_job_has_its_own_policy_too(post: Post) -> None:
    flows = "start -> wait -> send -> end"
    case = one(post, step.name, flows, el("intermediateCatchEvent", "wait", timer("timeDuration", "PT1M")))
    post.now += HOLD
    post.promote()
    ((job, arguments),) = post.jobs()
    TROUBLE[:] = [ZeroDivisionError(), ZeroDivisionError()]
    with pytest.raises(TryAgain) as wanted:
        post.perform(job, arguments)
    assert wanted.value.seconds == 9
    post.perform(job, arguments, attempt=2)
    assert [found[2] for found in post.incidents()] == ["handler_crashed"]
    assert post.status(case) == "active"


def test_a_loop_that_sends_twice_sends_twice_and_a_retry_sends_once(post: Post) -> None:
    twice = "<bpmn:standardLoopCharacteristics loopMaximum='2' />"
    post.publish("one", plain("one", service("send", again.name, twice), flows=ONE))
    case = post.start("one")
    TROUBLE[:] = [Transient("busy"), Transient("busy")]
    for _ in range(2):
        ((job, arguments),) = post.jobs()
        with pytest.raises(TryAgain):
            post.perform(job, arguments)
        TROUBLE.pop()
        for attempt in (1, 2, 2):  # and once more, as a job that was rescued
            post.perform(job, arguments, attempt)
        TROUBLE[:] = [Transient("busy"), Transient("busy")]
    assert post.status(case) == "completed"
    assert len(SENT) == len(set(SENT)) == 2
    assert all(key.startswith(f"{case}:") and key.endswith(f":{again.name}") for key in SENT)


# -- after a backup was brought back


def test_what_must_not_be_repeated_waits_after_a_restore_until_somebody_lets_it_go(post: Post) -> None:
    cases = [one(post, mail.name), post.start("one")]
    with post.at(), post.runtime.database.transaction() as session:
        restored.enter(session, post.now - HOLD, "1.0", post.now)
    post.work()
    post.promote()
    assert post.jobs() == []
    assert ([post.status(each) for each in cases], SENT) == (["active", "active"], [])
    with post.runtime.database.reading() as session:
        found = restored.find_open(session)
        assert found is not None
        assert [(each.case, each.effects) for each in restored.holding_cases(session)] == [(each, 1) for each in cases]
    # one of them, by whoever knows that it did not go; then all
    ((activity,),) = post.rows("SELECT activity FROM engine.effect WHERE instance_id = :case", case=cases[0])
    with post.at():
        operators.send_now(post.runtime, CLERK, cases[0], activity)
    post.work()
    assert ([post.status(each) for each in cases], len(SENT)) == (["completed", "active"], 1)
    records.execute(post.runtime.database, restored.let_go, restored.LetGo(restoration=found.id), SYSTEM, now=post.now)
    post.promote()
    post.work()
    assert ([post.status(each) for each in cases], len(SENT)) == (["completed", "completed"], 2)
    assert post.rows("SELECT * FROM engine.effect") == []


# -- held


def test_a_held_effect_goes_when_its_time_has_come(post: Post) -> None:
    case = one(post, held.name)
    assert post.jobs() == []
    post.now += HOLD - HOLD / 10
    post.promote()
    assert post.jobs() == []
    post.now += HOLD
    post.promote()
    post.promote()
    post.work()
    assert (post.status(case), len(SENT)) == ("completed", 1)
    assert post.rows("SELECT * FROM engine.effect") == []


def test_a_held_effect_can_be_taken_back_and_the_process_goes_another_way(post: Post) -> None:
    post.publish(
        "one",
        error_named("taken_back"),
        plain(
            "one",
            service("send", held.name),
            boundary("back", "send", error("taken_back")),
            user("correct"),
            flows="start -> send -> end\nback -> correct -> end",
        ),
    )
    case = post.start("one")
    ((activity,),) = post.rows("SELECT activity FROM engine.effect")
    with post.at():
        for actor in (STRANGER, AUDITOR):
            with pytest.raises(NotAllowed):
                operators.take_back(post.runtime, actor, case, activity, "wrong price")
        with pytest.raises(InvalidInput):
            operators.take_back(post.runtime, CLERK, case, activity, " ")
        operators.take_back(post.runtime, CLERK, case, activity, "wrong price")
        with pytest.raises(WrongState):
            operators.take_back(post.runtime, CLERK, case, activity, "wrong price")
    post.now += 2 * HOLD
    post.promote()
    post.work()
    assert SENT == []
    assert post.rows("SELECT element_id FROM engine.task WHERE is_open") == [("correct",)]
    told = "SELECT actor, record::jsonb ->> 'element', record::jsonb ->> 'reason' FROM engine.event WHERE type = 'effect:taken_back'"
    assert post.rows(told) == [("clea", "send", "wrong price")]
    assert "error:thrown" in post.told(case)


def test_taken_back_where_nothing_catches_it_it_waits_for_an_operator(post: Post) -> None:
    case = one(post, held.name)
    ((activity,),) = post.rows("SELECT activity FROM engine.effect")
    with post.at():
        operators.take_back(post.runtime, CLERK, case, activity, "wrong price")
        ((incident, _, code),) = post.incidents()
        assert code == "business_error_uncaught"
        commands.retry_incident(post.runtime, OWNER, incident)
    # wanted again, it is held again
    post.now += 2 * HOLD
    post.promote()
    post.work()
    assert (post.status(case), len(SENT)) == ("completed", 1)


def test_a_held_effect_can_go_earlier_but_not_twice(post: Post) -> None:
    case = one(post, held.name)
    ((activity,),) = post.rows("SELECT activity FROM engine.effect")
    with post.at():
        operators.send_now(post.runtime, CLERK, case, activity)
        with pytest.raises(WrongState):
            operators.send_now(post.runtime, CLERK, case, activity)
        with pytest.raises(WrongState):
            operators.take_back(post.runtime, CLERK, case, activity, "too late")
    post.now += 2 * HOLD
    post.promote()
    post.work()
    assert (post.status(case), len(SENT)) == ("completed", 1)
    told = post.rows("SELECT actor, record::jsonb ->> 'element' FROM engine.event WHERE type = 'effect:sent_now'")
    assert told == [(CLERK.login, "send")]


def test_a_held_effect_that_is_interrupted_never_goes(post: Post) -> None:
    flows = "start -> send -> end\nlate -> end"
    case = one(post, held.name, flows, boundary("late", "send", timer("timeDuration", "PT1M")))
    post.now += HOLD - HOLD / 10
    post.promote()
    post.work()
    assert post.status(case) == "completed"
    assert post.rows("SELECT * FROM engine.effect") == []
    post.now += HOLD
    post.promote()
    assert (post.jobs(), SENT) == ([], [])


# -- once


def killed(post: Post) -> tuple[str, dict[str, object]]:
    """As a worker leaves it that was killed between the answer from outside and its commit."""
    ((job, arguments),) = post.jobs()
    post.write(
        "INSERT INTO engine.effect (instance_id, activity, element_id, handler, begun_at)"
        " VALUES (:instance_id, :activity, 'send', :handler, :now)",
        **arguments,
        handler=mail.name,
        now=post.now,
    )
    return job, arguments


def test_what_went_out_once_is_known_even_if_the_next_step_fails(post: Post) -> None:
    case = one(post, mail.name, "start -> send -> then -> end", service("then", step.name))
    ((job, arguments),) = post.jobs()
    post.perform(job, arguments)
    assert len(SENT) == 1
    post.perform(job, arguments)  # rescued, and too late
    ((finish, _),) = post.jobs()
    assert finish == "finish_effect"
    TROUBLE[:] = [ZeroDivisionError()]
    with pytest.raises(TryAgain):
        post.perform(finish, arguments)
    post.perform(finish, arguments)
    assert post.status(case) == "completed"
    assert [key.split(":")[2] for key in SENT] == [mail.name, step.name, step.name]
    assert post.rows("SELECT * FROM engine.effect") == []


def test_an_attempt_whose_end_is_unknown_is_an_incident_and_no_other_attempt(post: Post) -> None:
    case = one(post, mail.name)
    job, arguments = killed(post)
    for attempt in (1, 2):
        post.perform(job, arguments, attempt)
    assert SENT == []
    assert [each[1:] for each in post.incidents()] == [("send", "effect_uncertain")]
    assert post.rows("SELECT * FROM engine.effect") == []
    ((incident, *_),) = post.incidents()
    with post.at():
        commands.retry_incident(post.runtime, OWNER, incident)
    post.work()
    assert (post.status(case), len(SENT)) == ("completed", 1)


def test_somebody_who_knows_that_it_went_out_lets_the_case_go_on(post: Post) -> None:
    case = one(post, mail.name)
    post.perform(*killed(post))
    ((incident, *_),) = post.incidents()
    with post.at():
        with pytest.raises(NotAllowed):
            operators.confirm_effect(post.runtime, CLERK, incident, "they have it")
        with pytest.raises(InvalidInput):
            operators.confirm_effect(post.runtime, OWNER, incident, "")
        operators.confirm_effect(post.runtime, OWNER, incident, "they have it")
        with pytest.raises(WrongState):
            operators.confirm_effect(post.runtime, OWNER, incident, "they have it")
    post.work()
    assert (post.status(case), SENT) == ("completed", [])
    assert "effect:confirmed" in post.told(case)


def test_a_crash_while_sending_is_uncertain_and_a_transient_is_not(post: Post) -> None:
    case = one(post, mail.name)
    ((job, arguments),) = post.jobs()
    TROUBLE[:] = [Transient("no connection"), Transient("no connection")]
    for attempt, seconds in ((1, 7), (2, 28)):
        with pytest.raises(TryAgain) as wanted:
            post.perform(job, arguments, attempt)
        assert wanted.value.seconds == seconds
    assert post.incidents() == []
    TROUBLE[:] = [ZeroDivisionError()]
    post.perform(job, arguments, 2)
    assert [each[2] for each in post.incidents()] == ["effect_uncertain"]
    post.perform(job, arguments, 3)
    assert (len(SENT), post.status(case)) == (1, "active")


def test_only_effects_are_held_or_done_once() -> None:
    for more in ({"hold": HOLD}, {"once": True}):
        with pytest.raises(ValueError, match="only an effect"):
            handler("a.b", fr="a", en="a", **more)


def test_what_was_interrupted_leaves_nothing_behind_even_if_somebody_had_just_begun_it(post: Post) -> None:
    flows = "start -> send -> end\nlate -> end"
    case = one(post, mail.name, flows, boundary("late", "send", timer("timeDuration", "PT1M")))
    ((job, arguments),) = post.jobs()
    post.now += HOLD
    post.promote()
    post.work()
    assert post.status(case) == "completed"
    post.write(
        "INSERT INTO engine.effect (instance_id, activity, element_id, handler, begun_at)"
        " VALUES (:instance_id, :activity, 'send', 'post.mail', :now)",
        **arguments,
        now=post.now,
    )
    post.perform(job, arguments)
    assert (SENT, post.incidents(), post.rows("SELECT * FROM engine.effect")) == ([], [], [])


def test_a_late_job_does_not_send_what_is_held_anew(post: Post) -> None:
    case = one(post, held.name)
    ((activity,),) = post.rows("SELECT activity FROM engine.effect")
    post.perform("run_effect", {"instance_id": case, "activity": activity})
    assert SENT == []
    post.now += HOLD
    post.promote()
    post.work()
    assert len(SENT) == 1


def test_a_second_attempt_that_looked_before_the_first_was_done_leaves_nothing_behind(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It saw the effect wanted, and began it when the case had gone on already."""
    case = one(post, mail.name)
    ((job, arguments),) = post.jobs()
    with post.at(), post.runtime.database.transaction() as session:
        looked = effects._find(post.runtime, session, case, str(arguments["activity"]))
    post.perform(job, arguments)
    post.work()
    assert (post.status(case), len(SENT)) == ("completed", 1)
    monkeypatch.setattr(effects, "_find", lambda *_: looked)
    post.perform(job, arguments)
    assert (len(SENT), post.incidents(), post.rows("SELECT * FROM engine.effect")) == (1, [], [])
