"""The whole product as a person starts it, in a folder of its own: `bordereau run` with its children, which a test may kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from engine.database.embedded import EmbeddedServer
from engine.database.session import Database

Part = Literal["web", "worker", "database"]
PARTS: tuple[Part, ...] = ("web", "worker", "database")


class Product:
    """`bordereau run` on ``folder``, on a free port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.output = folder.parent / f"{folder.name}.out"
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def running(cls, folder: Path, port: int, process: subprocess.Popen[bytes], output: Path) -> Product:
        """One that somebody else has started, and will stop."""
        found = cls(folder)
        found.port, found.address = port, f"http://127.0.0.1:{port}"
        found.output, found._process = output, process
        return found

    def start(self, *, patience: float = 180.0) -> float:
        """Start it and wait for the line that names the address; gives the seconds that took. What does not start in time is stopped."""
        began = time.monotonic()
        environment = {
            **os.environ,
            "BORDEREAU_DATA": str(self.folder),
            "BORDEREAU_PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
        }
        environment.pop("DATABASE_URL", None)
        with self.output.open("wb") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "engine.cli", "run"], env=environment, stdout=stream, stderr=stream
            )
        while self.address not in self.output.read_text(errors="replace"):
            if self._process.poll() is not None or time.monotonic() - began > patience:
                self.stop()
                raise AssertionError(f"the product did not start:\n{self.output.read_text(errors='replace')}")
            time.sleep(0.05)
        return time.monotonic() - began

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill the supervisor itself."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def pid(self, part: Part) -> int | None:
        """The process of a part, None while it is being started again."""
        assert self._process is not None
        sign = {"web": "engine.cli\0web", "worker": "engine.cli\0worker", "database": "postgres\0-D"}[part]
        for child in _children(self._process.pid):
            if sign in _command(child):
                return child
        return None

    def kill_part(self, part: Part, *, patience: float = 30.0) -> None:
        """`kill -9` of a part, waited for if it is just being started again."""
        end = time.monotonic() + patience
        while (found := self.pid(part)) is None:
            assert time.monotonic() < end, f"{part} did not come back:\n{self.output.read_text(errors='replace')}"
            time.sleep(0.02)
        os.kill(found, signal.SIGKILL)

    def processes(self) -> list[int]:
        """Every process that belongs to this folder, wherever it hangs in the tree."""
        mark = str(self.folder)
        own = os.getpid()
        return [pid for pid in _all_pids() if pid != own and (mark in _command(pid) or mark in _environment(pid))]

    def report(self) -> str:
        """What it said, and the end of its logs."""
        logs = sorted((self.folder / "log").glob("*.log"))
        ends = [f"== {log.name}\n{log.read_text(errors='replace')[-6000:]}" for log in logs]
        return "\n".join([self.output.read_text(errors="replace"), *ends])

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The product's database, beside it."""
        found = Database(EmbeddedServer(self.folder / "postgresql").url(), connect_patience=30)
        try:
            yield found
        finally:
            found.dispose()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _all_pids() -> list[int]:
    return [int(name) for path in Path("/proc").iterdir() if (name := path.name).isdigit()]


def _children(parent: int) -> list[int]:
    found = []
    for pid in _all_pids():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == parent:
            found.append(pid)
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def _environment(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/environ").read_text(errors="replace")
    except OSError:
        return ""
