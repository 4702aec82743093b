"""Taking a task does not outlive the role: who loses it can do nothing with the task, and nobody else waits for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import clock
from engine.database.session import Database
from engine.errors import Conflict, NotAllowed
from engine.history import keeping
from engine.history.queries import timeline
from engine.history.verification import verify_all
from engine.identity import people
from engine.inbox import lost_claims, queries
from engine.inbox.commands import claim
from engine.instances import queries as cases
from engine.instances.commands import complete_task, start_instance
from engine.instances.runtime import Runtime
from tests.engine.inbox.cast import figures, tasks
from tests.engine.processes import parcels
from tests.engine.processes.parcels import CLERK, PACKER, PACKERS

COLLEAGUE = PACKERS[1]
WITHOUT = replace(PACKER, roles=frozenset({"clerk"}))
"""The packer of before, as the next request finds them."""


@pytest.fixture
def runtime(database: Database) -> Runtime:
    made = parcels.prepare(database)
    with database.transaction() as session:
        for each in (PACKER, COLLEAGUE):
            people.add_person(
                session,
                login=each.login,
                name=each.name,
                email="",
                password="seven rusty pelicans",
                roles=each.roles,
                locale="fr",
            )
    return made


@pytest.fixture
def task(runtime: Runtime) -> int:
    """Taken by the packer."""
    start_instance(runtime, CLERK, "parcel", {"article": "hat", "worth": "1"})
    with runtime.database.reading() as session:
        found = int(session.execute(text("SELECT id FROM engine.task")).scalar_one())
    claim(runtime.database, PACKER, found)
    return found


def lose_role(session: Session) -> None:
    people.take_role(session, PACKER.login, "packer")


def lose_account(session: Session) -> None:
    people.deactivate(session, PACKER.login)


def lose_by_hand(session: Session) -> None:
    session.execute(text("DELETE FROM engine.person_role"))


def be_deleted(session: Session) -> None:
    session.execute(text("DELETE FROM engine.person WHERE login = 'pack0'"))


@pytest.mark.parametrize("lose", [lose_role, lose_account, lose_by_hand, be_deleted])
def test_what_was_taken_goes_back_with_the_role(runtime: Runtime, task: int, lose: Callable[[Session], None]) -> None:
    with pytest.raises(Conflict):
        claim(runtime.database, COLLEAGUE, task)
    with runtime.database.transaction() as session:
        lose(session)
        assert [each.id for each in tasks(session, COLLEAGUE)] == [task]
    with pytest.raises(NotAllowed):
        complete_task(runtime, WITHOUT, task, {"weight": "1"})
    claim(runtime.database, COLLEAGUE, task)
    complete_task(runtime, COLLEAGUE, task, {"weight": "1"})
    with runtime.database.reading() as session:
        done = queries.find(session, task)
    assert done is not None
    assert (done.assignee, done.closed_by) == (COLLEAGUE.login, COLLEAGUE.login)


def test_another_role_takes_nothing_away(runtime: Runtime, task: int) -> None:
    with runtime.database.transaction() as session:
        people.take_role(session, COLLEAGUE.login, "packer")
        people.take_role(session, PACKER.login, "clerk")
        people.deactivate(session, COLLEAGUE.login)
        held = queries.find(session, task)
    assert held is not None
    assert held.assignee == PACKER.login


def stale_claim(runtime: Runtime, task: int) -> None:
    """Taken in the very moment in which the role was lost: the row says so, the role does not."""
    with runtime.database.transaction() as session:
        lose_role(session)
        session.execute(text("UPDATE engine.task SET assignee = 'pack0', claimed_at = created_at"))


def test_a_claim_without_the_role_holds_nobody_up(runtime: Runtime, task: int) -> None:
    stale_claim(runtime, task)
    with runtime.database.reading() as session:
        assert tasks(session, WITHOUT, "mine") == ()
        assert figures(session, WITHOUT)[1] == 0
        seen = cases.task(session, COLLEAGUE, task)
        assert (seen.may_claim, seen.may_complete, seen.refusal, seen.why.rule) == (True, True, None, "role")
    claim(runtime.database, COLLEAGUE, task)
    with runtime.database.reading() as session:
        assert [each.id for each in tasks(session, COLLEAGUE, "mine")] == [task]
    with pytest.raises(NotAllowed):
        claim(runtime.database, WITHOUT, task)


def test_and_may_be_completed_without_taking_it_over(runtime: Runtime, task: int) -> None:
    stale_claim(runtime, task)
    complete_task(runtime, COLLEAGUE, task, {"weight": "1"})
    with runtime.database.reading() as session:
        done = queries.find(session, task)
    assert done is not None
    assert done.closed_by == COLLEAGUE.login


@pytest.mark.parametrize("lose", [lose_role, lose_account, lose_by_hand, be_deleted])
def test_what_went_back_by_itself_stands_in_the_history(
    runtime: Runtime, task: int, lose: Callable[[Session], None]
) -> None:
    with runtime.database.transaction() as session:
        lose(session)
    now = clock.now()
    with runtime.database.transaction() as session:
        assert lost_claims.record(session, now) == 1
        assert lost_claims.record(session, now) == 0
    keeping.number_all(runtime.database)
    with runtime.database.reading() as session:
        last = timeline(session, 1)[-1]
        report = verify_all(session)
    assert (last.type, last.actor, last.record["lost_by"]) == ("task:released", "system", PACKER.login)
    assert report.is_whole
