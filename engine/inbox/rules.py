"""Who may do a task, and who may pass it on: one rule each, used by pages, by claim and by complete.

A task is offered to one role, or given to one person. Taking it (*claim*) is a courtesy to colleagues, not a duty: completing a task that
nobody has taken is allowed to everybody whom it is offered to, because the row lock of the instance already makes the first one win.
Taking does not outlive the role: whoever loses it loses the task, and a colleague may take it.

Whoever stands in for somebody who is away (``absences``) may do what that person may, in the processes that were named, and no more:
nobody stands in for a stand-in. Four eyes are the eyes of people, not of desks: who stands in may not do what the other one asked for,
nor the other way round.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final

from engine.errors import CommandRejected, Conflict, NotAllowed, WrongState
from engine.handler import Actor

DISTRIBUTORS: Final = frozenset({"process_owner", "admin"})
"""Roles that may pass any task on, also one that a person has taken: somebody must, when that person does not come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Somebody who is away and whom the actor stands in for, where the task is; until ``last_day``."""

    login: str
    name: str
    roles: Collection[str]
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What of a task decides who may do it.

    ``assignee``: who took it and still may, or whom the process gave it to; ``earlier_completers``: logins excluded by four eyes (who did
    the earlier task, and for whom); ``absent``: whom the actor that is asked about stands in for.
    """

    task_id: int
    role: str | None
    assignee: str | None
    is_claimed: bool
    is_open: bool
    earlier_completers: Collection[str] = ()
    absent: Collection[Absent] = ()


def refusal(offer: Offer, actor: Actor) -> CommandRejected | None:
    """Why ``actor`` may not do the task now, neither for themselves nor for somebody who is away; None if they may.

    Whoever could never do it hears only that (NotAllowed), not who has it.
    """
    reason = _refusal(offer, actor.login, actor.roles)
    if reason is not None and on_behalf_of(offer, actor) is None:
        if reason.code == "task_not_offered":
            others = (_refusal(offer, each.login, each.roles) for each in offer.absent)
            return next((each for each in others if each is not None and each.code != reason.code), reason)
        return reason
    excluded = next((each for each in offer.absent if each.login in offer.earlier_completers), None)
    if excluded is not None:
        return NotAllowed("task_four_eyes_absent", task=offer.task_id, name=excluded.name)
    return None


def on_behalf_of(offer: Offer, actor: Actor) -> Absent | None:
    """For whom the actor does the task; None when for themselves, or not at all."""
    if _refusal(offer, actor.login, actor.roles) is None or actor.login in offer.earlier_completers:
        return None
    return next((each for each in offer.absent if _refusal(offer, each.login, each.roles) is None), None)


def delegation_refusal(offer: Offer, actor: Actor) -> CommandRejected | None:
    """Why ``actor`` may not pass the task on to somebody else; None if they may: who may do it, and ``DISTRIBUTORS``."""
    if actor.roles.isdisjoint(DISTRIBUTORS):
        return refusal(offer, actor)
    return None if offer.is_open else WrongState("task_closed", task=offer.task_id)


def _refusal(offer: Offer, login: str, roles: Collection[str]) -> CommandRejected | None:
    is_offered = offer.role is not None and offer.role in roles
    # what somebody took is theirs by the role; what the process gave to the person is theirs without one
    is_mine = offer.assignee == login and (is_offered or not offer.is_claimed)
    if not is_mine and not is_offered:
        return NotAllowed("task_not_offered", task=offer.task_id, role=offer.role)
    if not offer.is_open:
        return WrongState("task_closed", task=offer.task_id)
    if login in offer.earlier_completers:
        return NotAllowed("task_four_eyes", task=offer.task_id)
    if offer.assignee is not None and not is_mine:
        return Conflict("task_taken", task=offer.task_id, by=offer.assignee)
    return None
