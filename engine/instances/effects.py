"""Effects: handlers that run after commit, in a job of their own, because they are slow or reach outside of the database.

The handler and the step that its result leads to are one transaction, fenced by its key (``jobs.fence``). So rows that the handler writes
and the state move together, exactly once; what it does outside the database happens at least once, with a key that stays the same. The
instance is not locked while the handler runs.

An effect that must not be repeated (``Handler.once``: a mail) is written down as *begun* first, in a transaction of its own. If the worker
then dies, nobody can know whether it has happened: that becomes an incident, never another attempt. Only the handler itself can say that
nothing happened, by ``Transient``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import clock, log
from engine.data import from_canonical, to_canonical
from engine.definitions import store as definitions
from engine.errors import Crashed, HandlerFailure, InputInvalid, InvariantBroken, OutputInvalid
from engine.feel import Value
from engine.handler import SYSTEM, Handler, HandlerContext, Transient
from engine.instances import driver, row_changes
from engine.instances.driver import CaseSuspended, Locked, OnFailure
from engine.instances.invoke import Returned, Threw, invoke
from engine.instances.names import find_node
from engine.instances.runtime import Runtime
from engine.jobs import fence, outbox, parking, queue
from engine.jobs.retries import TryAgain
from engine.kernel import Activity, StaleStimulus, State
from engine.model.elements import ServiceTask
from engine.protocol.stimuli import FailHandler, ReturnHandler, ThrowError

_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effect:
    """An effect that is still wanted: read without a lock, because the handler may take long."""

    instance_id: int
    activity: Activity
    handler: Handler
    given: Mapping[str, Value]
    business_key: str | None
    started_by: str

    @property
    def key(self) -> str:
        """The same for every attempt."""
        return driver.idempotency_key(self.instance_id, self.activity.id, self.handler.name)


_PEEK = text("""
    SELECT instance.snapshot, instance.business_key, instance.started_by, instance.suspended_at, version.content_hash
    FROM engine.instance JOIN engine.definition_version version ON version.id = instance.version_id
    WHERE instance.id = :instance
""")


def run(runtime: Runtime, attempt: int, instance_id: int, activity: str) -> None:
    """Do the effect if the case still wants it. Raises CaseSuspended; TryAgain, as often as the handler's policy says."""
    now = clock.now()
    effect = _begin(runtime, instance_id, activity, now)
    if effect is None:
        return
    try:
        with runtime.database.transaction() as session:
            _run(runtime, session, effect, attempt, now)
    except StaleStimulus:
        # interrupted while the handler ran: all that it wrote is undone with this transaction
        _log.info("effect_no_longer_wanted", activity=activity)
    except (HandlerFailure, Transient) as error:
        _after_failure(runtime, effect, attempt, error, now)


def finish(runtime: Runtime, attempt: int, instance_id: int, activity: str) -> None:
    """Let the case go on with an outcome that was kept. Raises CaseSuspended, and TryAgain as any step of a job."""
    with runtime.database.transaction() as session:
        instance = driver.lock(session, instance_id)
        kept = outbox.outcome_of(session, instance_id, activity)
        if kept is None:
            return
        if instance.state is None or activity not in {each.id for each in instance.state.needs}:
            outbox.forget(session, instance_id, activity)
            return
        stimulus, now = _stimulus_of(activity, kept.outcome), clock.now()
        if isinstance(stimulus, ThrowError):
            # nothing catches it, perhaps: then an operator may ask for the effect again, and it must not count as done
            fence.leave(session, driver.idempotency_key(instance_id, activity, kept.handler))
        driver.apply(runtime, session, instance, stimulus, SYSTEM, now, on_failure=OnFailure.RETRY, attempt=attempt)


def _begin(runtime: Runtime, instance_id: int, activity: str, now: datetime) -> _Effect | None:
    """What is to be done; None when it is not wanted, or was begun before by somebody who is not at it any more."""
    with runtime.database.transaction() as session:
        effect = _find(runtime, session, instance_id, activity)
        if effect is None:
            # interrupted, perhaps while somebody began it
            outbox.forget(session, instance_id, activity)
            return None
        if effect.handler.hold and outbox.is_held(session, instance_id, activity):
            return None  # asked for anew since the job was queued: its time has not come
        if not effect.handler.once:
            return effect
        element, handler = effect.activity.element, effect.handler.name
        if outbox.hold_back(session, instance_id, activity, element_id=element, handler=handler, now=now):
            return None  # until somebody lets it go (mail.restored)
        if outbox.begin(session, instance_id, activity, element_id=element, handler=handler, now=now):
            return effect
        # waits for whoever is still at it, and then knows how that ended
        if fence.enter(session, effect.key, now):
            fence.leave(session, effect.key)
            instance = driver.lock(session, instance_id)
            _fail(runtime, session, instance, activity, HandlerFailure("effect_uncertain", handler=handler), now)
    return None


def _find(runtime: Runtime, session: Session, instance_id: int, activity_id: str) -> _Effect | None:
    row = session.execute(_PEEK, {"instance": instance_id}).one_or_none()
    if row is None or not row.snapshot:  # unknown, or in the archive: nothing is wanted any more
        return None
    state = State.from_text(bytes(row.snapshot))
    activity = next((each for each in state.needs if each.id == activity_id), None)
    if activity is None:
        return None
    if row.suspended_at is not None:
        raise CaseSuspended(case=instance_id)
    node = find_node(definitions.bundle_of(session, row.content_hash), activity.element)
    if not isinstance(node, ServiceTask):
        raise InvariantBroken("effect_without_handler", element=activity.element)
    handler = runtime.handlers.handlers.get(node.handler)
    if handler is None:
        failure = HandlerFailure("handler_unknown", handler=node.handler)
        _fail(runtime, session, driver.lock(session, instance_id), activity_id, failure, clock.now())
        return None
    return _Effect(
        instance_id=instance_id,
        activity=activity,
        handler=handler,
        # as it was requested: who undoes something holds besides what that activity knew
        given={each.target[0]: activity.variables[each.target[0]] for each in node.inputs},
        business_key=row.business_key,
        started_by=row.started_by,
    )


