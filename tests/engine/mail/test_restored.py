"""After a backup was brought back: what waited in it goes only when somebody says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from engine import clock, records
from engine.database.session import Database
from engine.errors import NotFound
from engine.handler import SYSTEM
from engine.instances.runtime import Runtime
from engine.letter import ToAddress
from engine.mail import outbox, restored
from engine.mail.commands import TakeBack, take_back
from engine.mail.restored import DropLetters, LetGo, drop_letters, let_go
from tests.engine.mail.conftest import Post
from tests.engine.mail.test_sending import go, letter, put, runtime, seen

__all__ = ["runtime"]


def bring_back(database: Database) -> int:
    """What ``bordereau restore`` does with the outbox of a backup of a day ago; how many letters waited in it."""
    now = clock.now()
    with database.transaction() as session:
        return restored.enter(session, now - timedelta(days=1), "1.0", now)


def restoration(database: Database) -> restored.Restoration | None:
    with database.reading() as session:
        return restored.find_open(session)


def states(runtime: Runtime, *numbers: int) -> list[str]:
    return [seen(runtime, each).state for each in numbers]


def test_what_waited_in_a_backup_goes_when_somebody_lets_it_go(
    runtime: Runtime, post: Post, set_up: Callable[..., None]
) -> None:
    set_up(post.port)
    database = runtime.database
    (queued,), (waiting,) = put(runtime, letter("queued")), put(runtime, letter("waiting"))
    with database.transaction() as session:
        outbox.promote(session, clock.now(), batch=1)
    assert bring_back(database) == 2
    (since,) = put(runtime, letter("since"))
    (test,) = put(runtime, letter("test", kind="test", to=ToAddress(address="me@house.example")))
    go(runtime)
    assert [each["To"] for each in post.taken] == ["me@house.example"]
    assert states(runtime, queued, waiting, since, test) == ["waiting", "waiting", "waiting", "sent"]
    found = restoration(database)
    assert found is not None
    assert (found.before, found.since) == (2, 1)
    records.execute(database, take_back, TakeBack(letter=queued), SYSTEM)
    records.execute(database, let_go, LetGo(restoration=found.id), SYSTEM)
    assert restoration(database) is None
    go(runtime)
    assert states(runtime, queued, waiting, since) == ["taken_back", "sent", "sent"]
    assert len(post.taken) == 3
    with pytest.raises(NotFound, match="restoration_over"):
        records.execute(database, let_go, LetGo(restoration=found.id), SYSTEM)


def test_all_that_waited_in_the_backup_is_dropped_at_once_and_nothing_newer(
    runtime: Runtime, post: Post, set_up: Callable[..., None]
) -> None:
    set_up(post.port)
    old = [number for each in range(3) for number in put(runtime, letter(f"old {each}"))]
    bring_back(runtime.database)
    (new,) = put(runtime, letter("new"))
    found = restoration(runtime.database)
    assert found is not None
    asked = DropLetters(restoration=found.id)
    assert records.execute(runtime.database, drop_letters, asked, SYSTEM).answer == 3
    assert records.execute(runtime.database, drop_letters, asked, SYSTEM).is_changed is False
    assert states(runtime, *old, new) == ["taken_back", "taken_back", "taken_back", "waiting"]
    records.execute(runtime.database, let_go, LetGo(restoration=found.id), SYSTEM)
    go(runtime)
    assert [states(runtime, new), len(post.taken)] == [["sent"], 1]


def test_a_backup_of_an_undecided_moment_reaches_back_to_the_first(runtime: Runtime) -> None:
    bring_back(runtime.database)
    first = restoration(runtime.database)
    bring_back(runtime.database)
    second = restoration(runtime.database)
    assert first is not None
    assert second is not None
    assert (second.id, second.made_at) == (first.id, first.made_at)
    assert second.restored_at > first.restored_at
