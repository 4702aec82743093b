"""Behind a TLS proxy, over a real socket: what the trusted one says of https is believed, what anybody else says is not."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.message import Message
from pathlib import Path

import pytest

from engine.commands.web import web_server
from engine.settings import Settings
from tests.web.conftest import Office

Headers = dict[str, str]
Ask = Callable[[Headers], Message]

HTTPS = {"Host": "bordereau.example", "X-Forwarded-Proto": "https"}


@contextmanager
def served(office: Office, settings: Settings) -> Iterator[Ask]:
    server = web_server(settings, office.app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run)
    thread.start()

    def ask(headers: Headers) -> Message:
        connection = http.client.HTTPConnection("127.0.0.1", server.effective_port, timeout=30)
        connection.request("GET", "/sign-in", headers=headers)
        response = connection.getresponse()
        assert response.status == 200
        response.read()
        connection.close()
        return response.headers

    try:
        yield ask
    finally:
        # First the threads that answer: having answered, they write to the pipe that `close` closes.
        server.task_dispatcher.shutdown(timeout=30)
        server.trigger.pull_trigger(server.close)
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_folder=tmp_path, secret_key_given="of this test", web_threads=1)


def test_https_of_the_trusted_proxy_secures_the_cookies(office: Office, settings: Settings) -> None:
    with served(office, replace(settings, trusted_proxy="127.0.0.1")) as ask:
        headers = ask(HTTPS)
        assert headers["Strict-Transport-Security"]
        (cookie,) = headers.get_all("Set-Cookie", [])
        assert cookie.startswith("__Host-")
        assert "; Secure" in cookie
        for plain in ({}, HTTPS | {"X-Forwarded-Proto": "http"}):
            assert "Strict-Transport-Security" not in ask(plain)


@pytest.mark.parametrize("trusted", [None, "127.0.0.9"])
def test_https_of_anybody_else_is_not_believed(office: Office, settings: Settings, trusted: str | None) -> None:
    with served(office, replace(settings, trusted_proxy=trusted)) as ask:
        headers = ask(HTTPS)
        assert "Strict-Transport-Security" not in headers
        assert not any("Secure" in each or "__Host-" in each for each in headers.get_all("Set-Cookie", []))


def test_of_the_trusted_proxy_the_address_is_believed_and_nothing_else(office: Office, settings: Settings) -> None:
    seen: Headers = {}

    def look(environ: dict[str, str], start_response: Callable[..., object]) -> list[bytes]:
        seen.update({name: str(value) for name, value in environ.items()})
        start_response("200 OK", [])
        return [b""]

    asked = HTTPS | {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-For": "1.2.3.4, 192.0.2.7",
        "Forwarded": "host=evil.example",
    }
    with served(replace(office, app=look), replace(settings, trusted_proxy="127.0.0.1")) as ask:  # type: ignore[arg-type]
        ask(asked)
    assert seen["HTTP_HOST"] == "bordereau.example"
    # the last one is what the proxy itself saw; what came before it anybody may have written
    assert seen["REMOTE_ADDR"] == "192.0.2.7"
    assert not {"HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED"} & set(seen)
