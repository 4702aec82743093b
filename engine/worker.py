"""The worker: runs jobs, promotes timers, rescues jobs of dead workers (architecture §5). As many as wanted, on as many machines.

Procrastinate's own worker fetches and finishes jobs on asynchronous connections; the bodies are ordinary functions and run in threads, on
the connections of ``Runtime.database``. Beside it loops: the promoter, the reaper, and the two that keep the history (its order, its
checkpoints).

When one of these parts fails, which is when the database goes away, the process exits with 1 and the supervisor starts it again: simpler
and surer than healing every connection in place. Whatever a job had not committed is undone, and the reaper queues it again.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector
from sqlalchemy import make_url

from engine import clock, log
from engine.definitions import examination
from engine.errors import Unavailable
from engine.history import keeping, refusals
from engine.identity import memberships
from engine.inbox import lost_claims
from engine.instances import erased, migrations, retention, work
from engine.instances.operators import OPERATORS
from engine.instances.runtime import Runtime
from engine.jobs import fence, outbox
from engine.jobs.reaper import STALLED_SECONDS, reap
from engine.jobs.retries import Backoff
from engine.mail import checkpoints as mailed_checkpoints
from engine.mail import outbox as letters
from engine.notices import reading as notices
from engine.notices import telling
from engine.timers import starts as start_timers
from engine.timers.promoter import BATCH, promote

CONCURRENCY: Final = 4
NUMBER_SECONDS: Final = 1.0
SETTLE_SECONDS: Final = 60.0
FORGET_SECONDS: Final = 3600.0
NIGHT: Final = range(1, 5)
"""Hours of the company's clock in which finished cases are archived and those whose retention is over removed."""
TELL_SECONDS: Final = 5.0
GRACE_SECONDS: Final = 20.0
FAILURE_SECONDS: Final = 2.0
CONNECT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a worker looks, in seconds, and what it takes for dead. Tests that kill workers hurry; all workers of a database agree."""

    poll: float = 1.0
    heartbeat: float = 2.0
    promote: float = 1.0
    reap: float = 5.0
    sign: float = 30.0
    stalled: int = STALLED_SECONDS
    retry: BaseRetryStrategy = field(default_factory=Backoff)


_log = log.get(__name__)


def run_worker(runtime: Runtime, pace: Pace | None = None) -> None:
    """Work until SIGTERM or SIGINT, then let running jobs end (``GRACE_SECONDS`` at most).

    Without its database the process exits with 1.
    """
    asyncio.run(_run(runtime, pace or Pace()))


def run_pending(runtime: Runtime) -> None:
    """Run what is in the queue now and return: for tests and for one-off use. Jobs that wait for a later try stay."""
    # in a thread of its own: whoever calls may be within an event loop, as browser tests are
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(contextvars.copy_context().run, asyncio.run, _run_pending(runtime)).result()


async def _run_pending(runtime: Runtime) -> None:
    pace = Pace()
    app = _app(runtime, pace)
    async with app.open_async():
        await app.run_worker_async(
            wait=False,
            concurrency=1,
            listen_notify=False,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=pace.heartbeat,
            stalled_worker_timeout=float(pace.stalled),
        )


async def _run(runtime: Runtime, pace: Pace) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    app = _app(runtime, pace)
    async with app.open_async():
        _log.info("worker_started", concurrency=CONCURRENCY)
        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=CONCURRENCY,
                fetch_job_polling_interval=pace.poll,
                delete_jobs="successful",
                install_signal_handlers=False,
                shutdown_graceful_timeout=GRACE_SECONDS,
                update_heartbeat_interval=pace.heartbeat,
                stalled_worker_timeout=float(pace.stalled),
            ),
            name="procrastinate",
        )
        others = [
            asyncio.create_task(_every(pace.promote, lambda: _promote_all(runtime)), name="promoter"),
            asyncio.create_task(_every(pace.reap, lambda: _reap(runtime, pace.stalled)), name="reaper"),
            asyncio.create_task(_every(NUMBER_SECONDS, lambda: keeping.number_all(runtime.database)), name="sequencer"),
            asyncio.create_task(_every(pace.sign, lambda: _sign(runtime)), name="signer"),
            asyncio.create_task(_every(FORGET_SECONDS, lambda: erased.keep_beside(runtime)), name="erasures"),
            asyncio.create_task(_every(SETTLE_SECONDS, lambda: _settle(runtime)), name="memberships"),
            asyncio.create_task(_every(TELL_SECONDS, lambda: _tell(runtime)), name="notices"),
            asyncio.create_task(_every(FORGET_SECONDS, lambda: _forget(runtime)), name="forgetting"),
            asyncio.create_task(_every(FORGET_SECONDS, lambda: _clear_away(runtime)), name="archive"),
            asyncio.create_task(stopped.wait(), name="stop"),
        ]
        await asyncio.wait([worker, *others], return_when=asyncio.FIRST_COMPLETED)
        is_asked = stopped.is_set()
        is_whole = await _end(worker, others, GRACE_SECONDS + 5 if is_asked else FAILURE_SECONDS)
        if not is_asked or not is_whole:
            _exit()
    _log.info("worker_stopped")


async def _end(worker: asyncio.Task[None], others: list[asyncio.Task[Any]], seconds: float) -> bool:
    """Cancel everything (Procrastinate takes that as *finish your jobs and stop*); True if all of it ended well and in time."""
    ended = (worker, *others)
    for each in ended:
        each.cancel()
    done, pending = await asyncio.wait(ended, timeout=seconds)
    errors = {each.get_name(): each.exception() for each in done if not each.cancelled()}
    for name, error in errors.items():
        if error is not None:
            _log.error("worker_part_failed", part=name, exc_info=error)
    return not pending and not any(errors.values())


def _exit() -> NoReturn:
    """Leave at once: without the database, Procrastinate and its threads would wait for it, and nothing that they hold can be saved."""
    _log.error("worker_gave_up")
    logging.shutdown()
    os._exit(1)


async def _every(seconds: float, act: Callable[[], None]) -> None:
    """``act`` in a thread, again and again. Anything it raises ends the worker."""
    while True:
        await asyncio.to_thread(act)
        await asyncio.sleep(seconds)


def _promote_all(runtime: Runtime) -> None:
    while True:
        with runtime.database.transaction() as session:
            if promote(session, clock.now()) < BATCH:
                break
    while True:
        with runtime.database.transaction() as session:
            if outbox.promote(session, clock.now()) < outbox.BATCH:
                break
    while True:
        with runtime.database.transaction() as session:
            if letters.promote(session, clock.now()) < letters.BATCH:
                break
    while True:
        with runtime.database.transaction() as session:
            if start_timers.promote(session, clock.now(), runtime.zone) < start_timers.BATCH:
                break


def _reap(runtime: Runtime, stalled_seconds: int) -> None:
    with runtime.database.transaction() as session:
        reaped = reap(session, clock.now(), stalled_seconds=stalled_seconds)
    if reaped.rescued or reaped.given_up:
        _log.warning("jobs_reaped", rescued=reaped.rescued, given_up=reaped.given_up)


def _sign(runtime: Runtime) -> None:
    if runtime.keeping is not None:
        keeping.sign_if_due(runtime.database, runtime.keeping, clock.now())


def _settle(runtime: Runtime) -> None:
    """Roles that begin or end by themselves, what was taken with a role that is lost, refusals that came again and again."""
    with runtime.database.transaction() as session:
        memberships.settle(session, clock.now())
    for settle in (lost_claims.record, refusals.settle):
        while True:
            with runtime.database.transaction() as session:
                if not settle(session, clock.now()):
                    break


def _tell(runtime: Runtime) -> None:
    """Notices and daily checkpoints. What is wrong with one of them must be seen, and must not stop the company's work."""
    now = clock.now()
    try:
        telling.tell(
            runtime.database, runtime.calendar, OPERATORS, now, is_demonstration=runtime.mailing.is_demonstration
        )
        with runtime.database.transaction() as session:
            mailed_checkpoints.send_daily(session, runtime.zone, now)
    except Unavailable:
        raise
    except Exception:  # noqa: BLE001 - told in the log, again and again
        _log.exception("notices_not_told")


