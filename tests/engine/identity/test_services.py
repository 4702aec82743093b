"""Machines act by tokens that are scoped, that end, and that nobody can read afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from engine import records
from engine.database.session import Database
from engine.errors import Conflict, InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import Actor
from engine.identity import people, services
from engine.identity.service_commands import (
    AddService,
    ChangeService,
    CloseService,
    IssueToken,
    RevokeToken,
    add_service,
    change_service,
    close_service,
    issue_token,
    revoke_token,
)
from engine.records import queries

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
ANNE = Actor(login="anne", name="Anne", person_id=uuid4(), roles=frozenset({"admin"}))
BOB = Actor(login="bob", name="Bob", person_id=uuid4(), roles=frozenset({"sales"}))
ROBOT = AddService(key="stock-robot", title="Stock robot", roles=("sales",))


@pytest.fixture
def robot(database: Database) -> Database:
    with database.transaction() as session:
        for key in ("admin", "sales", "audit"):
            people.add_role(session, key, key, key)
    records.execute(database, add_service, ROBOT, ANNE, now=NOW)
    return database


def issue(database: Database, days: int = 30, scopes: tuple[str, ...] = ("history:read", "cases:read")) -> str:
    given = IssueToken(key="stock-robot", scopes=scopes, days=days)
    token = records.execute(database, issue_token, given, ANNE, now=NOW).answer
    assert isinstance(token, str)
    return token


def prefix_of(token: str) -> str:
    return token.split("_")[1]


def call(database: Database, token: str, now: datetime = NOW) -> services.Caller:
    with database.transaction() as session:
        return services.authenticate(session, token, now)


def test_a_token_opens_its_scopes_with_the_roles_of_its_account(robot: Database) -> None:
    caller = call(robot, issue(robot))
    assert (caller.actor.login, caller.actor.name, caller.actor.person_id) == (
        "service:stock-robot",
        "Stock robot",
        None,
    )
    assert caller.actor.roles == {"sales"}
    caller.require("history:read")
    caller.require("records:write", "cases:read")
    with pytest.raises(NotAllowed, match="token_without_scope"):
        caller.require("records:write")


def test_the_token_is_recognised_by_its_prefix_and_is_nowhere(robot: Database) -> None:
    token = issue(robot)
    with robot.reading() as session:
        found = services.find(session, "stock-robot")
        kept = "".join(session.scalars(text("SELECT record FROM engine.record_event")))
        kept += "".join(session.scalars(text("SELECT service_token::text FROM engine.service_token")))
    assert found is not None
    assert token.startswith(f"bdr_{found.tokens[0].prefix}_")
    assert found.tokens[0].prefix in kept
    assert token.split("_", 2)[2] not in kept


@pytest.mark.parametrize("wrong", ["", "bdr_x_y", "\udcff\0", "x" * 5000, "'; --"])
def test_anything_else_is_refused_in_the_same_words(robot: Database, wrong: str) -> None:
    issue(robot)
    with pytest.raises(NotAllowed) as refused:
        call(robot, wrong)
    assert (refused.value.code, refused.value.facts) == ("token_refused", {})


def test_a_token_ends_by_its_day_by_revoking_and_with_its_account(robot: Database) -> None:
    first, second, third = issue(robot), issue(robot), issue(robot)
    with pytest.raises(NotAllowed, match="token_refused"):
        call(robot, first, NOW + timedelta(days=30))
    records.execute(robot, revoke_token, RevokeToken(key="stock-robot", prefix=prefix_of(second)), ANNE, now=NOW)
    with pytest.raises(NotAllowed, match="token_refused"):
        call(robot, second)
    with pytest.raises(NotFound, match="token_unknown"):
        records.execute(robot, revoke_token, RevokeToken(key="stock-robot", prefix=prefix_of(second)), ANNE)
    assert call(robot, third).prefix == prefix_of(third)
    records.execute(robot, close_service, CloseService(key="stock-robot"), ANNE, now=NOW)
    with pytest.raises(NotAllowed, match="token_refused"):
        call(robot, third)
    with pytest.raises(WrongState, match="service_closed"):
        issue(robot)


def test_use_is_written_now_and_then(robot: Database) -> None:
    token = issue(robot)
    for seconds, seen in ((0, 0), (60, 0), (300, 300)):
        call(robot, token, NOW + timedelta(seconds=seconds))
        with robot.reading() as session:
            found = services.find(session, "stock-robot")
        assert found is not None
        assert found.tokens[0].seen_at == NOW + timedelta(seconds=seen)


@pytest.mark.parametrize(
    ("command", "given", "field"),
    [
        (add_service, AddService(key="No Key", title="x", roles=()), "key"),
        (add_service, AddService(key="x", title=" ", roles=()), "title"),
        (add_service, AddService(key="x", title="x", roles=("admin",)), "roles"),
        (issue_token, IssueToken(key="stock-robot", scopes=(), days=1), "scopes"),
        (issue_token, IssueToken(key="stock-robot", scopes=("everything",), days=1), "scopes"),
        (issue_token, IssueToken(key="stock-robot", scopes=("records:write",), days=1), "scopes"),
        (issue_token, IssueToken(key="stock-robot", scopes=("cases:read",), days=367), "days"),
        (issue_token, IssueToken(key="stock-robot", scopes=("cases:read",), days=0), "days"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(robot: Database, command: Any, given: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        records.execute(robot, command, given, ANNE)
    assert [each.field for each in refused.value.fields] == [field]


def test_only_administrators_and_with_history(robot: Database) -> None:
    acts: list[tuple[Any, Any]] = [
        (add_service, AddService(key="x", title="X", roles=())),
        (change_service, ChangeService(key="stock-robot", title="X", roles=())),
        (close_service, CloseService(key="stock-robot")),
        (issue_token, IssueToken(key="stock-robot", scopes=("cases:read",), days=1)),
        (revoke_token, RevokeToken(key="stock-robot", prefix="x")),
    ]
    for command, given in acts:
        with pytest.raises(NotAllowed, match="record_not_allowed"):
            records.execute(robot, command, given, BOB)
    with pytest.raises(Conflict, match="key_taken"):
        records.execute(robot, add_service, ROBOT, ANNE)
    with pytest.raises(NotFound, match="role_not_defined"):
        records.execute(robot, change_service, ChangeService(key="stock-robot", title="X", roles=("zorro",)), ANNE)
    changed = ChangeService(key="stock-robot", title="Robot", roles=("audit", "sales"))
    records.execute(robot, change_service, changed, ANNE, seen=1)
    with robot.reading() as session:
        newest, _ = queries.history(session, "service", "stock-robot")
        assert [each.title for each in services.services(session)] == ["Robot"]
    assert newest.fields["roles"].new == ["audit", "sales"]
