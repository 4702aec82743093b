"""The file of a backup: a plain zip with a list of what is in it.

``backup.json`` names the format, the release, the moment, the revisions of the tables, the heads of the history's chains, the settings, and
size and SHA-256 of every other member: ``database.dump`` (PostgreSQL's custom format, compressed), ``data/secret_key`` (signs cookies),
``data/checkpoint_key`` (signs checkpoints of the history), ``data/checkpoints/…``. It is not encrypted: it is written for its owner alone
(mode 0600), and whoever takes it elsewhere encrypts it with what they trust.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from engine.errors import EngineError

FORMAT = "bordereau-backup/1"
ABOUT = "backup.json"
DUMP = "database.dump"
DATA = "data/"
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_LARGEST_ABOUT = 16 * 1024 * 1024
_BLOCK = 1024 * 1024


class BackupUnusable(EngineError):
    """The file is no backup that can be brought back."""

    default_code = "backup_unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What ``backup.json`` says."""

    release: str
    made_at: str
    revisions: frozenset[str]
    heads: Mapping[str, Mapping[str, Any]]
    settings: Mapping[str, str]
    members: Mapping[str, Mapping[str, Any]]

    @property
    def data_files(self) -> tuple[str, ...]:
        """The files of the data folder in it, by their paths there."""
        return tuple(sorted(each.removeprefix(DATA) for each in self.members if each.startswith(DATA)))


def write(file: Path, about: Mapping[str, Any], members: Mapping[str, Path]) -> None:
    """Write ``members`` (path in the backup → file) with their description ``about``, whole or not at all. Raises OSError."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.part")
    listed = {name: {"size": source.stat().st_size, "sha256": _hash_of(source)} for name, source in members.items()}
    try:
        with (
            os.fdopen(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as stream,
            zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as packed,
        ):
            packed.writestr(
                _entry(ABOUT), json.dumps({"format": FORMAT, **about, "members": listed}, indent=1, sort_keys=True)
            )
            for name, source in sorted(members.items()):
                with source.open("rb") as content, packed.open(_entry(name), "w", force_zip64=True) as member:
                    shutil.copyfileobj(content, member, _BLOCK)
            packed.close()
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def read(file: Path) -> Backup:
    """What the backup says of itself. Raises BackupUnusable."""
    try:
        with zipfile.ZipFile(file) as packed:
            info = packed.getinfo(ABOUT)
            if info.file_size > _LARGEST_ABOUT:
                raise BackupUnusable(None, file=str(file))
            about = json.loads(packed.read(info))
            names = {each.filename for each in packed.infolist()}
        if about["format"] != FORMAT:
            raise BackupUnusable("backup_other_format", file=str(file), found=str(about["format"]))
        found = Backup(
            release=str(about["release"]),
            made_at=str(about["made_at"]),
            revisions=frozenset(about["revisions"]),
            heads=dict(about["heads"]),
            settings=dict(about["settings"]),
            members=dict(about["members"]),
        )
    except FileNotFoundError as error:
        raise BackupUnusable("backup_not_found", file=str(file)) from error
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise BackupUnusable(None, file=str(file)) from error
    if names != {ABOUT, *found.members} or DUMP not in found.members or not all(map(_is_plain, found.data_files)):
        raise BackupUnusable(None, file=str(file))
    return found


def check(file: Path, backup: Backup, keep: Collection[str] = ()) -> dict[str, bytes]:
    """Hold every member against its hash without writing anything; gives the content of those of ``keep`` that are there.

    Raises BackupUnusable (``backup_changed``).
    """
    name = "?"
    kept = {}
    try:
        with zipfile.ZipFile(file) as packed:
            for name, listed in backup.members.items():
                with packed.open(name) as member:
                    found = hashlib.sha256()
                    while block := member.read(_BLOCK):
                        found.update(block)
                if found.hexdigest() != listed["sha256"]:
                    raise BackupUnusable("backup_changed", file=str(file), member=name)
                if name in keep:
                    kept[name] = packed.read(name)
    except (zipfile.BadZipFile, KeyError, TypeError) as error:
        raise BackupUnusable("backup_changed", file=str(file), member=name) from error
    return kept


def unpack(file: Path, backup: Backup, folder: Path) -> None:
    """Put every member below ``folder``, readable for its owner alone. Raises BackupUnusable (``backup_changed``) for a changed one."""
    name = "?"
    try:
        with zipfile.ZipFile(file) as packed:
            for name, listed in backup.members.items():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with (
                    packed.open(name) as member,
                    os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream,
                ):
                    shutil.copyfileobj(member, stream, _BLOCK)
                if _hash_of(target) != listed["sha256"]:
                    raise BackupUnusable("backup_changed", file=str(file), member=name)
    except (zipfile.BadZipFile, KeyError, TypeError) as error:
        raise BackupUnusable("backup_changed", file=str(file), member=name) from error


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _FIRST_DAY)
    entry.external_attr = 0o600 << 16
    return entry


def _is_plain(path: str) -> bool:
    """A path that stays where it is put."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and "\\" not in path and "\0" not in path


def _hash_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
