"""Taking tasks: one of many wins. Lists: in order, in pages, without what four eyes forbid."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from engine import clock
from engine.database.session import Database
from engine.errors import CommandRejected, Conflict, InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import Actor
from engine.inbox import lists, queries
from engine.inbox.commands import claim, release
from engine.inbox.rules import Offer, refusal
from engine.instances.commands import complete_task, start_instance
from engine.instances.runtime import Runtime
from tests.engine.inbox.cast import desk, figures, tasks
from tests.engine.processes import parcels
from tests.engine.processes.parcels import BOTH, CHIEF, CLERK, PACKER, PACKERS

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def runtime(database: Database) -> Runtime:
    return parcels.prepare(database)


def open_tasks(runtime: Runtime, count: int) -> list[int]:
    """``count`` cases begun an hour apart, the last one first: so dates and ids run against each other."""
    for hour in reversed(range(count)):
        with clock.frozen(NOW + timedelta(hours=hour)):
            start_instance(runtime, CLERK, "parcel", {"article": "hat", "worth": "1"})
    with runtime.database.reading() as session:
        return list(session.execute(text("SELECT id FROM engine.task ORDER BY due_at, id")).scalars())


def all_at_once(people: list[Actor], act: Callable[[Actor], object]) -> list[str]:
    """Each does it in a thread of their own; gives what became of it."""
    outcomes: list[str] = []
    begin = threading.Barrier(len(people))

    def one(person: Actor) -> None:
        begin.wait()
        try:
            act(person)
        except CommandRejected as reason:
            outcomes.append(reason.code)
        else:
            outcomes.append("done")

    threads = [threading.Thread(target=one, args=(person,)) for person in people]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    return sorted(outcomes)


def test_eight_people_claim_and_one_wins(runtime: Runtime) -> None:
    for task in open_tasks(runtime, 3):
        outcomes = all_at_once(PACKERS, lambda person, task=task: claim(runtime.database, person, task))  # type: ignore[misc]
        assert outcomes == ["done", *["task_taken"] * 7]


def test_eight_people_complete_and_one_wins(runtime: Runtime) -> None:
    for task in open_tasks(runtime, 3):
        outcomes = all_at_once(
            PACKERS,
            lambda person, task=task: complete_task(runtime, person, task, {"weight": "1"}),  # type: ignore[misc]
        )
        assert outcomes == ["done", *["task_closed"] * 7]
    with runtime.database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM jobs.procrastinate_jobs")).scalar_one() == 3


def test_one_completes_while_another_claims(runtime: Runtime) -> None:
    for task in open_tasks(runtime, 6):

        def act(person: Actor, task: int = task) -> None:
            if person is PACKERS[0]:
                complete_task(runtime, person, task, {"weight": "1"})
            else:
                claim(runtime.database, person, task)

        outcomes = all_at_once(PACKERS[:2], act)
        # the claim may come a moment before the row is closed; whoever loses is told, and nothing is done twice
        assert outcomes in (["done", "task_closed"], ["done", "task_taken"], ["done", "done"])
        with runtime.database.reading() as session:
            row = queries.find(session, task)
        assert row is not None
        assert row.is_open == (row.closed_by is None)


def test_claiming_again_what_one_has_is_fine_and_release_gives_it_back(runtime: Runtime) -> None:
    (task,) = open_tasks(runtime, 1)
    claim(runtime.database, PACKER, task)
    claim(runtime.database, PACKER, task)
    with runtime.database.reading() as session:
        assert tasks(session, PACKER) == ()
        assert [each.id for each in tasks(session, PACKER, "mine")] == [task]
        assert figures(session, PACKER) == (0, 1, 0)
    with pytest.raises(Conflict):
        release(runtime.database, PACKERS[1], task)
    release(runtime.database, PACKER, task)
    with pytest.raises(WrongState):
        release(runtime.database, PACKER, task)
    with runtime.database.reading() as session:
        assert figures(session, PACKERS[1]) == (1, 0, 0)


def test_claims_are_refused_with_their_reason(runtime: Runtime) -> None:
    (task,) = open_tasks(runtime, 1)
    with pytest.raises(NotAllowed):
        claim(runtime.database, CHIEF, task)
    with pytest.raises(NotFound):
        claim(runtime.database, PACKER, 9_999)
    complete_task(runtime, PACKER, task, {"weight": "1"})
    with pytest.raises(WrongState):
        claim(runtime.database, PACKER, task)


def test_pages_follow_each_other_by_due_date(runtime: Runtime) -> None:
    expected = open_tasks(runtime, 7)
    with runtime.database.reading() as session:
        found, after, pages = [], None, 0
        while True:
            page = lists.page(session, desk(session, PACKER), after=after, limit=3)
            found += [each.id for each in page.tasks]
            after, pages = page.next, pages + 1
            if after is None:
                break
        assert (found, pages) == (expected, 3)
        with pytest.raises(InvalidInput):
            lists.page(session, desk(session, PACKER), after="yesterday")


def test_tasks_of_several_roles_are_merged_and_those_without_a_date_come_last(runtime: Runtime) -> None:
    tasks = open_tasks(runtime, 3)
    complete_task(runtime, PACKER, tasks[0], {"weight": "99"})
    with runtime.database.reading() as session:
        found = lists.page(session, desk(session, BOTH)).tasks
        assert [each.element_id for each in found] == ["weigh", "weigh", "approve"]
        assert found[-1].due_at is None
        page = lists.page(session, desk(session, BOTH), limit=2)
        rest = lists.page(session, desk(session, BOTH), after=page.next)
        assert [each.element_id for each in rest.tasks] == ["approve"]
        assert queries.candidates(session, "packer") == 0


@pytest.mark.parametrize(
    ("offer", "actor", "code"),
    [
        (Offer(task_id=1, role="packer", assignee=None, is_claimed=False, is_open=True), PACKER, None),
        (Offer(task_id=1, role="packer", assignee=None, is_claimed=False, is_open=True), CLERK, "task_not_offered"),
        (Offer(task_id=1, role="packer", assignee="pack0", is_claimed=True, is_open=True), PACKER, None),
        (Offer(task_id=1, role="packer", assignee="pack1", is_claimed=True, is_open=True), PACKER, "task_taken"),
        (Offer(task_id=1, role="packer", assignee="pack1", is_claimed=True, is_open=True), CLERK, "task_not_offered"),
        (Offer(task_id=1, role="packer", assignee="clea", is_claimed=True, is_open=True), CLERK, "task_not_offered"),
        (Offer(task_id=1, role="packer", assignee="clea", is_claimed=False, is_open=True), CLERK, None),
        (Offer(task_id=1, role=None, assignee="clea", is_claimed=False, is_open=True), CLERK, None),
        (Offer(task_id=1, role="packer", assignee=None, is_claimed=False, is_open=False), PACKER, "task_closed"),
        (
            Offer(
                task_id=1,
                role="packer",
                assignee="pack0",
                is_claimed=False,
                is_open=True,
                earlier_completers=("pack0",),
            ),
            PACKER,
            "task_four_eyes",
        ),
    ],
)
def test_the_rule(offer: Offer, actor: Actor, code: str | None) -> None:
    reason = refusal(offer, actor)
    assert (None if reason is None else reason.code) == code
