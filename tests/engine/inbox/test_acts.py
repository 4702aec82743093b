"""Taking, giving back and passing on stand in the history of the case, chained like everything else; refused tries change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from engine import clock
from engine.database.session import Database
from engine.errors import CommandRejected, Conflict, InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import Actor
from engine.history.queries import timeline
from engine.history.verification import verify_all
from engine.identity import people
from engine.inbox import filters, offers
from engine.inbox.commands import claim, delegate, release
from engine.instances.commands import complete_task, start_instance
from engine.instances.runtime import Runtime
from engine.record import reason_of
from tests.engine.inbox.cast import hire, open_task, tasks
from tests.engine.processes import parcels
from tests.engine.processes.parcels import BOTH, CHIEF, CLERK, OWNER, PACKER, PACKERS, STRANGER

COLLEAGUE = PACKERS[1]
KINDS = ("task:claimed", "task:released", "task:delegated", "task:completed")


@pytest.fixture
def runtime(database: Database) -> Runtime:
    made = parcels.prepare(database)
    with database.transaction() as session:
        hire(session, (PACKER, COLLEAGUE, CLERK, CHIEF, BOTH, OWNER))
    return made


@pytest.fixture
def task(runtime: Runtime) -> int:
    return open_task(runtime)


def acts(runtime: Runtime) -> list[tuple[str, str, dict[str, Any]]]:
    """What people did, as the history tells it, without what only names the place; and the whole history holds."""
    with runtime.database.reading() as session:
        assert verify_all(session).is_whole
        case = session.execute(text("SELECT max(id) FROM engine.instance")).scalar_one()
        entries = [each for each in timeline(session, case) if each.type in KINDS]
    places = {each.record["element"] for each in entries}
    assert places <= {"weigh", "approve"}
    aside = {"type", "activity", "element", "variables", "actor"}
    return [
        (each.type.partition(":")[2], each.actor, {k: v for k, v in each.record.items() if k not in aside})
        for each in entries
    ]


def test_every_act_is_in_the_chain_with_its_actor(runtime: Runtime, task: int) -> None:
    claim(runtime.database, PACKER, task)
    claim(runtime.database, PACKER, task)  # nothing new
    release(runtime.database, PACKER, task)
    claim(runtime.database, COLLEAGUE, task)
    delegate(runtime.database, COLLEAGUE, task, "pack0", " you know this customer ")
    complete_task(runtime, PACKER, task, {"weight": "1"})
    assert acts(runtime) == [
        ("claimed", "pack0", {}),
        ("released", "pack0", {}),
        ("claimed", "pack1", {}),
        ("delegated", "pack1", {"to": "pack0", "note": "you know this customer"}),
        ("completed", "pack0", {}),
    ]


@pytest.mark.parametrize(
    "act",
    [
        lambda database, task: claim(database, STRANGER, task),
        lambda database, task: release(database, PACKER, task),
        lambda database, task: delegate(database, STRANGER, task, "pack0"),
        lambda database, task: delegate(database, PACKER, task, "clea"),
        lambda database, task: claim(database, PACKER, 999_999),
        lambda database, task: delegate(database, PACKER, 999_999, "pack1"),
    ],
)
def test_what_is_refused_changes_nothing_and_stands_in_the_history_of_refusals(
    runtime: Runtime, task: int, act: Callable[[Database, int], None]
) -> None:
    with pytest.raises(CommandRejected):
        act(runtime.database, task)
    assert acts(runtime) == []
    with runtime.database.reading() as session:
        found = session.execute(text("SELECT record::jsonb ->> 'act' FROM engine.refusal_event")).scalars().all()
    assert len(found) == 1
    assert found[0].startswith("tasks.")


def test_who_gets_a_task_sees_by_whom_and_why(runtime: Runtime, task: int) -> None:
    delegate(runtime.database, PACKER, task, "pack1", "it is for your customer")
    with runtime.database.reading() as session:
        (mine,) = tasks(session, COLLEAGUE, "mine")
        assert tasks(session, PACKER) == ()
    assert (mine.assignee, mine.given_by, mine.given_note) == ("pack1", "pack0", "it is for your customer")
    with pytest.raises(Conflict):
        delegate(runtime.database, PACKER, task, "pack0")
    release(runtime.database, COLLEAGUE, task)
    claim(runtime.database, PACKER, task)
    with runtime.database.reading() as session:
        (mine,) = tasks(session, PACKER, "mine")
    assert (mine.given_by, mine.given_note) == (None, None)


def test_owners_and_administrators_pass_on_what_somebody_else_has(runtime: Runtime, task: int) -> None:
    claim(runtime.database, PACKER, task)
    delegate(runtime.database, OWNER, task, "pack1")
    with pytest.raises(Conflict):
        complete_task(runtime, PACKER, task, {"weight": "1"})
    complete_task(runtime, COLLEAGUE, task, {"weight": "1"})
    with pytest.raises(WrongState):
        delegate(runtime.database, OWNER, task, "pack0")


def test_a_task_goes_only_to_who_may_do_it(runtime: Runtime, task: int) -> None:
    def problem(to: str, note: str = "", by: Actor = PACKER, of: int = task) -> list[tuple[str, str]]:
        with pytest.raises(InvalidInput) as refused:
            delegate(runtime.database, by, of, to, note)
        return [(each.field, each.code) for each in refused.value.fields]

    assert problem("nobody") == [("to", "delegate_unknown")]
    assert problem("clea") == [("to", "delegate_without_role")]
    assert problem("pack1", "x" * 501) == [("note", "field_too_long")]
    claim(runtime.database, PACKER, task)
    assert problem("pack0") == [("to", "delegate_has_it")]
    release(runtime.database, PACKER, task)
    complete_task(runtime, BOTH, task, {"weight": "99"})
    approval = open_task(runtime, start=False)
    assert problem("bo", by=CHIEF, of=approval) == [("to", "delegate_four_eyes")]
    with pytest.raises(NotAllowed):
        delegate(runtime.database, BOTH, approval, "chan")
    with runtime.database.reading() as session:
        found = offers.takers(session, approval, clock.now())
    assert [each.login for each in found] == ["chan"]
    with runtime.database.transaction() as session:
        people.deactivate(session, "chan")
    assert problem("chan", by=OWNER, of=approval) == [("to", "delegate_unknown")]


def test_acts_of_a_closed_or_unknown_task(runtime: Runtime, task: int) -> None:
    complete_task(runtime, PACKER, task, {"weight": "1"})
    for act in (claim, release):
        with pytest.raises(WrongState):
            act(runtime.database, PACKER, task)
        with pytest.raises(NotFound):
            act(runtime.database, PACKER, 999_999)


@contextmanager
def statements(runtime: Runtime) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(" ".join(statement.split()))

    event.listen(runtime.database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(runtime.database.engine, "before_cursor_execute", note)


def test_an_act_costs_five_statements_however_long_the_history_is(runtime: Runtime, task: int) -> None:
    counts = []
    for _ in range(3):
        with statements(runtime) as seen:
            claim(runtime.database, PACKER, task)
            release(runtime.database, PACKER, task)
        counts.append(len(seen))
    assert counts == [10, 10, 10]


def test_who_had_a_role_when_a_case_began_and_lost_it_is_taken_over_from(runtime: Runtime) -> None:
    start_instance(runtime, CLERK, "parcel", {"article": "hat", "worth": "1"})
    task = open_task(runtime, start=False)
    claim(runtime.database, PACKER, task)
    with runtime.database.transaction() as session:
        people.take_role(session, "pack0", "packer")
    claim(runtime.database, COLLEAGUE, task)
    assert acts(runtime)[-1] == ("claimed", "pack1", {})


@pytest.mark.parametrize(
    ("to", "note", "field"), [("pack1\0", "", "to"), ("pack1", "\0", "note"), ("pack1", "\ud800", "note")]
)
def test_what_no_row_can_hold_is_said_beside_its_field(
    runtime: Runtime, task: int, to: str, note: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        delegate(runtime.database, PACKER, task, to, note)
    assert [each.field for each in refused.value.fields] == [field]
    with pytest.raises(InvalidInput):
        filters.save(runtime.database, PACKER, "a\0b", "")
    with pytest.raises(InvalidInput):
        reason_of("because\0")
