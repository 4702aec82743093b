"""Keeping the history: numbering it, signing it now and then, and handing the checkpoints out. Done by every worker, by one at a time.

A history that somebody changed must be seen, and must not stop the company: what cannot be signed is told in the log as an error, again
and again, and work goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from engine import log
from engine.database.session import Database
from engine.errors import EngineError, Unavailable
from engine.history import checkpoints, inclusion, order, signing
from engine.history.checkpoints import Checkpoint
from engine.history.signing import KeyUnusable

_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Where the signing key lies, the folder that checkpoints are written to, and how many minutes lie between two."""

    key_file: Path
    folder: Path
    minutes: int = 60


def number_all(database: Database) -> None:
    """Number everything that is committed; nothing while somebody else does it. Raises Unavailable."""
    try:
        while True:
            with database.transaction() as session:
                if order.number(session).notes < order.BATCH:
                    return
    except SQLAlchemyError:  # what is there contradicts itself: it was not written by us
        _log.exception("history_not_numbered")


def keep_ways(database: Database) -> None:
    """Keep what leads from events to checkpoints (``inclusion``), as far as it is not kept yet. Raises Unavailable."""
    while True:
        with database.transaction() as session:
            if not inclusion.grow(session):
                return


def sign_if_due(database: Database, keeping: Keeping, now: datetime) -> None:
    """Make a checkpoint when the last one is old enough, and write out what is not in the folder yet. Raises Unavailable.

    Without a key nothing is signed: whoever keeps the key makes it (``bordereau run``, ``bordereau history key --make``).
    """
    try:
        with database.reading() as session:
            last = checkpoints.newest(session, limit=1)
        if not last or last[0].at + timedelta(minutes=keeping.minutes) <= now:
            sign(database, keeping, now)
    except Unavailable:
        raise
    except KeyUnusable as error:
        _log.error("history_not_signed", code=error.code, **error.facts)
    except (EngineError, OSError):
        _log.exception("history_not_signed")


def sign(database: Database, keeping: Keeping, now: datetime) -> list[Checkpoint]:
    """Sign everything that was recorded until now, and write out the files; the checkpoints made, none when nothing is new.

    Raises KeyUnusable (``history_key_missing``, or what ``signing.load`` raises), InvariantBroken as ``checkpoints.make``, OSError.
    """
    signer = signing.load(keeping.key_file)
    if signer is None:
        raise KeyUnusable("history_key_missing", file=str(keeping.key_file))
    number_all(database)
    made = []
    while True:
        with database.transaction() as session:
            each = checkpoints.make(session, signer, now)
        if each is None:
            break
        made.append(each)
    keep_ways(database)
    with database.reading() as session:
        checkpoints.write_out(session, keeping.folder)
    return made
