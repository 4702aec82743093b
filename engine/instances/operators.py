"""What operators do with a running case: let it stand still, let it go on, end it; and what people do with an effect that has not gone yet.

Each act is a transaction of its own and stands in the history of the case with its reason. A case that stands still loses nothing: timers,
messages, signals and effects that reach it wait (``jobs.parking``), its tasks wait in the inbox, held effects keep the time they had left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import clock
from engine.definitions import gate
from engine.errors import NotAllowed, NotFound, WrongState
from engine.handler import TAKEN_BACK, Actor, HandlerTable
from engine.history import refusals
from engine.inbox import acts
from engine.instances import driver, incidents
from engine.instances.driver import Locked, OnFailure
from engine.instances.names import find_node
from engine.instances.runtime import Runtime
from engine.jobs import outbox, parking
from engine.messages import store as messages
from engine.model.bundle import Bundle
from engine.model.elements import ServiceTask
from engine.protocol.stimuli import CancelInstance, RetryIncident, ReturnHandler, ThrowError
from engine.record import reason_of

OPERATORS: Final = frozenset({"process_owner", "admin"})
"""Who may suspend, resume and cancel cases."""

Act = Callable[[Runtime, Session, Actor, int, str, datetime], None]
"""An act on one case, within a transaction: on which, why, when."""

_SUSPEND = text("""
    UPDATE engine.instance SET suspended_at = :now, suspended_by = :actor, suspended_because = :reason WHERE id = :instance
""")
_RESUME = text("""
    UPDATE engine.instance SET suspended_at = NULL, suspended_by = NULL, suspended_because = NULL WHERE id = :instance
