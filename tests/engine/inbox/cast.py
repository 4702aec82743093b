"""What the tests of the inbox share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import clock
from engine.handler import Actor
from engine.identity import people
from engine.inbox.lists import Asked, View, counts, page
from engine.inbox.queries import TaskRow
from engine.inbox.standing_in import standing_in
from engine.instances.commands import start_instance
from engine.instances.runtime import Runtime
from tests.engine.processes.parcels import CLERK


def hire(session: Session, actors: Iterable[Actor]) -> None:
    """Give each of them an account with their roles."""
    for each in actors:
        people.add_person(
            session,
            login=each.login,
            name=each.name,
            email="",
            password="demo",
            roles=each.roles,
            locale="fr",
            may_be_weak=True,
        )


def open_task(runtime: Runtime, *, start: bool = True) -> int:
    """The newest open task; by default of a case that begins for it."""
    if start:
        start_instance(runtime, CLERK, "parcel", {"article": "hat", "worth": "1"})
    with runtime.database.reading() as session:
        return int(session.execute(text("SELECT max(id) FROM engine.task WHERE is_open")).scalar_one())


def desk(session: Session, actor: Actor, view: View = "role", **narrowed: Any) -> Asked:
    """What ``actor`` asks for now."""
    now = clock.now()
    return Asked(actor=actor, view=view, now=now, absent=standing_in(session, actor, now), **narrowed)


def tasks(session: Session, actor: Actor, view: View = "role", **narrowed: Any) -> tuple[TaskRow, ...]:
    """The first page of a view."""
    return page(session, desk(session, actor, view, **narrowed)).tasks


def figures(session: Session, actor: Actor) -> tuple[int, int, int]:
    """How many are free, mine, and of people whom the actor stands in for."""
    found = counts(session, actor, standing_in(session, actor, clock.now()))
    return found.role, found.mine, found.absent
