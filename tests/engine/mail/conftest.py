"""A real SMTP server on this machine, and the settings that lead to it."""

from __future__ import annotations

import email
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from engine import records
from engine.database.session import Database
from engine.handler import SYSTEM
from engine.mail import sealing
from engine.mail.settings import SetServer, set_server
from tests.crash.product import free_port

SECRET = "of this test"


@dataclass
class Post:
    """What an SMTP server took, and what it says to the next ones."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Any] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    receiver_answer: str = ""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.receiver_answer:
            return self.receiver_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - as above
        if self.answers:
            return self.answers.pop(0)
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        self.envelopes.append(envelope)
        return "250 Taken"


def authenticator(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
    return AuthResult(success=(given.login, given.password) == (b"house", b"open sesame"), handled=False)


@pytest.fixture
def post() -> Iterator[Post]:
    found = Post(port=free_port())
    controller = Controller(
        found,
        hostname="127.0.0.1",
        port=found.port,
        authenticator=authenticator,
        auth_require_tls=False,
        ready_timeout=60,
    )
    controller.start()
    yield found
    controller.stop()


@pytest.fixture
def set_up(database: Database) -> Callable[..., None]:
    """Say that mails go to the server at this port."""

    def act(port: int, *, login: str = "", password: str = "", **changes: Any) -> None:
        given: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "login": login,
            "password": sealing.seal(SECRET, password) if password else None,
            "sender_name": "Menuiserie Prost",
            "sender_address": "bordereau@prost.example",
            "reply_to": "",
        }
        records.execute(database, set_server, SetServer(**(given | changes)), SYSTEM)

    return act
