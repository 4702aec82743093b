"""Making a backup: one moment of the database, with the keys and the settings, while the product runs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from pathlib import Path

from sqlalchemy import text

from engine.backup import container
from engine.backup.heads import heads
from engine.database import dump
from engine.database.migrations import current_heads
from engine.database.session import Database
from engine.settings import Settings

_EXPORT = text("SELECT pg_export_snapshot()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A backup that was written: its size in bytes, how many cases and events of the whole history are in it, and which files."""

    size: int
    cases: int
    events: int
    data_files: tuple[str, ...]


def make(database: Database, settings: Settings, file: Path, now: datetime) -> Made:
    """Write a backup of ``database`` and of the keys of ``settings`` into ``file``, whole or not at all.

    What is read of the chains' heads and what is dumped is one snapshot. Raises DatabaseFailure, Unavailable, OSError.
    """
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".bordereau-backup-") as folder:
        dumped = Path(folder) / container.DUMP
        with database.reading() as session:
            snapshot = str(session.execute(_EXPORT).scalar_one())
            ended = heads(session)
            revisions = sorted(current_heads(session.connection()))
            dump.dump(database.url, snapshot, dump.server_major(session), dumped)
        members = {container.DUMP: dumped}
        members |= {container.DATA + name: path for name, path in data_files(settings, Path(folder)).items()}
        about = {
            "release": version_of("bordereau"),
            "made_at": now.astimezone(UTC).isoformat(timespec="seconds"),
            "revisions": revisions,
            "heads": ended,
            "settings": settings_of(settings),
        }
        container.write(file, about, members)
    return Made(
        size=file.stat().st_size,
        cases=ended.get("case", {}).get("chains", 0),
        events=sum(each["events"] for each in ended.values()),
        data_files=tuple(sorted(each.removeprefix(container.DATA) for each in members if each != container.DUMP)),
    )


def data_files(settings: Settings, folder: Path | None = None) -> dict[str, Path]:
    """What outside the database belongs to it: the keys and the checkpoints, each by its name in a backup.

    A secret key that was given in the environment is written into ``folder`` first; without ``folder`` it is left out.
    """
    found = {"checkpoint_key": settings.checkpoint_key}
    if settings.secret_key_given is None:
        found["secret_key"] = settings.data_folder / "secret_key"
    elif folder is not None:
        found["secret_key"] = folder / "secret_key"
        found["secret_key"].write_text(settings.secret_key_given)
    if settings.checkpoints.is_dir():
        found |= {f"checkpoints/{each.name}": each for each in sorted(settings.checkpoints.iterdir()) if each.is_file()}
    return {name: path for name, path in found.items() if path.is_file()}


def settings_of(settings: Settings) -> Mapping[str, str]:
    """The settings that decide how the company's data are read, by the name of their variable. No secret, nothing of this machine."""
    return {
        "BORDEREAU_ZONE": settings.zone.key,
        "BORDEREAU_HOLIDAYS": settings.holidays or "",
        "BORDEREAU_HANDLERS": settings.handlers,
        "BORDEREAU_WEB_APP": settings.web_app,
        "BORDEREAU_DEMONSTRATION": settings.demonstration or "",
        "BORDEREAU_CHECKPOINT_MINUTES": str(settings.checkpoint_minutes),
    }
