"""How much FEEL is compiled together: one expression is bounded by its length, the many of a file or a version only by their sum.

The readers of files know nothing of each other; so what bounds them is bound to the block of code (and its thread) that calls them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from engine.feel.errors import FeelTooMuch


@dataclass(slots=True)
class _Allowance:
    limit: int
    used: int = 0


_allowance: ContextVar[_Allowance | None] = ContextVar("allowance_of_reading", default=None)


@contextmanager
def at_most(characters: int) -> Iterator[None]:
    """Within the block, compiling more than ``characters`` of source raises FeelTooMuch; what is known already counts too."""
    token = _allowance.set(_Allowance(characters))
    try:
        yield
    finally:
        _allowance.reset(token)


def count(source: str) -> None:
    """``source`` is about to be compiled. Raises FeelTooMuch."""
    allowance = _allowance.get()
    if allowance is not None:
        allowance.used += len(source)
        if allowance.used > allowance.limit:
            raise FeelTooMuch(limit=allowance.limit)
