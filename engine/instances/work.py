"""What jobs do: fire a timer, run an effect, deliver a message or a signal, begin a case, examine a process. Each may run
twice, and at any time; the second time finds nothing to do.

A body raises to be tried again. Its last attempt makes an incident instead: of the case where the kernel knows what failed, else of the
job itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from engine import clock, log
from engine.definitions import entrances, examination
from engine.definitions import store as definitions
from engine.definitions.entrances import Entrance
from engine.definitions.store import Definition
from engine.errors import Facts, InvariantBroken
from engine.feel import Value
from engine.handler import SYSTEM
from engine.instances import batches, calling, driver, effects, erased, migrations, waits
from engine.instances.driver import CaseSuspended, OnFailure
from engine.instances.rows import awaited
from engine.instances.runtime import Runtime
from engine.jobs import fence, incidents, parking, queue
from engine.jobs.queue import JobArguments
from engine.jobs.retries import ATTEMPTS, TryAgain
from engine.mail import sending
from engine.messages import signals
from engine.messages import store as messages
from engine.messages.store import Message, Waiting
from engine.model.schedules import schedule
from engine.model.unique_keys import is_unique_key
from engine.protocol.stimuli import FireTimer, ReceiveMessage, ReceiveSignal, Start
from engine.timers import starts as start_timers

_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Which try this is, from 1."""

    number: int

    @property
    def is_last(self) -> bool:
        """There is no other one after it, unless a handler's own policy wants one."""
        return self.number >= ATTEMPTS


def perform(runtime: Runtime, name: str, arguments: JobArguments, attempt: int) -> None:
    """Run the job ``name``. Raises to be run again; the last attempt raises only when not even an incident can be written.

    What is for a case that stands still is parked until it goes on (``jobs.parking``).
    """
    current = Attempt(number=attempt)
    with log.context(job_name=name, instance=arguments.get("instance_id")):
        try:
            while True:
                try:
                    BODIES[name](runtime, current, **arguments)
                except CaseSuspended as stopped:
                    if not _park(runtime, int(stopped.facts["case"] or 0), name, arguments):
                        continue  # it goes on already
                return
        except TryAgain:
            raise
        except Exception as error:
            if not current.is_last:
                raise
            facts: Facts = {"kind": type(error).__name__, "attempts": attempt}
            with runtime.database.transaction() as session:
                incident = incidents.raise_for_job(
                    session, name, arguments, code="job_gave_up", facts=facts, now=clock.now()
                )
            _log.exception("job_gave_up", attempt=attempt, incident=incident)


def _park(runtime: Runtime, instance_id: int, name: str, arguments: JobArguments) -> bool:
    """Keep the job for when the case goes on; False if it does so now. The lock: whoever lets it go on sees the job, or we see that."""
    with runtime.database.transaction() as session:
        if driver.lock(session, instance_id).suspended_at is None:
            return False
        parking.park(session, instance_id, name, arguments, clock.now())
    return True


def fire_timer(runtime: Runtime, attempt: Attempt, *, instance_id: int, wait: str) -> None:
    """Let the timer fire, unless the instance does not wait for it any more."""
    now = clock.now()
    with runtime.database.transaction() as session:
        instance = driver.lock(session, instance_id)
        if instance.state is None or wait not in instance.state.waits or instance.state.is_ended:
            return
        driver.apply(
            runtime,
            session,
            instance,
            FireTimer(wait=wait),
            SYSTEM,
            now,
            on_failure=OnFailure.RETRY,
            attempt=attempt.number,
        )


# ---- messages


def deliver_message(runtime: Runtime, attempt: Attempt, *, message_id: int) -> None:
    """Give the message to whoever waits for it, else to a process that begins with it, else leave it waiting (``messages.store``).

    A busy receiver is waited for (its row lock), never replaced by somebody else.
    """
    now = clock.now()
    while True:
        with runtime.database.transaction() as session:
            message = messages.find(session, message_id, now)
            receiver = None if message is None else messages.who_waits(session, message)
        if message is None:
            return
        if receiver is None:
            # whoever begins to wait from now on finds the message and queues it again: only one of us gets it
            _start_by_message(runtime, message, attempt, now)
            return
        if _receive(runtime, message, receiver, attempt, now):
            return
        # somebody else's message was faster there: look again


