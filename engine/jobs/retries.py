"""When a job that failed runs again: soon at first, then ever more rarely, then never."""

from __future__ import annotations

from typing import Final

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

from engine.handler import Transient

ATTEMPTS: Final = 6
"""How often a job is tried before it becomes an incident."""

_LONGEST_SECONDS: Final = 300


def wait_seconds(attempt: int, reason: BaseException | None = None) -> int:
    """How long to wait after the failed ``attempt`` (from 1): 1, 4, 16, 64, 256, then 300 s; or what a Transient asks for."""
    if isinstance(reason, Transient) and reason.retry_after_seconds is not None:
        return max(0, reason.retry_after_seconds)
    return int(min(4 ** (attempt - 1), _LONGEST_SECONDS))


class Backoff(BaseRetryStrategy):
    """Procrastinate's question *again, and when?* answered by ``wait_seconds``.

    It has no last attempt of its own: the job body knows its attempt, and makes an incident of the last one instead of failing. What still
    fails then (the database is away) has to be tried again.
    """

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        """Wait, then again; ``job.attempts`` counts the tries before this one."""
        return RetryDecision(retry_in={"seconds": wait_seconds(job.attempts + 1, exception)})
