"""The embedded server through everything that was seen to go wrong with such servers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text

from engine.database import leftovers, programs
from engine.database.embedded import EmbeddedServer
from engine.database.programs import DatabaseFailure, unprivileged_account
from engine.database.session import Database

ROOT = Path(__file__).parents[3]
START_AND_WAIT = """
import sys, time
from pathlib import Path
from engine.database.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
print(server.start(), flush=True)
time.sleep(600)
"""


@contextmanager
def new_folder() -> Iterator[Path]:
    """Not ``tmp_path``: pytest closes its folders to everybody else, and root's server is somebody else."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    made = Path(tempfile.mkdtemp(prefix="bordereau-embedded-", dir=memory))
    yield made
    until(lambda: leftovers.postmasters(made / "cluster") == [])
    shutil.rmtree(made)


@pytest.fixture
def folder() -> Iterator[Path]:
    with new_folder() as found:
        yield found


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    """Data that a server has made and left in good order."""
    with new_folder() as found:
        with EmbeddedServer(found):
            pass
        yield found / "cluster"


@pytest.fixture
def made(folder: Path, cluster: Path) -> Path:
    """A folder with data: a new one takes a second."""
    subprocess.run(["cp", "-a", str(cluster), str(folder)], check=True)
    return folder


def ask(url: str, question: str) -> object:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(question)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def begin_elsewhere(folder: Path) -> tuple[subprocess.Popen[str], str]:
    other = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    url = other.stdout.readline().strip()
    other.stdout.close()
    return other, url


def test_starts_keeps_and_stops(folder: Path) -> None:
    server = EmbeddedServer(folder)
    url = server.start()
    assert server.is_running()
    assert ask(url, "SELECT 1") == 1
    ask(url, "CREATE TABLE kept AS SELECT 42 AS n")
    assert server.start() == url  # running already
    server.stop()
    assert not server.is_running()
    assert leftovers.postmasters(server.cluster) == []
    assert server.start() == url
    assert ask(url, "SELECT n FROM kept") == 42
    server.stop()
    server.stop()  # harmless


def test_is_durable_private_and_speaks_no_tcp(folder: Path) -> None:
    with EmbeddedServer(folder) as server:
        url = server.url()
        for name, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "listen_addresses": "",
            "data_checksums": "on",
            "server_encoding": "UTF8",
        }.items():
            assert ask(url, f"SHOW {name}") == value
        assert ask(url, "SELECT datlocale FROM pg_database WHERE datname = 'bordereau'") == "C.UTF-8"
        socket = Path(str(make_url(url).query["host"]))
        for each in (socket, server.cluster):
            assert each.stat().st_mode & 0o077 == 0
        assert server.log.stat().st_mode & 0o077 == 0
        account = unprivileged_account()
        if account is not None:
            assert socket.stat().st_uid == account.uid
            assert folder.stat().st_mode & 0o777 == 0o711
            assert folder.stat().st_uid == 0


def test_a_second_owner_is_told_who_the_first_is(made: Path) -> None:
    other, url = begin_elsewhere(made)
    try:
        with pytest.raises(DatabaseFailure) as refused:
            EmbeddedServer(made).start()
        assert refused.value.code == "database_folder_in_use"
        assert refused.value.facts["pid"] == str(other.pid)
        assert ask(url, "SELECT 1") == 1  # and the first goes on
    finally:
        other.kill()
        other.wait()


def test_dies_with_its_parent_and_starts_again_at_once(made: Path) -> None:
    other, url = begin_elsewhere(made)
    ask(url, "CREATE TABLE kept AS SELECT 42 AS n")
    other.kill()
    other.wait()
    with EmbeddedServer(made) as server:  # while the old one may still be shutting down
        assert ask(server.url(), "SELECT n FROM kept") == 42
        assert server.process is not None
        assert leftovers.postmasters(server.cluster) == [server.process.pid]
    until(lambda: leftovers.postmasters(server.cluster) == [])


def test_recovers_when_the_server_is_killed(made: Path) -> None:
    with EmbeddedServer(made) as server:
        url = server.url()
        ask(url, "CREATE TABLE kept AS SELECT 42 AS n")
        for _ in range(3):
            assert server.process is not None
            os.kill(server.process.pid, signal.SIGKILL)
            until(lambda: not server.is_running())
            assert server.start() == url
            assert ask(url, "SELECT n FROM kept") == 42


def test_a_leftover_that_nobody_owns_is_stopped(made: Path) -> None:
    """As after ``kill -9`` of the parent on a system that cannot tell children: the server lives, its owner does not."""
    first = EmbeddedServer(made)
    first.start()
    assert first.process is not None
    assert first._owner_lock is not None
    os.close(first._owner_lock)
    first._owner_lock = None
    with EmbeddedServer(made) as second:
        assert second.process is not None
        assert leftovers.postmasters(second.cluster) == [second.process.pid]
        assert not first.is_running()


