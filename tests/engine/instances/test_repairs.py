"""Operators repair a case: what is moved, skipped or edited is so in inbox, timers, jobs and history, or nothing happened."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from engine.database.session import Database
from engine.errors import Conflict, EngineError, InvalidInput, NotAllowed, NotFound, WrongState
from engine.history.verification import verify_all
from engine.identity import people
from engine.instances import batches, driver, operators, repairs
from engine.instances.repairs import Repair
from engine.protocol.stimuli import MoveToken, SetVariable, SkipActivity
from tests.engine.instances.drawing import (
    boundary,
    el,
    extensions,
    io,
    keyed,
    message,
    plain,
    process,
    service,
    sub,
    timer,
    user,
    write,
)
from tests.engine.instances.posting import AUDITOR, CLERK, OWNER, SENT, Post, mail

WHY = "the goods came back"


@pytest.fixture
def post(database: Database) -> Post:
    made = Post.made(database)
    with database.transaction() as session:
        people.add_person(
            session,
            login="olga",
            name="Olga",
            email="olga@example.com",
            password="correct horse battery staple 7",
            roles=["process_owner"],
            locale="en",
        )
    made.publish(
        "one",
        plain(
            "one",
            user("look"),
            boundary("hour", "look", timer("timeDuration", "PT1H"), interrupts=False),
            service("send", mail.name),
            user("file"),
            flows="start -> look -> send -> file -> end\nhour -> end",
        ),
    )
    return made


def at(post: Post, case: int, element: str) -> str:
    with post.runtime.database.reading() as session:
        instance = repairs.running(session, case)
        assert instance.state is not None
        (found,) = (each for each in repairs.places(instance.model, instance.state) if each.element == element)
    return found.activity


def perform(post: Post, case: int, repair: Repair, revision: int | None = None) -> None:
    with post.at():
        repairs.perform(post.runtime, OWNER, case, repair, revision)


def move(post: Post, case: int, element: str, target: str) -> None:
    perform(post, case, MoveToken(activity=at(post, case, element), target=target, reason=WHY))


def open_tasks(post: Post, case: int) -> list[str]:
    rows = post.rows("SELECT element_id FROM engine.task WHERE instance_id = :case AND is_open ORDER BY 1", case=case)
    return [element for (element,) in rows]


def is_whole(post: Post) -> None:
    with post.runtime.database.reading() as session:
        assert verify_all(session).is_whole


def test_a_moved_token_is_moved_in_every_table(post: Post) -> None:
    case = post.start("one")
    assert open_tasks(post, case) == ["look"]
    move(post, case, "look", "file")
    assert open_tasks(post, case) == ["file"]
    assert post.rows("SELECT * FROM engine.timer") == []
    ((actor, record),) = post.rows("SELECT actor, record FROM engine.event WHERE type = 'token:moved'")
    assert actor == "olga"
    assert WHY in record
    post.complete(case, "file")
    assert post.status(case) == "completed"
    assert SENT == []
    is_whole(post)


def test_an_effect_that_is_skipped_does_not_go(post: Post) -> None:
    case = post.start("one")
    post.complete(case, "look")
    perform(post, case, SkipActivity(activity=at(post, case, "send"), reason=WHY))
    post.work()
    assert SENT == []
    assert open_tasks(post, case) == ["file"]
    is_whole(post)


def test_a_variable_is_edited_with_its_old_and_new_value_in_the_history(post: Post) -> None:
    case = post.start("one")
    for value in (Decimal("12.50"), {"on": date(2026, 11, 30), "ids": [Decimal(1), None]}):
        perform(post, case, SetVariable(scope="s1", name="amount", value=value, reason=WHY))
    rows = post.rows("SELECT record FROM engine.event WHERE type = 'variable:written' ORDER BY sequence")
    assert '"previous":{"@decimal":"12.50"}' in rows[1][0] or "12.50" in rows[1][0]
    assert post.told(case).count("variable:edited") == 2
    is_whole(post)


def test_what_waits_keeps_the_key_and_the_moment_that_a_variable_gave_it(post: Post) -> None:
    def kept(case: int, scope: str, name: str) -> set[tuple[str, str | None]]:
        with post.runtime.database.reading() as session:
            instance = repairs.running(session, case)
            assert instance.state is not None
            return {(each.element, each.key) for each in repairs.fixed(instance.model, instance.state, scope, name)}

    nearer = el("receiveTask", "inner", extensions(io({"order": "order"})), messageRef="m")
    inside = el("startEvent", "go"), nearer, el("endEvent", "gone")
    post.publish(
        "keyed",
        keyed("m", "paid", 'order + "!"'),
        plain(
            "keyed",
            write("note", "order", '"K"'),
            write("note_days", "days", "3"),
            el("parallelGateway", "both"),
            el("intermediateCatchEvent", "money", message("m")),
            user("look"),
            boundary("late", "look", timer("timeDuration", '=duration("P" + string(days) + "D")')),
            sub("within", *inside, flows="go -> inner -> gone"),
            flows="start -> note -> note_days -> both -> money -> end\nboth -> look -> end\nlate -> end\nboth -> within -> end",
        ),
    )
    case = post.start("keyed")
    assert kept(case, "s1", "order") == {("money", "K!")}
    assert kept(case, at(post, case, "inner"), "order") == {("inner", "K!")}
    assert kept(case, "s1", "days") == {("late", None)}
    assert kept(case, "s1", "nothing") == set()
    perform(post, case, SetVariable(scope="s1", name="order", value="L", reason=WHY))
    assert kept(case, "s1", "order") == {("money", "K!")}
    move(post, case, "money", "money")
    assert kept(case, "s1", "order") == {("money", "L!")}


def test_who_may_and_what_cannot_be(post: Post) -> None:
    case = post.start("one")
    act = SkipActivity(activity=at(post, case, "look"), reason=WHY)
    for actor in (CLERK, AUDITOR):
        with pytest.raises(NotAllowed):
            repairs.perform(post.runtime, actor, case, act)
    for why in ("", " \n", "x" * 501):
        with pytest.raises(InvalidInput):
            perform(post, case, SkipActivity(activity=act.activity, reason=why))
    with pytest.raises(NotFound):
        perform(post, case + 1, act)
    with pytest.raises(Conflict):
        perform(post, case, act, revision=99)
    for wrong in (
        MoveToken(activity=act.activity, target="start", reason=WHY),
        SkipActivity(activity="a99", reason=WHY),
    ):
        with pytest.raises(WrongState):
            perform(post, case, wrong)
    with pytest.raises(InvalidInput):
        perform(post, case, SetVariable(scope="s1", name="x", value="\ud800", reason=WHY))
    with post.at():
        operators.operate(post.runtime, OWNER, "suspend", case, WHY)
    with pytest.raises(driver.CaseSuspended):
        perform(post, case, act)
    with post.at():
        operators.operate(post.runtime, OWNER, "cancel", case, WHY)
    with pytest.raises(WrongState) as ended:
        perform(post, case, act)
    assert ended.value.code == "case_ended"
    assert post.told(case).count("activity:skipped") == 0


def test_what_would_happen_is_said_and_nothing_is_written(post: Post) -> None:
    case = post.start("one")
    before = post.rows("SELECT revision, snapshot, chain_hash FROM engine.instance")
    with post.runtime.database.reading() as session, post.at():
        instance = repairs.running(session, case)
        act = MoveToken(activity=at(post, case, "look"), target="send", reason="")
        seen = repairs.foresee(post.runtime, instance, act)
    assert [each.tag for each in seen.events if each.tag.startswith(("task", "timer", "handler"))] == [
        "task:cancelled",
        "timer:cancelled",
        "handler:requested",
    ]
    assert post.rows("SELECT revision, snapshot, chain_hash FROM engine.instance") == before
    assert SENT == []


def test_a_join_that_would_wait_for_ever_is_named(post: Post) -> None:
    gates = (el("parallelGateway", "f"), el("parallelGateway", "j"))
    post.publish("two", plain("two", *gates, user("a"), user("b"), flows="start -> f -> a -> j -> end\nf -> b -> j"))
    case = post.start("two")
    with post.runtime.database.reading() as session:
        instance = repairs.running(session, case)
        assert instance.state is not None
        (there,) = (each for each in repairs.places(instance.model, instance.state) if each.element == "a")
        onto = [each for each in repairs.targets(instance.model, instance.state, there) if each != "f"]
        missed = {
            target: repairs.foresee(
                post.runtime, instance, MoveToken(activity=there.activity, target=target, reason="")
            ).missed
            for target in onto
        }
    assert missed["end"] == ("j",)
    assert {missed[each] for each in onto if each not in ("end", "j")} == {()}


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("12.50", Decimal("12.50")),
        ("true", True),
        ("null", None),
        ('"a text"', "a text"),
        ('date("2026-11-30")', date(2026, 11, 30)),
        ('[1, {"a": null}]', [Decimal(1), {"a": None}]),
        ("{a: 1, b: [true]}", {"a": Decimal(1), "b": [True]}),
    ],
)
def test_values_are_typed_as_literals(post: Post, typed: str, value: object) -> None:
    assert repairs.read_value(typed, is_text=False, environment=post.runtime.environment(post.now)) == value


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "hello",
        "x + 1",
        "1 +",
        "function(a) a",
        "[1..2]",
        "(" * 5000,
        "9" * 20_000,
        '{"@date": "x"}',
        "\x00",
        "'; DROP TABLE engine.task; --",
    ],
)
def test_what_is_no_literal_is_refused(post: Post, typed: str) -> None:
    with pytest.raises(InvalidInput):
        repairs.read_value(typed, is_text=False, environment=post.runtime.environment(post.now))


def test_texts_are_kept_as_they_are_typed(post: Post) -> None:
    environment = post.runtime.environment(post.now)
    assert repairs.read_value(" <b>1 +</b> ", is_text=True, environment=environment) == " <b>1 +</b> "
    for typed in ("x" * 10_001, "\ud800"):
        with pytest.raises(InvalidInput):
            repairs.read_value(typed, is_text=True, environment=environment)


def test_many_cases_are_repaired_each_with_its_result(post: Post) -> None:
    cases = [post.start("one") for _ in range(3)]
    post.complete(cases[2], "look")
    with post.at():
        batch = batches.ask(post.runtime, OWNER, "move", cases, WHY, {"from": "look", "to": "file"})
        value = batches.ask(post.runtime, OWNER, "edit", cases, WHY, {"name": "x", "value": date(2026, 11, 30)})
    post.work()
    with post.runtime.database.reading() as session:
        items = batches.items(session, batch)
        edited = batches.find(session, value)
    assert [(each.target, each.state, each.code) for each in items] == [
        (cases[2], "refused", "repair_not_there"),
        (cases[0], "done", None),
        (cases[1], "done", None),
    ]
    assert (edited.done, edited.what) == (3, {"name": "x"})
    assert [open_tasks(post, each) for each in cases] == [["file"]] * 3
    with post.at():
        batches.ask(post.runtime, OWNER, "skip", cases, WHY, {"from": "file"})
    post.work()
    assert {post.status(each) for each in cases} == {"completed"}
    is_whole(post)


def test_what_is_refused_leaves_nothing_behind(post: Post) -> None:
    case = post.start("one")
    before = post.rows("SELECT revision, snapshot, chain_hash FROM engine.instance")
    with pytest.raises(EngineError):
        move(post, case, "look", "hour")
    assert post.rows("SELECT revision, snapshot, chain_hash FROM engine.instance") == before


def test_a_called_case_ends_when_its_call_is_skipped(post: Post) -> None:
    said = extensions(
        '<zeebe:calledElement processId="inner" propagateAllParentVariables="false" propagateAllChildVariables="false" />'
    )
    inner = process("inner", el("startEvent", "begin"), user("deep"), flows="begin -> deep")
    calling = plain("two", el("callActivity", "call", said), user("file"), flows="start -> call -> file -> end")
    post.publish("two", calling, inner)
    case = post.start("two")
    post.work()
    ((child,),) = post.rows("SELECT id FROM engine.instance WHERE parent_instance_id = :case", case=case)
    assert open_tasks(post, child) == ["deep"]
    perform(post, case, SkipActivity(activity=at(post, case, "call"), reason=WHY))
    post.work()
    assert (post.status(child), open_tasks(post, case)) == ("cancelled", ["file"])
    post.complete(case, "file")
    assert post.status(case) == "completed"
    is_whole(post)
