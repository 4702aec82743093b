"""An embedded PostgreSQL server: started, healed, watched and stopped by the process that needs it (architecture §5).

Why not the ``get_server()`` of the wheel whose programs we run: it says yes when ``postmaster.pid`` is stale and nothing runs; it gives up
after 10 s, in the middle of a crash recovery; as root it creates an account and opens every parent folder to everybody. Here instead:

* The server is **our child** and dies with us: the kernel sends it a fast shutdown when we end, be it by ``kill -9`` (``launcher.py``).
* **Two locks** in the folder say who is there. ``owner.lock`` is held by the process that started the server: a second start is refused
  with its process id. ``server.lock`` is inherited by every process of the server: while it is held, something of an earlier server still
  lives, and it is waited for or stopped before a new one starts. The kernel frees both, whatever happens; no stale file can lie.
* Then a ``postmaster.pid`` can only be stale and is removed: PostgreSQL itself would refuse to start when the number in it was reused.
* Ready means that ``SELECT 1`` was answered. As long as the server says that it is recovering we wait; when it ends we say why.
* No TCP. One socket in a folder that only the account of the server (and root) can enter, hence no passwords: ``trust``.
* Root's server runs as ``postgres`` or ``nobody``. Root gives its own database folder the right to be passed through (0711), nothing else.
* The locale is PostgreSQL's built-in ``C.UTF-8``: the same order of text on every machine (the wheel has no ICU).

Layout of the folder: ``cluster/`` the data, ``socket/``, ``server.log``, the two locks, perhaps ``postgresql-<version>/`` (a copy of the
programs).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from engine.database import leftovers
from engine.database.programs import MAJOR, Account, DatabaseFailure, programs, unprivileged_account
from engine.database.roles import APPLICATION

DATABASE = "bordereau"
USER = "bordereau"
SOCKET_NAME = "/.s.PGSQL.5432"
PATIENCE = 60.0
"""Seconds that a server gets to shut down in good order (it writes what it holds in memory) before it is made to."""
SOCKET_PATH_LIMIT = 103  # bytes; 107 on Linux, 103 on macOS
LAUNCHER = Path(__file__).with_name("launcher.py")

_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal"}


class EmbeddedServer:
    """A PostgreSQL server on ``folder``, owned by this process.

    ``durable=False`` is for tests only: fast, and lost with the machine's power. ``report`` hears, now and then, that the server is still
    recovering. All methods may be called from any thread, one at a time.
    """

    def __init__(
        self,
        folder: Path,
        *,
        durable: bool = True,
        max_connections: int = 100,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder = folder.absolute()
        self.cluster = self.folder / "cluster"
        self.log = self.folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._durable = durable
        self._max_connections = max_connections
        self._report = report
        self._owner_lock: int | None = None
        self._socket: Path | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def is_running(self) -> bool:
        """Whether the server's main process lives; that it answers is what ``start`` waits for."""
        return self.process is not None and self.process.poll() is None

    def url(self, database: str = DATABASE, *, user: str = USER) -> str:
        """The SQLAlchemy address of ``database`` on this server, for the owner or another ``user`` (``roles.APPLICATION``); the same
        after every restart by this process.
        """
        return f"postgresql+psycopg://{user}@/{database}?host={self._socket_folder()}"

    def start(self) -> str:
        """Make the server run and answer; returns its address. Does nothing when it runs already.

        Creates the data on the first start; cleans up after whatever ended badly before. Raises DatabaseFailure:
        ``database_folder_in_use`` (another process owns it), ``database_account_missing``, ``database_folder_unreachable``,
        ``database_programs_missing``, ``database_version_differs``, ``database_not_created``, ``database_not_started``.
        """
        if self.is_running():
            return self.url()
        account = unprivileged_account()
        self._prepare_folder(account)
        self.claim()
        try:
            bin_folder = programs(self.folder, account)
            server_lock = self._outlive_leftovers()
            try:
                self._create_cluster(bin_folder, account)
                (self.cluster / "postmaster.pid").unlink(missing_ok=True)
                self._socket = self._prepare_socket_folder(account)
                self._spawn(bin_folder, account, server_lock)
            finally:
                os.close(server_lock)  # the server's processes keep theirs
            self._wait_until_ready()
            self._create_database()
        except BaseException:
            self.stop()
            raise
        return self.url()

    def stop(self) -> None:
        """Stop the server (fast shutdown, harder if it does not listen) and give up the folder. Never raises for a dead server."""
        if self.process is not None:
            wishes = ((signal.SIGINT, PATIENCE), (signal.SIGQUIT, PATIENCE / 6), (signal.SIGKILL, PATIENCE / 6))
            for wish, patience in wishes if self._durable else wishes[1:]:
                if self.process.poll() is not None:
                    break
                leftovers.tell([self.process.pid], wish)
                _wait(lambda: not self.is_running(), patience)
            self.process = None
        if self._owner_lock is not None:
            os.close(self._owner_lock)
            self._owner_lock = None

    def claim(self) -> None:
        """Make the folder ours until ``stop``, without starting anything. Raises DatabaseFailure ``database_folder_in_use``."""
        if self._owner_lock is not None:
            return
        lock = os.open(self.folder / "owner.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(lock, 32).decode().strip() or "?"
            os.close(lock)
            raise DatabaseFailure("database_folder_in_use", folder=str(self.folder), pid=owner) from None
        os.truncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._owner_lock = lock

    # -- the folder -------------------------------------------------------------------------------------------------------

    def _prepare_folder(self, account: Account | None) -> None:
        missing = [each for each in (self.folder, *self.folder.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir()
            if account is not None:
                each.chmod(0o711)  # whatever the umask
        # 0711: the server's account passes through to its own subfolders and sees no names
        self.folder.chmod(0o711 if account else 0o700)
        if account is not None and not account.can("-x", self.folder):
            raise DatabaseFailure("database_folder_unreachable", folder=str(self.folder), account=account.name)

    def _outlive_leftovers(self) -> int:
        """The descriptor of ``server.lock``, taken once nothing of an earlier server on this folder lives."""
        lock = os.open(self.folder / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)

        def is_free() -> bool:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        if _wait(is_free, 2.0):  # after a kill -9 of its owner the old server is shutting down by itself, in good order
            return lock
        for wish, patience in ((signal.SIGINT, PATIENCE), (signal.SIGQUIT, PATIENCE / 6), (signal.SIGKILL, PATIENCE)):
            leftovers.tell(leftovers.postmasters(self.cluster), wish)
            if _wait(is_free, patience):
                return lock
        os.close(lock)
        raise DatabaseFailure("database_folder_in_use", folder=str(self.folder), pid="?")

    def _create_cluster(self, bin_folder: Path, account: Account | None) -> None:
        if self.cluster.exists():
            found = (self.cluster / "PG_VERSION").read_text().strip()
            if found != str(MAJOR):
                raise DatabaseFailure("database_version_differs", found=found, wanted=MAJOR)
            return
        # made aside and renamed, so that an interrupted creation leaves nothing that looks like a database
        unfinished = self.folder / "cluster.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if account is not None:
            os.chown(unfinished, account.uid, account.gid)
        command = [
            str(bin_folder / "initdb"),
            f"--pgdata={unfinished}",
            f"--username={USER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            *([] if self._durable else ["--no-sync"]),
        ]
        made = subprocess.run(
            _launched(command, account), env=_environment(), cwd="/", capture_output=True, text=True, check=False
        )
        if made.returncode != 0:
            raise DatabaseFailure("database_not_created", folder=str(self.folder), reason=_last_line(made.stderr))
        unfinished.rename(self.cluster)
        if self._durable:
            _sync_folder(self.folder)

    def _socket_folder(self) -> Path:
        if self._socket is None:
            beside = self.folder / "socket"
            if len(os.fsencode(beside)) + len(SOCKET_NAME) <= SOCKET_PATH_LIMIT:
                return beside
            name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
            base = os.environ.get("XDG_RUNTIME_DIR") if os.geteuid() != 0 else None
            return Path(base or tempfile.gettempdir()) / f"bordereau-{os.geteuid()}-{name}"
        return self._socket

    def _prepare_socket_folder(self, account: Account | None) -> Path:
        """A folder for the socket that only the server's account can enter; never one that somebody else has laid out for us."""
        folder = self._socket_folder()
        uid = account.uid if account else os.geteuid()
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            about = folder.lstat()
            if not stat.S_ISDIR(about.st_mode) or about.st_uid not in {uid, os.geteuid()}:
                folder = Path(tempfile.mkdtemp(prefix="bordereau-"))
        folder.chmod(0o700)
        if account is not None:
            os.chown(folder, account.uid, account.gid)
        return folder

    # -- the server -------------------------------------------------------------------------------------------------------

    def _spawn(self, bin_folder: Path, account: Account | None, server_lock: int) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._socket),
            "unix_socket_permissions": "0700",
            "max_connections": str(self._max_connections),
            "timezone": "UTC",
            "log_timezone": "UTC",
            "lc_messages": "C",
            "jit": "off",  # our statements are short: compiling them costs more than it gives
            "max_wal_senders": "0",  # no replication: backups are dumps
            **(_DURABLE if self._durable else _FORGETFUL),
        }
        command = [str(bin_folder / "postgres"), "-D", str(self.cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        started = threading.Event()
        failure: list[OSError] = []

        def hold() -> None:
            # A thread of its own, alive as long as the server: the kernel's "die with your parent" means the thread that started the child.
            try:
                self.process = subprocess.Popen(
                    _launched(command, account),
                    env=_environment(),
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(server_lock,),
                    start_new_session=True,  # Ctrl-C in a terminal reaches us; we say when the server stops
                )
            except OSError as error:
                failure.append(error)
                return
            finally:
                started.set()
            self.process.wait()

        threading.Thread(target=hold, name="embedded-postgresql", daemon=True).start()
        started.wait()
        os.close(log)
        if failure:
            raise DatabaseFailure("database_not_started", reason=str(failure[0]), log=str(self.log))

    def _wait_until_ready(self) -> None:
        began = time.monotonic()
        next_report = began + 5
        last_error = ""
        while True:
            if not self.is_running():
                reason = _last_line(self.log.read_text(errors="replace"))
                raise DatabaseFailure("database_not_started", reason=reason, log=str(self.log))
            try:
                with psycopg.connect(
                    host=str(self._socket), user=USER, dbname="postgres", connect_timeout=5
                ) as connection:
                    connection.execute("SELECT 1")
            except psycopg.OperationalError as error:
                last_error = str(error)
            else:
                return
            now = time.monotonic()
            # A recovery takes as long as it takes and says so; a server that is silent for a minute will not come.
            if self._status() != "starting" and now - began > 60:
                raise DatabaseFailure("database_not_started", reason=_last_line(last_error), log=str(self.log))
            if now > next_report:
                self._report("database_recovering")
                next_report = now + 5
            time.sleep(0.02)

    def _status(self) -> str | None:
        """What the server says of itself: the eighth line of ``postmaster.pid`` (``starting``, ``ready``…)."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return None
        return lines[7].strip() if len(lines) > 7 else None

    def _create_database(self) -> None:
        with psycopg.connect(host=str(self._socket), user=USER, dbname="postgres", autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION]).fetchone() is None:
                connection.execute(f"CREATE ROLE {APPLICATION} LOGIN")


def _launched(command: list[str], account: Account | None) -> list[str]:
    who = f"{account.uid}:{account.gid}" if account else "-"
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), who, *command]


def _environment() -> dict[str, str]:
    """Nothing of ours: ``PGDATA``, ``PGOPTIONS`` or a locale that this machine lacks would change the server."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _wait(condition: Callable[[], bool], patience: float) -> bool:
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
