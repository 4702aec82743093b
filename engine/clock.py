"""The one source of time. Every ``now`` of the product comes from here, so that a test (or a story) can set it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_frozen: ContextVar[datetime | None] = ContextVar("frozen_now", default=None)


def now() -> datetime:
    """The present moment in UTC, with microseconds."""
    return _frozen.get() or datetime.now(UTC)


@contextmanager
def frozen(moment: datetime) -> Iterator[None]:
    """Within the block, ``now()`` is ``moment`` (which must carry a zone) in this thread or task."""
    if moment.tzinfo is None:
        raise ValueError("a frozen moment needs a zone")
    token = _frozen.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)
