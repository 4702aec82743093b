"""Files that pages send."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, make_response


def pdf(content: bytes, name: str) -> Response:
    """A PDF of ours, shown by the browser and called ``name`` when it is saved."""
    response = make_response(content)
    response.headers["Content-Type"] = "application/pdf"
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    response.headers["Content-Disposition"] = (
        f"inline; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response
