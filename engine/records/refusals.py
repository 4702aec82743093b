"""A try that was refused is remembered too: who, which command, on which record, why. Never what was typed.

What a form does not accept (``InvalidInput``) is no refused act: nobody was kept from anything, and the person is told beside the field.
"""

from __future__ import annotations

from datetime import datetime

from engine.database.session import Database
from engine.errors import CommandRejected
from engine.handler import Actor
from engine.history import refusals


def note(  # noqa: PLR0917 - who, what, on what, why
    database: Database,
    actor: Actor,
    now: datetime,
    command: str,
    kind: str,
    key: str | None,
    refusal: CommandRejected,
) -> None:
    """Remember that ``actor`` was refused ``command``. To be called after its transaction was rolled back."""
    refusals.note(database, refusal, actor.login, now, act=command, about={"kind": kind, "key": key})
