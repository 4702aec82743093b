"""Bringing a backup back: into a database without anything of ours, with its keys, brought to this release, and verified.

The order is chosen so that what is refused is refused before anything is touched: the file is read and every member held against its hash;
then the database and the files of the data folder are looked at; only then is anything written.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.backup import container
from engine.backup.container import Backup, BackupUnusable
from engine.backup.heads import heads
from engine.backup.making import data_files, settings_of
from engine.database import dump
from engine.database.migrations import known_revisions, upgrade
from engine.database.roles import give_rights
from engine.database.session import Database
from engine.errors import WrongState
from engine.history import keeping
from engine.history.verification import Report, verify_all
from engine.instances import erased
from engine.instances.erased import Erasure, Repeated
from engine.mail import restored
from engine.settings import Settings
from engine.texts import say

_KEYS = ("secret_key", "checkpoint_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came back. ``report``: the verification of every chain; ``has_same_heads``: each ends where it ended in the backup.

    ``other_settings``: variables whose value was another one when the backup was made (variable → that value). ``waiting_letters``: how
    many letters waited in it, which may have gone since. ``repeated``: what was erased after it was made; None where no list says what.
    """

    backup: Backup
    report: Report
    has_same_heads: bool
    other_settings: Mapping[str, str]
    waiting_letters: int
    repeated: Repeated | None

    @property
    def is_whole(self) -> bool:
        """Whether everything is as it was, and what was erased since is so again."""
        return self.has_same_heads and self.report.is_whole and not (self.repeated and self.repeated.refused)


def examine(settings: Settings, file: Path, *, may_replace: bool) -> None:
    """Refuse what can be refused without a database and without writing anything, so that no server is made for it.

    ``may_replace``: whether other keys may be replaced. Raises BackupUnusable, WrongState (``restore_other_key``), ErasuresUnusable.
    """
    backup = _read(file)
    keys = container.check(file, backup, keep=[container.DATA + name for name in _KEYS])
    if not may_replace:
        _require_no_other_keys(settings, {name.removeprefix(container.DATA): key for name, key in keys.items()})
    _own_list(settings)


def restore(
    database: Database,
    settings: Settings,
    file: Path,
    now: datetime,
    *,
    save_first: Callable[[], None] | None = None,
    erasures: Sequence[Erasure] | None = None,
) -> Restored:
    """Bring ``file`` back; no letter leaves the house then until somebody decides (``mail.restored``).

    ``save_first``: given when what is there may be replaced; saves it before anything is touched. ``erasures``: a list that was kept
    elsewhere; what it says, what the one beside the checkpoints says, and what the database that is replaced says was erased since the
    backup is erased again (``instances.erased``).

    Raises BackupUnusable (no backup, changed, of a newer release), WrongState (``restore_not_empty``, ``restore_in_use``,
    ``restore_other_key``), ErasuresUnusable, DatabaseFailure, Unavailable, OSError.
    """
    backup = _read(file)
    may_replace = save_first is not None
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.data_folder, prefix=".restore-") as folder:
        unpacked = Path(folder)
        container.unpack(file, backup, unpacked)
        is_empty, major = _look(database, may_replace=may_replace)
        if not may_replace:
            there = {name: unpacked / container.DATA / name for name in _KEYS if name in backup.data_files}
            _require_no_other_keys(settings, {name: key.read_bytes() for name, key in there.items()})
        lists = _lists(database, settings, erasures)
        if save_first is not None and not is_empty:
            save_first()
        with database.transaction() as session:
            dump.clear(session)  # of an empty database, the schemas
        dump.restore(database.url, major, unpacked / container.DUMP)
        if is_empty:  # otherwise they are in what was saved first
            _keep_replaced_keys(settings, backup, unpacked / container.DATA, now)
        _place(settings, backup, unpacked / container.DATA)
    with database.reading() as session:
        has_same_heads = heads(session) == backup.heads
    with database.transaction() as session:
        upgrade(session.connection())
        waiting = restored.enter(session, datetime.fromisoformat(backup.made_at), backup.release, now)
        # a dump has none: until here no worker can have sent anything
        give_rights(session.connection())
    repeated = None if lists is None else _repeat(database, lists, backup, now)
    keeping.number_all(database)  # what was recorded in the last second before the backup
    with database.reading() as session:
        report = verify_all(session, kept=_checkpoints(settings))
    mine = settings_of(settings)
    others = {name: value for name, value in backup.settings.items() if mine.get(name) != value}
    return Restored(
        backup=backup,
        report=report,
        has_same_heads=has_same_heads,
        other_settings=others,
        waiting_letters=waiting,
        repeated=repeated,
    )


