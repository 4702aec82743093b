"""What people do to cases, each in one transaction: start one, complete a task, retry what stopped (architecture §4).

Every command checks that the actor may, checks what was typed, and then makes one step. What is refused changed nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine import clock
from engine.definitions import store as definitions
from engine.errors import FieldProblem, InvalidInput, NotAllowed, NotFound, WrongState
from engine.feel import Value
from engine.handler import Actor
from engine.history import refusals
from engine.inbox import acts, offers
from engine.inbox.rules import Absent, Offer, on_behalf_of, refusal
from engine.instances import driver, incidents
from engine.instances.driver import OnFailure, StepDone
from engine.instances.runtime import Runtime
from engine.jobs import incidents as job_incidents
from engine.jobs import queue
from engine.kernel import StaleStimulus, ValueNotStorable, storable
from engine.model import forms
from engine.model.forms import Form
from engine.protocol import events as happened
from engine.protocol.stimuli import CompleteTask, RetryIncident, Start

RETRY_ROLES = frozenset({"process_owner", "admin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A case that began. ``next_task_id``: its first task that the actor may do."""

    instance_id: int
    business_key: str | None
    next_task_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A task that was completed. ``next_task_id``: a task that this step opened and that the actor may do."""

    instance_id: int
    business_key: str | None
    next_task_id: int | None


_FENCE = text("""
    INSERT INTO engine.submission (key, instance_id, submitted_at) VALUES (:key, :instance, :now)
    ON CONFLICT (key) DO NOTHING RETURNING instance_id
""")

_SUBMITTED = text("""
    SELECT instance.id, instance.business_key
    FROM engine.submission JOIN engine.instance ON instance.id = submission.instance_id
    WHERE submission.key = :key
""")


def start_instance(
    runtime: Runtime,
    actor: Actor,
    process_key: str,
    answers: Mapping[str, str] | None = None,
    *,
    submission: str | None = None,
) -> Started:
    """Begin a case of the latest version with the answers of its start form (typed text by field).

    ``submission`` names one sending of the form by this actor: sent again (a double click, an answer that was lost), it gives the case
    that it began, and begins none. Raises NotFound; NotAllowed (``start_not_allowed``); InvalidInput; and what a step raises
    (``driver.apply``).
    """
    now = clock.now()
    with (
        refusals.remembering(runtime.database, actor.login, "cases.start", {"process": process_key}, at=now),
        runtime.database.transaction() as session,
    ):
        definition = definitions.load_latest(session, process_key)
        bundle = definition.bundle
        if bundle.starts is None or actor.roles.isdisjoint(bundle.starts.roles):
            raise NotAllowed("start_not_allowed", process=process_key)
        instance = driver.new_instance(session, definition, actor.login)
        if submission is not None:
            key = _submission_key(actor, submission)
            # waits for a first sending that is still under way: what comes back then is what that one began
            if session.execute(_FENCE, {"key": key, "instance": instance.id, "now": now}).first() is None:
                begun = session.execute(_SUBMITTED, {"key": key}).one()
                return Started(instance_id=begun.id, business_key=begun.business_key, next_task_id=None)
        form = None if bundle.starts.form is None else bundle.forms[bundle.starts.form]
        variables = accept(runtime, session, actor, form, answers or {}, {}, now)
        stimulus = Start(process=bundle.process_id, variables=variables)
        done = driver.apply(runtime, session, instance, stimulus, actor, now, on_failure=OnFailure.REFUSE)
        return Started(
            instance_id=done.instance_id,
            business_key=done.business_key,
            next_task_id=_next_task(session, done, actor, now),
        )


def _submission_key(actor: Actor, submission: str) -> str:
    """A digest: whatever the browser sends fits the index, and no name of one person reads like another's."""
    return hashlib.sha256(f"{actor.login}\0{submission}".encode("utf-8", "surrogatepass")).hexdigest()


def complete_task(runtime: Runtime, actor: Actor, task_id: int, answers: Mapping[str, str] | None = None) -> Completed:
    """Complete a task with the answers of its form; taking it first is not needed (``inbox.rules``).

    Raises NotFound; NotAllowed (not offered, four eyes); WrongState (closed; or a handler ended with a business error that the process
    does not catch); Conflict (a colleague has it); InvalidInput; Crashed and its siblings: nothing was done then.
    """
    now = clock.now()
    with (
        refusals.remembering(runtime.database, actor.login, "tasks.complete", {"task": task_id}, at=now),
        runtime.database.transaction() as session,
    ):
        instance, task = driver.lock_by_task(session, task_id)
        absent = _check_may_do(session, actor, task_id, task, now)
        if instance.state is None or task.activity not in instance.state.activities:
            # closed while we waited for the lock
            raise WrongState("task_closed", task=task_id)
        form = None if task.form is None else instance.bundle.forms.get(task.form)
        seen = instance.state.variables_of(task.activity)
        variables = accept(runtime, session, actor, form, answers or {}, seen, now)
        stimulus = CompleteTask(activity=task.activity, actor=actor.login, variables=variables)
        if absent is not None:
            instance.head = acts.stand_in(session, task_id, instance.id, instance.head, actor, now, absent.login)
        try:
            done = driver.apply(runtime, session, instance, stimulus, actor, now, on_failure=OnFailure.REFUSE)
        except StaleStimulus as error:
            raise WrongState("task_closed", task=task_id) from error
        return Completed(
            instance_id=done.instance_id,
            business_key=done.business_key,
            next_task_id=_next_task(session, done, actor, now),
        )


