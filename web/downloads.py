"""Files that pages send."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, make_response


def attachment(content: bytes, media_type: str, name: str) -> Response:
    """A file of somebody's, to be kept: never shown within our pages, whatever it holds."""
    response = _named(content, media_type, name, "attachment")
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return response


def pdf(content: bytes, name: str) -> Response:
    """A PDF of ours, shown by the browser and called ``name`` when it is saved."""
    return _named(content, "application/pdf", name, "inline")


def _named(content: bytes, media_type: str, name: str, disposition: str) -> Response:
    response = make_response(content)
    response.headers["Content-Type"] = media_type
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    response.headers["Content-Disposition"] = (
        f"{disposition}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response
