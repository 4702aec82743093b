"""One act on many: each item once, with its own result, whoever dies in between; and the lists that operators choose from."""

from __future__ import annotations

import pytest

from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed, NotFound
from engine.handler import Actor
from engine.identity import people
from engine.instances import batches, commands, operations
from engine.instances.operations import IncidentFilter
from engine.messages import store as messages
from engine.messages.store import OutgoingMessage
from tests.engine.instances.drawing import el, plain, service, user
from tests.engine.instances.posting import CLERK, OWNER, SENT, TROUBLE, Post, again

WHY = "the price list was wrong"


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
    made.publish("one", plain("one", user("look"), flows="start -> look -> end"))
    return made


def ask(post: Post, act: batches.BatchAct, targets: list[int], why: str = WHY, actor: Actor = OWNER) -> int:
    with post.at():
        return batches.ask(post.runtime, actor, act, targets, why)


def result(post: Post, batch: int) -> tuple[int, int, int]:
    with post.runtime.database.reading() as session:
        found = batches.find(session, batch)
    assert (found.ended_at is not None) == (found.waiting == 0)
    return found.waiting, found.done, found.refused


def test_each_case_has_its_own_result(post: Post) -> None:
    cases = [post.start("one") for _ in range(4)]
    post.complete(cases[3], "look")
    batch = ask(post, "suspend", [*cases, cases[0], 999])
    assert result(post, batch) == (5, 0, 0)
    post.work()
    assert result(post, batch) == (0, 3, 2)
    with post.runtime.database.reading() as session:
        items = batches.items(session, batch)
        assert [(each.target, each.state, each.code) for each in items] == [
            (cases[3], "refused", "case_ended"),
            (999, "refused", "case_not_found"),
            *((case, "done", None) for case in cases[:3]),
        ]
        assert items[0].instance_id == cases[3]
        assert [each.id for each in batches.latest(session)] == [batch]
        with pytest.raises(NotFound):
            batches.find(session, batch + 1)
    cancelled = ask(post, "cancel", cases[:3])
    post.work()
    assert result(post, cancelled) == (0, 3, 0)
    assert {post.status(case) for case in cases[:3]} == {"cancelled"}
    assert post.rows("SELECT DISTINCT actor FROM engine.event WHERE type = 'instance:cancelled'") == [("olga",)]


def test_a_batch_goes_on_where_a_job_left_it(post: Post) -> None:
    cases = [post.start("one") for _ in range(5)]
    batch = ask(post, "suspend", cases)
    ((_, arguments),) = post.jobs()
    with post.at():
        batches.run(post.runtime, batch, seconds=0)
    assert result(post, batch) == (4, 1, 0)
    ((_, following),) = post.jobs()
    assert following == arguments
    with post.at():
        batches.run(post.runtime, batch)
    post.work()
    assert result(post, batch) == (0, 5, 0)
    assert post.rows("SELECT count(*) FROM engine.event WHERE type = 'instance:suspended'") == [(5,)]


def test_who_may_ask_and_for_what(post: Post) -> None:
    case = post.start("one")
    for act in batches.BATCH_ACTS:
        with pytest.raises(NotAllowed):
            ask(post, act, [case], actor=CLERK)
        with pytest.raises(InvalidInput):
            ask(post, act, [])
        with pytest.raises(InvalidInput):
            ask(post, act, list(range(batches.MOST + 1)))
    with pytest.raises(InvalidInput):
        ask(post, "cancel", [case], why=" ")
    batch = ask(post, "cancel", [case])
    with post.runtime.database.transaction() as session:
        people.take_role(session, "olga", "process_owner")
    post.work()
    assert result(post, batch) == (0, 0, 1)
    assert post.status(case) == "active"