def _forget(runtime: Runtime) -> None:
    with runtime.database.transaction() as session:
        fence.forget_old(session, clock.now())
        examination.forget_old(session, clock.now())
        migrations.forget(session)
        letters.forget_texts(session, clock.now())
        notices.forget_old(session, clock.now())


def _clear_away(runtime: Runtime) -> None:
    """Archive what has ended and remove what may be removed; at night, in small transactions."""
    now = clock.now()
    if now.astimezone(runtime.zone).hour in NIGHT:
        done = retention.clear_away(runtime.database, now)
        if done.archived or done.removed:
            _log.info("cases_cleared_away", archived=done.archived, removed=done.removed)


def _app(runtime: Runtime, pace: Pace) -> App:
    """Procrastinate with our job bodies, on its own asynchronous connections to the same database."""
    app = App(connector=PsycopgConnector(**_connection(runtime.database.url)))
    for name in work.BODIES:
        app.task(name=name, pass_context=True, retry=pace.retry)(_body(runtime, name))
    return app


def _body(runtime: Runtime, name: str) -> Callable[..., None]:
    def run(context: JobContext, **arguments: Any) -> None:
        with log.context(job=context.job.id):
            work.perform(runtime, name, arguments, attempt=context.job.attempts + 1)

    return run


def _connection(url: str) -> dict[str, Any]:
    """Procrastinate names its tables without their schema: the search path says where they are."""
    conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return {
        "conninfo": conninfo,
        "kwargs": {"options": "-c search_path=jobs,public", "application_name": "bordereau-worker"},
        "min_size": 1,
        "max_size": CONCURRENCY + 2,
        "timeout": CONNECT_SECONDS,
    }
