"""Audit: the cases whose history can be taken away, and the verifier."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Blueprint, request, send_file, url_for
from flask.typing import ResponseReturnValue as Answer

from engine import clock
from engine.history import publication_export
from engine.history import verifier as verifier_module
from engine.identity.services import HISTORY
from engine.instances import overview, queries
from web import auth, present, ui
from web.ui import in_language, t

blueprint = Blueprint("audit", __name__)

PAGE = 50
VERIFIER = Path(verifier_module.__file__)


@blueprint.get("/audit")
@auth.requires("auditor")
def audit() -> Answer:
    """How to verify, and every case."""
    q = request.args.get("q", "").strip()
    after = request.args.get("after", type=int)
    checkpoint = request.args.get("checkpoint", type=int)
    checkpoint = None if checkpoint is None or not 0 < checkpoint < 2**31 else checkpoint
    with auth.runtime().database.reading() as session:
        page = queries.cases(session, auth.actor(), search=q or None, after=after, limit=PAGE)
        rows = present.listed_cases(session, page)
        titles = {each.version.process_key: each.version.title for each in overview.processes(session)}
        told = publication_export.told(session)
    kept: dict[str, Any] = ({"q": q} if q else {}) | ({"checkpoint": checkpoint} if checkpoint else {})
    return ui.page(
        "audit/audit.html",
        q=q,
        checkpoint=checkpoint,
        rows=rows,
        processes=[{"key": key, "title": in_language(titles[key])} for key in told],
        verifier_hash=hashlib.sha256(VERIFIER.read_bytes()).hexdigest(),
        pager=ui.Pager(
            previous=url_for("audit.audit", **kept) if after else None,
            next=url_for("audit.audit", after=page.next, **kept) if page.next else None,
        ),
    )


@blueprint.get("/audit/processes/<process_key>/history.zip")
@auth.requires("auditor", scopes=(HISTORY,))
def process_bundle(process_key: str) -> Answer:
    """The history of a process: who published what, with which verdict and reason, and all that is needed to verify it elsewhere."""
    with auth.runtime().database.reading() as session:
        content = publication_export.bundle(
            session, process_key, clock.now(), checkpoint=request.args.get("checkpoint", type=int)
        )
    name = f"{t('web.audit.process_bundle')}-{process_key}.zip"
    return send_file(BytesIO(content), "application/zip", as_attachment=True, download_name=name)


@blueprint.get("/audit/verifier.py")
@auth.requires("auditor", scopes=(HISTORY,))
def verifier() -> Answer:
    """The one-file verifier, byte for byte as it is in the history bundles."""
    content = BytesIO(VERIFIER.read_bytes())
    return send_file(content, "text/x-python", as_attachment=True, download_name="verifier.py")
