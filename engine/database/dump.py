"""Dumps of the database with PostgreSQL's own programs: ``pg_dump`` and ``pg_restore`` of the wheel, or of the machine for a newer server.

The address goes to them without its password, which they read from their environment: a command line can be read by everybody.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import URL, make_url, text
from sqlalchemy.orm import Session

from engine.database.programs import MAJOR, DatabaseFailure, installed_programs

SCHEMAS = ("engine", "business", "jobs")
"""Everything of ours, and nothing else that somebody may keep in the same database."""

_EMPTY = text("""
    SELECT NOT EXISTS (SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = ANY(:schemas))
""")
_VERSION = text("SELECT current_setting('server_version_num')::integer / 10000")
_OTHERS = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'bordereau%' AND pid <> pg_backend_pid()
""")
_NAMES = text("SELECT nspname FROM pg_namespace WHERE nspname = ANY(:schemas) ORDER BY 1")


def is_empty(session: Session) -> bool:
    """Whether the database holds nothing of ours: no table, no sequence, in none of our schemas."""
    return bool(session.execute(_EMPTY, {"schemas": list(SCHEMAS)}).scalar_one())


def server_major(session: Session) -> int:
    """The major version of the server."""
    return int(session.execute(_VERSION).scalar_one())


def others(session: Session) -> int:
    """How many other connections of Bordereau work in this database."""
    return int(session.execute(_OTHERS).scalar_one())


def dump(url: str, snapshot: str, major: int, file: Path) -> None:
    """Write our schemas as they are in ``snapshot`` (``pg_export_snapshot``) into ``file``, in PostgreSQL's own compressed form.

    Raises DatabaseFailure (``dump_failed``, ``dump_program_missing``).
    """
    address, environment = _connection(url)
    command = [
        str(_program("pg_dump", major)),
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        f"--snapshot={snapshot}",
        f"--file={file}",
        f"--dbname={address}",
        *(f"--schema={each}" for each in SCHEMAS),
    ]
    _run(command, environment, "dump_failed")


def clear(session: Session) -> None:
    """Drop all of ours."""
    for name in session.scalars(_NAMES, {"schemas": list(SCHEMAS)}).all():
        session.execute(text(f"DROP SCHEMA {name} CASCADE"))


def restore(url: str, major: int, file: Path) -> None:
    """Bring what ``file`` holds into a database without any of it, in one transaction: all of it, or nothing.

    Raises DatabaseFailure (``restore_failed``, ``dump_program_missing``).
    """
    address, environment = _connection(url)
    command = [
        str(_program("pg_restore", major)),
        "--exit-on-error",
        "--single-transaction",
        "--no-owner",
        "--no-privileges",
        f"--dbname={address}",
        str(file),
    ]
    _run(command, environment, "restore_failed")


def _program(name: str, major: int) -> Path:
    """The wheel's program, which speaks to every server up to its own version; for a newer server, one of the machine."""
    if major <= MAJOR:
        return installed_programs() / name
    found = shutil.which(name)
    if found is None:
        raise DatabaseFailure("dump_program_missing", program=name, version=major)
    return Path(found)


def _connection(url: str) -> tuple[str, dict[str, str]]:
    given = make_url(url)
    address = URL.create(
        "postgresql",
        username=given.username,
        host=given.host,
        port=given.port,
        database=given.database,
        query=given.query,
    )
    environment = {"PATH": os.defpath, "LC_ALL": "C", "PGAPPNAME": "bordereau-backup"}
    for name in ("PGPASSFILE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "HOME"):
        if name in os.environ:
            environment[name] = os.environ[name]
    if given.password is not None:
        environment["PGPASSWORD"] = str(given.password)
    return address.render_as_string(hide_password=False), environment


def _run(command: list[str], environment: dict[str, str], code: str) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise DatabaseFailure(code, reason=lines[0].strip() if lines else str(done.returncode))