def _run(runtime: Runtime, session: Session, effect: _Effect, attempt: int, now: datetime) -> None:
    if not fence.enter(session, effect.key, now):
        # done by another attempt; the case may have gone on between our looking and our beginning, and then nobody would forget it
        outbox.forget_begun(session, effect.instance_id, effect.activity.id)
        return
    context = HandlerContext(
        session=session,
        actor=SYSTEM,
        business_key=effect.business_key,
        attempt=attempt,
        idempotency_key=effect.key,
        now=now,
        starter=effect.started_by,
    )
    outcome = invoke(effect.handler, effect.given, context)
    rows = _rows(effect, outcome)
    if effect.handler.once:
        # what comes next in the case may fail: it must not undo the knowledge that this is done
        _keep(session, effect, outcome)
        if rows:
            driver.tell_rows(runtime, session, driver.lock(session, effect.instance_id), now, rows)
        return
    instance = driver.lock(session, effect.instance_id)
    if instance.suspended_at is not None:
        _keep(session, effect, outcome)
        driver.tell_rows(runtime, session, instance, now, rows)
        return
    if isinstance(outcome, Threw):
        fence.leave(session, effect.key)  # as in ``finish``
    stimulus = _stimulus_of(effect.activity.id, _told(outcome))
    driver.apply(
        runtime, session, instance, stimulus, SYSTEM, now, on_failure=OnFailure.RETRY, attempt=attempt, rows=rows
    )


def _rows(effect: _Effect, outcome: Returned | Threw) -> list[Mapping[str, Any]]:
    """What the history tells of the rows that the effect wrote."""
    if isinstance(outcome, Threw):
        return []
    activity = effect.activity
    return list(row_changes.records(activity.id, activity.element, effect.handler.name, outcome.rows))


def _keep(session: Session, effect: _Effect, outcome: Returned | Threw) -> None:
    """Write the outcome down and let a step of its own take it up (``finish``)."""
    instance, activity = effect.instance_id, effect.activity
    outbox.keep_outcome(
        session,
        instance,
        activity.id,
        element_id=activity.element,
        handler=effect.handler.name,
        outcome=_told(outcome),
    )
    queue.defer(session, queue.FINISH_EFFECT, {"instance_id": instance, "activity": activity.id})


def _told(outcome: Returned | Threw) -> str:
    """The outcome as text that ``_stimulus_of`` reads."""
    if isinstance(outcome, Returned):
        return to_canonical({"result": dict(outcome.result)})
    return to_canonical({"error": outcome.error.code, "facts": dict(outcome.error.facts)})


def _stimulus_of(activity: str, outcome: str) -> ReturnHandler | ThrowError:
    told = from_canonical(outcome)
    if "result" in told:
        return ReturnHandler(activity=activity, result=told["result"])
    return ThrowError(activity=activity, code=told["error"], facts=parking.plain(to_canonical(told["facts"])))


def _after_failure(
    runtime: Runtime, effect: _Effect, attempt: int, error: HandlerFailure | Transient, now: datetime
) -> None:
    """Another try, or an incident. Everything of the effect's own transaction is undone."""
    handler, is_transient = effect.handler, isinstance(error, Transient)
    if handler.once and not isinstance(error, Transient | InputInvalid):
        # it may have happened, whatever went wrong then: no other try
        uncertain = HandlerFailure("effect_uncertain", handler=handler.name)
        uncertain.__cause__ = error
        _give_up(runtime, effect, uncertain, now)
        return
    if handler.once and is_transient:
        with runtime.database.transaction() as session:
            outbox.not_begun(session, effect.instance_id, effect.activity.id)
    if attempt < handler.retries.attempts and isinstance(error, Crashed | Transient):
        raise TryAgain(handler.name, handler.retries.wait_seconds(attempt, error)) from error
    failure = error if isinstance(error, HandlerFailure) else HandlerFailure("handler_transient", kind="Transient")
    failure.__cause__ = error.__cause__ if failure is error else error
    _give_up(runtime, effect, failure, now)


def _give_up(runtime: Runtime, effect: _Effect, failure: HandlerFailure, now: datetime) -> None:
    """An incident, in a small transaction of its own."""
    with runtime.database.transaction() as session:
        _fail(runtime, session, driver.lock(session, effect.instance_id), effect.activity.id, failure, now)


def _fail(  # noqa: PLR0917 - as a step has them at hand
    runtime: Runtime, session: Session, instance: Locked, activity: str, failure: HandlerFailure, now: datetime
) -> None:
    if instance.state is None or activity not in {each.id for each in instance.state.needs}:
        return
    stimulus = FailHandler(activity=activity, code=failure.code, facts=failure.facts)
    done = driver.apply(runtime, session, instance, stimulus, SYSTEM, now, on_failure=OnFailure.INCIDENT)
    _log.warning(
        "effect_gave_up",
        activity=activity,
        incident=driver.incident_of(done.events, activity),
        code=failure.code,
        # a value that was refused stays out of the log too
        exc_info=None if isinstance(failure, InputInvalid | OutputInvalid) else failure,
    )