def _read(file: Path) -> Backup:
    """What the backup says of itself. Raises BackupUnusable, also for one of a newer release."""
    backup = container.read(file)
    if not backup.revisions <= known_revisions():
        raise BackupUnusable("backup_newer", file=str(file), release=backup.release)
    return backup


def _look(database: Database, *, may_replace: bool) -> tuple[bool, int]:
    """Whether the database is empty, and the version of its server. Raises WrongState when it must not be written to."""
    with database.reading() as session:
        is_empty = dump.is_empty(session)
        if not is_empty and not may_replace:
            raise WrongState("restore_not_empty")
        if dump.others(session):
            raise WrongState("restore_in_use")
        return is_empty, dump.server_major(session)


def _lists(database: Database, settings: Settings, given: Sequence[Erasure] | None) -> list[Erasure] | None:
    """All that is known to have been erased; None where there is no list at all. Raises ErasuresUnusable."""
    own = _own_list(settings)
    with database.reading() as session:
        replaced = None if dump.is_empty(session) else erased.listed(session)
    found = [each for each in (given, own, replaced) if each is not None]
    return [each for known in found for each in known] if found else None


def _own_list(settings: Settings) -> Sequence[Erasure] | None:
    """The list beside the checkpoints. Raises ErasuresUnusable."""
    file = settings.checkpoints / erased.FILE
    return erased.read(file) if file.is_file() else None


def _repeat(database: Database, lists: list[Erasure], backup: Backup, now: datetime) -> Repeated:
    because = say("erasure_repeated", "fr")
    return erased.repeat(database, lists, datetime.fromisoformat(backup.made_at), now, because)


def _require_no_other_keys(settings: Settings, brought: Mapping[str, bytes]) -> None:
    """A key that is there and is another one signed something that somebody may still want to verify. ``brought``: by name."""
    there = data_files(settings)
    for name, key in brought.items():
        if name in there and key.strip() != there[name].read_bytes().strip():
            raise WrongState("restore_other_key", file=str(there[name]))


def _keep_replaced_keys(settings: Settings, backup: Backup, unpacked: Path, now: datetime) -> None:
    """Lay a key that another one is about to replace aside: what it signed must stay verifiable, and it may be the only copy."""
    there = data_files(settings)
    for name in _KEYS:
        if name not in there or name not in backup.data_files:
            continue
        key = there[name].read_bytes()
        if key.strip() != (unpacked / name).read_bytes().strip():
            folder = settings.data_folder / "backups"
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            aside = folder / f"{now:%Y-%m-%d-%H%M%S}-before-restore-{name}"
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(key)


def _place(settings: Settings, backup: Backup, unpacked: Path) -> None:
    """Put keys and checkpoints where the settings say. A secret key that the environment gives is not overruled."""
    for name in backup.data_files:
        if name == "checkpoint_key":
            target = settings.checkpoint_key
        elif name.startswith("checkpoints/"):
            target = settings.checkpoints / name.removeprefix("checkpoints/")
            if target.name == erased.FILE and target.exists():
                continue  # it knows what was erased since, which may not be erasable in what came back
        elif name == "secret_key" and settings.secret_key_given is None:
            target = settings.data_folder / "secret_key"
        else:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        made = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copyfile(unpacked / name, made)
        made.chmod(0o600)
        made.replace(target)


def _checkpoints(settings: Settings) -> list[dict[str, Any]]:
    """The checkpoints of the folder, as they once left the system."""
    if not settings.checkpoints.is_dir():
        return []
    return [json.loads(each.read_text()) for each in sorted(settings.checkpoints.glob("*.json"))]
