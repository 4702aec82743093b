"""Who may do a task: one rule, used by the page, by claim and by complete.

A task is offered to one role, or given to one person. Taking it (*claim*) is a courtesy to colleagues, not a duty: completing a task that
nobody has taken is allowed to everybody whom it is offered to, because the row lock of the instance already makes the first one win.
Taking does not outlive the role: whoever loses it loses the task, and a colleague may take it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from engine.errors import CommandRejected, Conflict, NotAllowed, WrongState
from engine.handler import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What of a task decides who may do it.

    ``assignee``: who took it and still may, or whom the process gave it to; ``earlier_completers``: logins excluded by four eyes.
    """

    task_id: int
    role: str | None
    assignee: str | None
    is_claimed: bool
    is_open: bool
    earlier_completers: Collection[str] = ()


def refusal(offer: Offer, actor: Actor) -> CommandRejected | None:
    """Why ``actor`` may not do the task now; None if they may.

    Whoever could never do it hears only that (NotAllowed), not who has it.
    """
    is_offered = offer.role is not None and offer.role in actor.roles
    # what somebody took is theirs by the role; what the process gave to the person is theirs without one
    is_mine = offer.assignee == actor.login and (is_offered or not offer.is_claimed)
    if not is_mine and not is_offered:
        return NotAllowed("task_not_offered", task=offer.task_id, role=offer.role)
    if not offer.is_open:
        return WrongState("task_closed", task=offer.task_id)
    if actor.login in offer.earlier_completers:
        return NotAllowed("task_four_eyes", task=offer.task_id)
    if offer.assignee is not None and not is_mine:
        return Conflict("task_taken", task=offer.task_id, by=offer.assignee)
    return None