""")


def check_may_operate(actor: Actor) -> None:
    """Raises NotAllowed."""
    if actor.roles.isdisjoint(OPERATORS):
        raise NotAllowed("case_operation_not_allowed")


def check_reason(reason: str) -> str:
    """The reason as it is kept. Raises InvalidInput: there is none, or it is too long."""
    return reason_of(reason, "reason")


def suspend(_runtime: Runtime, session: Session, actor: Actor, instance_id: int, reason: str, now: datetime) -> None:
    """Let a case stand still. Raises NotFound; WrongState (it has ended, or stands still already)."""
    instance = _running(session, instance_id)
    if instance.suspended_at is not None:
        raise WrongState("case_suspended_already", case=instance_id)
    session.execute(_SUSPEND, {"instance": instance_id, "actor": actor.login, "reason": reason, "now": now})
    told = {"type": "instance:suspended", "reason": reason}
    acts.record_of_case(session, instance_id, instance.head, actor, now, told)


def resume(_runtime: Runtime, session: Session, actor: Actor, instance_id: int, reason: str, now: datetime) -> None:
    """Let a case go on, with all that waited for it. Raises NotFound; WrongState (it does not stand still)."""
    instance = _running(session, instance_id)
    if instance.suspended_at is None:
        raise WrongState("case_not_suspended", case=instance_id)
    _let_go_on(session, instance, now)
    told = {"type": "instance:resumed", "reason": reason}
    acts.record_of_case(session, instance_id, instance.head, actor, now, told)


def cancel(  # noqa: PLR0917 - an Act
    runtime: Runtime, session: Session, actor: Actor, instance_id: int, reason: str, now: datetime
) -> None:
    """End everything that lives in a case; what has been done stays done. Raises NotFound; WrongState (it has ended)."""
    instance = _running(session, instance_id)
    if instance.suspended_at is not None:
        # what waited finds nobody any more; a message may find somebody else
        _let_go_on(session, instance, now)
    incidents.resolve_jobs(session, instance_id, actor.login, now)
    stimulus = CancelInstance(reason=reason)
    driver.apply(runtime, session, instance, stimulus, actor, now, on_failure=OnFailure.INCIDENT)


ACTS: Final[Mapping[str, Act]] = {"suspend": suspend, "resume": resume, "cancel": cancel}


def operate(runtime: Runtime, actor: Actor, act: str, instance_id: int, reason: str) -> None:
    """One of ``ACTS`` on one case.

    Raises NotAllowed; InvalidInput (``reason``); NotFound; WrongState.
    """
    with refusals.remembering(runtime.database, actor.login, f"cases.{act}", {"case": instance_id}):
        check_may_operate(actor)
        said, now = check_reason(reason), clock.now()
        with runtime.database.transaction() as session:
            ACTS[act](runtime, session, actor, instance_id, said, now)


def _running(session: Session, instance_id: int) -> Locked:
    instance = driver.lock(session, instance_id)
    if instance.state is None or instance.state.is_ended:
        raise WrongState("case_ended", case=instance_id)
    return instance


def _let_go_on(session: Session, instance: Locked, now: datetime) -> None:
    assert instance.suspended_at is not None
    session.execute(_RESUME, {"instance": instance.id})
    outbox.put_off(session, instance.id, since=instance.suspended_at, now=now)
    messages.revive(session, parking.release(session, instance.id), now)


# ---- effects that have not gone yet, or of which nobody knows


def takes_part(actor: Actor, bundle: Bundle, started_by: str) -> bool:
    """Whoever has a role in the process, who started the case, and operators: they may take an effect back."""
    return actor.login == started_by or not actor.roles.isdisjoint(gate.lane_roles(bundle) | OPERATORS)


def take_back(runtime: Runtime, actor: Actor, instance_id: int, activity: str, reason: str) -> None:
    """Undo an effect before it goes: it ends with the error ``taken_back``, which the process may catch; else it is an incident.

    Raises NotFound; NotAllowed; InvalidInput (``reason``); WrongState (too late, or the case stands still).
    """
    now = clock.now()
    with (
        refusals.remembering(
            runtime.database, actor.login, "effects.take_back", {"case": instance_id, "activity": activity}
        ),
        runtime.database.transaction() as session,
    ):
        instance = _of_participant(session, actor, instance_id)
        said = check_reason(reason)
        effect = outbox.take_back(session, instance_id, activity)
        if effect is None:
            raise WrongState("effect_gone", case=instance_id)
        told = {"type": "effect:taken_back", "activity": activity, "element": effect.element_id, "reason": said}
        acts.record_of_case(session, instance_id, instance.head, actor, now, told)
        instance = driver.lock(session, instance_id)  # its history has gone on
        stimulus = ThrowError(activity=activity, code=TAKEN_BACK, facts={"by": actor.login, "reason": said})
        driver.apply(runtime, session, instance, stimulus, actor, now, on_failure=OnFailure.INCIDENT)


def send_now(runtime: Runtime, actor: Actor, instance_id: int, activity: str) -> None:
    """Let a held effect go before its time. Raises NotFound; NotAllowed; WrongState (gone, or the case stands still)."""
    now = clock.now()
    with (
        refusals.remembering(
            runtime.database, actor.login, "effects.send_now", {"case": instance_id, "activity": activity}
        ),
        runtime.database.transaction() as session,
    ):
        instance = _of_participant(session, actor, instance_id)
        if instance.suspended_at is not None:
            raise driver.CaseSuspended(case=instance_id)
        if not outbox.send_now(session, instance_id, activity, now):
            raise WrongState("effect_gone", case=instance_id)
        assert instance.state is not None
        told = {"type": "effect:sent_now", "activity": activity, "element": instance.state.activities[activity].element}
        acts.record_of_case(session, instance_id, instance.head, actor, now, told)


def _of_participant(session: Session, actor: Actor, instance_id: int) -> Locked:
    instance = driver.lock(session, instance_id)
    if not takes_part(actor, instance.bundle, instance.started_by):
        raise NotAllowed("effect_not_yours")
    return instance


def gives_result(handlers: HandlerTable, bundle: Bundle, element: str) -> bool | None:
    """Whether the case is given something by the handler of this element, which nobody else can say; None: there is no such handler."""
    node = find_node(bundle, element)
    handler = handlers.handlers.get(node.handler) if isinstance(node, ServiceTask) else None
    return None if handler is None else bool(handler.gives)


def confirm_effect(runtime: Runtime, actor: Actor, incident_id: int, reason: str) -> None:
    """Somebody has found out that an uncertain effect did happen: the case goes on without another one.

    Raises NotAllowed; InvalidInput (``reason``); NotFound; WrongState (not such an incident, resolved, or the effect gives a result).
    """
    with refusals.remembering(runtime.database, actor.login, "effects.confirm", {"incident": incident_id}):
        check_may_operate(actor)
        said, now = check_reason(reason), clock.now()
        with runtime.database.transaction() as session:
            incident = incidents.find(session, incident_id)
            if incident is None:
                raise NotFound("incident_not_found", incident=incident_id)
            if incident.code != "effect_uncertain" or incident.instance_id is None or incident.reference is None:
                raise WrongState("effect_not_uncertain", incident=incident_id)
            instance = driver.lock(session, incident.instance_id)
            if instance.state is None or incident.reference not in instance.state.incidents:
                raise WrongState("incident_resolved", incident=incident_id)
            activity, element = str(incident.activity), str(incident.element_id)
            if gives_result(runtime.handlers, instance.bundle, element) is not False:
                raise WrongState("effect_result_unknown", incident=incident_id)
            told = {"type": "effect:confirmed", "activity": activity, "element": element, "reason": said}
            acts.record_of_case(session, instance.id, instance.head, actor, now, told)
            for stimulus in (RetryIncident(incident=incident.reference), ReturnHandler(activity=activity)):
                # each step goes on from what the one before wrote; the job that the retry queued finds nothing to do
                instance = driver.lock(session, instance.id)
                driver.apply(runtime, session, instance, stimulus, actor, now, on_failure=OnFailure.INCIDENT)
