"""``bordereau run``: everything on one machine, started in order, watched, and stopped in order.

The supervisor owns four things: the lock of the data folder, the listening socket, the embedded database, and two children (web and
worker). What dies is started again, at once when it had worked for a while, later when it keeps dying. The listening socket is the
supervisor's, so while the web server is being started again a browser waits instead of being refused. Nothing is left running: a stop
ends the web server, then the worker, then the database; and should the supervisor itself be killed (``kill -9``), the kernel ends its
children at once (``follow``), which loses nothing, because every step of theirs is one transaction.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from engine.database.embedded import EmbeddedServer
from engine.database.programs import DatabaseFailure
from engine.database.roles import APPLICATION
from engine.errors import EngineError
from engine.settings import Settings

LISTENING = "BORDEREAU_LISTENING_SOCKET"
SUPERVISOR = "BORDEREAU_SUPERVISOR"
"""Two variables between supervisor and children, no settings: the number of the inherited socket, the process id to live with."""

FIRST_PAGE = "/sign-in"
_TICK = 0.1
_PATIENCE_TO_STOP = 25.0
_LOG_LIMIT = 10 * 1024 * 1024
_SLOW = 20.0
_QUICK = 3.0
_GIVES_UP_AFTER = 3
_PR_SET_PDEATHSIG = 1

Say = Callable[..., None]
"""Tells the person at the terminal: a code of ``engine.texts`` and facts."""


class CannotRun(EngineError):
    """``bordereau run`` cannot start, or cannot go on."""

    default_code = "run_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """A child process: its name, its command, whether it gets the listening socket."""

    name: str
    command: tuple[str, ...]
    listens: bool = False


CHILDREN = (
    ChildSpec(name="web", command=(sys.executable, "-P", "-m", "engine.cli", "web"), listens=True),
    ChildSpec(name="worker", command=(sys.executable, "-P", "-m", "engine.cli", "worker")),
)


@dataclass(slots=True)
class Child:
    """A child that runs, or waits to be started again at ``next_start``."""

    spec: ChildSpec
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    next_start: float = 0.0
    quick_deaths: int = 0

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None


@dataclass(slots=True)
class Supervisor:
    """Runs everything for ``settings`` until somebody stops it.

    ``prepare`` gets the address of a running database and makes it ready (migrations, demonstration, processes); ``say`` tells the person
    at the terminal what happens.
    """

    settings: Settings
    prepare: Callable[[str], None]
    say: Say
    children: Sequence[ChildSpec] = CHILDREN
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    _stopping: threading.Event = field(default_factory=threading.Event)
    _is_ready: threading.Event = field(default_factory=threading.Event)
    _running: list[Child] = field(default_factory=list)
    _server: EmbeddedServer | None = None
    _server_pause: float = 0.0
    url: str = field(default="", init=False)
    """The address of the database, once it answers."""
    _socket: socket.socket | None = None

    def run(self) -> None:
        """Start everything, announce the first page, watch until a signal asks to stop, stop everything.

        Raises CannotRun or DatabaseFailure when it cannot start; everything that was started is stopped then too. Only for the main thread:
        signals arrive there, and children die with the thread that started them.
        """
        with self._lock(), _signals(self._stop_soon):
            try:
                self._start()
                if not self._stopping.is_set():
                    self.say("run_ready", address=self.address)
                while not self._stopping.wait(_TICK):
                    self._watch()
            finally:
                self._stop()

    @property
    def address(self) -> str:
        """What a person types into a browser."""
        host = self.settings.host
        shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - compared, not bound
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.settings.port}"

    # -- start ------------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._socket = self._listen()
        if self.settings.database_url is None:
            folder = self.settings.data_folder / "postgresql"
            self.say("run_database_starting" if folder.exists() else "run_database_creating", folder=str(folder))
            self._server = EmbeddedServer(folder, report=self.say)
            self.url = self._server.start()
        else:
            self.url = self.settings.database_url
        if self._stopping.is_set():
            return
        self.say("run_preparing")
        self.prepare(self.url)
        self.say("run_children_starting")
        self._running[:] = [Child(spec) for spec in self.children]
        probe = threading.Thread(target=self._wait_for_first_page, name="first-page", daemon=True)
        probe.start()
        slow = time.monotonic() + _SLOW
        while not self._stopping.is_set() and not self._is_ready.wait(_TICK):
            self._watch()
            hopeless = next((child for child in self._running if child.quick_deaths >= _GIVES_UP_AFTER), None)
            if hopeless is not None:
                log = self._log_file(hopeless.spec)
                raise CannotRun("run_child_never_ready", child=hopeless.spec.name, log=str(log), reason=_last_line(log))
            if time.monotonic() > slow:
                slow += _SLOW
                self.say("run_still_waiting", log=str(self.settings.data_folder / "log"))

    def _listen(self) -> socket.socket:
        host, port = self.settings.host, self.settings.port
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            listening = socket.create_server((host, port), family=family, backlog=256)
        except OSError as error:
            raise CannotRun("run_port_taken", host=host, port=port, reason=error.strerror or str(error)) from error
        listening.setblocking(False)
        return listening

    def _wait_for_first_page(self) -> None:
        """Ask for the first page until it comes. The socket is ours and always accepts: one question waits for the web server to start."""
        host = self.address.removeprefix("http://").rpartition(":")[0].strip("[]")
        while not self._stopping.is_set():
            connection = http.client.HTTPConnection(host, self.settings.port, timeout=30)
            try:
                connection.request("GET", FIRST_PAGE)
                if connection.getresponse().status == http.client.OK:
                    self._is_ready.set()
                    return
            except (OSError, http.client.HTTPException):  # it died while answering: ask again
                pass
            finally:
                connection.close()
            self._stopping.wait(1)

    # -- watch ------------------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Start again what has died. The database first: without it the others cannot work."""
        now = time.monotonic()
        if self._server is not None and not self._server.is_running() and now >= self._server_pause:
            self.say("run_database_died")
            try:
                self._server.start()
            except DatabaseFailure as failure:
                self._server_pause = time.monotonic() + 5
                self.say(failure.code, **failure.facts)
            else:
                self.say("run_database_back")
        for child in self._running:
            if child.process is not None and child.process.poll() is not None:
                self._note_death(child, child.process.returncode, now)
            if child.process is None and now >= child.next_start:
                self._spawn(child)

    def _note_death(self, child: Child, code: int, now: float) -> None:
        child.process = None
        # one that worked for a while starts again at once; one that keeps dying waits 0.5, 1, 2, 4, 5, 5… seconds
        child.quick_deaths = child.quick_deaths + 1 if now - child.started < _QUICK else 0
        child.next_start = now + (min(5.0, 0.25 * 2**child.quick_deaths) if child.quick_deaths else 0)
        self.say("run_child_died", child=child.spec.name, how=_ending(code), log=str(self._log_file(child.spec)))

    def _spawn(self, child: Child) -> None:
        url = self.url if self._server is None else self._server.url(user=APPLICATION)
        environment = {**self.environment, "DATABASE_URL": url, SUPERVISOR: str(os.getpid())}
        environment["BORDEREAU_DEMONSTRATION"] = self.settings.demonstration or ""
        inherited: tuple[int, ...] = ()
        if child.spec.listens and self._socket is not None:
            environment[LISTENING] = str(self._socket.fileno())
            inherited = (self._socket.fileno(),)
        log = self._log_file(child.spec)
        log.parent.mkdir(exist_ok=True, mode=0o700)
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        with open(log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as stream:
            child.process = subprocess.Popen(
                child.spec.command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                pass_fds=inherited,
                start_new_session=True,  # Ctrl-C in the terminal is for the supervisor alone: it stops the children in order
            )
        child.started = time.monotonic()

    def _log_file(self, spec: ChildSpec) -> Path:
        return self.settings.data_folder / "log" / f"{spec.name}.log"

    # -- stop -------------------------------------------------------------------------------------------------------------

    def _stop_soon(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _stop(self) -> None:
        if self._running or self._server is not None:
            self.say("run_stopping")
        for child in self._running:
            _end(child)
        if self._socket is not None:
            self._socket.close()
        if self._server is not None:
            self._server.stop()
        if self._running or self._server is not None:
            self.say("run_stopped")

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """The data folder is ours while the block runs. The kernel frees the lock however we end."""
        folder = self.settings.data_folder
        try:
            for each in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
                each.mkdir(mode=0o755)
            # root's database runs as another account, which passes through and sees no names
            folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
            lock = os.open(folder / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CannotRun("run_folder_unusable", folder=str(folder), reason=error.strerror or str(error)) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, _, address = os.read(lock, 512).decode().strip().partition(" ")
            os.close(lock)
            raise CannotRun("run_already_running", folder=str(folder), pid=pid, address=address) from None
        os.truncate(lock, 0)
        os.write(lock, f"{os.getpid()} {self.address}\n".encode())
        try:
            yield
        finally:
            os.close(lock)


def follow(environment: Mapping[str, str] | None = None) -> bool:
    """To be called by a child first of all: from now on it dies with its supervisor. Gives False, and does nothing, without one."""
    env = os.environ if environment is None else environment
    parent = env.get(SUPERVISOR)
    if parent is None:
        return False
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch_parent, args=(int(parent),), daemon=True).start()
    if os.getppid() != int(parent):  # it was killed before we asked
        sys.exit(1)
    return True


def inherited_socket(environment: Mapping[str, str] | None = None) -> socket.socket | None:
    """The listening socket that the supervisor handed down, if there is one."""
    env = os.environ if environment is None else environment
    number = env.get(LISTENING)
    return socket.socket(fileno=int(number)) if number is not None else None


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


@contextlib.contextmanager
def _signals(stop: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _end(child: Child) -> None:
    if child.process is None:
        return
    if child.is_running():
        child.process.terminate()
    try:
        child.process.wait(_PATIENCE_TO_STOP)
    except subprocess.TimeoutExpired:
        child.process.kill()
        child.process.wait()


def _ending(code: int) -> str:
    if code >= 0:
        return str(code)
    try:
        return signal.Signals(-code).name
    except ValueError:
        return str(code)


def _last_line(file: Path) -> str:
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
