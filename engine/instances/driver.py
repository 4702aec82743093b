"""A step: the one transaction in which an instance moves (architecture §4).

Lock the instance row and read what is needed, in one statement; ``advance``; run the handlers that run *now*, each in its savepoint, and
feed their results back until none is asked for; queue those that run *later*; write the rows of the inbox, timers, subscriptions,
messages and incidents, the history and the snapshot; commit (the caller's transaction does). Anything unexpected leaves nothing behind.

Nothing here decides who may: ``commands`` (people) and ``work`` (jobs) come in with a question answered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, auto
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, TextualSelect, column, text
from sqlalchemy.orm import Session

from engine import log, records
from engine.data import to_canonical
from engine.database.together import Together, Writing
from engine.definitions import store as definitions
from engine.errors import Crashed, HandlerFailure, InvariantBroken, NotFound, WrongState
from engine.feel import Environment, Expression, FeelFailure, Value
from engine.handler import SYSTEM, Actor, BusinessError, Handler, HandlerContext, Transient
from engine.history import store as history
from engine.history.store import ChainHead
from engine.inbox import store as inbox
from engine.inbox.projection import PROJECT, projected
from engine.instances import archive, calls, incidents, signals, waits
from engine.instances.calls import Call, NewCall, Requested
from engine.instances.invoke import Threw, invoke
from engine.instances.names import find_node
from engine.instances.row_changes import records as row_records
from engine.instances.rows import StepRows
from engine.instances.runtime import Runtime
from engine.instances.sealing import sealer_of
from engine.jobs import outbox, queue
from engine.jobs.outbox import HeldEffect
from engine.jobs.retries import TryAgain
from engine.kernel import Run, State, ValueNotStorable, fold, storable
from engine.messages import store as messages
from engine.model.bundle import Bundle
from engine.model.elements import Binding, CallActivity, Model
from engine.protocol import events as happened
from engine.protocol.events import Event
from engine.protocol.stimuli import CancelInstance, FailHandler, ReturnHandler, Stimulus, ThrowError
from engine.timers import store as timers

_log = log.get(__name__)


class OnFailure(Enum):
    """What becomes of a handler that fails within the step."""

    REFUSE = auto()
    """A person waits for the answer: everything is undone and they are told; also of a business error that nothing catches."""
    RETRY = auto()
    """A job will try the whole step again (``TryAgain``: everything is undone), as often as the handler's policy says; then as below."""
    INCIDENT = auto()
    """There is no other try: the step goes as far as it can and the failure becomes an incident of the case."""


class CaseSuspended(WrongState):
    """The case stands still."""

    default_code = "case_suspended"


@dataclass(slots=True, kw_only=True)
class Locked:
    """An instance whose row this transaction has locked (or is about to create: ``revision`` 0)."""

    id: int
    process_key: str
    version_id: int
    bundle: Bundle
    state: State | None
    revision: int
    head: ChainHead
    business_key: str | None
    started_by: str
    suspended_at: datetime | None = None
    summary: str | None = None
    parent_id: int | None = None
    root_id: int | None = None
    depth: int = 0
    called: Mapping[str, Any] | None = None
    """What its history begins with, beside the kernel's events: who called it."""
    begun_by: tuple[str, str] | None = None
    """Name and key of the message that began it, where the key means one case at a time."""

    @property
    def model(self) -> Model:
        """What runs. A case from before called processes were cases of their own has what it called inside, to its end."""
        own = self.bundle.durable
        if own.calls and self.state is not None and not own.calls.isdisjoint(_called_inside(self.state)):
            return self.bundle.model
        return own.model