def _receive(runtime: Runtime, message: Message, receiver: Waiting, attempt: Attempt, now: datetime) -> bool:
    """True if this or another job delivered the message; False if the receiver does not wait any more."""
    with runtime.database.transaction() as session:
        instance = driver.lock(session, receiver.instance_id)
        if instance.state is None or receiver.wait not in instance.state.waits or instance.state.is_ended:
            return False
        if messages.mark_received(session, message.id, instance.id, now):
            stimulus = ReceiveMessage(wait=receiver.wait, name=message.name, payload=message.payload)
            driver.apply(
                runtime,
                session,
                instance,
                stimulus,
                SYSTEM,
                now,
                on_failure=OnFailure.RETRY,
                attempt=attempt.number,
            )
    return True


def _start_by_message(runtime: Runtime, message: Message, attempt: Attempt, now: datetime) -> None:
    """Begin the process that this message begins. The first by key, if several do: one receiver (§4)."""
    with runtime.database.transaction() as session:
        version = next(iter(definitions.started_by_message(session, message.name)), None)
        if version is None or not messages.lock(session, message.id):
            return
        definition = definitions.load(session, version.id)
        entrance = next(iter(entrances.by_message(definition.bundle, message.name)))
        node = definition.bundle.model.processes[entrance.process].nodes[entrance.element]
        begun_by = (message.name, message.key) if message.key and is_unique_key(node) else None
        if begun_by is not None:
            messages.lock_beginning(session, version.process_key, *begun_by)
            if messages.is_begun(session, version.process_key, *begun_by):
                return  # it is kept for that case; whoever ends it has it delivered again
        instance = _begin(
            runtime,
            session,
            definition,
            entrance,
            message.payload,
            attempt,
            now,
            started_by=message.sent_by,
            begun_by=begun_by,
        )
        messages.mark_received(session, message.id, instance, now)


def await_message(runtime: Runtime, _attempt: Attempt, *, instance_id: int, wait: str) -> None:
    """Wait for a message after all that somebody else waited for with the same key; where they do still, it is the same incident again."""
    now = clock.now()
    with runtime.database.transaction() as session:
        instance = driver.lock(session, instance_id)
        held = None if instance.state is None else instance.state.waits.get(wait)
        if held is None or held.name is None:
            return
        row = awaited(instance.bundle, held.element, held.name, held.key or messages.NO_KEY)
        for each in messages.save_subscriptions(session, instance_id, now, opened={wait: row}, ended=()):
            waits.note(session, instance_id, each, now)


# ---- signals


def deliver_signal(runtime: Runtime, attempt: Attempt, *, instance_id: int) -> None:
    """Tell the case of the oldest signal that it has not heard of, if it (still) waits for it."""
    now = clock.now()
    with runtime.database.transaction() as session:
        instance = driver.lock(session, instance_id)
        signal = signals.take(session, instance_id)
        if signal is None or instance.state is None or instance.state.is_ended:
            return
        if all(wait.signal != signal.name for wait in instance.state.waits.values()):
            return
        driver.apply(
            runtime,
            session,
            instance,
            ReceiveSignal(name=signal.name, payload=signal.payload),
            SYSTEM,
            now,
            on_failure=OnFailure.RETRY,
            attempt=attempt.number,
        )


def start_by_signal(runtime: Runtime, attempt: Attempt, *, signal_id: int, version_id: int) -> None:
    """Begin a case at each start event of the version that the signal triggers; once each, however often the job runs."""
    now = clock.now()
    with runtime.database.reading() as session:
        signal = signals.find(session, signal_id)
        definition = definitions.load(session, version_id)
    if signal is None:
        raise InvariantBroken("signal_not_thrown", signal=signal_id)
    for entrance in entrances.by_signal(definition.bundle, signal.name):
        with runtime.database.transaction() as session:
            if fence.enter(session, f"start:{version_id}:{entrance.element}:signal {signal_id}", now):
                _begin(
                    runtime, session, definition, entrance, signal.payload, attempt, now, started_by=signal.thrown_by
                )


def _begin(  # noqa: PLR0917 - as a step has them at hand
    runtime: Runtime,
    session: Session,
    definition: Definition,
    entrance: Entrance,
    variables: Mapping[str, Value],
    attempt: Attempt,
    now: datetime,
    *,
    started_by: str,
    begun_by: tuple[str, str] | None = None,
) -> int:
    """A case that something begins; gives its id. ``begun_by``: the message and key for which it is the only one."""
    instance = driver.new_instance(session, definition, started_by)
    instance.begun_by = begun_by
    driver.apply(
        runtime,
        session,
        instance,
        Start(process=entrance.process, start_event=entrance.element, variables=variables),
        SYSTEM,
        now,
        on_failure=OnFailure.RETRY,
        attempt=attempt.number,
    )
    return instance.id


# ---- starts by a timer


