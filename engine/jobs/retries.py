"""When a job that failed runs again: soon at first, then ever more rarely, then never."""

from __future__ import annotations

from typing import Final

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

from engine.handler import Retries

POLICY: Final = Retries()
"""Of jobs whose failure is no handler's."""

ATTEMPTS: Final = POLICY.attempts
"""How often such a job is tried before it becomes an incident."""


class TryAgain(Exception):
    """A handler failed and its policy wants another try in ``seconds``; the cause is what it raised."""

    def __init__(self, handler: str, seconds: int) -> None:
        super().__init__(handler, seconds)
        self.seconds = seconds


class Backoff(BaseRetryStrategy):
    """Procrastinate's question *again, and when?* answered by the handler's policy, or by ``POLICY``.

    It has no last attempt of its own: the job body knows its attempt, and makes an incident of the last one instead of failing. What still
    fails then (the database is away) has to be tried again.
    """

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        """Wait, then again; ``job.attempts`` counts the tries before this one."""
        if isinstance(exception, TryAgain):
            return RetryDecision(retry_in={"seconds": exception.seconds})
        return RetryDecision(retry_in={"seconds": POLICY.wait_seconds(job.attempts + 1, exception)})
