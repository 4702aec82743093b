"""Real workers that are killed with ``kill -9`` at random moments and replaced at once.

``python -m tests.crash.workers URL DIRECT SEED FOLDER`` forks them from a process that has loaded everything, so that a new one works
after milliseconds; URL may lead through a door that slams (``proxy``), DIRECT may not. They sign the history with the key in FOLDER
(``keeping``). Ends with its standard input and says what it did (JSON).
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import NoReturn

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job
from sqlalchemy import text

from engine import log
from engine.database.session import Database
from engine.definitions import store as definitions
from engine.history.keeping import Keeping
from engine.instances.runtime import Runtime
from engine.worker import Pace, run_worker
from tests.crash.deeds import HANDLERS

WORKERS = 2
PAUSE = 0.6
"""At most that many seconds of work between two kills: by the clock, a busy machine would start workers and do nothing else."""
IDLE = 0.1
"""What a second counts in which nobody worked."""
BEGUN = 0.1
"""Seconds of processor time after which a worker may be killed: on a machine that has none left, nobody would ever begin to work."""
_TICK = os.sysconf("SC_CLK_TCK")
_DIE_WITH_PARENT = 1


class AtOnce(BaseRetryStrategy):
    """A test has no minutes to wait."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        return RetryDecision(retry_in={"seconds": 0})


PACE = Pace(poll=0.1, heartbeat=0.2, promote=0.1, reap=0.2, sign=0.5, stalled=1, retry=AtOnce())


def keeping(folder: Path) -> Keeping:
    """Signs whenever something is new: every worker does so when it begins, and again and again."""
    return Keeping(key_file=folder / "checkpoint_key", folder=folder / "checkpoints", minutes=0)


def work(url: str, folder: Path) -> NoReturn:
    """Be a worker until the end."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    try:
        run_worker(Runtime(database=Database(url), handlers=HANDLERS, keeping=keeping(folder)), PACE)
    finally:
        os._exit(1)


def load(url: str) -> None:
    """Read every version, as a worker that has run for a while has."""
    database = Database(url)
    with database.reading() as session:
        for (content_hash,) in session.execute(text("SELECT DISTINCT content_hash FROM engine.definition_version")):
            definitions.bundle_of(session, content_hash)
    database.dispose()


def worked(pid: int) -> float:
    """Seconds of processor time that a child has used; 0 once it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK


def main(url: str, direct: str, seed: str, folder: str) -> None:
    log.configure("worker", level="error")
    load(direct)
    chance = Random(seed)
    done: Counter[str] = Counter()
    living: set[int] = set()
    until, seen, at = chance.uniform(0, PAUSE), dict[int, float](), time.monotonic()
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        while len(living) < WORKERS:
            pid = os.fork()
            if pid == 0:
                work(url, Path(folder))
            living.add(pid)
        now, used = time.monotonic(), {pid: worked(pid) for pid in living}
        until -= sum(max(0.0, time_of - seen.get(pid, 0.0)) for pid, time_of in used.items()) + IDLE * (now - at)
        seen, at = used, now
        if until < 0 and (begun := sorted(pid for pid in living if used[pid] >= BEGUN)):
            os.kill(chance.choice(begun), signal.SIGKILL)
            until = chance.uniform(0, PAUSE)
        for pid in tuple(living):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                living.remove(pid)
                done["killed" if os.WIFSIGNALED(status) else "gave up"] += 1
    for pid in living:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    print(json.dumps(done), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
