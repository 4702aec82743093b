"""Writing an export of the history to a file: beside it first, so that a file that is there is whole."""

from __future__ import annotations

import argparse
import gzip
import os
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from engine import clock
from engine.commands.speaking import AskedWrongly, locale
from engine.database.session import Database
from engine.definitions import store as definitions
from engine.errors import NotFound
from engine.history import cases_export, keeping, ocel, order, whole_export, xes
from engine.history.cases_export import Chosen
from engine.instances.names import element_title


def write(database: Database, chosen: argparse.Namespace, zone: ZoneInfo) -> int:
    """Write what ``bordereau history export`` was asked for; how many events are in the file.

    Raises AskedWrongly when the file cannot be written, NotFound for a process without versions.
    """
    keeping.number_all(database)
    unfinished = chosen.file.with_name(f".{chosen.file.name}.{os.getpid()}")
    try:
        with database.reading() as session, _open(unfinished, chosen.file) as stream:
            pieces, count = _history(session) if chosen.form == "history" else _cases(session, chosen, zone)
            stream.writelines(pieces)
        unfinished.rename(chosen.file)
    except OSError as error:
        raise AskedWrongly("cli_file_unwritable", path=str(chosen.file), reason=error.strerror or "") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _history(session: Session) -> tuple[Iterator[bytes], int]:
    return whole_export.lines(session, clock.now()), order.last_number(session)


def _cases(session: Session, asked: argparse.Namespace, zone: ZoneInfo) -> tuple[Iterator[bytes], int]:
    if definitions.latest(session, asked.process) is None:
        raise NotFound("process_not_found", process=asked.process[:100])
    chosen = Chosen(
        process_key=asked.process,
        since=None if asked.since is None else _midnight(asked.since, zone),
        before=None if asked.until is None else _midnight(asked.until + timedelta(days=1), zone),
    )

    @cache
    def title_of(version_hash: str, element: str) -> str:
        return element_title(definitions.bundle_of(session, version_hash), element)[locale()]

    export = ocel if asked.form == "ocel" else xes
    return (piece.encode() for piece in export.lines(session, chosen, title_of)), cases_export.count(session, chosen)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day of the company begins."""
    return datetime.combine(day, time(), tzinfo=zone)


def _open(unfinished: Path, wanted: Path) -> IO[bytes]:
    return gzip.open(unfinished, "wb") if wanted.suffix == ".gz" else unfinished.open("wb")  # type: ignore[return-value]
