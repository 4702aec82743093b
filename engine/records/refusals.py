"""A try that was refused is remembered too: who, which command, on which record, why. Never what was typed.

What a form does not accept (``InvalidInput``) is no refused act: nobody was kept from anything, and the person is told beside the field.
"""

from __future__ import annotations

from datetime import datetime

from engine import log
from engine.database.session import Database
from engine.errors import CommandRejected, InvalidInput
from engine.handler import Actor

_log = log.get(__name__)


def note(
    _database: Database,
    actor: Actor,
    _now: datetime,
    command: str,
    kind: str,
    key: str | None,
    refusal: CommandRejected,
) -> None:
    """Remember that ``actor`` was refused ``command``. To be called after its transaction was rolled back."""
    if isinstance(refusal, InvalidInput):
        return
    _log.info(
        "record_command_refused", command=command, kind=kind, key=key, code=refusal.code, actor=str(actor.person_id)
    )
