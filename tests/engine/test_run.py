"""`bordereau run` as a person starts it: the real database, web server, worker, demonstration and processes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from engine.settings import CHECKOUT
from tests.crash.product import Product
from tests.crash.test_kills import new_seed, run_story

PATIENCE = 90.0


class Started:
    """A running `bordereau run` with its terminal's output in a file."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith("BORDEREAU_") and name != "DATABASE_URL"
            },
            "BORDEREAU_DATA": str(folder),
            "BORDEREAU_PORT": str(port),
            "LC_ALL": "C",
        }
        self.output = folder.with_name("terminal.txt")
        with self.output.open("ab") as stream:
            self.process = subprocess.Popen(self._command("run"), env=self.environment, stdout=stream, stderr=stream)

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "engine.cli", *words]

    def wait_until_ready(self) -> None:
        end = time.monotonic() + PATIENCE
        while b"Ready in" not in self.output.read_bytes():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < end, self.output.read_text()
            time.sleep(0.05)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self._command(*words), env=self.environment, capture_output=True, text=True, check=False)

    def end(self, wish: signal.Signals) -> int:
        self.process.send_signal(wish)
        return self.process.wait(60)


def processes_of(folder: Path) -> set[int]:
    """Who was started with this data folder in the environment, or on its command line."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                known = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                is_dead = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            except OSError:
                continue
            if os.fsencode(folder) in known and not is_dead:
                found.add(int(entry.name))
    return found


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture
def started(data_folder: Path, port: int) -> Iterator[Started]:
    begun = Started(data_folder, port)
    yield begun
    if begun.process.poll() is None:
        begun.process.kill()
        begun.process.wait()


def sign_in(port: int, login: str) -> str:
    """The page after signing in."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    address = f"http://127.0.0.1:{port}/sign-in"
    with browser.open(address, timeout=30) as page:
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.read().decode())
    assert token is not None
    words = urlencode({"csrf_token": token[1], "login": login, "password": "demo"}).encode()
    with browser.open(urllib.request.Request(address, words, {"Referer": address}), timeout=30) as page:
        assert page.url.endswith("/inbox")
        return str(page.read().decode())


@pytest.mark.timeout(400)
def test_from_nothing_to_the_inbox_through_six_kills_and_back_again(
    started: Started, data_folder: Path, port: int
) -> None:
    started.wait_until_ready()
    said = started.output.read_text()
    assert f"http://127.0.0.1:{port}" in said
    assert "camille" in said
    assert "Camille" in sign_in(port, "camille")

    verified = started.command("history", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    second = started.command("run")
    assert second.returncode == 1
    assert f"already running on {data_folder} (process {started.process.pid})" in second.stderr

    everybody = processes_of(data_folder)
    assert len(everybody) >= 4
    started.process.kill()
    started.process.wait()
    end = time.monotonic() + PATIENCE
    while processes_of(data_folder):
        assert time.monotonic() < end, processes_of(data_folder)
        time.sleep(0.05)

    started.output.unlink()
    again = Started(data_folder, port)
    try:
        again.wait_until_ready()
        assert "Camille" in sign_in(port, "camille")
        run_story(Product.running(data_folder, port, again.process, again.output), kills=6, seed=new_seed())
        assert again.end(signal.SIGINT) == 0
    finally:
        again.process.kill()
    assert processes_of(data_folder) == set()
    assert "Everything has stopped." in again.output.read_text()
    assert started.command("history", "verify").returncode == 0
    assert processes_of(data_folder) == set()


def test_the_checkout_is_where_the_processes_are() -> None:
    assert (CHECKOUT / "processes" / "replenishment" / "process.yaml").exists()