def _called_inside(state: State) -> Iterator[str]:
    """The calls whose called process runs in the state itself."""
    owners = (each.activity for each in state.scopes.values() if each.is_isolated)
    return (state.activities[each].element for each in owners if each is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """What a step did. ``opened`` has the ids of the tasks it opened, by activity."""

    instance_id: int
    state: State
    events: tuple[Event, ...]
    business_key: str | None
    opened: Mapping[str, int]


MOST_CALLS: Final = 1_000
"""Handlers that one step may run: a loop of them that never rests would hold its transaction for ever."""

_OF_INSTANCE: Final = (
    *(
        "id",
        "process_key",
        "version_id",
        "snapshot",
        "revision",
        "chain_sequence",
        "chain_hash",
        "business_key",
        "started_by",
    ),
    *("suspended_at", "summary", "parent_instance_id", "root_instance_id", "depth", "begun_by_message", "begun_by_key"),
)
_OF_TASK: Final = {
    **{name: f"task.{name}" for name in ("activity", "role", "is_open", "claimed_at", "not_same_as", "form")},
    "assignee": inbox.HOLDER,
}
_LOCK_COLUMNS: Final = ", ".join([*(f"instance.{name}" for name in _OF_INSTANCE), "version.content_hash"])
_WITH_VERSION: Final = "engine.instance JOIN engine.definition_version version ON version.id = instance.version_id"


def _read(statement: str, *more: str) -> TextualSelect:
    """The statement with what its columns are called: said here, so that the driver's answer is not read anew for it each time, a third
    of what the statement costs us.
    """
    return text(statement).columns(*map(column, (*_OF_INSTANCE, "content_hash", *more)))


_LOCK = _read(f"""
    SELECT {_LOCK_COLUMNS} FROM {_WITH_VERSION} WHERE instance.id = :instance FOR UPDATE OF instance
""")  # noqa: S608 - composed of constants

_LOOK = _read(f"""
    SELECT {_LOCK_COLUMNS} FROM {_WITH_VERSION} WHERE instance.id = ANY(CAST(:instances AS bigint[])) ORDER BY instance.id
""")  # noqa: S608 - composed of constants

# The row of the task is read before the lock is ours and may be old news by then: whoever closes it guards the change (inbox.store), and
# the kernel answers from the snapshot, which is read with the lock.
_LOCK_BY_TASK = _read(
    f"""
    SELECT {_LOCK_COLUMNS}, {", ".join(f"{of} AS {name}" for name, of in _OF_TASK.items())}
    FROM {_WITH_VERSION} JOIN engine.task ON task.instance_id = instance.id
    WHERE task.id = :task FOR UPDATE OF instance
    """,  # noqa: S608 - composed of constants
    *_OF_TASK,
)

_NEW_ID = text("SELECT nextval(pg_get_serial_sequence('engine.instance', 'id'))")

_CREATE = Writing(f"""
    {PROJECT}, created AS (
        INSERT INTO engine.instance
            (id, process_key, version_id, business_key, status, snapshot, revision, chain_sequence, chain_hash, summary, started_at,
             started_by, ended_at, parent_instance_id, root_instance_id, depth, begun_by_message, begun_by_key)
        OVERRIDING SYSTEM VALUE
        VALUES (:instance, :process, :version, :business_key, :status, :snapshot, 1, :sequence, :hash, :summary, :now, :started_by,
                :ended_at, :parent, :root, :depth, :begun_by_message, :begun_by_key)
    )
""")  # noqa: S608 - composed of constants

_UPDATE: Final = """
    saved AS (
        UPDATE engine.instance
        SET business_key = :business_key, status = :status, snapshot = :snapshot, revision = revision + 1, chain_sequence = :sequence,
            chain_hash = :hash, summary = :summary, ended_at = :ended_at
        WHERE id = :instance AND revision = :revision
        RETURNING revision
    )
"""
_SAVED: Final = (("instance_saved", "(SELECT count(*) FROM saved)"),)
_HEAD = text("UPDATE engine.instance SET chain_sequence = :sequence, chain_hash = :hash WHERE id = :id")
_SAVE = Writing(_UPDATE, tells=_SAVED)
_SAVE_AND_PROJECT = Writing(f"{PROJECT}, {_UPDATE}", tells=_SAVED)


def lock(session: Session, instance_id: int) -> Locked:
    """Lock the instance until the transaction ends. Raises NotFound."""
    row = session.execute(_LOCK, {"instance": instance_id}).one_or_none()
    if row is None:
        raise NotFound("case_not_found", case=instance_id)
    return _locked(session, row)


def look(session: Session, instance_ids: Collection[int]) -> tuple[Locked, ...]:
    """The instances of these ids as they stand, in the order of their ids; nothing is locked, and nothing may be written."""
    return tuple(_locked(session, row) for row in session.execute(_LOOK, {"instances": list(instance_ids)}))


def lock_by_task(session: Session, task_id: int) -> tuple[Locked, Row[Any]]:
    """Lock the instance of a task; gives the task's columns too. Raises NotFound."""
    row = session.execute(_LOCK_BY_TASK, {"task": task_id}).one_or_none()
    if row is None:
        raise NotFound("task_not_found", task=task_id)
    return _locked(session, row), row


def new_instance(session: Session, definition: definitions.Definition, started_by: str) -> Locked:
    """An instance to be started in this transaction; its row is written by ``apply``."""
    return _unwritten(definition, session.execute(_NEW_ID).scalar_one(), started_by)


def called_instance(definition: definitions.Definition, child_id: int, call: Call, business_key: str | None) -> Locked:
    """The case that does a call, to be started in this transaction (as ``new_instance``)."""
    return replace(
        _unwritten(definition, child_id, call.started_by),
        business_key=business_key,
        parent_id=call.parent_id,
        root_id=call.root_id,
        depth=call.depth + 1,
        called={"type": "instance:called", "case": call.parent_id, "activity": call.activity, "number": call.number},
    )


def _unwritten(definition: definitions.Definition, instance_id: int, started_by: str) -> Locked:
    return Locked(
        id=instance_id,
        process_key=definition.version.process_key,
        version_id=definition.version.id,
        bundle=definition.bundle,
        state=None,
        revision=0,
        head=history.begin(definition.version.content_hash),
        business_key=None,
        started_by=started_by,
    )


def apply(  # noqa: PLR0917 - what acts on what, who, when
    runtime: Runtime,
    session: Session,
    instance: Locked,
    stimulus: Stimulus,
    actor: Actor,
    now: datetime,
    *,
    on_failure: OnFailure,
    attempt: int = 1,
    rows: Sequence[Mapping[str, Any]] = (),
) -> StepDone:
    """Let ``stimulus`` happen to the locked instance and write everything that follows. ``rows``: what this transaction did to rows before
    (``row_changes.records``), for the history.

    Raises CaseSuspended (a case that stands still can only be cancelled); StaleStimulus (the kernel: nothing changed); with ``RETRY``:
    TryAgain; with ``REFUSE``: Crashed, InputInvalid, OutputInvalid, and WrongState (``business_error_uncaught``, its cause the
    BusinessError). What is raised is to roll the transaction back.
    """
    if instance.suspended_at is not None and not isinstance(stimulus, CancelInstance):
        raise CaseSuspended(case=instance.id)
    step = _Step(runtime, session, instance, actor, now, on_failure, attempt)
    step.rows.extend(rows)
    step.run(stimulus)
    return step.save()


def tell_rows(
    runtime: Runtime, session: Session, instance: Locked, now: datetime, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write into the history of the locked instance what this transaction did to ``rows`` for it, where no step follows in it."""
    if not rows:
        return
    sealer = sealer_of([instance.bundle], instance.state, columns=runtime.handlers.personal)
    head = history.append(session, instance.id, instance.head, now, SYSTEM.login, rows, sealer)
    session.execute(_HEAD, {"id": instance.id, "sequence": head.sequence, "hash": head.hash})


class _Step:
    """The working state of one step."""

    def __init__(  # noqa: PLR0917 - as apply
        self,
        runtime: Runtime,
        session: Session,
        instance: Locked,
        actor: Actor,
        now: datetime,
        on_failure: OnFailure,
        attempt: int,
    ) -> None:
        self._runtime = runtime
        self._session = session
        self._instance = instance
        self._actor = actor
        self._now = now
        self._on_failure = on_failure
        self._attempt = attempt
        self._environment: Environment = runtime.environment(now)
        # a copy for all its answers: what stood before the step is asked for when it is saved
        before = None if instance.state is None else instance.state.copy()
        self._run = Run(instance.model, before, self._environment)
        self.rows: list[Mapping[str, Any]] = []
        """What handlers did to rows, as the history tells it."""
        self._events: list[Event] = []
        self._requests: deque[happened.HandlerRequested] = deque()
        self._held: dict[str, HeldEffect] = {}
        self._calls: dict[str, NewCall] = {}
        self._business_key = instance.business_key

    def run(self, stimulus: Stimulus) -> None:
        """Advance, then run the handlers that are asked for, until nothing is asked for any more."""
        self._advance(stimulus)
        effects: list[happened.HandlerRequested] = []
        called = 0
        while self._requests:
            request = self._requests.popleft()
            if request.activity in self._calls:
                continue
            handler = self._runtime.handlers.handlers.get(request.handler)
            if handler is None:
                self._advance(_fail(request, "handler_unknown", handler=request.handler))
            elif handler.is_effect:
                effects.append(request)
            elif called == MOST_CALLS:
                self._advance(_fail(request, "too_many_handler_calls", handler=request.handler, calls=str(called)))
            else:
                called += 1
                self._call(handler, request)
        self._queue_effects(effects)

    def save(self) -> StepDone:
        """Write what happened."""
        state, instance, events = self._run.state, self._instance, tuple(self._events)
        columns = self._runtime.handlers.personal if self.rows else {}
        sealer = sealer_of([instance.bundle], instance.state, state, columns=columns)
        requested = calls.request(self._session, instance.id, self._calls, self._now)
        told: list[Event | Mapping[str, Any]] = [*events]
        told += [self._told(activity, each) for activity, each in requested.items()]
        if instance.called is not None:
            told.append(instance.called)
        told += self.rows
        rows = StepRows.of(instance.bundle, events, state)
        together = Together()
        head = history.add(together, instance.id, instance.head, self._now, self._actor.login, told, sealer)
        self._add_instance(together, state, head)
        opened = self._write(together, rows)
        self._save_rows(rows, self._ended_effects(state))
        self._queue_calls(state, requested)
        return StepDone(
            instance_id=instance.id, state=state, events=events, business_key=self._business_key, opened=opened
        )

    def _advance(self, stimulus: Stimulus) -> tuple[Event, ...]:
        """One advance of the kernel; its handler requests join those that are still wanted."""
        own = self._instance.bundle.durable
        before = self._run.state.copy() if own.given_everything else None
        events = self._run.answer(stimulus)
        self._events.extend(events)
        for position, event in enumerate(events):
            if isinstance(event, happened.HandlerRequested):
                self._requests.append(event)
                if event.element in own.calls:
                    seen = None if event.element not in own.given_everything else (before, events[: position + 1])
                    self._calls[event.activity] = self._call_of(event, seen)
        cancelled = {event.activity for event in events if isinstance(event, happened.HandlerCancelled)}
        if cancelled:
            self._requests = deque(each for each in self._requests if each.activity not in cancelled)
            for activity in cancelled:
                self._calls.pop(activity, None)
        if self._business_key is None:
            self._business_key = business_key(self._instance.bundle, self._run.state, self._environment)
        return events

    def _call(self, handler: Handler, request: happened.HandlerRequested) -> None:
        context = HandlerContext(
            session=self._session,
            actor=self._actor,
            business_key=self._business_key,
            attempt=self._attempt,
            idempotency_key=idempotency_key(self._instance.id, request.activity, handler.name),
            now=self._now,
            starter=self._instance.started_by,
            keep=lambda command, given: records.apply(self._session, command, given, self._actor, now=self._now),
        )
        try:
            outcome = invoke(handler, request.given, context)
        except Transient as error:
            self._fail(handler, request, Crashed(None, handler=handler.name, kind=type(error).__name__), error)
        except HandlerFailure as error:
            self._fail(handler, request, error, error.__cause__)
        else:
            if isinstance(outcome, Threw):
                self._throw(request, outcome.error)
            else:
                self.rows.extend(row_records(request.activity, request.element, handler.name, outcome.rows))
                self._advance(ReturnHandler(activity=request.activity, result=outcome.result))

    def _call_of(
        self, request: happened.HandlerRequested, seen: tuple[State | None, Sequence[Event]] | None
    ) -> NewCall:
        """What is called, and what it is given: the inputs, or everything that could be ``seen`` there when the call was made."""
        instance = self._instance
        node = find_node(instance.bundle, request.element)
        assert isinstance(node, CallActivity), "the others are handlers"
        given = request.given
        if seen is not None:
            given = fold(instance.model, seen[1], seen[0]).variables_of(request.activity)
        return NewCall(
            element_id=node.id,
            process=node.process,
            version_id=instance.version_id if node.binding is Binding.DEPLOYMENT else None,
            version_tag=node.version_tag,
            given=given,
        )

    def _told(self, activity: str, requested: Requested) -> dict[str, Any]:
        """What the history of the caller says of a call, beside the request of the kernel."""
        call = self._calls[activity]
        return {
            "type": "call:requested",
            "activity": activity,
            "element": call.element_id,
            "process": call.process,
            "case": requested.child_id,
        }

    def _queue_calls(self, state: State, requested: Mapping[str, Requested]) -> None:
        """The jobs that begin called cases, that end those which nobody wants any more, and that tell of this one's end: its caller, and
        the message that waited for it to end.

        The very end of the step: see ``calls`` for the order of locks.
        """
        session, instance = self._session, self._instance
        jobs = ({"instance_id": instance.id, "child_id": each.child_id} for each in requested.values())
        queue.defer(session, queue.BEGIN_CALL, *jobs)
        if state.is_ended and instance.parent_id is not None:
            queue.defer(session, queue.ANSWER_CALL, {"instance_id": instance.parent_id, "child_id": instance.id})
        if state.is_ended and instance.begun_by is not None:
            messages.begin_next(session, instance.process_key, *instance.begun_by, self._now)
        own = instance.bundle.durable.calls
        if own and instance.state is not None:
            wanted = {each.id for each in state.needs}
            ended = [each.id for each in instance.state.needs if each.element in own and each.id not in wanted]
            given_up = calls.give_up(session, instance.id, ended, self._now)
            queue.defer(session, queue.WITHDRAW_CALL, *({"instance_id": each} for each in given_up))

    def _throw(self, request: happened.HandlerRequested, error: BusinessError) -> None:
        events = self._advance(ThrowError(activity=request.activity, code=error.code, facts=error.facts))
        if self._on_failure is OnFailure.REFUSE and _is_uncaught(events, request.activity):
            raise WrongState("business_error_uncaught", error=error.code, element=request.element) from error

    def _fail(
        self,
        handler: Handler,
        request: happened.HandlerRequested,
        failure: HandlerFailure,
        cause: BaseException | None,
    ) -> None:
        if self._on_failure is OnFailure.REFUSE:
            raise failure from cause
        # what a handler declares does not change by waiting: only a crash is worth another try
        is_hopeless = not isinstance(failure, Crashed)
        if self._on_failure is OnFailure.RETRY and not is_hopeless and self._attempt < handler.retries.attempts:
            failure.__cause__ = cause
            raise TryAgain(handler.name, handler.retries.wait_seconds(self._attempt, cause)) from failure
        events = self._advance(FailHandler(activity=request.activity, code=failure.code, facts=failure.facts))
        _log.warning(
            "handler_failed",
            instance=self._instance.id,
            activity=request.activity,
            incident=incident_of(events, request.activity),
            code=failure.code,
            exc_info=None if is_hopeless else cause,  # a value that was refused stays out of the log too
        )

    def _queue_effects(self, requests: Iterable[happened.HandlerRequested]) -> None:
        """A job for each effect that is still wanted now that the step has come to rest; later, for one that can be taken back."""
        cancelled = {event.activity for event in self._events if isinstance(event, happened.HandlerCancelled)}
        at_once = []
        for each in requests:
            if each.activity in cancelled:
                continue
            hold = self._runtime.handlers.handlers[each.handler].hold
            if hold:
                held = HeldEffect(element_id=each.element, handler=each.handler, held_until=self._now + hold)
                self._held[each.activity] = held
            else:
                at_once.append(each.activity)
        jobs = ({"instance_id": self._instance.id, "activity": activity} for activity in at_once)
        queue.defer(self._session, queue.RUN_EFFECT, *jobs)

    def _ended_effects(self, state: State) -> list[str]:
        """Effects of which ``engine.jobs.outbox`` may know something, and which are not wanted any more."""
        if self._instance.state is None or not self._runtime.handlers.has_outbox:
            return []
        wanted = {each.id for each in state.needs}
        return [each.id for each in self._instance.state.needs if each.id not in wanted]

    def _add_instance(self, together: Together, state: State, head: ChainHead) -> None:
        instance = self._instance
        shown = shown_of(instance.bundle, state, self._environment)
        given: dict[str, Any] = {
            "instance": instance.id,
            "business_key": self._business_key,
            "status": state.status,
            "snapshot": state.to_text(),
            "sequence": head.sequence,
            "hash": head.hash,
            "summary": summary_of(instance.bundle, shown),
            "ended_at": self._now if state.is_ended else None,
        }
        is_same = given["summary"] == instance.summary and self._business_key == instance.business_key
        if not is_same:
            given |= projected(self._business_key, shown)
        if instance.revision == 0:
            first = {"process": instance.process_key, "version": instance.version_id, "started_by": instance.started_by}
            first |= {"parent": instance.parent_id, "root": instance.root_id, "depth": instance.depth}
            first |= dict(zip(("begun_by_message", "begun_by_key"), instance.begun_by or (None, None), strict=True))
            together.add(_CREATE, given | first | {"now": self._now})
            return
        together.add(_SAVE if is_same else _SAVE_AND_PROJECT, given | {"revision": instance.revision})

    def _write(self, together: Together, rows: StepRows) -> dict[str, int]:
        """What nearly every step writes, with its tasks and timers; gives the ids of the tasks that it opened, by activity."""
        instance = self._instance
        opened, closed = tuple(rows.opened.values()), tuple(rows.closed.values())
        inbox.add(together, instance.id, instance.process_key, self._now, opened=opened, closed=closed)
        timers.add(together, instance.id, set_=rows.timers_set, ended=rows.timers_ended)
        told = together.send(self._session)
        if instance.revision and not told.instance_saved:
            raise InvariantBroken("instance_changed_under_lock", case=instance.id)
        return inbox.opened_of(told, instance.id, opened, closed)

    def _save_rows(self, rows: StepRows, ended_effects: Collection[str]) -> None:
        """What few steps write."""
        session, instance, now = self._session, self._instance, self._now
        for each in messages.save_subscriptions(
            session, instance.id, now, opened=rows.awaited, ended=rows.no_longer_awaited
        ):
            if self._on_failure is OnFailure.REFUSE:
                raise waits.taken(each)
            waits.note(session, instance.id, each, now)
        messages.send(session, rows.messages, now, sender=self._actor.login, instance_id=instance.id)
        signals.throw(session, rows.signals, now, sender=self._actor.login, instance_id=instance.id)
        incidents.save(session, instance.id, now, self._actor.login, raised=rows.incidents, resolved=rows.resolved)
        outbox.save(session, instance.id, held=self._held, ended=ended_effects)


def incident_of(events: Iterable[Event], activity: str) -> str | None:
    """The reference of the incident that these events raised on the activity: the log tells of it by this name."""
    raised = (each for each in events if isinstance(each, happened.IncidentRaised) and each.activity == activity)
    return next((each.incident for each in raised), None)


def idempotency_key(instance_id: int, activity: str, handler: str) -> str:
    """The same for every attempt at one activity with the handler of this name, never for two rounds of a loop (architecture §4)."""
    return f"{instance_id}:{activity}:{handler}"


def business_key(bundle: Bundle, state: State, environment: Environment) -> str | None:
    """What the bundle calls the case by, as text, once its expression gives something."""
    if bundle.business_key is None:
        return None
    value = _evaluate(bundle.business_key, state, environment)
    return str(value) if isinstance(value, str | Decimal | date | UUID) else None


def shown_of(bundle: Bundle, state: State, environment: Environment) -> dict[str, Value]:
    """What the bundle shows of the case, by the expression that gives it."""
    return {each.expression.source: _evaluate(each.expression, state, environment) for each in bundle.summary}


def summary_of(bundle: Bundle, shown: Mapping[str, Value]) -> str:
    """What lists show of the case: canonical JSON that ``inbox.queries.read_summary`` reads."""
    return to_canonical(
        [
            {"label": dict(each.label), "type": each.type, "value": shown[each.expression.source]}
            for each in bundle.summary
        ]
    )


def _evaluate(expression: Expression, state: State, environment: Environment) -> Value:
    """An expression that only tells: what it cannot say must not stop the case."""
    try:
        return storable(expression.evaluate(state.root_variables, environment))
    except ValueNotStorable:
        # the name of a function of FEEL (``number``), before the case has a variable of that name
        return None
    except FeelFailure as error:
        _log.warning("projection_failed", expression=expression.source, code=error.code)
        return None


def _fail(request: happened.HandlerRequested, code: str, **facts: str) -> FailHandler:
    return FailHandler(activity=request.activity, code=code, facts=dict(facts))


def _is_uncaught(events: Iterable[Event], activity: str) -> bool:
    return any(
        isinstance(event, happened.IncidentRaised)
        and event.activity == activity
        and event.code == "business_error_uncaught"
        for event in events
    )


def _state(session: Session, row: Row[Any]) -> State:
    """The state as the row has it; of a case that has left for the archive, as it is there: it has ended, and answers so.

    Raises NotFound: its retention is over, nothing but its history is left.
    """
    if row.snapshot:
        return State.from_text(bytes(row.snapshot))
    kept = archive.read(session, row.id)
    if kept is None:
        raise NotFound("case_removed", case=row.id)
    return State.from_text(kept.snapshot)


def _locked(session: Session, row: Row[Any]) -> Locked:
    return Locked(
        id=row.id,
        process_key=row.process_key,
        version_id=row.version_id,
        bundle=definitions.bundle_of(session, row.content_hash),
        state=_state(session, row),
        revision=row.revision,
        head=ChainHead(sequence=row.chain_sequence, hash=bytes(row.chain_hash)),
        business_key=row.business_key,
        started_by=row.started_by,
        suspended_at=row.suspended_at,
        summary=row.summary,
        parent_id=row.parent_instance_id,
        root_id=row.root_instance_id,
        depth=row.depth,
        begun_by=None if row.begun_by_message is None else (row.begun_by_message, row.begun_by_key),
    )
