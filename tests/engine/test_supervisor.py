from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

SCRIPT = Path(__file__).with_name("supervisor_script.py")
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def family_of(pid: int) -> set[int]:
    """The process and everything below it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text()
            except OSError:
                continue
            state, parent = status.rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found = {pid} & parents.keys()
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def eventually(condition: Callable[[], bool], patience: float = 20.0) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


class Run:
    """A supervisor in a process of its own, and what it said."""

    def __init__(self, folder: Path, port: int, *, embedded: bool = False, broken: str = "") -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "BORDEREAU_DATA": str(folder),
            "BORDEREAU_PORT": str(port),
        }
        if not embedded:
            environment["DATABASE_URL"] = "postgresql://nobody@nowhere/nothing"
        self.port = port
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(SCRIPT), "supervise", broken], env=environment, stdout=subprocess.PIPE, text=True
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            self.said.extend(self.process.stdout)

    def has_said(self, code: str, times: int = 1) -> bool:
        return sum(line.split()[0] == code for line in list(self.said)) >= times

    def wait_for(self, code: str, times: int = 1) -> str:
        eventually(lambda: self.has_said(code, times) or self.process.poll() is not None)
        self._reader.join(0.2)
        return next(line for line in self.said if line.split()[0] == code)

    def child(self, name: str) -> int:
        """The process id of a child by the word that it was started with."""
        return next(
            pid
            for pid in family_of(self.process.pid)
            if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[-2] == name.encode()
        )

    def page(self, patience: float = 10.0) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=patience) as answer:
            return int(answer.status)

    def stop(self, wish: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(wish)
        code = self.process.wait(30)
        self._reader.join(5)
        return code


@pytest.fixture
def start(data_folder: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(**options: object) -> Run:
        run = Run(data_folder, int(str(options.pop("port", None) or free_port())), **options)  # type: ignore[arg-type]
        runs.append(run)
        return run

    yield begin
    for run in runs:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()


def test_it_starts_in_order_starts_again_what_dies_and_stops_leaving_nothing(
    start: Callable[..., Run], data_folder: Path
) -> None:
    run = start()
    assert str(run.port) in run.wait_for("run_ready")
    assert [line.split()[0] for line in run.said] == ["run_preparing", "prepared", "run_children_starting", "run_ready"]
    assert run.page() == 200
    assert len(family_of(run.process.pid)) == 3

    for times, name in enumerate(("web", "worker"), 1):
        before = run.child(name)
        os.kill(before, signal.SIGKILL)
        run.wait_for("run_child_died", times)
        assert [line.split()[1:3] for line in run.said if line.startswith("run_child_died")][-1] == [name, "SIGKILL"]
        assert run.page() == 200  # whoever asks meanwhile waits, and is not refused
        eventually(lambda: len(family_of(run.process.pid)) == 3)
        assert run.child(name) != before

    second = start()
    words = second.wait_for("run_already_running")
    assert str(run.process.pid) in words
    assert f"http://127.0.0.1:{run.port}" in words
    assert second.process.wait(10) == 1
    assert run.page() == 200

    family = family_of(run.process.pid)
    assert run.stop() == 0
    assert not any(map(lives, family))
    assert [line.split()[0] for line in run.said[-2:]] == ["run_stopping", "run_stopped"]
    assert stat.S_IMODE((data_folder / "log").stat().st_mode) == 0o700
    assert stat.S_IMODE((data_folder / "log" / "web.log").stat().st_mode) == 0o600


def test_a_killed_supervisor_leaves_nothing_and_can_start_again(start: Callable[..., Run]) -> None:
    run = start()
    run.wait_for("run_ready")
    family = family_of(run.process.pid)
    run.process.kill()
    eventually(lambda: not any(map(lives, family)))
    again = start(port=run.port)
    again.wait_for("run_ready")
    assert again.page() == 200
    family = family_of(again.process.pid)
    assert again.stop(signal.SIGHUP) == 0  # as polite as SIGTERM
    assert not any(map(lives, family))


def test_a_port_that_is_taken_is_said_before_anything_starts(start: Callable[..., Run]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run = start(port=taken.getsockname()[1])
        assert "Address already in use" in run.wait_for("run_port_taken")
        assert run.process.wait(10) == 1
    assert not run.has_said("run_preparing")


@pytest.mark.long
def test_a_child_that_never_works_ends_the_start_with_its_reason(start: Callable[..., Run]) -> None:
    run = start(broken="worker")
    run.wait_for("run_ready")  # the first page does not need the worker
    run.wait_for("run_child_died", 2)
    assert run.stop() == 0
    run = start(broken="web")
    assert "this child has a bad day" in run.wait_for("run_child_never_ready")
    assert run.process.wait(10) == 1
    assert not family_of(run.process.pid)


def test_a_folder_that_cannot_be_used_is_said(start: Callable[..., Run], data_folder: Path) -> None:
    data_folder.write_text("a file, not a folder")
    run = start()
    assert str(data_folder) in run.wait_for("run_folder_unusable")
    assert run.process.wait(10) == 1


def test_a_killed_database_comes_back_at_the_same_address(start: Callable[..., Run]) -> None:
    run = start(embedded=True)
    run.wait_for("run_ready")
    address = run.wait_for("prepared").split()[1].replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    family = family_of(run.process.pid)
    postmaster = next(pid for pid in family if b"listen_addresses" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(postmaster, signal.SIGKILL)
    run.wait_for("run_database_back")
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    family |= family_of(run.process.pid)
    run.process.kill()
    eventually(lambda: not any(map(lives, family)))
    again = start(embedded=True)
    again.wait_for("run_ready")
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    family = family_of(again.process.pid)
    assert again.stop(signal.SIGINT) == 0
    assert not any(map(lives, family))
