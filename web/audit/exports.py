"""The cases of a process as a file for tools of process mining: OCEL 2.0 or XES."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue as Answer

from engine.database.session import Database
from engine.definitions import store as definitions
from engine.errors import NotFound
from engine.history import ocel, xes
from engine.history.cases_export import Chosen
from engine.identity.services import CASES, HISTORY
from engine.instances.names import element_title
from web import auth, ui

blueprint = Blueprint("exports", __name__)

FORMS = {"ocel": (ocel.lines, "application/json", "ocel.json"), "xes": (xes.lines, "application/xml", "xes")}


@blueprint.get("/audit/processes/<process_key>/<any(ocel, xes):form>")
@auth.requires("auditor", scopes=(CASES, HISTORY))
def cases(process_key: str, form: str) -> Answer:
    """Every case of the process, as it is read: the file is never in memory as a whole."""
    database = auth.runtime().database
    with database.reading() as session:
        if definitions.latest(session, process_key) is None:
            raise NotFound("process_not_found", process=process_key[:100])
    _, kind, ending = FORMS[form]
    response = Response(_pieces(database, process_key, form, ui.locale()), mimetype=kind)
    response.headers.set("Content-Disposition", "attachment", filename=f"{process_key}.{ending}")
    return response


def _pieces(database: Database, process_key: str, form: str, locale: str) -> Iterator[bytes]:
    with database.reading() as session:

        @cache
        def title_of(version_hash: str, element: str) -> str:
            return element_title(definitions.bundle_of(session, version_hash), element)[locale]

        for piece in FORMS[form][0](session, Chosen(process_key=process_key), title_of):
            yield piece.encode()
