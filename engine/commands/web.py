"""``bordereau web``: one web server on a migrated database."""

from __future__ import annotations

import argparse
import signal
from types import FrameType
from typing import Any, NoReturn

from engine.commands.arguments import add_command
from engine.commands.connecting import load, runtime_of
from engine.commands.speaking import DONE
from engine.settings import Settings

_BUSY_AFTER = 15.0
"""Seconds after which a page says that the database is busy rather than let one slow case hold every thread."""

_LARGEST_BODY = 16 * 1024 * 1024
"""Bytes of a request that the server takes in before the application sees it; the application itself allows less."""

_BELIEVED = {"x-forwarded-proto", "x-forwarded-for"}
"""What the trusted proxy may say."""


def add(commands: Any) -> None:
    """Describe the subcommand."""
    add_command(commands, "web", web)


def web(settings: Settings, _chosen: argparse.Namespace) -> int:
    """Serve until SIGTERM."""
    import logging

    from engine import log
    from engine.supervisor import follow, inherited_socket

    is_prepared = follow()
    log.configure("web", level=settings.log_level, style=settings.log_format)
    application = load(settings.web_app, "BORDEREAU_WEB_APP")(runtime_of(settings, is_prepared, _BUSY_AFTER))
    listening = inherited_socket()
    place = {"sockets": [listening]} if listening else {"host": settings.host, "port": settings.port}
    # more requests than threads is not worth a line each: they wait
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    _exit_on_sigterm()
    try:
        server = web_server(settings, application, **place)
    except OSError as error:
        from engine.supervisor import CannotRun

        raise CannotRun("run_port_taken", host=settings.host, port=settings.port, reason=error.strerror) from error
    server.run()
    return DONE


def web_server(settings: Settings, application: Any, **place: Any) -> Any:
    """The server of ``application`` at ``place``: ``sockets``, or ``host`` and ``port``.

    What proxies say of a request is taken out of it, but for the one that the settings trust, and of that one only whether the request
    came over https (cookies, HSTS and the check of forged posts follow) and from which address (guessing passwords is slowed down by it).
    """
    from waitress.server import create_server

    proxy = settings.trusted_proxy
    trusted = {} if proxy is None else {"trusted_proxy": proxy, "trusted_proxy_headers": _BELIEVED}
    return create_server(
        application,
        threads=settings.web_threads,
        ident=None,
        max_request_body_size=_LARGEST_BODY,
        clear_untrusted_proxy_headers=True,
        **trusted,
        **place,
    )


def _exit_on_sigterm() -> None:
    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
