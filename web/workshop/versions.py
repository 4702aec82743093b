"""Which version of a process is meant, and who may change it."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from engine.definitions import drafts
from engine.definitions import store as definitions
from engine.definitions.store import Definition, Version
from engine.errors import NotFound

OWNERS: Final = tuple(sorted(drafts.OWNER_ROLES))


def numbered(session: Session, process_key: str, number: int | None) -> tuple[Definition, tuple[Version, ...]]:
    """The version of this number (the latest for None) and all of them, newest first. Raises NotFound."""
    found = definitions.versions(session, process_key)
    chosen = next((each for each in found if number is None or each.number == number), None)
    if chosen is None:
        raise NotFound("process_not_found", process=process_key)
    return definitions.load(session, chosen.id), found
