"""Checkpoints and the whole history for auditors: what to keep elsewhere, and what to hold against it."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from flask import Blueprint, Response, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue as Answer

from engine import clock
from engine.database.roles import can_change_history
from engine.database.session import Database
from engine.errors import NotFound
from engine.history import checkpoints, keeping, signing, whole_export
from engine.history.checkpoints import Checkpoint
from engine.history.signing import KeyUnusable
from engine.identity.services import HISTORY
from web import auth, ui

blueprint = Blueprint("checkpoints", __name__)

PAGE = 50


@blueprint.get("/audit/checkpoints")
@auth.requires("auditor")
def listed() -> Answer:
    """Every checkpoint, the newest first, and the public key."""
    before = request.args.get("before", type=int)
    before = None if before is None or not 0 < before < 2**31 else before
    with auth.runtime().database.reading() as session:
        found = checkpoints.newest(session, before=before, limit=PAGE + 1)
        is_too_strong = can_change_history(session.connection())
    shown = found[:PAGE]
    return ui.page(
        "audit/checkpoints.html",
        rows=[
            {
                "number": each.number,
                "size": each.size,
                "moment": ui.moment(each.at),
                "iso": ui.local(each.at).isoformat(timespec="seconds"),
                "root": each.said["root"],
                "url": url_for("checkpoints.file", number=each.number),
                "name": each.file_name,
            }
            for each in shown
        ],
        public_key=_public_key(),
        is_too_strong=is_too_strong,
        may_sign=auth.runtime().keeping is not None,
        pager=ui.Pager(
            previous=url_for("checkpoints.listed") if before else None,
            next=url_for("checkpoints.listed", before=shown[-1].number) if len(found) > PAGE else None,
        ),
    )


@blueprint.post("/audit/checkpoints")
@auth.requires("auditor")
def sign() -> Answer:
    """Sign everything that was recorded until now."""
    where = auth.runtime().keeping
    if where is None:
        raise KeyUnusable("history_key_missing", file="–")
    keeping.sign(auth.runtime().database, where, clock.now())
    return redirect(url_for("checkpoints.listed"), 303)


@blueprint.get("/audit/checkpoints/newest.json")
@auth.requires("auditor", scopes=(HISTORY,))
def newest() -> Answer:
    """The newest checkpoint: what a machine elsewhere fetches every night."""
    with auth.runtime().database.reading() as session:
        found = checkpoints.newest(session, limit=1)
    if not found:
        raise NotFound("history_checkpoint_not_found", number=1)
    return _sent(found[0])


@blueprint.get("/audit/checkpoints/<int:number>.json")
@auth.requires("auditor", scopes=(HISTORY,))
def file(number: int) -> Answer:
    """One checkpoint, to be kept elsewhere."""
    with auth.runtime().database.reading() as session:
        found = checkpoints.find(session, number)
    return _sent(found)


def _sent(found: Checkpoint) -> Answer:
    return send_file(BytesIO(found.text), "application/json", as_attachment=True, download_name=found.file_name)


@blueprint.get("/audit/history.jsonl")
@auth.requires("auditor", scopes=(HISTORY,))
def whole() -> Answer:
    """The whole history, as it is read: the file is never in memory as a whole."""
    response = Response(_lines(auth.runtime().database), mimetype="application/x-ndjson")
    response.headers["Content-Disposition"] = "attachment; filename=history.jsonl"
    return response


def _lines(database: Database) -> Iterator[bytes]:
    with database.reading() as session:
        yield from whole_export.lines(session, clock.now())


def _public_key() -> str | None:
    """The key that signs now; None where this process does not hold it."""
    where = auth.runtime().keeping
    try:
        signer = None if where is None else signing.load(where.key_file)
    except KeyUnusable:
        return None
    return None if signer is None else signer.public_key.hex()
