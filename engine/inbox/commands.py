"""Taking a task, giving it back, passing it on: each one act of a person, recorded in the history of its case.

The case is locked first, then the task is read as it is now, and the rule decides: of many who come at once, one wins, and the others are
told who.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import clock
from engine.data import is_storable_text
from engine.database.session import Database
from engine.errors import ActRefused, Facts, FieldProblem, InvalidInput, InvariantBroken, NotFound, WrongState
from engine.handler import Actor
from engine.history import refusals
from engine.inbox import acts
from engine.inbox.offers import HELD, offer
from engine.inbox.rules import Offer, delegation_refusal, on_behalf_of, refusal

LONGEST_NOTE = 500
"""Characters of what somebody says when passing a task on."""

_HAND = text("""
    UPDATE engine.task
    SET assignee = :assignee, claimed_at = :claimed_at, given_by = :given_by, given_at = :given_at, given_note = :note
    WHERE id = :task AND is_open RETURNING id
""")

_TARGET = text(f"""
    SELECT person.name,
           task.role IS NULL AND EXISTS (
               SELECT FROM engine.person_role held WHERE held.person_id = person.id AND {HELD} AND held.role_key = ANY(version.lane_roles))
           OR EXISTS (SELECT FROM engine.person_role held WHERE held.person_id = person.id AND {HELD} AND held.role_key = task.role) AS may
    FROM engine.task
    JOIN engine.instance ON instance.id = task.instance_id
    JOIN engine.definition_version version ON version.id = instance.version_id
    JOIN engine.person ON person.login = :to AND person.is_active
    WHERE task.id = :task
""")  # noqa: S608 - composed of constants


def claim(database: Database, actor: Actor, task_id: int) -> None:
    """Take the task: for oneself, or for somebody who is away and whom one stands in for (then it is that person's).

    Taking what one has is fine and records nothing; so is taking over from somebody who has lost the role since. Raises NotFound;
    NotAllowed (not offered, four eyes); WrongState (closed); Conflict (a colleague was faster).
    """
    now = clock.now()
    with (
        refusals.remembering(database, actor.login, "tasks.claim", {"task": task_id}, at=now),
        database.transaction() as session,
    ):
        desk = _open(session, actor, task_id, now)
        reason = refusal(desk.offer, actor)
        if reason is not None:
            raise reason
        absent = on_behalf_of(desk.offer, actor)
        whose = actor.login if absent is None else absent.login
        if desk.offer.assignee == whose:
            return
        _hand(session, desk, now, assignee=whose, is_claimed=True)
        told = {} if absent is None else {"for": absent.login}
        acts.record(session, desk.task, actor, now, "task:claimed", **told)


def release(database: Database, actor: Actor, task_id: int) -> None:
    """Give the task back to its role: by who took it, or who stands in for them.

    Raises NotFound; NotAllowed (not offered); Conflict (a colleague has it); WrongState (closed, not taken, or given to the person by
    the process, who is then the only one).
    """
    now = clock.now()
    with (
        refusals.remembering(database, actor.login, "tasks.release", {"task": task_id}, at=now),
        database.transaction() as session,
    ):
        desk = _open(session, actor, task_id, now)
        reason = refusal(desk.offer, actor)
        # who took it before four eyes forbade it must be able to give it back
        if reason is not None and desk.offer.assignee != actor.login:
            raise reason
        if not desk.offer.is_open:
            raise WrongState("task_closed", task=task_id)
        absent = on_behalf_of(desk.offer, actor)
        holder = actor.login if absent is None else absent.login
        if desk.offer.assignee != holder or not desk.offer.is_claimed:
            raise WrongState("task_not_claimed", task=task_id)
        _hand(session, desk, now, assignee=None, is_claimed=False)
        told = {} if absent is None else {"for": absent.login}
        acts.record(session, desk.task, actor, now, "task:released", **told)


def delegate(database: Database, actor: Actor, task_id: int, to: str, note: str = "") -> None:
    """Pass the task on to one person who may do it: by who may do it oneself, or by a process owner or administrator.

    ``to`` is a login; ``note`` tells that person why. Raises NotFound; NotAllowed; WrongState (closed); Conflict (a colleague has it);
    InvalidInput (``to``: unknown, without the role, excluded by four eyes, has it already; ``note``: too long).
    """
    now, said = clock.now(), note.strip()
    with (
        refusals.remembering(database, actor.login, "tasks.delegate", {"task": task_id, "to": to}, at=now),
        database.transaction() as session,
    ):
        desk = _open(session, actor, task_id, now)
        reason = delegation_refusal(desk.offer, actor)
        if reason is not None:
            raise reason
        _check_target(session, desk, to, said, now)
        # what the process gave to one person by name stays so: nobody else may take it, whoever has it now
        is_by_name = desk.offer.assignee is not None and not desk.offer.is_claimed
        _hand(session, desk, now, assignee=to, is_claimed=not is_by_name, given_by=actor.login, note=said or None)
        absent = on_behalf_of(desk.offer, actor)
        told = {"to": to} | ({"note": said} if said else {}) | ({} if absent is None else {"for": absent.login})
        acts.record(session, desk.task, actor, now, "task:delegated", **told)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """A locked task as the actor finds it."""

    task: acts.LockedTask
    offer: Offer


def _open(session: Session, actor: Actor, task_id: int, now: datetime) -> _Desk:
    task = acts.lock(session, task_id)
    found = offer(session, task_id, actor, now)
    if found is None:
        raise NotFound("task_not_found", task=task_id)
    return _Desk(task=task, offer=found)


def _hand(
    session: Session,
    desk: _Desk,
    now: datetime,
    *,
    assignee: str | None,
    is_claimed: bool,
    given_by: str | None = None,
    note: str | None = None,
) -> None:
    given = {
        "task": desk.task.id,
        "assignee": assignee,
        "claimed_at": now if is_claimed else None,
        "given_by": given_by,
        "given_at": None if given_by is None else now,
        "note": note,
    }
    if session.execute(_HAND, given).first() is None:
        raise InvariantBroken("task_row_not_open", task=desk.task.id)


def _check_target(session: Session, desk: _Desk, to: str, note: str, now: datetime) -> None:
    given = {"task": desk.task.id, "to": to, "now": now}
    person = session.execute(_TARGET, given).one_or_none() if is_storable_text(to) else None
    code = None
    if person is None:
        code = "delegate_unknown"
    elif to == desk.offer.assignee:
        code = "delegate_has_it"
    elif not person.may:
        code = "delegate_without_role"
    elif to in desk.offer.earlier_completers:
        code = "delegate_four_eyes"
    problems = [] if code is None else [FieldProblem(field="to", code=code)]
    if not is_storable_text(note):
        problems.append(FieldProblem(field="note", code="text_not_storable"))
    if len(note) > LONGEST_NOTE:
        facts: Facts = {"limit": LONGEST_NOTE, "length": len(note)}
        problems.append(FieldProblem(field="note", code="field_too_long", facts=facts))
    if problems:
        # who may do it, and who must not, is no mistake in typing
        raise (InvalidInput if code in (None, "delegate_unknown", "delegate_has_it") else ActRefused)(tuple(problems))
