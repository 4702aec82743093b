"""Several writings in one message to the server: to send a statement, to prepare it and to take its answer costs as much as the few rows
that it writes.

Each is common table expressions that change rows. PostgreSQL runs those of one statement on one snapshot and in no order that counts, and
holds foreign keys against what stands at its end (manual §7.8.4, §38.7): what is written together must not change the same row twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, TextualSelect, column, text
from sqlalchemy.orm import Session

_FORMS = 256
"""So many combinations of writings are kept as statements: more than a step can be made of."""


@dataclass(frozen=True, slots=True)
class Writing:
    """Rows to change. ``sql``: common table expressions, as they stand between ``WITH`` and the end; ``tells``: what is told of them, by
    name: SQL of one value each. The names of both, and of the parameters, are nobody else's among those that it is written with; a
    parameter that two have means the same in both.
    """

    sql: str
    tells: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Together:
    """What is to be written, until ``send``."""

    _writings: list[Writing] = field(default_factory=list)
    _given: dict[str, Any] = field(default_factory=dict)

    def add(self, writing: Writing, given: Mapping[str, Any]) -> None:
        """``writing`` too, with its parameters."""
        self._writings.append(writing)
        self._given.update(given)

    @property
    def is_empty(self) -> bool:
        """There is nothing to write."""
        return not self._writings

    def send(self, session: Session) -> Row[Any]:
        """Write it all, in one statement; gives what the writings tell."""
        return session.execute(_statement(tuple(self._writings)), self._given).one()


@lru_cache(maxsize=_FORMS)
def _statement(writings: tuple[Writing, ...]) -> TextualSelect:
    tells = [("is_written", "true"), *(each for writing in writings for each in writing.tells)]
    return text(f"""
        WITH {", ".join(each.sql for each in writings)}
        SELECT {", ".join(f"{sql} AS {name}" for name, sql in tells)}
    """).columns(*(column(name) for name, _ in tells))
