"""A letter leaves the house once: the worker is killed with ``kill -9`` between the SMTP server's answer and its own commit.

A real SMTP server and a real worker with everything that it does beside; what the server has taken is what counts.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlalchemy import text

from engine import clock, log, records
from engine.database.session import Database
from engine.handler import SYSTEM, HandlerTable
from engine.instances.runtime import Runtime
from engine.letter import Letter, ToAddress, write
from engine.mail import commands, transport
from engine.mail.commands import SendAgain
from engine.mail.settings import Server
from engine.worker import Pace, run_worker
from tests.engine.mail.conftest import Post, post, set_up

__all__ = ["post", "set_up"]

ROOT = Path(__file__).parents[2]
PACE = Pace(poll=0.1, heartbeat=0.2, promote=0.1, reap=0.2, stalled=1)


@contextmanager
def worker(url: str, *, dies: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.crash.test_letters", url, *(["dies"] if dies else [])]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def eventually(condition: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    with database.reading() as session:
        return [tuple(row) for row in session.execute(text(sql))]


def test_killed_after_the_server_took_it_a_letter_is_an_incident_and_not_sent_again(
    database: Database, database_url: str, post: Post, set_up: Callable[..., None]
) -> None:
    set_up(post.port)
    with database.transaction() as session:
        letter = Letter(
            key="one", kind="notice", to=ToAddress(address="you@example.com"), locale="fr", subject="Un", body="Un.\n"
        )
        (number,) = write(session, letter, clock.now(), "olga")
    with worker(database_url, dies=True) as process:
        assert process.wait(40) == -signal.SIGKILL
    assert len(post.taken) == 1
    assert rows(database, "SELECT state, begun_at IS NULL FROM engine.letter") == [("waiting", False)]
    with worker(database_url):
        eventually(lambda: rows(database, "SELECT count(*) FROM engine.incident") == [(1,)])
        time.sleep(1)
        assert len(post.taken) == 1
        assert rows(database, "SELECT code FROM engine.incident") == [("letter_uncertain",)]
        # only a person may say that it is to go again; and then it is the same letter for whoever has it already
        records.execute(database, commands.send_again, SendAgain(letter=number), SYSTEM)
        eventually(lambda: rows(database, "SELECT state FROM engine.letter") == [("sent",)])
    assert [each["Message-ID"] for each in post.taken] == [post.taken[0]["Message-ID"]] * 2
    assert rows(database, "SELECT resolved_by FROM engine.incident") == [("system",)]


def _dying(server: Server, password: str, mail: EmailMessage, sender: str, receiver: str) -> str:
    _send(server, password, mail, sender, receiver)
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


_send = transport.send

if __name__ == "__main__":
    log.configure("worker", level="error")
    if "dies" in sys.argv:
        transport.send = _dying
    run_worker(Runtime(database=Database(sys.argv[1]), handlers=HandlerTable.of([], [])), PACE)