def test_incidents_are_found_and_retried_together(post: Post) -> None:
    post.publish("two", plain("two", service("send", again.name), flows="start -> send -> end"))
    cases = [post.start("two") for _ in range(3)]
    for name, arguments in post.jobs():
        TROUBLE[:] = [ZeroDivisionError()]
        post.perform(name, arguments, attempt=2)
    sent = len(SENT)
    with post.runtime.database.reading() as session:
        page = operations.incidents(session, IncidentFilter(), limit=2)
        assert [each.instance_id for each in page.incidents] == cases[:0:-1]
        assert page.incidents[0].element_title == {"fr": "send", "en": "send"}
        rest = operations.incidents(session, IncidentFilter(), before=page.next, limit=2)
        assert ([each.instance_id for each in rest.incidents], rest.next) == (cases[:1], None)
        found = operations.choices(session)
        assert (list(found.processes), found.codes, found.handlers) == (["two"], ("handler_crashed",), (again.name,))
        assert operations.count_incidents(session) == 3
        assert operations.count_incidents(session, most=2) == 2
        for nothing in (
            IncidentFilter(process_key="one"),
            IncidentFilter(code="effect_uncertain"),
            IncidentFilter(handler="post.mail"),
        ):
            assert operations.incident_ids(session, nothing, limit=9) == ()
        chosen = operations.incident_ids(
            session, IncidentFilter(process_key="two", code="handler_crashed", handler=again.name), limit=9
        )
    batch = ask(post, "retry", [*chosen, 999], why="")
    post.work()
    assert result(post, batch) == (0, 3, 1)
    assert {post.status(case) for case in cases} == {"completed"}
    assert len(SENT) == sent + 3
    with post.runtime.database.reading() as session:
        assert [each.instance_id for each in batches.items(session, batch)] == [None, *cases]


def test_what_stops_again_at_once_says_so(post: Post) -> None:
    flows = "start -> send -> way\nway -> end ? way_is_open = true"
    post.publish("three", plain("three", service("send", again.name), el("exclusiveGateway", "way"), flows=flows))
    case = post.start("three")
    post.work()
    with post.runtime.database.reading() as session:
        tried = operations.incident_ids(session, IncidentFilter(process_key="three"), limit=9)
    batch = ask(post, "retry", [*tried], why="")
    post.work()
    assert result(post, batch) == (0, 0, 0)
    with post.runtime.database.reading() as session:
        assert batches.find(session, batch).stopped == batches.find(session, batch).total == 1
        (item,) = batches.items(session, batch)
        assert (item.instance_id, item.state, item.code) == (case, "stopped", "incident_again")
        assert operations.incident_ids(session, IncidentFilter(process_key="three"), limit=9) > tried


def test_what_stops_again_in_a_job_is_said_as_long_as_it_stands(post: Post) -> None:
    def told() -> list[tuple[str, str | None]]:
        with post.runtime.database.reading() as session:
            return [(each.state, each.code) for each in batches.items(session, batch)]

    def stopped() -> int:
        ((name, arguments),) = post.jobs()
        TROUBLE[:] = [ZeroDivisionError()]
        post.perform(name, arguments, attempt=2)
        with post.runtime.database.reading() as session:
            (found,) = operations.incident_ids(session, IncidentFilter(process_key="four"), limit=9)
        return found

    post.publish("four", plain("four", service("send", again.name), flows="start -> send -> end"))
    case = post.start("four")
    batch = ask(post, "retry", [stopped()], why="")
    post.perform(*post.jobs()[0])
    assert told() == [("done", None)]
    once_more = stopped()
    assert told() == [("done", "incident_again_since")]
    commands.retry_incident(post.runtime, OWNER, once_more)
    post.work()
    assert post.status(case) == "completed"
    assert told() == [("done", None)]


def test_what_was_refused_comes_before_what_stopped_again(post: Post) -> None:
    flows = "start -> send -> way\nway -> end ? way_is_open = true"
    post.publish("five", plain("five", service("send", again.name), el("exclusiveGateway", "way"), flows=flows))
    for _ in range(3):
        post.start("five")
    post.work()
    with post.runtime.database.reading() as session:
        tried = operations.incident_ids(session, IncidentFilter(process_key="five"), limit=9)
    batch = ask(post, "retry", [*tried, 999, 1000], why="")
    post.work()
    assert result(post, batch) == (0, 0, 2)
    seen: list[str] = []
    with post.runtime.database.reading() as session:
        after = None
        while found := batches.items(session, batch, 2, after=after):
            seen += [each.state for each in found]
            after = (found[-1].state, found[-1].target)
    assert seen == ["refused", "refused", "stopped", "stopped", "stopped"]


def test_messages_that_nobody_received_are_shown(post: Post) -> None:
    with post.runtime.database.transaction() as session:
        for name in ("lost", "found"):
            messages.send(session, [OutgoingMessage(name=name, key="k", payload={})], post.now, sender="post")
    post.work()
    with post.runtime.database.reading() as session:
        page = operations.undelivered(session)
        assert [(each.name, each.key, each.sent_by) for each in page.messages] == [
            ("found", "k", "post"),
            ("lost", "k", "post"),
        ]
        assert page.messages[0].expires_at == post.now + messages.TIME_TO_LIVE
        assert [each.name for each in operations.undelivered(session, name="lost").messages] == ["lost"]
        assert operations.undelivered(session, limit=1).next == page.messages[0].id