def test_a_frozen_leftover_is_killed(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = EmbeddedServer(made)
    first.start()
    assert first.process is not None
    assert first._owner_lock is not None
    os.close(first._owner_lock)
    first._owner_lock = None
    os.kill(first.process.pid, signal.SIGSTOP)
    monkeypatch.setattr("engine.database.embedded.PATIENCE", 0.3)
    with EmbeddedServer(made) as second:
        assert ask(second.url(), "SELECT 1") == 1
        assert not first.is_running()


def test_a_stale_pid_that_belongs_to_somebody_else_is_no_obstacle(made: Path) -> None:
    server = EmbeddedServer(made)
    server.start()
    pid_file = server.cluster / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGKILL)
    until(lambda: not server.is_running())
    lines[0] = str(os.getpid())  # alive, and no server
    pid_file.write_text("\n".join(lines) + "\n")
    assert ask(server.start(), "SELECT 1") == 1
    server.stop()


def test_an_interrupted_creation_is_begun_again(folder: Path) -> None:
    unfinished = folder / "cluster.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(folder) as server:
        assert ask(server.url(), "SELECT 1") == 1
    assert not unfinished.exists()


def test_another_major_version_is_refused_by_name(folder: Path) -> None:
    (folder / "cluster").mkdir()
    (folder / "cluster" / "PG_VERSION").write_text("16\n")
    server = EmbeddedServer(folder)
    with pytest.raises(DatabaseFailure) as refused:
        server.start()
    assert refused.value.code == "database_version_differs"
    assert refused.value.facts == {"found": "16", "wanted": 18}
    server.claim()  # a failed start gives the folder back
    server.stop()


def test_a_server_that_cannot_start_says_why(made: Path) -> None:
    server = EmbeddedServer(made)
    server.start()
    server.stop()
    (server.cluster / "global" / "pg_control").unlink()
    with pytest.raises(DatabaseFailure) as refused:
        server.start()
    assert refused.value.code == "database_not_started"
    assert "pg_control" in str(refused.value.facts["reason"])


def test_a_long_folder_has_a_short_socket(folder: Path) -> None:
    folder.chmod(0o711)
    long = folder / ("a" * 60) / ("b" * 60)
    with EmbeddedServer(long) as server:
        socket = Path(str(make_url(server.url()).query["host"]))
        assert not socket.is_relative_to(long)
        assert socket.stat().st_mode & 0o777 == 0o700
        assert ask(server.url(), "SELECT 1") == 1
    shutil.rmtree(socket)


def test_a_socket_folder_laid_out_by_somebody_else_is_not_used(made: Path) -> None:
    trap = made / "trap"
    trap.mkdir()
    (made / "socket").symlink_to(trap)
    with EmbeddedServer(made) as server:
        socket = Path(str(make_url(server.url()).query["host"]))
        assert socket.resolve() != trap.resolve()
        assert ask(server.url(), "SELECT 1") == 1
    assert list(trap.iterdir()) == []
    shutil.rmtree(socket)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_a_folder_behind_a_closed_one_is_refused_and_nothing_is_opened(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DatabaseFailure) as refused:
        EmbeddedServer(closed / "database").start()
    assert refused.value.code == "database_folder_unreachable"
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_programs_that_the_account_cannot_reach_are_copied_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_is_reachable", lambda installed, account: False)
    with EmbeddedServer(folder) as server:
        assert ask(server.url(), "SELECT 1") == 1
        assert server.process is not None
        arguments = server.process.args
        assert isinstance(arguments, list)
        assert any(str(each).startswith(str(folder / "postgresql-")) for each in arguments)
    copies = list(folder.glob("postgresql-*"))
    made_at = copies[0].stat().st_mtime_ns
    with EmbeddedServer(folder):
        assert list(folder.glob("postgresql-*")) == copies
        assert copies[0].stat().st_mtime_ns == made_at


def test_a_pool_outlives_a_restart_of_the_server(made: Path) -> None:
    """Web and worker keep their Database while the supervisor brings the server back."""
    with EmbeddedServer(made) as server:
        database = Database(server.url())
        with database.reading() as session:
            assert session.execute(text("SELECT 1")).scalar() == 1
        assert server.process is not None
        os.kill(server.process.pid, signal.SIGKILL)
        until(lambda: not server.is_running())
        server.start()
        with database.reading() as session:  # the pooled connection is dead and must not be used
            assert session.execute(text("SELECT 2")).scalar() == 2
        database.dispose()
