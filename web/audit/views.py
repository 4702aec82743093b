"""Audit: the cases whose history can be taken away, and the verifier."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Blueprint, request, send_file, url_for
from flask.typing import ResponseReturnValue as Answer

from engine.history import verifier as verifier_module
from engine.instances import queries
from web import auth, present, ui

blueprint = Blueprint("audit", __name__)

PAGE = 50
VERIFIER = Path(verifier_module.__file__)


@blueprint.get("/audit")
@auth.requires("auditor")
def audit() -> Answer:
    """How to verify, and every case."""
    q = request.args.get("q", "").strip()
    after = request.args.get("after", type=int)
    with auth.runtime().database.reading() as session:
        page = queries.cases(session, auth.actor(), search=q or None, after=after, limit=PAGE)
        rows = present.listed_cases(session, page)
    kept: dict[str, Any] = {"q": q} if q else {}
    return ui.page(
        "audit/audit.html",
        q=q,
        rows=rows,
        verifier_hash=hashlib.sha256(VERIFIER.read_bytes()).hexdigest(),
        pager=ui.Pager(
            previous=url_for("audit.audit", **kept) if after else None,
            next=url_for("audit.audit", after=page.next, **kept) if page.next else None,
        ),
    )


@blueprint.get("/audit/verifier.py")
@auth.requires("auditor")
def verifier() -> Answer:
    """The one-file verifier, byte for byte as it is in the history bundles."""
    content = BytesIO(VERIFIER.read_bytes())
    return send_file(content, "text/x-python", as_attachment=True, download_name="verifier.py")
