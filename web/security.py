"""Headers of every answer, the request id, and where browsers report what the content policy stopped."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Flask, Response, g, request

from engine import log
from engine.errors import NotFound
from engine.files.store import MOST_BYTES
from handlers.company.types import MOST_LOGO_BYTES
from web.auth import csrf

REQUEST_ID = "bordereau.request_id"

POLICY: Mapping[str, str] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "report-uri": "/csp-report",
}

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
}

REPORT_BYTES = 8_192
"""More than this of a report is not read: anybody may post one."""

FORM_BYTES = 512 * 1024
"""Of a form: anybody may post one to the sign-in page, and reading megabytes of tiny fields takes seconds."""

A_YEAR = 31_536_000


class NamedRequests:
    """WSGI: gives every request an id that all its log entries carry."""

    def __init__(self, wsgi_app: Callable[..., Iterable[bytes]]) -> None:
        self._wsgi_app = wsgi_app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        environ[REQUEST_ID] = secrets.token_hex(8)
        with log.context(request=environ[REQUEST_ID]):
            return self._wsgi_app(environ, start_response)


def _name_request() -> None:
    g.request_id = request.environ.get(REQUEST_ID)


UPLOAD_BYTES: Mapping[str, int] = {
    "papers.attach": MOST_BYTES + 64 * 1024,
    "company.logo": MOST_LOGO_BYTES + 64 * 1024,
}
"""Of a form that brings a file, with room for its other fields: a larger file is refused before it is read."""


def _bound_form() -> None:
    if not request.is_json:
        request.max_content_length = UPLOAD_BYTES.get(request.endpoint or "", FORM_BYTES)


def refuse_nul() -> None:
    """PostgreSQL has no text with NUL: an address with one names nothing here. Forms are read by the engine, which knows it."""
    if "\0" in request.path or any("\0" in each for _, each in request.args.items(multi=True)):
        raise NotFound("not_found")


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("X-Request-Id", g.get("request_id") or "")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={A_YEAR}")
    if request.endpoint == "static" and "/dist/" in request.path and response.status_code == 200:
        response.headers["Cache-Control"] = (
            f"public, max-age={A_YEAR}, immutable"  # their names carry a hash of the content
        )
    elif request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _csp_report() -> tuple[str, int]:
    report = request.stream.read(REPORT_BYTES).decode("utf-8", "replace")
    log.get(__name__).warning("content_policy_report", report=report)
    return "", 204


def install(app: Flask) -> None:
    """Give ``app`` the headers, the request id and the address for reports."""
    app.wsgi_app = NamedRequests(app.wsgi_app)  # type: ignore[method-assign]  # Flask documents middleware in this way
    app.before_request(_name_request)
    app.before_request(_bound_form)
    app.after_request(_add_headers)
    app.add_url_rule("/csp-report", "csp_report", csrf.exempt(_csp_report), methods=["POST"])
