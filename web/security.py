"""Headers of every answer, the request id, and where browsers report what the content policy stopped."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Flask, Request, Response, g, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import IntegerConverter, Map

from engine import log
from engine.errors import FieldProblem, InvalidInput, NotFound
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

LARGEST = 2**63 - 1
"""The largest number that a row can have (bigint)."""


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
    """PostgreSQL has no text with NUL: an address with one names nothing here, and no browser lets one be typed into a form.

    For all forms at once: a page that had to think of it itself would forget it. (What a form sends in no good encoding is read with
    replacement characters, so half characters cannot come that way.)
    """
    if "\0" in request.path or any("\0" in each for _, each in request.args.items(multi=True)):
        raise NotFound("not_found")
    if request.method == "POST" and not request.is_json:
        wrong = {name for name, each in request.form.items(multi=True) if "\0" in name or "\0" in each}
        if wrong:
            problems = (FieldProblem(field=name.replace("\0", ""), code="text_not_storable") for name in sorted(wrong))
            raise InvalidInput(tuple(problems))


class Given(ImmutableMultiDict[str, str]):
    """What an address or a form gives. A number that is asked for as ``int`` is one that a row can have, or it was not given."""

    def get(self, key: str, default: Any = None, type: Any = None) -> Any:  # type: ignore[override]  # noqa: A002 - its overloads and name
        """As werkzeug's."""
        return super().get(key, default, type=_number if type is int else type)

    def getlist(self, key: str, type: Any = None) -> Any:  # noqa: A002 - werkzeug's name
        """As werkzeug's: what is none is left out."""
        return super().getlist(key, type=_number if type is int else type)


def _number(typed: str) -> int:
    """Raises ValueError, as ``int`` does."""
    found = int(typed) if len(typed) < 20 else LARGEST + 1
    if not -LARGEST <= found <= LARGEST:
        raise ValueError
    return found


class BoundedRequest(Request):
    """A request whose numbers the database knows."""

    parameter_storage_class = Given


class NumberInAddress(IntegerConverter):
    """``<int:…>``: a number that no row can have is no address of ours."""

    def __init__(self, url_map: Map, *args: Any, **options: Any) -> None:
        super().__init__(url_map, *args, **{"max": LARGEST} | options)


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
    app.request_class = BoundedRequest
    app.url_map.converters["int"] = NumberInAddress
    app.wsgi_app = NamedRequests(app.wsgi_app)  # type: ignore[method-assign]  # Flask documents middleware in this way
    app.before_request(_name_request)
    app.before_request(_bound_form)
    app.after_request(_add_headers)
    app.add_url_rule("/csp-report", "csp_report", csrf.exempt(_csp_report), methods=["POST"])
