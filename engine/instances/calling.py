"""Called cases: how one begins, how its caller hears of its end, and how it ends when the caller does not want it any more.

Each is a job with a transaction of its own, and none of them locks the caller and the called case together: who begins a called case
creates it and marks the call, who answers locks the caller and reads a case that has ended and does not change any more, who withdraws
locks the called case alone. Each may run twice: the second time finds nothing to do.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine import clock
from engine.data import from_canonical
from engine.definitions import store as definitions
from engine.definitions.store import Definition
from engine.errors import CommandRejected, Facts, InvariantBroken, WrongState
from engine.handler import SYSTEM
from engine.instances import calls, driver, operators
from engine.instances.calls import Call
from engine.instances.driver import CaseSuspended, Locked, OnFailure
from engine.instances.names import find_node
from engine.instances.runtime import Runtime
from engine.jobs import fence
from engine.kernel import State, advance
from engine.model.elements import CallActivity
from engine.model.own_cases import given_back
from engine.protocol import events as happened
from engine.protocol.stimuli import FailHandler, ReturnHandler, Start, Stimulus, ThrowError

DEEPEST: Final = 100
"""How many calls may stand above a case: a process that calls itself without end stops there, as an incident."""

WITHDRAWN: Final = "call:withdrawn"
"""The reason in the history of a called case that ends because its caller wants it no more (a code: pages say it in words)."""

_ENDED = text("""
    SELECT instance.id, instance.status, instance.snapshot, instance.business_key,
           (SELECT record FROM engine.event WHERE event.instance_id = instance.id AND event.sequence > instance.chain_sequence - 100
            AND event.type = 'instance:failed') AS failed
    FROM engine.instance WHERE instance.id = :child AND instance.status <> 'active'
""")


class _Unwanted(Exception):
    """The call was given up while its case began: nothing of that case is to remain."""


def begin(runtime: Runtime, attempt: int, parent_id: int, child_id: int) -> None:
    """Begin the case that does a call, unless it has begun or is not wanted any more.

    What cannot begin is an incident of the caller, at the call. Raises CaseSuspended (the caller stands still: its calls wait with it);
    TryAgain, as any step of a job.
    """
    now = clock.now()
    try:
        with runtime.database.transaction() as session:
            if fence.enter(session, f"call:{child_id}", now):
                _begin(runtime, session, attempt, child_id, now)
    except _Unwanted:
        return
    except CaseSuspended:
        raise
    except CommandRejected as error:
        _tell(runtime, attempt, parent_id, child_id, FailHandler(activity="", code=error.code, facts=error.facts), now)


def _begin(runtime: Runtime, session: Session, attempt: int, child_id: int, now: datetime) -> None:
    call = calls.find(session, child_id)
    if call is None:
        return
    if call.is_suspended:
        raise CaseSuspended(case=call.parent_id)
    if call.depth >= DEEPEST:
        raise WrongState("call_too_deep", limit=DEEPEST)
    definition = _definition(session, call)
    bundle = definition.bundle
    # of the same files: the expression of the case's number is that of the caller, which has this number already
    is_numbered = call.version_id is not None or bundle.business_key is None
    key = f"{call.business_key}/{call.number}" if is_numbered and call.business_key else None
    child = driver.called_instance(definition, child_id, call, key)
    process = call.process if call.version_id is not None else bundle.process_id
    stimulus = Start(process=process, variables=call.given)
    driver.apply(runtime, session, child, stimulus, SYSTEM, now, on_failure=OnFailure.RETRY, attempt=attempt)
    if not calls.begun(session, child_id, now):
        raise _Unwanted


def _definition(session: Session, call: Call) -> Definition:
    """The version that the call means. Raises NotFound."""
    if call.version_id is not None:
        return definitions.load(session, call.version_id)
    if call.version_tag is not None:
        return definitions.load_tagged(session, call.process, call.version_tag)
    return definitions.load_latest(session, call.process)


def answer(runtime: Runtime, attempt: int, parent_id: int, child_id: int) -> None:
    """Let the caller go on with what the called case came to, if it waits for this very case.

    Raises CaseSuspended; TryAgain, as any step of a job.
    """
    _tell(runtime, attempt, parent_id, child_id, None, clock.now())


def _tell(  # noqa: PLR0917 - what is told whom, of which case, when
    runtime: Runtime, attempt: int, parent_id: int, child_id: int, failure: FailHandler | None, now: datetime
) -> None:
    with runtime.database.transaction() as session:
        parent = driver.lock(session, parent_id)
        if parent.suspended_at is not None:
            raise CaseSuspended(case=parent_id)
        activity = calls.over(session, child_id, now)
        if activity is None or parent.state is None or activity not in {each.id for each in parent.state.needs}:
            return
        stimulus: Stimulus
        if failure is not None:
            stimulus = FailHandler(activity=activity, code=failure.code, facts=failure.facts)
        else:
            child = session.execute(_ENDED, {"child": child_id}).one_or_none()
            if child is None:
                raise InvariantBroken("called_case_not_ended", case=child_id)
            stimulus = _outcome(runtime, parent, parent.state, activity, child, now)
        driver.apply(runtime, session, parent, stimulus, SYSTEM, now, on_failure=OnFailure.RETRY, attempt=attempt)


def _outcome(  # noqa: PLR0917 - as above
    runtime: Runtime, parent: Locked, state: State, activity: str, child: Row[tuple[object, ...]], now: datetime
) -> Stimulus:
    """What the end of the called case means to its caller."""
    facts: Facts = {"case": child.business_key or f"n° {child.id}"}
    if child.status == "completed":
        gave = State.from_text(bytes(child.snapshot)).root_variables
        node = find_node(parent.bundle, state.activities[activity].element)
        result = given_back(node, gave) if isinstance(node, CallActivity) else gave
        return ReturnHandler(activity=activity, result=result)
    if child.status == "cancelled":
        return FailHandler(activity=activity, code="call_cancelled", facts=facts)
    code = str(from_canonical(child.failed)["code"])
    thrown = ThrowError(activity=activity, code=code)
    told = advance(parent.model, state, thrown, runtime.environment(now)).events
    is_caught = any(isinstance(each, happened.ErrorThrown) for each in told)
    return thrown if is_caught else FailHandler(activity=activity, code="call_failed", facts={**facts, "error": code})


def withdraw(runtime: Runtime, child_id: int) -> None:
    """End a called case that its caller wants no more, with all that it called in turn; nothing when it has ended, or never began."""
    with runtime.database.transaction() as session:
        try:
            operators.cancel(runtime, session, SYSTEM, child_id, WITHDRAWN, clock.now())
        except CommandRejected:
            return
