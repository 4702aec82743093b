"""A mail leaves the house once: the worker is killed with ``kill -9`` between the SMTP server's answer and its own commit.

A real SMTP server, a real worker; the handler speaks SMTP as one does. What the server has taken is what counts.
"""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from engine import log
from engine.data import data
from engine.database.session import Database
from engine.handler import SYSTEM, Actor, HandlerContext, HandlerTable, Retries, Transient, handler
from engine.identity import people
from engine.instances import commands, operators
from engine.instances.runtime import Runtime
from engine.worker import Pace, run_worker
from tests.crash.product import free_port
from tests.engine.instances.drawing import bundle_files, plain, service
from tests.publishing import publish_unexamined

ROOT = Path(__file__).parents[2]
CLERK = Actor(login="clea", name="Cléa", roles=frozenset({"clerk"}))
OWNER = Actor(login="olga", name="Olga", roles=frozenset({"process_owner"}))
PACE = Pace(poll=0.1, heartbeat=0.2, promote=0.1, reap=0.2, stalled=1)
PORT, DIE = "BORDEREAU_TEST_SMTP", "BORDEREAU_TEST_DIE"


@data
class Nothing:
    """No input."""


@handler(
    "mail.send", fr="Envoyer", en="Send", effect=True, once=True, retries=Retries(first_seconds=0, longest_seconds=0)
)
def send(given: Nothing, context: HandlerContext) -> None:
    """Only before the server has the text is it certain that nothing went out."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "us@example.com", "you@example.com", "Your order"
    letter["Message-ID"] = f"<{context.idempotency_key}@example.com>"
    letter.set_content("It is on its way.")
    try:
        server = smtplib.SMTP("127.0.0.1", int(os.environ[PORT]), timeout=5)
    except OSError as error:
        raise Transient(str(error)) from error
    with server:
        try:
            server.send_message(letter)
        except smtplib.SMTPResponseException as error:
            raise Transient(str(error)) from error
        if os.environ.get(DIE):
            os.kill(os.getpid(), signal.SIGKILL)


HANDLERS = HandlerTable.of([send], [])


class Post:
    """What an SMTP server does with letters; the first ``busy`` ones it asks to send again later."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.busy = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.busy:
            self.busy -= 1
            return "451 Try again later"
        headers = envelope.content.decode().splitlines()
        self.taken.append(next(each for each in headers if each.startswith("Message-ID")))
        return "250 OK"


@pytest.fixture
def post() -> Iterator[Post]:
    found = Post()
    port = free_port()
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    os.environ[PORT] = str(port)
    yield found
    controller.stop()
    del os.environ[PORT]


@pytest.fixture
def runtime(database: Database) -> Runtime:
    with database.transaction() as session:
        for role in ("clerk", "process_owner"):
            people.add_role(session, role, role, role)
    publish_unexamined(
        database,
        SYSTEM,
        bundle_files("one", plain("one", service("send", send.name), flows="start -> send -> end")),
        HANDLERS,
    )
    return Runtime(database=database, handlers=HANDLERS)


@contextmanager
def worker(url: str, *, dies: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | ({DIE: "1"} if dies else {})
    command = [sys.executable, "-m", "tests.crash.test_mail", url]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def eventually(condition: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def rows(runtime: Runtime, sql: str) -> list[tuple[Any, ...]]:
    with runtime.database.reading() as session:
        return [tuple(row) for row in session.execute(text(sql))]


@pytest.mark.long
def test_killed_after_the_server_took_it_a_mail_is_an_incident_and_not_sent_again(
    runtime: Runtime, database_url: str, post: Post
) -> None:
    case = commands.start_instance(runtime, CLERK, "one").instance_id
    with worker(database_url, dies=True) as process:
        assert process.wait(40) == -signal.SIGKILL
    assert len(post.taken) == 1
    assert rows(runtime, "SELECT status FROM engine.instance") == [("active",)]
    with worker(database_url):
        eventually(lambda: rows(runtime, "SELECT count(*) FROM engine.incident") == [(1,)])
        time.sleep(1)
    assert rows(runtime, "SELECT instance_id, element_id, code FROM engine.incident") == [
        (case, "send", "effect_uncertain")
    ]
    assert len(post.taken) == 1
    ((incident,),) = rows(runtime, "SELECT id FROM engine.incident")
    operators.confirm_effect(runtime, OWNER, incident, "they have it")
    with worker(database_url):
        eventually(lambda: rows(runtime, "SELECT count(*) FROM jobs.procrastinate_jobs") == [(0,)])
    assert rows(runtime, "SELECT status FROM engine.instance") == [("completed",)]
    assert len(post.taken) == 1


def test_what_the_server_refused_is_sent_again_and_arrives_once(
    runtime: Runtime, database_url: str, post: Post
) -> None:
    post.busy = 2
    case = commands.start_instance(runtime, CLERK, "one").instance_id
    with worker(database_url):
        eventually(lambda: rows(runtime, "SELECT status FROM engine.instance") == [("completed",)])
    assert len(post.taken) == 1
    assert f"<{case}" in post.taken[0]
    assert rows(runtime, "SELECT * FROM engine.incident") == []


if __name__ == "__main__":
    log.configure("worker", level="error")
    run_worker(Runtime(database=Database(sys.argv[1]), handlers=HANDLERS), PACE)
