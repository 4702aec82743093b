"""Run by test_supervisor.py as a process of its own: a supervisor over two small children. Prints what it says, one code a line."""

from __future__ import annotations

import sys
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from engine.errors import EngineError
from engine.settings import Settings
from engine.supervisor import ChildSpec, Supervisor, follow, inherited_socket


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.end_headers()
        self.wfile.write(b"ok")


def web() -> None:
    follow()
    listening = inherited_socket()
    assert listening is not None
    listening.setblocking(True)
    server = HTTPServer(("", 0), Answer, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.serve_forever()


def worker() -> None:
    follow()
    while True:
        time.sleep(60)


def supervise(broken: str) -> int:
    def say(code: str, **facts: Any) -> None:
        sys.stdout.write(" ".join([code, *map(str, facts.values())]) + "\n")
        sys.stdout.flush()

    def child(name: str, *, listens: bool = False) -> ChildSpec:
        return ChildSpec(
            name=name, command=(sys.executable, "-P", __file__, "fails" if name == broken else name), listens=listens
        )

    children = (child("web", listens=True), child("worker"))
    try:
        Supervisor(
            Settings.from_environment(), prepare=lambda url: say("prepared", url=url), say=say, children=children
        ).run()
    except EngineError as error:
        say(error.code, **error.facts)
        return 1
    return 0


if __name__ == "__main__":
    what = sys.argv[1]
    if what == "web":
        web()
    elif what == "worker":
        worker()
    elif what == "fails":
        sys.exit("this child has a bad day")
    else:
        sys.exit(supervise(sys.argv[2] if len(sys.argv) > 2 else ""))