def retry_incident(runtime: Runtime, actor: Actor, incident_id: int) -> None:
    """Try again what stopped. A handler that fails again becomes a new incident; nothing is lost.

    Raises NotFound; NotAllowed; WrongState (``incident_resolved``).
    """
    with refusals.remembering(runtime.database, actor.login, "incidents.retry", {"incident": incident_id}):
        check_may_retry(actor)
        with runtime.database.transaction() as session:
            retry_in(runtime, session, actor, incident_id, clock.now())


def check_may_retry(actor: Actor) -> None:
    """Raises NotAllowed."""
    if actor.roles.isdisjoint(RETRY_ROLES):
        raise NotAllowed("incident_retry_not_allowed")


def retry_in(runtime: Runtime, session: Session, actor: Actor, incident_id: int, now: datetime) -> None:
    """``retry_incident`` within a transaction, by somebody who may. Raises NotFound; WrongState."""
    incident = incidents.find(session, incident_id)
    if incident is None:
        raise NotFound("incident_not_found", incident=incident_id)
    if incident.resolved_at is not None:
        raise WrongState("incident_resolved", incident=incident_id)
    if incident.job_name is None:
        _retry_in_kernel(runtime, session, actor, incident, now)
        return
    if not incidents.resolve(session, incident_id, actor.login, now):
        raise WrongState("incident_resolved", incident=incident_id)
    job_incidents.tried_again(session, incident_id, incident.job_name, incident.instance_id, actor.login, now)
    queue.defer(session, incident.job_name, incident.job_arguments)


def _retry_in_kernel(
    runtime: Runtime, session: Session, actor: Actor, incident: incidents.Incident, now: datetime
) -> None:
    assert incident.instance_id is not None
    assert incident.reference is not None
    instance = driver.lock(session, incident.instance_id)
    stimulus = RetryIncident(incident=incident.reference)
    try:
        driver.apply(runtime, session, instance, stimulus, actor, now, on_failure=OnFailure.INCIDENT)
    except StaleStimulus as error:
        raise WrongState("incident_resolved", incident=incident.id) from error


def accept(  # noqa: PLR0917 - as a step has them at hand
    runtime: Runtime,
    session: Session,
    actor: Actor,
    form: Form | None,
    answers: Mapping[str, str],
    variables: Mapping[str, Value],
    now: datetime,
) -> dict[str, Value]:
    """The answers as process values, checked against the form and its lists as they are now. Raises InvalidInput."""
    if form is None:
        if answers:
            raise InvalidInput(tuple(FieldProblem(field=name, code="field_unknown") for name in answers))
        return {}
    names = {field.choices for field in form.fields if field.choices is not None}
    choices = {
        name: [choice.value for choice in runtime.handlers.choices[name].read(session)] for name in sorted(names)
    }
    accepted = forms.accept(form, answers, variables, choices, runtime.environment(now), locale=actor.locale)
    return {name: _kept(name, value) for name, value in accepted.items()}


def _kept(name: str, value: Value) -> Value:
    try:
        return storable(value)
    except ValueNotStorable as error:
        raise InvalidInput((FieldProblem(field=name, code=error.code, facts=error.facts),)) from error


def _check_may_do(session: Session, actor: Actor, task_id: int, task: Row[Any], now: datetime) -> Absent | None:
    """For whom the actor does the task when it is not for themselves. Raises what ``refusal`` gives."""
    given = Offer(
        task_id=task_id,
        role=task.role,
        assignee=task.assignee,
        is_claimed=task.claimed_at is not None,
        is_open=task.is_open,
    )
    if task.not_same_as is None and refusal(given, actor) is None:
        return None
    # read again under the lock: the colleague's step that we waited for may be the very one that excludes the actor. And perhaps the actor
    # stands in for somebody: that is asked only here, so that it costs nothing where it does not matter
    offer = offers.offer(session, task_id, actor, now)
    if offer is None:
        raise NotFound("task_not_found", task=task_id)
    reason = refusal(offer, actor)
    if reason is not None:
        raise reason
    return on_behalf_of(offer, actor)


def _next_task(session: Session, done: StepDone, actor: Actor, now: datetime) -> int | None:
    """The first task that the step opened and that the actor may do."""
    for event in done.events:
        if not isinstance(event, happened.TaskCreated) or event.activity not in done.opened:
            continue
        task_id = done.opened[event.activity]
        given = Offer(task_id=task_id, role=event.role, assignee=event.assignee, is_claimed=False, is_open=True)
        if refusal(given, actor) is not None:
            continue
        complete = given if event.not_same_as is None else offers.offer(session, task_id, actor, now)
        if complete is not None and refusal(complete, actor) is None:
            return task_id
    return None