def plan_starts(runtime: Runtime, _attempt: Attempt, *, version_id: int) -> None:
    """Write down when the version begins its next case by itself, unless another one is in force by now."""
    environment = runtime.environment(clock.now())
    with runtime.database.transaction() as session:
        definition = definitions.load(session, version_id)
        process_key = definition.version.process_key
        definitions.lock_process(session, process_key)
        in_force = definitions.latest(session, process_key)
        if in_force is None or in_force.id != version_id:
            return
        schedules = {}
        for entrance, timer in entrances.by_timer(definition.bundle).items():
            value = timer.expression.evaluate({}, environment)
            schedules[entrance.element] = schedule(timer.kind, value, environment.now, environment.zone)
        start_timers.plan(session, process_key, version_id, schedules)


def start_by_timer(runtime: Runtime, attempt: Attempt, *, version_id: int, element_id: str, due: str) -> None:
    """Begin a case at a start event whose time ``due`` has come; once, however often the job runs."""
    now = clock.now()
    with runtime.database.transaction() as session:
        if not fence.enter(session, f"start:{version_id}:{element_id}:{due}", now):
            return
        definition = definitions.load(session, version_id)
        entrance = next(each for each in entrances.by_timer(definition.bundle) if each.element == element_id)
        _begin(runtime, session, definition, entrance, {}, attempt, now, started_by=SYSTEM.login)


# ---- processes that are to be published


def run_effect(runtime: Runtime, attempt: Attempt, *, instance_id: int, activity: str) -> None:
    """Do an effect and let its case go on (``effects``)."""
    effects.run(runtime, attempt.number, instance_id, activity)


def finish_effect(runtime: Runtime, attempt: Attempt, *, instance_id: int, activity: str) -> None:
    """Let a case go on with the outcome of an effect."""
    effects.finish(runtime, attempt.number, instance_id, activity)


def examine(runtime: Runtime, attempt: Attempt, *, content_hash: str, fingerprint: str) -> None:
    """Prove and play what somebody wants to publish (``definitions.examination``)."""
    examination.perform(
        runtime.database, runtime.handlers, runtime.environment, content_hash, fingerprint, attempt.number
    )


def run_batch(runtime: Runtime, _attempt: Attempt, *, batch_id: int) -> None:
    """Do a part of what somebody wants done to many things (``batches``)."""
    batches.run(runtime, batch_id)


def run_migration(runtime: Runtime, _attempt: Attempt, *, migration_id: int) -> None:
    """Do a part of what somebody wants moved to another version (``migrations``)."""
    migrations.run(runtime, migration_id)


def send_letter(runtime: Runtime, _attempt: Attempt, *, letter_id: int, round: int) -> None:  # noqa: A002 - as the job calls it
    """Send a letter of the outbox (``engine.mail.sending``)."""
    sending.send(runtime.database, runtime.mailing, letter_id, round)


def list_erasures(runtime: Runtime, _attempt: Attempt) -> None:
    """Write outside of the database what was erased (``erased``); what this machine cannot write now, its worker tries again every hour."""
    erased.keep_beside(runtime)


# ---- called cases


def begin_call(runtime: Runtime, attempt: Attempt, *, instance_id: int, child_id: int) -> None:
    """Begin the case that does a call (``calling``)."""
    calling.begin(runtime, attempt.number, instance_id, child_id)


def answer_call(runtime: Runtime, attempt: Attempt, *, instance_id: int, child_id: int) -> None:
    """Let a caller go on with what the called case came to."""
    calling.answer(runtime, attempt.number, instance_id, child_id)


def withdraw_call(runtime: Runtime, _attempt: Attempt, *, instance_id: int) -> None:
    """End a called case that nobody wants any more."""
    calling.withdraw(runtime, instance_id)


BODIES: Final[Mapping[str, Callable[..., None]]] = {
    queue.FIRE_TIMER: fire_timer,
    queue.RUN_EFFECT: run_effect,
    queue.FINISH_EFFECT: finish_effect,
    queue.DELIVER_MESSAGE: deliver_message,
    queue.PLAN_STARTS: plan_starts,
    queue.START_BY_TIMER: start_by_timer,
    queue.DELIVER_SIGNAL: deliver_signal,
    queue.START_BY_SIGNAL: start_by_signal,
    queue.EXAMINE: examine,
    queue.RUN_BATCH: run_batch,
    queue.RUN_MIGRATION: run_migration,
    queue.AWAIT_MESSAGE: await_message,
    queue.BEGIN_CALL: begin_call,
    queue.ANSWER_CALL: answer_call,
    queue.WITHDRAW_CALL: withdraw_call,
    queue.SEND_LETTER: send_letter,
    queue.LIST_ERASURES: list_erasures,
}
"""The job bodies by name; ``engine.worker`` gives them to Procrastinate."""
